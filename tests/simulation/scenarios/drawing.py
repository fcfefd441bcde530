"""Draws what happens in one seed: who does what to the stack, and when; from the seed alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from teal.model.workers import Overlap, record
from tests.simulation.checks.workers import NAME as WORKER
from tests.simulation.cluster.elb import RULES
from tests.simulation.cluster.faults import KEEPER, READS, Outage, Trouble
from tests.simulation.cluster.wire import Death
from tests.simulation.cluster.world import Release
from tests.simulation.scenarios.scenario import SERVICES, Happening, Pause, Scenario, Up

SKEW = 600.0
STABLE = Release(version="1.0.0")
OLD = Release(version="0.9.0")
STRANGERS = ("kubectl-patch", "argocd-controller")
DEATHS = (
    ("PATCH services", 2),
    ("PATCH services", 2),
    ("PUT configmaps teal-history", 6),
    ("GET services", 12),
    ("", 150),
)
"""The requests with which a process may die: how they begin, and about how many such there are in an update."""
OF_WORKERS = ((f"PATCH configmaps {record(WORKER)}", 1), (f"PATCH deployments {WORKER}", 3), ("GET pods", 8))
"""The same for one that moves a worker."""

BAD = (
    Release(version="", errors=1),
    Release(version="", errors=0.5),
    Release(version="", hangs=0.5),
    Release(version="", hangs=1),
    Release(version="", errors=0.6, after=12),
    Release(version="", errors=0.3, hangs=0.3),
    Release(version="", starts=None),
)
"""How a release may be bad: clearly above its bound of 5 %, so that each is one that has to be found."""
UNSEEN = (
    Release(version="", errors=0.6, live=True),
    Release(version="", errors=0.6, live=True, after=12),
    Release(version="", slow=0.7, live=True),
)
"""The same for releases that only live traffic's numbers tell."""


def drawn(seed: int) -> Scenario:
    """Return the scenario of a seed."""
    chance = Random(seed)  # noqa: S311 - a simulation, no secret
    services = SERVICES[: chance.choice((1, 2))]
    troubled = chance.random() < 0.9
    scenario = Scenario(
        seed=seed,
        services=services,
        releases={
            "0.9.0": OLD,
            "1.0.0": STABLE,
            "1.1.0": _release(chance, "1.1.0"),
            "1.2.0": _release(chance, "1.2.0"),
        },
        load=chance.choice((1, 2, 4)),
        lag=chance.choice((0.2, 0.2, 1.0, 6.0)),
        rate=chance.choice((0, 0.005, 0.02, 0.1)) if troubled else 0,
        autoscaled=chance.random() < 0.5,
        ups=_ups(chance, deadly=troubled),
        happenings=[_happening(chance, services) for _ in range(chance.choice((0, 0, 1, 2)))] if troubled else (),
        outages=[_outage(chance) for _ in range(chance.choice((0, 0, 1, 2)))] if troubled else (),
        watched=chance.random() < 0.7,
        watch_dies=_death(chance) if troubled and chance.random() < 0.3 else None,
        closes=chance.random() < 0.3,
        pause=None,
    )
    scenario = _besides(Random(f"{seed} besides"), scenario)  # noqa: S311 - the same
    scenario = _forged(Random(f"{seed} forged"), scenario)  # noqa: S311 - the same
    if not troubled:
        return scenario
    if chance.random() < 0.3:
        pause = Pause(after=round(chance.uniform(0, 0.03), 3), seconds=round(chance.uniform(13, 45), 1))
        scenario = replace(scenario, pause=pause)
    which = chance.random()
    if which < 0.04:
        return _halfway(chance, scenario)
    return _suspended(chance, scenario) if which < 0.08 else scenario


def scraped(scenario: Scenario) -> Scenario:
    """Return the same with a Prometheus, which stops scraping now and then, and releases that it alone sees fail."""
    chance = Random(f"{scenario.seed} scraped")  # noqa: S311 - the same
    stall = (round(chance.uniform(0, 15), 1), chance.choice((4.0, 15.0, 60.0)))
    releases = dict(scenario.releases)
    for version in ("1.1.0", "1.2.0"):
        if chance.random() < 0.3:
            known = UNSEEN if scenario.analyses else UNSEEN[:-1]
            releases[version] = replace(chance.choice(known), version=version)
    stalls = not scenario.calm and chance.random() < 0.4
    return replace(scenario, scrapes=True, releases=releases, stall=stall if stalls else (0, 0))


