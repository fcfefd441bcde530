"""Schema migrations from the command line: what is pending, whether the schema is as it should be, one step on or back.

It runs no migration: `pulumi up` does, and knows of each. So a step is a change of the stack file.
"""
