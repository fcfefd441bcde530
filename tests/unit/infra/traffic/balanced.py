"""Live traffic is as a listener rule was read."""

from teal_infra.planning.live import Live

from teal.model.colours import Colour
from teal.model.labels import ORDER
from teal.model.live import LiveService
from teal.routers.alb import WRITER

BLUE, GREEN = Colour.BLUE, Colour.GREEN
AT = "2026-01-02T03:04:05+00:00"


def live(colour: Colour | None, share: int = 0, order: int = 1, **record: str) -> Live:
    """Traffic as a rule was read."""
    found = LiveService(
        colour=colour,
        selector={},
        annotations={ORDER: str(order), "teal/moved-from": "nothing"},
        resource_version="digest",
        writer=WRITER,
        share=share,
    )
    return Live(
        services={"backend": found}, at=AT, record={"colour": "blue", "version": "1.0.0", "since": AT, **record}
    )
