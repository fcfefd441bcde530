"""The settings as others read them: a page for people, a JSON Schema for editors."""
