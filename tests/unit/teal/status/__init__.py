"""How a stack stands."""
