"""Judges what the checks of `teal check` have read of a colour. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from teal.adapters.kubernetes.inventory import Budget, Found, PodMetricsList
from teal.adapters.kubernetes.objects import Service
from teal.adapters.kubernetes.workloads import Autoscaler, Deployment, Pod
from teal.gates.documents import Tried
from teal.gates.replies import Reply
from teal.model.colours import Colour
from teal.model.quantities import amount
from teal.model.verdict import Outcome, Verdict, listed

FULL_PERCENT = 90
"""The percentage of a limit above which a container is throttled, or about to be ended for its memory."""


def existing(service: str, kind: str, name: str, found: Found | None, *, ready: int) -> Verdict:
    """Judge whether one object of a colour exists, and is well.

    Args:
        service: the service's name.
        kind: the object's kind.
        name: the object's name.
        found: the object as it was read; None where there is none.
        ready: the number of the colour's ready endpoints, for its Service.
    """
    outcome, seen = (Outcome.FAILED, "it is not there") if found is None else _stands(found, ready)
    return Verdict(
        gate=f"resources.{kind}",
        service=service,
        outcome=outcome,
        seen=f"{name}: {seen}",
        needed=_NEEDED[kind],
        asked=f"the API server for the {kind} {name}",
    )


_NEEDED = {
    "deployment": "all pods ready, and none of an older release",
    "service": "a ready endpoint",
    "autoscaler": "one that can scale, and has numbers to go by",
    "budget": "as many healthy pods as it keeps",
    "network": "a network policy of that name",
}


def _stands(found: Found, ready: int) -> tuple[Outcome, str]:
    """Return whether an object is well, and what it says of itself; most kinds only have to be there."""
    if isinstance(found, Deployment):
        pods, wanted, old = found.status.ready_replicas, found.spec.replicas, found.outdated
        seen = f"{pods} of {wanted} pods ready" + (f", {old} not replaced yet" if old else "")
        return _of(0 < wanted <= pods and not old), seen
    if isinstance(found, Service):
        return _of(ready > 0), f"{ready} ready endpoint{'' if ready == 1 else 's'}"
    if isinstance(found, Autoscaler):
        return _scales(found)
    if isinstance(found, Budget):
        its = found.status
        seen = f"{its.current_healthy} pods healthy, {its.desired_healthy} have to be, {its.disruptions_allowed} may go"
        return _of(its.current_healthy >= its.desired_healthy), seen
    return Outcome.PASSED, "it is there"


def _scales(found: Autoscaler) -> tuple[Outcome, str]:
    held = {each.type: each.reason for each in found.status.conditions if each.status == "False"}
    seen = f"{found.spec.min_replicas} to {found.spec.max_replicas} pods, {found.status.desired_replicas} at present"
    if "AbleToScale" in held:
        return Outcome.FAILED, f"{seen}, and it cannot scale: {held['AbleToScale']}"
    if "ScalingActive" in held:
        return Outcome.INCONCLUSIVE, f"{seen}, and it has nothing to go by: {held['ScalingActive']}"
    return Outcome.PASSED, seen


def _of(well: bool) -> Outcome:  # noqa: FBT001 - of one question
    return Outcome.PASSED if well else Outcome.FAILED


def probe(service: str, colour: Colour, name: str, path: str, reply: Reply) -> Verdict:
    """Judge the answer to a probe's path as a kubelet does."""
    if reply.error is not None:
        outcome, seen = Outcome.ERROR, f"{path} could not be asked: {reply.error}"
    elif reply.late:
        outcome, seen = Outcome.FAILED, f"{path} was not answered in time"
    else:
        well = HTTPStatus.OK <= reply.status < HTTPStatus.BAD_REQUEST
        outcome, seen = _of(well), f"{path} answered {reply.status} in {reply.seconds:.3f} s"
    return Verdict(
        gate=f"probes.{name}",
        service=service,
        outcome=outcome,
        seen=seen,
        needed="200 to 399",
        asked=f"{service}-{colour}, through the API server",
    )


