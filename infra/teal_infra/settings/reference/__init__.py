"""The settings in other forms: a page for people, a JSON Schema for editors."""
