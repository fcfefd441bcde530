"""Directs workers, which have no traffic: a record says which colour of each is live, and that colour runs.

The record is a ConfigMap, which an update writes before the worker's pods start: whoever finds a flip whose update died
knows from it which colour may run.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from teal.adapters.kubernetes import scale, schedule
from teal.adapters.kubernetes.cluster import Cluster
from teal.adapters.kubernetes.objects import ConfigMap, owners_of, writer_of
from teal.model.colours import Colour, colour_of
from teal.model.labels import COMPONENT_LABEL, MOVED_FROM, NAME_LABEL, PART_OF, PART_OF_LABEL
from teal.model.live import LiveService
from teal.model.verdict import Verdict
from teal.model.workers import COLOUR, CRON, WORKER, Overlap, Worker, record
from teal.routers.base import Router
from teal.routers.kubernetes import KubernetesRouter


class Workers(KubernetesRouter):
    """Reads and writes which colour of each worker is live; on the way back it starts and stops them as well."""

    def __init__(self, cluster: Cluster, workers: Mapping[str, Worker] | None = None) -> None:
        """Prepare to direct these workers of a cluster."""
        super().__init__(
            cluster,
            f"/api/v1/namespaces/{cluster.namespace}/configmaps",
            lambda found: _live(ConfigMap.model_validate(found)),
        )
        self._workers = workers or {}

    def named(self, service: str) -> str:
        """Return the name of a worker's record."""
        return record(service)

    async def live_services(self, names: Collection[str] | None = None) -> Mapping[str, LiveService]:
        """Return which colour of each worker is live."""
        if names is not None:
            return await self.each(names, self._one)
        of_workers = f"{PART_OF_LABEL}={PART_OF},{COMPONENT_LABEL}={WORKER}"
        found = await self.cluster.listed(self.kind, ConfigMap, of_workers)
        return {each.metadata.labels.get(NAME_LABEL, ""): _live(each) for each in found}

    async def _one(self, service: str) -> LiveService | None:
        found = await self.cluster.read(f"{self.kind}/{record(service)}", ConfigMap)
        return _live(found) if found else None

    async def move(self, service: str, live: LiveService, colour: Colour) -> None:
        """Have a colour take the work in place of the other one.

        The record is written last, so that a move that fails is tried again. Every step may be repeated.
        """
        await self.run(service, colour)
        patch = {
            "metadata": {"annotations": {MOVED_FROM: f"{live.colour}@{live.resource_version}"}},
            "data": {COLOUR: colour},
        }
        path = f"{self.kind}/{record(service)}"
        await self.write(f"configmap {record(service)}", path, patch, live=live, colour=colour)

    async def run(self, service: str, colour: Colour) -> None:
        """Start a colour's pods where they do not run, and end those of the other one, as the worker's overlap is."""
        worker = self._workers[service]
        if worker.cron:
            await schedule.hand_over(self.cluster, service, colour)
            await schedule.resume(self.cluster, service, colour)
        elif worker.overlap is Overlap.FORBIDDEN:
            await scale.stop(self.cluster, service, colour.other)
            await scale.await_gone(self.cluster, service, colour.other, grace_seconds=worker.grace_seconds)
            await scale.start(self.cluster, service, colour, worker.pods)
        elif worker.idles:
            await scale.start(self.cluster, service, colour, worker.pods)
            await scale.stop(self.cluster, service, colour.other)

    def door(self, service: str, colour: Colour) -> str:
        """Return nothing: nobody asks a worker anything."""
        del service, colour
        return ""


class WithWorkers:
    """The router of a stack and the stack's workers, as one router."""

    def __init__(self, router: Router, workers: Workers, names: Collection[str]) -> None:
        """Leave to the router every service that is not one of these names."""
        self._router = router
        self._workers = workers
        self._names = frozenset(names)
        self.pace = router.pace

    def _routed(self, names: Iterable[str]) -> list[str]:
        return [each for each in names if each not in self._names]

    def _of(self, service: str) -> Router:
        return self._workers if service in self._names else self._router

    async def live_services(self, names: Collection[str] | None = None) -> Mapping[str, LiveService]:
        """Return where each service is live, by the router or its record; the workers are those of the stack."""
        workers = self._names if names is None else self._names.intersection(names)
        routed = None if names is None else self._routed(names)
        found: Mapping[str, LiveService] = {}
        if routed is None or routed:
            found = await self._router.live_services(routed)
        return {**found, **(await self._workers.live_services(workers) if workers else {})}

    async def move(self, service: str, live: LiveService, colour: Colour) -> None:
        """Move a service as the router does, or a worker as workers are moved."""
        await self._of(service).move(service, live, colour)

    async def prove(self, services: Iterable[str], destination: Colour, *, share: int, wait: bool) -> Sequence[Verdict]:
        """Ask the router's own gates; workers have none."""
        return await self._router.prove(self._routed(services), destination, share=share, wait=wait)

    async def capacity(self, carried: Mapping[str, int], back: Colour) -> Sequence[Verdict]:
        """Judge the capacity of services by the router; workers are left out."""
        return await self._router.capacity({name: carried[name] for name in self._routed(carried)}, back)

    async def ringing(self, services: Iterable[str], colour: Colour) -> Mapping[str, str]:
        """Return the router's alarms that ring; workers have none."""
        return await self._router.ringing(self._routed(services), colour)

    async def between(
        self, before: Mapping[str, LiveService], now: Mapping[str, LiveService]
    ) -> Mapping[str, Sequence[LiveService]]:
        """Return the versions that the router and the workers' records had between two reads."""

        def of(which: Mapping[str, LiveService], *, workers: bool) -> Mapping[str, LiveService]:
            return {name: each for name, each in which.items() if (name in self._names) is workers}

        routed = await self._router.between(of(before, workers=False), of(now, workers=False))
        return {**routed, **await self._workers.between(of(before, workers=True), of(now, workers=True))}

    def stranger(self, live: LiveService) -> str:
        """Return who moved a service where no flip did, by the router or by its record."""
        return (self._workers if live.worker else self._router).stranger(live)

    def door(self, service: str, colour: Colour) -> str:
        """Return the router's door of a service; a worker has none."""
        return self._of(service).door(service, colour)


def _live(found: ConfigMap) -> LiveService:
    fields = found.metadata.managed_fields
    return LiveService(
        colour=colour_of(found.data.get(COLOUR)),
        selector=found.data,
        annotations=found.metadata.annotations,
        resource_version=found.metadata.resource_version,
        writer=writer_of(fields, COLOUR),
        owners=owners_of(fields, COLOUR),
        worker=True,
        cron=CRON in found.metadata.labels,
    )
