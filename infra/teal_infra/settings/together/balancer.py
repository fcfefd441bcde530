"""Refuses a load balancer that AWS would not make, and settings that do not apply to an existing one."""

from collections.abc import Iterator

from teal_infra.settings import Settings
from teal_infra.settings.owned import Refusal
from teal_infra.settings.reach.alb import Alb
from teal_infra.settings.report.places import right
from teal_infra.settings.report.steps import Set, Where

_SUBNETS = ("subnet-0123456789abcdef0", "subnet-0123456789abcdef1", "subnet-0123456789abcdef2")
"""Examples of subnets, two of which differ from any that is set."""


def refusals(settings: Settings) -> Iterator[Refusal]:
    """Yield the refusals of the stack's own load balancer, or of the existing one."""
    if settings.alb is not None:
        yield from _own(settings.alb) if settings.alb.load_balancer is None else _existing(settings.alb)
        yield from _apart(settings.alb)


def _own(alb: Alb) -> Iterator[Refusal]:
    subnets = [*dict.fromkeys(alb.subnet_ids)]
    if len(subnets) < 2:  # noqa: PLR2004 - AWS's rule
        two = [*subnets, *(each for each in _SUBNETS if each not in subnets)][:2]
        what = f"subnetIds names {len(subnets)}; a load balancer of its own takes two, in two zones"
        yield Refusal(("alb", "subnetIds", len(subnets)), what, steps=(Set(("alb", "subnetIds"), two),))
    if not alb.callers:
        where: Where = ("alb", "callers", 0)
        yield Refusal(where, "callers names nobody who may send live traffic", steps=(Set(where, right(where)),))


def _existing(alb: Alb) -> Iterator[Refusal]:
    given = alb.model_dump(by_alias=True, exclude_unset=True)
    for key in ("subnetIds", "internal", "callers", "testCallers", "idleTimeoutSeconds"):
        if given.get(key):
            what = "the load balancer is there already (alb.loadBalancer), and this is said of one that teal makes"
            yield Refusal(("alb", key), what, "it would have no effect")


def _apart(alb: Alb) -> Iterator[Refusal]:
    ports = {"httpPort": alb.http_port, "httpsPort": alb.https_port, "testPort": alb.test_port}
    if not alb.certificate_arn:
        del ports["httpsPort"]
    taken = [*ports.values()]
    twice = next((key for key, port in reversed(ports.items()) if taken.count(port) > 1), None)
    if twice:
        what = f"{', '.join(ports)} are {', '.join(map(str, taken))}: each listener takes its own"
        free = next(each for each in (9000, 9001, 9002) if each not in taken)
        yield Refusal(("alb", twice), what, steps=(Set(("alb", twice), free),))
