"""The command line of schema migrations."""
