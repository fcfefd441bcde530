"""Asks each service of both colours once, through its preview door, whether it is well. Nothing is moved."""

import asyncio
from collections.abc import Mapping

from pydantic import Field

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.gates.replies import Request, failure
from teal.model.colours import Colour
from teal.model.stored import Model
from teal.status.look import Pods, Status, looked

WITHIN_SECONDS = 5.0
"""How long to wait for an answer, as a bake does."""


class Answered(Model):
    """The answer of one service of one colour."""

    pods: Pods
    path: str
    status: int = 0
    """The HTTP status of the answer; 0 where there was none."""
    seconds: float = 0.0
    why: str = ""
    """Why the service is not well; empty where it is."""

    @property
    def well(self) -> bool:
        """Whether its pods are ready, and it answered."""
        return not self.why

    def __str__(self) -> str:
        """Return the answer in words."""
        if not self.path:
            return self.why or str(self.pods)
        return self.why or f"{self.path} answered {self.status} within {1000 * self.seconds:.0f} ms; {self.pods}"


class Health(Model):
    """The answers of both colours at one moment."""

    live: Colour | None = None
    colours: Mapping[Colour, Mapping[str, Answered]] = Field(default_factory=dict[Colour, Mapping[str, Answered]])

    def well(self, colour: Colour) -> bool:
        """Return whether a colour has a release, and all of its services are well."""
        found = self.colours.get(colour, {})
        return bool(found) and all(each.well for each in found.values())


async def check(access: ClusterAccess) -> Health:
    """Ask every service of both colours whether it is well.

    Raises:
        UnreachableError: the cluster could not be asked.
    """
    async with Cluster.connect(access) as cluster:
        status = await looked(cluster)
        asked = [(colour, name, pods) for colour, each in status.colours.items() for name, pods in each.items()]
        answers = await asyncio.gather(*(_ask(cluster, status, colour, name, pods) for colour, name, pods in asked))
    found: dict[Colour, dict[str, Answered]] = {}
    for (colour, name, _), answer in zip(asked, answers, strict=True):
        found.setdefault(colour, {})[name] = answer
    return Health(live=status.active, colours=found)


async def _ask(cluster: Cluster, status: Status, colour: Colour, service: str, pods: Pods) -> Answered:
    plan = status.last.plan.services.get(service) if status.last else None
    if pods.worker or (plan is not None and not plan.path):  # nobody asks it over HTTP: its pods say how it is
        idle = pods.worker and not pods.wanted and colour is not status.active
        return Answered(pods=pods, path="", why="" if pods.well or idle else str(pods))
    wanted = Request(path=plan.path if plan else "/")
    if not pods.wanted:
        return Answered(pods=pods, path=wanted.path, why="it is stopped: it has no pods")
    if not wanted.contained:
        return Answered(pods=pods, path=wanted.path, why="the path in the record of flips is none of the service's")
    reply = await cluster.request(f"{service}-{colour}", wanted, within=WITHIN_SECONDS)
    why = failure(reply, WITHIN_SECONDS) or ("" if pods.well else str(pods))
    return Answered(pods=pods, path=wanted.path, status=reply.status, seconds=round(reply.seconds, 4), why=why)