def balanced(scenario: Scenario) -> Scenario:
    """Return the same with a listener rule of AWS that directs the traffic."""

    def of_rules(death: Death | None) -> Death | None:
        asked = death.request.replace("services", RULES).replace("httproutes", RULES) if death else ""
        return replace(death, request=asked) if death else None

    return replace(
        scenario,
        gateway=False,
        balances=True,
        ups=[replace(each, death=of_rules(each.death)) for each in scenario.ups],
        watch_dies=of_rules(scenario.watch_dies),
        rollback_dies=of_rules(scenario.rollback_dies),
    )


def _besides(chance: Random, scenario: Scenario) -> Scenario:
    """Return the same with later additions, drawn apart so that all else of a seed stays as it was."""
    skewed = chance.random() < 0.5
    ups = scenario.ups
    if chance.random() < 0.15 and ups[-1].changes["activeColour"] == "green" and not ups[-1].rival:
        after = round(chance.uniform(1, 30), 1)
        ups = [*ups, Up(after=after, changes={**ups[-1].changes, "blue.state": "retired"})]
    scenario = replace(scenario, ups=ups, skew=SKEW if skewed else 0)
    if chance.random() < 0.15:
        early = Happening(
            at=round(chance.uniform(0, 60), 2),
            what="approve",
            service="",
            colour=chance.choice(("blue", "green", "green")),
        )
        scenario = replace(scenario, approval=chance.choice((60, 3600)), happenings=[*scenario.happenings, early])
    if chance.random() < 0.15:
        overlaps = (Overlap.FLIP, Overlap.FLIP, Overlap.FORBIDDEN, Overlap.FORBIDDEN, Overlap.ALLOWED)
        first, *others = scenario.ups
        if chance.random() < 0.4 and not scenario.calm:
            first = replace(first, death=_death(chance, OF_WORKERS))
        scenario = replace(scenario, worker=chance.choice(overlaps), ups=[first, *others])
    if chance.random() < 0.15:
        scenario = _split(chance, scenario)
    if chance.random() < 0.75:
        return scenario
    since, most = chance.choice((("bake", 15.0), ("bake", 15.0), ("death", 15.0), ("proof", 0.1), ("way back", 0.1)))
    back = Happening(at=round(chance.uniform(0, most), 3), what="rollback", service="", colour="", since=since)
    return replace(
        scenario,
        happenings=[*scenario.happenings, back],
        rollback_dies=_death(chance) if chance.random() < 0.3 and not scenario.calm else None,
    )


def _forged(chance: Random, scenario: Scenario) -> Scenario:
    """Return the same with admission policies, and a stranger who forges records, around the time of a proof mostly."""
    if chance.random() >= (0.7 if scenario.approval else 0.05):
        return scenario
    since, most = chance.choice((("", 60.0), ("proof", 1.0), ("bake", 8.0)))
    at = round(chance.uniform(0, most), 2)
    forgery = Happening(at=at, since=since, what="forge", service="", colour="")
    happenings = [*scenario.happenings, *([] if scenario.calm else [forgery])]
    return replace(scenario, admits=True, happenings=happenings)


def _split(chance: Random, scenario: Scenario) -> Scenario:
    """Return the same with a router that splits traffic, where the new release may have a share before its flip."""
    first, *others = scenario.ups
    if chance.random() < 0.4 and not scenario.calm:
        first = replace(first, death=Death(request="PATCH httproutes", number=1, after_sending=chance.random() < 0.5))
    ups, after = [first, *others], 10.0
    if chance.random() < 0.7:
        prepared = Up(after=1, changes={})
        shares = [Up(after=after, changes={"canaryWeight": each}) for each in (10, 50)[: chance.choice((1, 2))]]
        ups = [prepared, *shares, *ups]
    return replace(scenario, gateway=True, ups=ups)


def _release(chance: Random, version: str) -> Release:
    return replace(chance.choice(BAD), version=version) if chance.random() < 0.4 else Release(version=version)


def _death(chance: Random, kinds: Sequence[tuple[str, int]] = DEATHS) -> Death:
    with_, most = chance.choice(kinds)
    return Death(request=with_, number=chance.randint(1, most), after_sending=chance.random() < 0.5)


