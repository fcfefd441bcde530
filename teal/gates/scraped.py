"""The availability gate: Prometheus scrapes every ready pod of the destination, and finds it up."""

from collections.abc import Sequence

from teal.gates.samples import AVAILABILITY, Queried
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict, judging


def availability(service: str, destination: Colour, *, ready: Sequence[str], up: Queried) -> Verdict:
    """Judge whether every ready pod of the destination is scraped and up.

    Args:
        service: the service's name.
        destination: the colour that traffic is to move to.
        ready: the names of its ready pods.
        up: whether each pod is up, by pod. Pods that are not ready (those of the previous release that are ending) do
            not count.
    """
    verdict = judging(
        AVAILABILITY,
        service,
        needed=f"all {max(1, len(ready))} ready pods of {destination} scraped and up",
        asked="Prometheus for up",
    )
    if up.error is not None:
        return verdict(Outcome.ERROR, up.error)
    found = {each.labels.get("pod", ""): each.value for each in up.series}
    if len(found) < len(up.series):
        return verdict(Outcome.ERROR, "several series of a pod where one was expected")
    scraped = [pod for pod in ready if pod in found]
    down = [pod for pod in scraped if found[pod] != 1]
    seen = f"{len(scraped)} of {len(ready)} ready pods are scraped, {len(scraped) - len(down)} are up"
    if down:
        return verdict(Outcome.FAILED, f"{seen}, {down[0]} is not")
    return verdict(Outcome.PASSED if ready and len(scraped) == len(ready) else Outcome.INCONCLUSIVE, seen)
