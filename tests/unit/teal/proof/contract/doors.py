"""Both colours' doors answer documents of their APIs, and this is what the contract gates find there."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from teal.gates.documents import ContractPlan
from teal.gates.replies import Reply, Request
from teal.model.colours import Colour
from teal.model.verdict import Verdict
from teal.proof import contract

GREEN, BLUE = Colour.GREEN, Colour.BLUE
PLAN = ContractPlan(path="/openapi.json")
MARKED = {"deprecation": "true", "sunset": "Thu, 31 Dec 2099 23:59:59 GMT"}
OVER = {"deprecation": "true", "sunset": "Tue, 31 Dec 2019 23:59:59 GMT"}
Document = dict[str, Any]


class Doors:
    """The doors of both colours: a document each, and the headers of what is deprecated."""

    def __init__(self, old: Document | None, new: Document | None, headers: Mapping[str, str] = MARKED) -> None:
        """Answer the documents; None is not found."""
        self.documents = {"backend-blue": old, "backend-green": new}
        self.headers = headers
        self.asked: list[str] = []

    async def request(self, service: str, wanted: Request, *, within: float) -> Reply:
        """A document, or something deprecated."""
        assert within > 0
        self.asked.append(f"{service} {wanted}")
        if wanted.path != "/openapi.json":
            return Reply(status=200, headers=self.headers)
        document = self.documents[service]
        return Reply(status=404) if document is None else Reply(status=200, body=json.dumps(document).encode())


async def measure(doors: Doors, plan: ContractPlan = PLAN) -> Mapping[str, Verdict]:
    """What the contract gates find on the way from blue to green."""
    verdicts = await contract.measure(doors, "backend", GREEN, BLUE, plan)
    return {each.gate.removeprefix("contract."): each for each in verdicts}


def command(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """An oasdiff that does something else."""
    path = folder / "oasdiff"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


class Several(Doors):
    """The doors of a service with a document for each version; who lacks one says so."""

    def __init__(self, documents: Mapping[str, Document | int], headers: Mapping[str, str] = MARKED) -> None:
        """Answer these documents by colour and path, or a status."""
        super().__init__(None, None, headers)
        self.several = documents

    async def request(self, service: str, wanted: Request, *, within: float) -> Reply:
        """A document, or something deprecated."""
        if not wanted.path.endswith(".json"):
            return await super().request(service, wanted, within=within)
        found = self.several[f"{service.removeprefix('backend-')}{wanted.path}"]
        return Reply(status=found) if isinstance(found, int) else Reply(status=200, body=json.dumps(found).encode())
