"""What can be made to go wrong, and the HTTP endpoint by which a rehearsal orders it.

`PUT /teal-sandbox/faults` with a JSON object replaces all faults, `GET` reads them; `{}` ends them all. So does
`python -m sandbox.aws.faults '{}'` in the sandbox:

    {"rule_delay_s": 3, "registration_delay_s": 3,
     "answers": [{"operation": "ModifyRule", "code": "Throttling", "status": 400, "times": 2}]}
"""

import io
import json
import os
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qs

PATH: Final = "/teal-sandbox/faults"
LATENCY_SECONDS: Final = 0.1
"""How much later answers come in a sandbox: as late as the soonest of AWS."""
_QUERY: Final = "application/x-www-form-urlencoded"
_EXPLAINED: Final = {"Throttling": "Rate exceeded", "InternalFailure": "The request processing has failed"}

Start = Callable[[str, list[tuple[str, str]]], object]
Application = Callable[[dict[str, Any], Start], Iterable[bytes]]
"""WSGI."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An operation's next answers: this error, so many times; `*` is any operation."""

    operation: str
    code: str
    status: int = 400
    times: int = 1


@dataclass(frozen=True, kw_only=True)
class Faults:
    """All that is wrong at a time.

    Attributes:
        rule_delay_s: how much later the data path learns of a listener or rule; the API tells the change at once.
        registration_delay_s: how much later it learns of a target; until then the target is `initial`.
        check_interval_s: health checks as often as this, whatever the target groups say; 0 for as they say. No fault,
            but patience that a rehearsal need not have: the least that AWS takes is 5 s.
        answer_delay_s: how much later each answer comes. It is no fault either: moto needs 5 ms, and AWS 0.1 to 0.5 s.
        answers: errors in place of answers.
    """

    rule_delay_s: float = 0.0
    registration_delay_s: float = 0.0
    check_interval_s: float = 0.0
    answer_delay_s: float = 0.0
    answers: tuple[Answer, ...] = ()

    @classmethod
    def parse(cls, content: Any) -> "Faults":  # noqa: ANN401 - JSON
        """Read what was put.

        Raises:
            TypeError: it has a member that is none.
        """
        answers = tuple(Answer(**each) for each in content.get("answers", ()))
        delays = {key: float(value) for key, value in content.items() if key != "answers"}
        return cls(**delays, answers=answers)


@dataclass
class FaultBox:
    """The faults of now; many threads ask it."""

    now: Faults = field(default_factory=Faults)
    changed: Callable[[], None] = lambda: None
    """Called when others are put."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, faults: Faults) -> None:
        """Replace all faults."""
        with self._lock:
            before, self.now = self.now, faults
        if before.check_interval_s != faults.check_interval_s:
            self.changed()

    def take(self, operation: str) -> Answer | None:
        """The error to answer this call with, one time fewer from now on."""
        with self._lock:
            for index, answer in enumerate(self.now.answers):
                if answer.operation in (operation, "*"):
                    left = [replace(answer, times=answer.times - 1)] if answer.times > 1 else []
                    answers = [*self.now.answers[:index], *left, *self.now.answers[index + 1 :]]
                    self.now = replace(self.now, answers=tuple(answers))
                    return answer
        return None


def with_faults(application: Application, box: FaultBox) -> Application:
    """An application that answers as `box` says, and serves the endpoint."""

    def answer(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if environ["PATH_INFO"] == PATH:
            return _control(environ, start, box)
        time.sleep(box.now.answer_delay_s)
        fault = box.take(_operation(environ)) if box.now.answers else None
        return application(environ, start) if fault is None else _refuse(environ, start, fault)

    return answer


def _control(environ: dict[str, Any], start: Start, box: FaultBox) -> Iterable[bytes]:
    status = "200 OK"
    if environ["REQUEST_METHOD"] == "PUT":
        try:
            box.put(Faults.parse(json.loads(_body(environ))))
        except (TypeError, ValueError, AttributeError) as error:
            start("400 Bad Request", [("Content-Type", "text/plain")])
            return [f"{error}. Nothing was changed. What can be put: see sandbox/aws/faults.py\n".encode()]
    start(status, [("Content-Type", "application/json")])
    return [json.dumps(asdict(box.now)).encode()]


def _body(environ: dict[str, Any]) -> bytes:
    """Read a request's body, and leave it to be read again."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _operation(environ: dict[str, Any]) -> str:
    """An operation's name, in any of AWS's protocols but REST's (Route 53, S3), which have none on the wire."""
    if str(environ.get("CONTENT_TYPE", "")).startswith(_QUERY):
        return parse_qs(_body(environ).decode()).get("Action", [""])[0]
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    return str(environ["PATH_INFO"]).rpartition("/operation/")[2]


def _refuse(environ: dict[str, Any], start: Start, fault: Answer) -> Iterable[bytes]:
    said = _EXPLAINED.get(fault.code, "A fault that was ordered")
    error = f"<Error><Code>{fault.code}</Code><Message>{said}</Message></Error>"
    if "/ec2/aws4_request" in environ.get("HTTP_AUTHORIZATION", ""):
        body, kind = f"<Response><Errors>{error}</Errors></Response>", "text/xml"
    elif str(environ.get("CONTENT_TYPE", "")).startswith(_QUERY):
        body, kind = f"<ErrorResponse>{error}</ErrorResponse>", "text/xml"
    else:
        body, kind = json.dumps({"__type": fault.code, "message": said}), "application/json"
    start(f"{fault.status} Fault", [("Content-Type", kind), ("x-amzn-errortype", fault.code)])
    return [body.encode()]


def order(wrong: str) -> None:
    """Replace all faults of the AWS that the environment names; JSON, as the endpoint takes it."""
    url = os.environ["AWS_ENDPOINT_URL"] + PATH
    request = urllib.request.Request(url, data=wrong.encode(), method="PUT")  # noqa: S310 - the sandbox's own
    with urllib.request.urlopen(request, timeout=5):  # noqa: S310 - as above
        pass


if __name__ == "__main__":
    order(sys.argv[1])
