"""Tells, once in each preview, which proofs a stack does without, and what stands in for each. Pure."""

from collections.abc import Callable, Iterator, Sequence

from teal_infra.planning.move import asked_path
from teal_infra.settings import Settings
from teal_infra.settings.service import ServiceSettings

_Lacks = Callable[[ServiceSettings], bool]

_UNASKED: Sequence[tuple[_Lacks, str]] = (
    (
        lambda each: each.version_path is None,
        "no pod says what it is (versionPath), so the image that the kubelets report is the proof of its release",
    ),
    (
        lambda each: each.readiness_path is None and not each.gates.smoke.requests,
        (
            "no request shows before a flip that it answers (probes.readiness.path, gates.smoke.requests), so what the "
            "kubelets say of its pods has to do"
        ),
    ),
)
"""What pods are not asked for through the API server."""

_BESIDE: Sequence[tuple[_Lacks, str]] = (
    (
        lambda each: each.shutdown.close_connections_path is None,
        (
            "clients that keep a connection, a WebSocket say, stay with the old colour after a flip until it ends "
            "(shutdown.closeConnectionsPath)"
        ),
    ),
    (
        lambda each: each.autoscaling.external,
        (
            "a colour without traffic has no more pods than its own autoscaler leaves it (autoscaling.external), so "
            "its minimum is what a way back can count on"
        ),
    ),
)


def without(settings: Settings) -> Iterator[str]:
    """Yield, for each part of the contract (docs/contract.md) that services lack, which ones lack it and the price."""
    if settings.pods_reachable:
        yield from _said(settings, _UNASKED)
    else:
        yield "podsReachable is false: no pod is asked before a flip, so what the kubelets report is the whole proof"
    if silent := [name for name in settings.routed if not asked_path(settings, name)]:
        yield (
            f"{', '.join(silent)}: nobody asks its front door while a flip is watched (probePath), so pods that turn "
            "unready or crash are what undoes a bad release"
        )
    yield from _said(settings, _BESIDE)


def _said(settings: Settings, of: Sequence[tuple[_Lacks, str]]) -> Iterator[str]:
    for lacks, what in of:
        if names := [name for name, each in settings.routed.items() if lacks(each)]:
            yield f"{', '.join(names)}: {what}"
