"""What is said of a flip that has ended, to whoever ran the update that waited for it."""

from teal.errors import RefusedError
from teal.history import Flip, Stage


def require_confirmed(ended: Flip) -> None:
    """Let pass a flip whose bake passed.

    Raises:
        RefusedError: it did not; says what was seen, where traffic is now and what to do.
    """
    if ended.stage is Stage.CONFIRMED:
        return
    what = f"{ended}. {ended.reason}"
    if ended.stage is Stage.REVERTED:
        raise RefusedError(
            f"{what}. Traffic was put back onto {ended.origin}, which was proven to carry it. Next: pulumi config set "
            f"teal:activeColour {ended.origin}, mend {ended.to}, then flip again"
        )
    if ended.stage is Stage.STUCK:
        raise RefusedError(
            f"{what}. TRAFFIC STAYS ON {str(ended.to).upper()}, WHICH FAILS. Next: kubectl get pods -l "
            f"teal/colour={ended.origin or ended.to}, mend either colour, then pulumi up: it bakes again"
        )
    raise RefusedError(
        f"{what}. It could not be judged, so {ended.to} is not confirmed; traffic stays there. Next: mend what could "
        "not be asked, then pulumi up: it bakes again"
    )
