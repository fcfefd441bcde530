"""Refuses amounts that no pod could run with, and a number of pods that nobody goes by.

No pod runs with limits below what it asks for, or with memory in too small a unit.
"""

from collections.abc import Iterator

from teal.model.quantities import amount
from teal_infra.settings import Settings
from teal_infra.settings.numbers import MOST_WORK_SECONDS
from teal_infra.settings.owned import Refusal
from teal_infra.settings.pod import Resources
from teal_infra.settings.reach.worker import Kind
from teal_infra.settings.report.steps import Remove, Set, Where
from teal_infra.settings.service import ServiceSettings

_LEAST_BYTES = 1024**2
"""The least memory of a container, 1 MiB: less is a slip of the unit (`512`, or `512m`, which are thousandths)."""


def refusals(settings: Settings) -> Iterator[Refusal]:
    """Yield the refusals of the pods of every service, and of the watch's."""
    for name, service in settings.services.items():
        yield from _of(service.resources, ("services", name, "resources"))
        yield from _pods(service, ("services", name))
        yield from _deadline(service, ("services", name, "progressDeadlineSeconds"))
    if settings.watch is not None:
        yield from _of(settings.watch.resources, ("watch", "resources"))


def _pods(service: ServiceSettings, at: Where) -> Iterator[Refusal]:
    scaling = service.autoscaling
    if "replicas" not in service.model_fields_set or scaling.fixed or service.kind is Kind.CRON:
        return
    meant = not scaling.external and scaling.model_fields_set <= {"enabled"}
    who = "somebody else's" if scaling.external else f"of {scaling.min_replicas} to {scaling.max_replicas} pods"
    what = f"replicas is {service.replicas}, and an autoscaler ({who}) decides how many there are"
    off = Set((*at, "autoscaling", "enabled"), value=False)
    yield Refusal((*at, "replicas"), what, "it would have no effect", (off if meant else Remove((*at, "replicas")),))


def _deadline(service: ServiceSettings, where: Where) -> Iterator[Refusal]:
    seconds, ready = service.progress_deadline_seconds, service.rollout.min_ready_seconds
    if seconds <= ready:
        what = f"progressDeadlineSeconds {seconds} is not longer than rollout.minReadySeconds {ready}"
        more = type(service).model_fields["progress_deadline_seconds"].default
        yield Refusal(where, what, "the API server would refuse the Deployment", (Set(where, ready + more),))
    elif service.kind is Kind.CRON or "progress_deadline_seconds" in service.model_fields_set:
        return
    elif probe := service.probed.get("startup"):
        starts = probe.patience_seconds
        if seconds <= starts:
            what = f"probes.startup gives a pod {starts} s to start, and a rollout is given up after {seconds} s"
            longer, shorter = Set(where, starts + seconds), Remove((*where[:-1], "probes", "startup"))
            mend = longer if starts + seconds <= MOST_WORK_SECONDS else shorter
            yield Refusal(where, what, "an update would fail while its pods may still start", (mend,))


def _of(resources: Resources, at: Where) -> Iterator[Refusal]:
    asked, limits = resources.requests.model_dump(), resources.limits.model_dump(exclude_none=True)
    for part, amounts in (("limits", limits), ("requests", asked)):
        memory: str = amounts.get("memory", "1Gi")
        if amount(memory) < _LEAST_BYTES:
            where = (*at, part, "memory")
            what = f"{part}.memory {memory} is {amount(memory):g} bytes"
            yield Refusal(where, what, "no container could start", (Set(where, _likelier(memory)),))
            return
    for name, limit in limits.items():
        if amount(limit) < amount(asked[name]):
            where = (*at, "limits", name)
            what = f"limits.{name} {limit} is less than requests.{name} {asked[name]}"
            yield Refusal(where, what, steps=(Set(where, asked[name]),))


def _likelier(memory: str) -> str:
    """Return the same number in MiB; 512Mi instead of a fraction of one."""
    number = memory.rstrip("mkKMGTPEi")
    return f"{number}Mi" if float(number) >= 1 else "512Mi"
