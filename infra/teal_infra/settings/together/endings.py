"""Refuses ends of idle colours that nobody is there to bring about."""

from collections.abc import Iterator

from teal_infra.settings import Settings
from teal_infra.settings.owned import Refusal


def refusals(settings: Settings) -> Iterator[Refusal]:
    """Yield what needs a watch in a stack that has none."""
    if settings.retire_after_minutes is not None and settings.watch is None:
        what = f"retireAfterMinutes is {settings.retire_after_minutes}, and there is no teal:watch to end the pods"
        yield Refusal(("retireAfterMinutes",), what, "the old colour would stay, and the preview would promise its end")
