"""Numbers with their bounds, each of which says where these come from; those of a percentage are its own."""

from typing import Annotated

from pydantic import Field, JsonValue

from teal_infra.settings.base import BOUNDS


def bounds(source: str) -> dict[str, JsonValue]:
    """Return the `json_schema_extra` of a number's type, which says where its bounds come from."""
    return {BOUNDS: source}


AWS = bounds("AWS")
KUBERNETES = bounds("Kubernetes")
SLIP = bounds("teal, against slips")
DAY = bounds("teal, a day")

PortNumber = Annotated[int, Field(ge=1, le=65535, json_schema_extra=bounds("TCP and UDP"))]
Percent = Annotated[int, Field(ge=1, le=100)]
AnyPercent = Annotated[float, Field(ge=0, le=100)]
SomePercent = Annotated[float, Field(gt=0, le=100)]

MOST_SECONDS = 3600
Seconds = Annotated[int, Field(ge=0, le=MOST_SECONDS, json_schema_extra=SLIP)]
SomeSeconds = Annotated[int, Field(ge=1, le=MOST_SECONDS, json_schema_extra=SLIP)]
Duration = Annotated[float, Field(gt=0, le=MOST_SECONDS, json_schema_extra=SLIP)]
Patience = Annotated[float, Field(gt=0, le=60, json_schema_extra=SLIP)]
"""The seconds that one answer may take."""
MOST_WORK_SECONDS = 86400
WorkSeconds = Annotated[int, Field(ge=0, le=MOST_WORK_SECONDS, json_schema_extra=DAY)]
"""The time for work that is under way, which may be the work of hours."""
Minutes = Annotated[int, Field(ge=1, le=30 * 24 * 60, json_schema_extra=bounds("teal, 30 days"))]
YEAR = 365 * MOST_WORK_SECONDS
YearSeconds = Annotated[int, Field(ge=1, le=YEAR, json_schema_extra=bounds("teal, a year"))]

Few = Annotated[int, Field(ge=1, le=1000, json_schema_extra=SLIP)]
FewOrNone = Annotated[int, Field(ge=0, le=1000, json_schema_extra=SLIP)]
Count = Annotated[int, Field(ge=0, le=1_000_000, json_schema_extra=SLIP)]