def paths(service: str, colour: Colour, tried: Sequence[Tried]) -> Verdict:
    """Judge whether what an OpenAPI document offers is there: a demand to log in first is an answer too."""
    asked = [(each.operation, each.reply) for each in tried if each.reply is not None]
    unheard = [f"{each} ({reply.error})" for each, reply in asked if reply.error is not None]
    missing = [
        f"{each} {'was not answered in time' if reply.late else f'answered {reply.status}'}"
        for each, reply in asked
        if reply.error is None and (reply.late or reply.status == HTTPStatus.NOT_FOUND or reply.status >= _BROKEN)
    ]
    rest = f", {len(tried) - len(asked)} were not tried: they need parameters or have effects"
    outcome, seen = (
        Outcome.PASSED,
        f"{len(asked)} of {len(tried)} operations answer" + (rest if len(tried) > len(asked) else ""),
    )
    if missing:
        outcome, seen = Outcome.FAILED, listed(missing)
    elif unheard:
        outcome, seen = Outcome.ERROR, f"could not be asked: {listed(unheard)}"
    elif not asked:
        outcome, seen = Outcome.INCONCLUSIVE, f"none of {len(tried)} operations can be tried without parameters"
    return Verdict(
        gate="paths",
        service=service,
        outcome=outcome,
        seen=seen,
        needed="neither 404 nor 5xx from what the OpenAPI document offers",
        asked=f"{service}-{colour}, through the API server, for what its document offers",
    )


_BROKEN = HTTPStatus.INTERNAL_SERVER_ERROR


@dataclass(frozen=True, kw_only=True, slots=True)
class _Use:
    """The use of one resource, over all containers of a colour's pods."""

    used: float = 0.0
    requested: float = 0.0
    fullest: float = 0.0
    """The highest share of a limit that one container uses."""


def usage(service: str, colour: Colour, pods: Sequence[Pod], measured: PodMetricsList | None) -> Verdict:
    """Judge whether no container uses nearly all that it may."""
    ready = {each.metadata.name: each for each in pods if each.ready and not each.metadata.deletion_timestamp}
    items = measured.items if measured is not None else ()
    seen_of = {each.metadata.name: {c.name: c.usage for c in each.containers} for each in items}
    known = {name: pod for name, pod in ready.items() if name in seen_of}
    uses = {kind: _use(kind, known, seen_of) for kind in ("cpu", "memory")}
    said = [f"{len(known)} of {len(ready)} ready pods measured", *(_said(kind, use) for kind, use in uses.items())]
    outcome = _of(all(100 * use.fullest < FULL_PERCENT for use in uses.values()))
    if outcome is Outcome.PASSED and (not ready or len(known) < len(ready)):
        outcome = Outcome.INCONCLUSIVE
    if measured is None:
        said = ["the cluster has no metrics API"]
    return Verdict(
        gate="usage",
        service=service,
        outcome=outcome,
        seen=", ".join(said if known else said[:1]),
        needed=f"every ready pod measured, below {FULL_PERCENT} % of each limit",
        asked=f"the metrics API for the pods of {service}-{colour}",
    )


def _use(kind: str, pods: Mapping[str, Pod], used: Mapping[str, Mapping[str, Mapping[str, str]]]) -> _Use:
    whole, asked, fullest = 0.0, 0.0, 0.0
    for name, pod in pods.items():
        for container in pod.spec.containers:
            now = amount(used[name].get(container.name, {}).get(kind, "0"))
            limit = amount(container.resources.limits.get(kind, "0"))
            whole, asked = whole + now, asked + amount(container.resources.requests.get(kind, "0"))
            fullest = max(fullest, now / limit if limit else 0.0)
    return _Use(used=whole, requested=asked, fullest=fullest)


def _said(kind: str, use: _Use) -> str:
    used = f"{1000 * use.used:.0f}m" if kind == "cpu" else f"{use.used / 1024**2:.0f}Mi"
    asked = f"{100 * use.used / use.requested:.0f} % of what is asked for" if use.requested else "of nothing asked for"
    return f"{kind} {used} ({asked}, at most {100 * use.fullest:.0f} % of a limit)"
