"""How a stack stands: both colours, their pods, their doors, their health. It is read, and nothing is changed."""
