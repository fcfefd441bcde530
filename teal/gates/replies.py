"""The smoke gate: the preview door answers a few requests of the stack's choice.

An answer's body is not shown, except for the values that the stack asked for by name: an error page may hold anything.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar, cast
from urllib.parse import unquote

from teal.gates.registration import Asked, Gate, Question, Skippable
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict, printable

JsonValue = str | int | float | bool | None

NOT_ASKED = "not asked in a preview"
"""How the evidence begins of a request that a preview does not send."""

SAFE = frozenset({"GET", "HEAD"})
"""The methods that change nothing (RFC 9110, 9.2.1): a preview uses no other."""

GATE = Gate(
    name="smoke",
    questions=(
        Question(
            "`smoke.NAME`",
            "the preview door",
            (
                "status, body and time are as asked for. `smoke.readiness` is there wherever the readiness probe has a "
                "path on the service's own port: it answers 200 within 2 s"
            ),
        ),
    ),
    deadline_seconds=15.0,  # beyond the request's own time: for an API server that restarts
    extends=True,
    skippable=Skippable(
        description="Why no smoke request is made.",
        wrong="nobody could say later why nobody looked",
        example="'the preview door is down'",
    ),
    in_preview=f"GET and HEAD alone; of the rest it says `{NOT_ASKED}`",
)

_SHOWN = 60  # characters that are shown of a value that the stack asked for


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One HTTP request to a colour's preview door."""

    path: str = field(repr=False)
    """The path and its query, which may hold secrets."""
    method: str = "GET"
    headers: Mapping[str, str] = field(repr=False, default_factory=dict[str, str])
    body: str | None = field(repr=False, default=None)

    @property
    def contained(self) -> bool:
        """Whether the path stays within the service when it is put behind another path: it has no `..`."""
        plain = unquote(unquote(self.path.partition("?")[0])).replace("\\", "/")
        return plain.startswith("/") and not {".", ".."} & {*plain.split("/")}

    def __str__(self) -> str:
        """Return the method and the path, without the query."""
        return f"{self.method} {self.path.partition('?')[0]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """The result of a request."""

    status: int = 0
    headers: Mapping[str, str] = field(repr=False, default_factory=dict[str, str])
    """The headers, by name in lower case."""
    body: bytes = field(repr=False, default=b"")
    whole: bool = True
    """Whether `body` is complete, since only so many bytes are read."""
    seconds: float = 0.0
    """The time from the request to the last byte, through the API server."""
    late: bool = False
    """Whether the answer did not come in time. No other field has a meaning then."""
    error: str | None = None
    """Why the service was not asked at all. Only `status` has a meaning then: it is the API server's own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SmokeCheck(Asked):
    """A request, and the answer that is needed."""

    entry: ClassVar[Gate] = GATE

    name: str
    request: Request
    status: int = 200
    contains: str | None = None
    values: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """The values that the body, then JSON, must have at each JSON pointer (RFC 6901)."""
    within_seconds: float

    @property
    def gate(self) -> str:
        """The name of its verdict."""
        return f"{GATE.name}.{self.name}"

    @property
    def gates(self) -> frozenset[str]:
        """The name of its verdict, as a set."""
        return frozenset({self.gate})

    @property
    def deadline_seconds(self) -> float:
        """The request's own time, and the time that it may be held up on its way."""
        return self.within_seconds + self.entry.deadline_seconds


def smoke(service: str, destination: Colour, check: SmokeCheck, reply: Reply) -> Verdict:
    """Judge whether one request is answered as needed, within its time."""
    if reply.error is not None:
        outcome, seen = Outcome.ERROR, f"{check.request} could not be asked: {reply.error}"
    elif reply.late:
        outcome, seen = Outcome.FAILED, f"{check.request} was not answered within {check.within_seconds:g} s"
    else:
        wrong = "".join(f", {each}" for each in _wrong(check, reply))
        outcome = Outcome.FAILED if wrong else Outcome.PASSED
        seen = f"{check.request} answered {reply.status} in {reply.seconds:.3f} s{wrong}"
    return Verdict(
        gate=check.gate,
        service=service,
        outcome=outcome,
        seen=seen,
        needed=_needed(check),
        asked=f"{service}-{destination}, through the API server, for {check.request}",
    )


def not_asked(service: str, destination: Colour, check: SmokeCheck) -> Verdict:
    """Return the verdict on a request that a preview does not send, since it may change something; a flip sends it."""
    return Verdict(
        gate=check.gate,
        service=service,
        outcome=Outcome.INCONCLUSIVE,
        seen=f"{NOT_ASKED}: {check.request} may change something",
        needed=_needed(check),
        asked=f"nobody, instead of {service}-{destination}",
    )


def failure(reply: Reply, within_seconds: float) -> str:
    """Return why an answer is not that of a service that is well; empty where it is.

    Args:
        reply: the answer.
        within_seconds: how long it was waited for.
    """
    if reply.error is not None:
        return f"it could not be asked: {reply.error}"
    if reply.late:
        return f"no answer within {within_seconds:g} s"
    return f"it answered {reply.status}" if reply.status >= HTTPStatus.BAD_REQUEST else ""


def _wrong(check: SmokeCheck, reply: Reply) -> list[str]:
    """Return everything that is wrong with an answer."""
    wrong = [f"not {check.status}"] if reply.status != check.status else []
    if reply.seconds > check.within_seconds:
        wrong.append(f"later than {check.within_seconds:g} s")
    if check.contains is not None and check.contains.encode() not in reply.body:
        wrong.append(f"without '{printable(check.contains, _SHOWN)}' in {_size(reply)}")
    return [*wrong, *_wrong_values(check, reply)]


def _wrong_values(check: SmokeCheck, reply: Reply) -> list[str]:
    if not check.values:
        return []
    try:
        document: object = json.loads(reply.body)
    except (ValueError, RecursionError):
        return [f"with {_size(reply)} that are no JSON"]
    wrong: list[str] = []
    for pointer, value in check.values.items():
        try:
            found = at(document, pointer)
        except LookupError:
            wrong.append(f"with nothing at {pointer}")
            continue
        if found != value or isinstance(found, bool) is not isinstance(value, bool):  # Python takes True for 1
            wrong.append(f"with {_shown(found)} at {pointer}")
    return wrong


def at(document: object, pointer: str) -> object:
    """Return the value of a JSON document at a pointer (RFC 6901).

    Raises:
        LookupError: the document has no value there.
    """
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict):
            document = cast("dict[str, Any]", document)[key]
        elif isinstance(document, list) and key.isdecimal():
            document = cast("list[Any]", document)[int(key)]
        else:
            raise LookupError(pointer)
    return document


def _shown(found: object) -> str:
    if isinstance(found, dict | list):
        return "an object" if isinstance(found, dict) else "a list"
    return printable(json.dumps(found, ensure_ascii=False), _SHOWN)


def _size(reply: Reply) -> str:
    return f"{'' if reply.whole else 'the first '}{len(reply.body)} bytes"


def _needed(check: SmokeCheck) -> str:
    parts = [f"{check.status} within {check.within_seconds:g} s"]
    if check.contains is not None:
        parts.append(f"with '{printable(check.contains, _SHOWN)}'")
    parts += [f"with {_shown(value)} at {pointer}" for pointer, value in check.values.items()]
    return ", ".join(parts)
