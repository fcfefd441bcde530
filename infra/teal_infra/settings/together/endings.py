"""Refuses an end of the idle colour that only a watch could bring about, in a stack without one."""

from collections.abc import Iterator

from teal_infra.settings import Settings
from teal_infra.settings.owned import Refusal


def refusals(settings: Settings) -> Iterator[Refusal]:
    """Yield `retireAfterMinutes` where there is no watch."""
    if settings.retire_after_minutes is not None and settings.watch is None:
        what = f"retireAfterMinutes is {settings.retire_after_minutes}, and there is no teal:watch to end the pods"
        yield Refusal(("retireAfterMinutes",), what, "the old colour would stay, and the preview would promise its end")
