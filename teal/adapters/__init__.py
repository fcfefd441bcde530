"""The edges: each asks one system over its protocol, and says what came back. None of them decides anything."""
