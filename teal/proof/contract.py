"""Measures what the contract gates judge: fetches both colours' OpenAPI documents and compares them with oasdiff.

oasdiff knows some hundred ways to break a client, and is maintained by specialists. It runs without a shell, on two
files in a folder of their own, and is told to follow no reference out of them.
"""

import asyncio
import contextlib
import json
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, TypeAdapter, ValidationError

from teal.gates import documents, openapi
from teal.gates.documents import Change, Compared, ContractPlan, Tried
from teal.gates.openapi import Document, Operation
from teal.gates.replies import Reply, Request
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict, printable
from teal.proof.sources import Doors

COMMAND = "oasdiff"
INSTALL = "go install github.com/oasdiff/oasdiff@v1.33.0"

SEVERITIES = """\
response-optional-property-removed err
optional-response-header-removed err
"""
"""What breaks clients beyond oasdiff's own list: somebody uses a field even where it is optional."""

DOCUMENT_SECONDS = 10.0
"""How long one document may take: a framework builds it on the first request."""

COMPARE_SECONDS = 15.0
"""How long the comparison may take; it takes 0.05 s for documents of 30 kB."""

TRY_SECONDS = 2.0
"""How long a deprecated operation may take: the delivery guide's bound on the 95th percentile."""

MOST_TRIED = 20
"""Operations of a document that are asked; the others are counted as not tried."""


class _Found(BaseModel):
    """One of oasdiff's findings, as far as teal reads it."""

    id: str
    text: str
    operation: str = ""
    path: str = ""


_FOUND = TypeAdapter(list[_Found])


async def measure(
    doors: Doors, service: str, destination: Colour, live: Colour | None, plan: ContractPlan
) -> Sequence[Verdict]:
    """Compare the destination's API with live's, and try the operations that it calls deprecated.

    Args:
        doors: the doors of both colours.
        service: the service's name.
        destination: the colour that traffic is to move to.
        live: the colour that serves now; None where none does.
        plan: where the documents are, and which changes are allowed.
    """
    old, new = await asyncio.gather(
        document_of(doors, service, live if live is not destination else None, plan),
        document_of(doors, service, destination, plan),
    )
    if live is not None and live is not destination and documents.absent(old, new):
        theirs, ours = await asyncio.gather(
            _has_another(doors, service, live, plan), _has_another(doors, service, destination, plan)
        )
        old, new = documents.one_of_several(old, new, live_has_another=theirs, destination_has_another=ours)
    if isinstance(new, Compared):
        return [
            documents.changes(service, destination, live, plan, new),
            documents.deprecations(service, destination, plan, (), new),
        ]
    compared, tried = await asyncio.gather(
        _changes(doors, f"{service}-{live}", old, new, tls=plan.tls),
        tried_of(doors, f"{service}-{destination}", openapi.described(new, deprecated=True), tls=plan.tls),
    )
    return [
        documents.changes(service, destination, live, plan, compared),
        documents.deprecations(service, destination, plan, tried),
    ]


async def _has_another(doors: Doors, service: str, colour: Colour, plan: ContractPlan) -> bool:
    """Return whether a colour has another of the documents, so that one is missing and not all of them."""
    others = (document_of(doors, service, colour, replace(plan, path=each)) for each in plan.others)
    return any(not isinstance(each, Compared) for each in await asyncio.gather(*others))


async def document_of(doors: Doors, service: str, colour: Colour | None, plan: ContractPlan) -> Document | Compared:
    """Return a colour's document, or why there is none; an empty comparison where there is no colour."""
    if colour is None:
        return Compared()
    reply = await doors.request(f"{service}-{colour}", Request(path=plan.path, tls=plan.tls), within=DOCUMENT_SECONDS)
    return documents.document(reply, plan.path, colour)


async def _changes(doors: Doors, before: str, old: Document | Compared, new: Document, *, tls: bool) -> Compared:
    """Return what breaks clients of the old document. A deprecated operation may go, but not before its time."""
    if isinstance(old, Compared):
        return old
    kept = {(method, path) for method, path, _ in openapi.operations(new)}
    ending = openapi.described(old, deprecated=True)
    gone = [each for each in ending if (each.method, each.path) not in kept and not each.dated]
    compared, tried = await asyncio.gather(compare(old, new), tried_of(doors, before, gone, tls=tls))
    now = datetime.now(UTC)
    early = [change for each in tried if (change := documents.early(each, now)) is not None]
    return Compared(changes=[*compared.changes, *early], lack=compared.lack, why=compared.why)


async def tried_of(doors: Doors, door: str, operations: Sequence[Operation], *, tls: bool = False) -> Sequence[Tried]:
    """Send the requests that need no parameters and have no effect."""

    async def one(operation: Operation) -> Reply:
        return await doors.request(door, Request(path=operation.url, tls=tls), within=TRY_SECONDS)

    askable = [each for each in operations if each.askable][:MOST_TRIED]
    replies = dict(zip(askable, await asyncio.gather(*(one(each) for each in askable)), strict=True))
    return [Tried(operation=each, reply=replies.get(each)) for each in operations]


async def compare(old: Document, new: Document) -> Compared:
    """Return what `new` breaks of `old`: oasdiff's errors, and its warnings, which are removals as well."""
    command = shutil.which(COMMAND)
    if command is None:
        return Compared(lack=Outcome.ERROR, why=f"there is no {COMMAND} on PATH to compare with. Next: {INSTALL}")
    if _offered(old) == _offered(new):
        return Compared()  # true of most releases; a process for each would take most of the gates' time
    with TemporaryDirectory(prefix="teal-") as folder:
        files = {"live.json": json.dumps(old), "idle.json": json.dumps(new), "severities": SEVERITIES}
        for name, text in files.items():
            await asyncio.to_thread((Path(folder) / name).write_text, text)
        return await _run(command, folder)


def _offered(document: Document) -> Document:
    """Return the document without its title and the release's version."""
    return {key: value for key, value in document.items() if key != "info"}


async def _run(command: str, folder: str) -> Compared:
    options = ("--format", "json", "--allow-external-refs=false", "--severity-levels", "severities")
    try:
        process = await asyncio.create_subprocess_exec(
            *(command, "breaking", *options, "live.json", "idle.json"),
            cwd=folder,
            env={"HOME": folder},
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
        )
    except OSError as error:
        return Compared(lack=Outcome.ERROR, why=f"{command} cannot be run: {error.strerror}. Next: {INSTALL}")
    try:
        async with asyncio.timeout(COMPARE_SECONDS):
            out, wrong = await process.communicate()
    except TimeoutError:
        return Compared(lack=Outcome.ERROR, why=f"{COMMAND} did not end within {COMPARE_SECONDS:.0f} s")
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                process.kill()
            await process.wait()
    try:
        found = _FOUND.validate_json(out) if process.returncode == 0 else None
    except ValidationError:
        found = None
    if found is None:
        said = printable(wrong.decode(errors="replace"), 200)
        return Compared(lack=Outcome.ERROR, why=f"{COMMAND} exited with {process.returncode}: {said}")
    return Compared(
        changes=[Change(id=each.id, text=each.text, operation=f"{each.operation} {each.path}") for each in found]
    )
