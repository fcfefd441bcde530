"""Shows what schema migrations are pending, verifies the schema, and asks for a step on or back.

It runs no migration: `pulumi up` does, and knows of each. So a step is a change of the stack file.
"""
