"""What the program says of a flip that did not come about, in all that `pulumi up` printed."""

from __future__ import annotations

import re


def refusal(output: str) -> str | None:
    """Return the sentence with which the program refused, from all that `pulumi up` printed; None if it did not.

    An update that fails for another reason has refused nothing, whatever its exit status.
    """
    found = re.findall(r"flip from \w+ to \w+ refused\..*", output)
    return found[-1].strip() if found else None


def undone(output: str) -> str | None:
    """Return the sentence with which the program said that it put traffic back; None if it did not."""
    found = re.findall(r"flip \d+ from .*: REVERTED\..* Traffic was put back onto .*", output)
    return found[-1].strip() if found else None