def _ups(chance: Random, *, deadly: bool) -> Sequence[Up]:
    def up(changes: Mapping[str, Any], *, rival: bool = False) -> Up:
        death = _death(chance) if deadly and chance.random() < 0.45 else None
        return Up(after=round(chance.uniform(1, 20), 1), changes=changes, death=death, rival=rival)

    now: dict[str, Any] = {"activeColour": "green", **({"blue.state": "stopped"} if chance.random() < 0.2 else {})}
    ups = [up(now)]
    for _ in range(chance.choice((0, 1, 1, 2))):
        what = chance.choice(("again", "back", "back", "another release"))
        if what == "back":
            now = {**now, "activeColour": "blue", "blue.state": "running"}
        elif what == "another release":
            now = {**now, "green": "1.2.0"}
        ups.append(up(now))
    if deadly and chance.random() < 0.15:
        rival = {"activeColour": chance.choice(("blue", "green")), "green": chance.choice(("1.1.0", "1.2.0"))}
        ups.append(up(rival, rival=True))
    return ups


def _halfway(chance: Random, scenario: Scenario) -> Scenario:
    """Return the same where an update dies in its bake, and the one back halfway, which takes pods along."""
    bake = Death(request="GET services", number=chance.randint(6, 16), after_sending=False)
    sent = chance.random() < 0.5
    half = Death(request="PATCH services", number=1 if sent else 2, after_sending=sent)
    seconds = round(chance.uniform(60, 150), 1)
    flap = Happening(at=0, since="half", what="flap", service="", colour="blue", seconds=seconds)
    ups = [
        Up(after=1, changes={"activeColour": "green"}, death=bake),
        Up(after=round(chance.uniform(1, 10), 1), changes={"activeColour": "blue"}, death=half),
        Up(after=round(chance.uniform(1, 20), 1), changes={"activeColour": "blue"}),
    ]
    return replace(scenario, services=SERVICES, ups=ups, happenings=[*scenario.happenings, flap])


def _suspended(chance: Random, scenario: Scenario) -> Scenario:
    """Return the same where an update stands still before it puts traffic back, and its person changes machines."""
    bad = replace(chance.choice([each for each in BAD if each.starts is not None]), version="1.1.0")
    ups = [
        Up(after=1, changes={"activeColour": "green"}),
        Up(after=round(chance.uniform(25, 50), 1), changes={"activeColour": "green", "green": "1.2.0"}, rival=True),
    ]
    pause = Pause(after=round(chance.uniform(0, 0.02), 3), seconds=round(chance.uniform(25, 55), 1))
    releases = {**scenario.releases, "1.1.0": bad, "1.2.0": Release(version="1.2.0")}
    return replace(scenario, releases=releases, ups=ups, pause=pause, watched=True)


def _when(chance: Random) -> tuple[bool, float]:
    """Return a time, mostly around the first bake, and whether it counts from that."""
    anchored = chance.random() < 0.75
    return anchored, round(chance.uniform(0, 12) if anchored else chance.uniform(1, 50), 2)


def _happening(chance: Random, services: Sequence[str]) -> Happening:
    patch = chance.random() < 0.5
    anchored, at = _when(chance)
    if chance.random() < 0.4:  # a machine that dies takes pods along
        seconds = round(chance.uniform(30, 120), 1)
        return Happening(
            at=0,
            since="death",
            what="flap",
            service="",
            colour=chance.choice(("blue", "blue", "green")),
            seconds=seconds,
        )
    return Happening(
        at=at,
        since="bake" if anchored else "",
        what="patch" if patch else "flap",
        service=chance.choice(services),
        colour=chance.choice(("blue", "green")),
        seconds=0 if patch else round(chance.choice((0.5, 3, 60)) * chance.uniform(0.5, 1.5), 1),
        by=chance.choice(STRANGERS) if patch else "",
    )


def _outage(chance: Random) -> Outage:
    anchored, begin = _when(chance)
    trouble = chance.choice((Trouble.SILENT, *(each for each in READS if each is not Trouble.SLOW)))
    actor = chance.choice(("", KEEPER, KEEPER, "watch-1")) if anchored else ""
    if actor == KEEPER:  # about when it decides, and for as long as others take to give it up
        begin = round(chance.uniform(0, 8), 2)
    seconds = round(chance.choice((1, 6, 15, 20)) * chance.uniform(0.7, 1), 1)
    return Outage(begin=begin, end=begin + seconds, trouble=trouble, actor=actor, anchored=anchored)
