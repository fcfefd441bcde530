"""What the tests of `router: alb` declare, and how they declare it."""

from tests.sandbox.program.stacks import Stack

PODS = 3
"""Of each colour: the production guide's fewest."""

BLUE = {"blue": 100, "green": 0}
GREEN = {"blue": 0, "green": 100}


def configure(stack: Stack, **values: object) -> None:
    """Several settings in one command: either of two alone may be refused."""
    given = (f"--plaintext=teal:{key}={str(each).lower()}" for key, each in values.items())
    stack.pulumi("config", "set-all", "--path", *given)
