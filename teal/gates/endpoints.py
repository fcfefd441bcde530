"""The capacity gate: as many endpoints of the destination are ready as the live colour has."""

from dataclasses import replace

from teal.gates.registration import Gate, Question
from teal.model.colours import Colour
from teal.model.live import LiveAutoscaler
from teal.model.verdict import Outcome, Verdict

GATE = Gate(
    name="capacity",
    questions=(
        Question(
            "`capacity`",
            "EndpointSlices of both colours, Deployments, the live colour's autoscaler",
            (
                "as many ready endpoints as live has, and as its autoscaler asks for at present; at least one; and no "
                "pod that the last rollout has not replaced yet, even of the same version. Pods on their way are "
                "waited for, 30 s. The autoscaler of the colour that traffic leaves keeps its pods"
            ),
        ),
    ),
    deadline_seconds=60.0,  # 30 s for pods that are starting, and a read may take 10 s while an API server restarts
    always=True,
)


def needed(*, live_ready: int, live_wanted: int) -> int:
    """Return how many ready endpoints a destination has to have.

    One is needed even where the live colour has none left: to move from nothing to nothing helps nobody.
    """
    return max(1, live_ready, live_wanted)


def capacity(  # noqa: PLR0913 - eight numbers and names, each measured on its own
    service: str,
    destination: Colour,
    *,
    ready: int,
    live: Colour | None,
    live_ready: int,
    live_wanted: int = 0,
    outdated: int = 0,
    worker: bool = False,
) -> Verdict:
    """Judge the destination's ready endpoints by the live colour's, and by what the live autoscaler asks for.

    None of them may be a pod that the last rollout has yet to replace. Pulumi's Kubernetes provider may call a rollout
    complete before that: for `apps/v1` it compares the new ReplicaSet's ready pods with what that set is asked for so
    far (pulumi-kubernetes 4.34, pkg/await/deployment.go).

    Args:
        service: the service's name.
        destination: the colour that traffic is to move to.
        ready: the destination's ready endpoints. A router uses these, not pods.
        live: the colour that serves now; None where none does.
        live_ready: the live colour's ready endpoints.
        live_wanted: the pods that the live colour's autoscaler asks for; 0 where it has none. A colour that is scaling
            up needs them, however many it has.
        outdated: the destination's pods that the last rollout has not replaced yet.
        worker: whether it is a worker, whose pods no router uses, so that the pods themselves are counted.
    """
    need = needed(live_ready=live_ready, live_wanted=live_wanted)
    if live is None or need > max(live_ready, live_wanted):
        why = "at least one"
    else:
        why = f"what {live} has" if live_ready == need else f"what the autoscaler of {live} asks for"
    seen = f"{destination} has {ready} ready {'pod' if worker else 'endpoint'}{'' if ready == 1 else 's'}"
    behind = f", and {outdated} pod{'' if outdated == 1 else 's'} that its last rollout has not replaced yet"
    return Verdict(
        gate=GATE.name,
        service=service,
        outcome=Outcome.PASSED if ready >= need and not outdated else Outcome.FAILED,
        seen=seen + (behind if outdated else ""),
        needed=f"{need} ({why})" + (", and none of an older release" if outdated else ""),
        asked=f"the API server for the {'pods' if worker else 'EndpointSlices'} and Deployments of {service}, and for "
        "the live autoscaler",
    )


def with_way_back(capacity: Verdict, live: Colour, autoscaler: LiveAutoscaler) -> Verdict:
    """Return the capacity, which fails where the live colour's autoscaler may take away pods of a way back.

    Args:
        capacity: the verdict on the destination's endpoints.
        live: the colour that serves now.
        autoscaler: its autoscaler, which the update asked to keep the pods that the annotation `teal/floor` names.
    """
    floor = autoscaler.floor
    if floor is not None and floor[0] <= autoscaler.minimum:
        return capacity
    seen = (
        f"{capacity.seen}, and the autoscaler of {live} may go down to {autoscaler.minimum}: the minimum that this "
        "update asks for is not there (somebody has written it since, or --target left it out; pulumi up, of the whole "
        "stack, asks for it again)"
    )
    needed = f"{capacity.needed}, and an autoscaler that keeps the pods of {live} until the flip is confirmed"
    return replace(capacity, outcome=Outcome.FAILED, seen=seen, needed=needed)
