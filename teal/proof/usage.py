"""Measures what the sunset gate judges: which versions of an API are used, and whether the colours offer them."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

from teal.gates import openapi, usage
from teal.gates.documents import Compared, ContractPlan
from teal.gates.usage import Offer, UsagePlan
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict
from teal.proof import contract
from teal.proof.sources import Doors, Source


async def measure(  # noqa: PLR0913 - whom to ask, and about which colours
    doors: Doors,
    prometheus: Source,
    service: str,
    plan: UsagePlan,
    *,
    destination: Colour,
    live: Colour | None,
) -> Verdict:
    """Ask Prometheus for what is used, and both colours for the documents of that.

    Args:
        doors: the doors of both colours.
        prometheus: the Prometheus to ask.
        service: the service's name.
        plan: how use is counted, and where the documents are.
        destination: the colour that traffic is to move to.
        live: the colour that serves now; None where none does.
    """
    queried = await prometheus.query(plan.query)
    compared = live is not None and live is not destination
    versions = [each for each in usage.used(plan, queried) if each in plan.paths] if compared else []

    async def offers_of(version: str) -> Sequence[Offer]:
        ours = await _offer(doors, service, destination, plan.paths[version])
        if ours.lack is not Outcome.FAILED or live is None:
            return [ours]
        return [ours, await _offer(doors, service, live, plan.paths[version])]

    offers = await asyncio.gather(*(offers_of(each) for each in versions))
    offered = dict(zip(versions, offers, strict=True))
    return usage.sunset(service, destination, plan, live=live, queried=queried, offered=offered)


async def _offer(doors: Doors, service: str, colour: Colour, path: str) -> Offer:
    """Return whether a colour offers a version: it has its document, and none of what is deprecated there is gone."""
    read = await contract.document_of(doors, service, colour, ContractPlan(path=path))
    if isinstance(read, Compared):
        return Offer(lack=Outcome.FAILED if read.absent else read.lack, why=read.why)
    tried = await contract.tried_of(doors, f"{service}-{colour}", openapi.described(read, deprecated=True))
    for each in tried:
        if each.reply is not None and each.reply.status == HTTPStatus.GONE:
            return Offer(lack=Outcome.FAILED, why=f"{each.operation} of {colour} answered {HTTPStatus.GONE.value}")
    return Offer()
