"""Checks at each write that the API server takes what has to hold at every step (docs/invariants.md)."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from teal_infra.planning.ending import endings
from teal_infra.settings import Settings

from teal.history.approval import NAME as APPROVAL
from teal.history.model import Flip, History, Stage
from teal.history.store import CONFIRMED, NAME
from teal.model.colours import ENGINE, MANAGER
from teal.model.labels import COLOUR_LABEL, VERSION_LABEL
from teal.model.verdict import Outcome, unproven
from teal.model.workers import Overlap, record
from tests.simulation.api import Answer, Asked
from tests.simulation.approvals import ROUNDED, Approvals
from tests.simulation.store import Written
from tests.simulation.wire import Actor
from tests.simulation.workers import NAME as WORKER
from tests.simulation.workers import Workers, is_record
from tests.simulation.world import Release, Served, World, split_of

FRESH = 30.0
"""The most seconds from a proof of capacity to the write that it lets pass: a read and a write, each retried."""
NOTICED = 0.5
"""A release that is replaced less than so many seconds before its proof is recorded is missed: gates read it before."""
READ_BACK = 20.0
"""The most seconds from the last look at where traffic goes to a confirmation: its record's write is retried."""
ARRIVES = 12.0
"""The seconds in which somebody else may move traffic unseen, while a request of the watch's is on its way."""
CLEARLY = 0.4
"""The share of live requests failing from which no bake may take a release for well (its bound is 0.05)."""
ENOUGH = 40
"""The number of live requests that such a share rests on."""
SCRAPED = 4.0
"""The seconds of scrapes after which a bake may go by the numbers that it has."""
CLIENTS_ENOUGH = 8
"""The number of live requests, all answered well, by which a healthy release shows itself: two looks."""
UNCHANGED = re.compile(r"othing (?:was|were) changed|othing moved")
UNMOVED = re.compile(r"othing was moved|moved nothing")
"""What `teal rollback` says in the same case, as it changes nothing but where traffic goes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """Something that must not happen, and did."""

    at: float
    name: str
    """The name of the violated invariant."""
    what: str

    def __str__(self) -> str:
        """Return it in one line."""
        return f"{self.at:8.3f} s: {self.name}: {self.what}"


@dataclass(kw_only=True, slots=True)
class Invariants:
    """Watches every write, and knows the truth that no process knows."""

    world: World
    actors: Mapping[str, Actor]
    releases: Mapping[str, Release]
    approvals: Approvals
    workers: Workers
    history: History = field(default_factory=History)
    violations: list[Violation] = field(default_factory=list[Violation])
    moves: list[Written] = field(default_factory=list[Written])
    """Every write that changed where traffic goes."""
    baking: dict[int, tuple[float, str]] = field(default_factory=dict[int, tuple[float, str]])
    """Since when each flip bakes, and with whom, by its number."""
    begun: dict[int, float] = field(default_factory=dict[int, float])
    """When each flip was recorded first, by its number."""
    proven: dict[int, float] = field(default_factory=dict[int, float])
    """When the record of each proven flip was sent, by its number: by then all gates had passed."""
    deployed: dict[str, float] = field(default_factory=dict[str, float])
    """When the release of each slot was written last."""
    scaled: dict[str, Written] = field(default_factory=dict[str, Written])
    """The last write of the autoscaler of each slot."""
    stuck: set[int] = field(default_factory=set[int])
    """The flips that came to rest where they are, and could not go back."""
    asleep: list[Written] = field(default_factory=list[Written])
    """Every write with which the watch ended the pods of a colour."""
    settling: dict[str, float] = field(default_factory=dict[str, float])
    """How long the other colour has to be confirmed before an update retires the idle one, by update."""
    ended: dict[int, float] = field(default_factory=dict[int, float])
    """When the end of each flip was recorded, by its number."""
    owners: list[tuple[float, str, str]] = field(default_factory=list[tuple[float, str, str]])
    """Since when somebody kept the open flip: that owner's name, and whose process it was."""

    def heard(self, actor: Actor, asked: Asked, answer: Answer) -> None:
        """Note what a process knows of where traffic goes."""
        if answer.found is None or asked.method != "GET":
            return
        if " services " in asked.what or " httproutes " in asked.what or asked.what.endswith(record(WORKER)):
            name = WORKER if "data" in answer.found else answer.found["metadata"]["name"]
            actor.read[name] = (self.world.loop.time(), _colour(answer.found))

    def written(self, write: Written) -> None:
        """Check a write."""
        if write.kind in {"services", "httproutes"} or is_record(write):
            self._traffic(replace(write, name=WORKER) if is_record(write) else write)
        elif write.kind == "deployments":
            if not self._known_live(write):
                self._overlap(self.workers.started(write, self.history.open))
            self._shrunk(write)
            if _release(write.before) != _release(write.after):
                self.deployed[write.name] = write.at
        elif write.kind == "horizontalpodautoscalers":
            self.scaled[write.name] = write
        elif write.kind == "configmaps" and write.name == NAME:
            self._recorded(write, History.model_validate_json(write.after["data"]["flips.json"]))
        elif write.kind == "configmaps" and write.name == CONFIRMED:
            self._declared(write)
        elif write.kind == "configmaps" and write.name == APPROVAL:
            self.approvals.written(write)

    def _known_live(self, write: Written) -> bool:
        """Return whether one of two engines starts pods, late, whose colour was live when its hook looked last."""
        actor = self.actors.get(write.by.actor)
        two = any(name.startswith("rival-") for name in self.actors)
        if actor is None or not two or not (write.by.manager or actor.name).startswith(ENGINE):
            return False
        looked, colour = actor.read.get(WORKER, (-FRESH, ""))
        return write.at - looked < FRESH and write.name == f"{WORKER}-{colour}"

    def moment(self) -> None:
        """Check what has to hold at every moment."""
        self._overlap(self.workers.twice())

    def left_idle(self) -> None:
        """Check what is left of the idle colour after an update that went through."""
        self._overlap(self.workers.left())

    def _overlap(self, wrong: Iterable[str]) -> None:
        for each in wrong:
            self.violate("workers_overlap_as_declared", each)

    def said(self, actor: Actor, text: str) -> None:
        """Check what a process says at its end."""
        if UNCHANGED.search(text) and any(each.by.actor == actor.name for each in self.moves):
            self.violate("messages_are_true", f"{actor.name} moved traffic, and says: {text[:300]}")

    def rolled_back(self, actor: Actor, ended: Flip | str) -> None:
        """Check what a rollback says at its end: traffic is where it says, or it says why it is not."""
        mine = [each for each in self.moves if each.by.actor == actor.name]
        if isinstance(ended, str):
            if mine and UNMOVED.search(ended):
                self.violate("messages_are_true", f"{actor.name} moved traffic, and says: {ended[:300]}")
            return
        to = ended.origin if ended.stage is Stage.REVERTED else ended.to
        for name in ended.plan.services if ended.stage in {Stage.REVERTED, Stage.BAKING} else ():
            last = next((each for each in reversed(self.moves) if each.name == name), None)
            if last is not None and by_a_flip(last) and _colour(last.after) != to and not self._since(last, mine):
                self.violate("a_rollback_brings_back", f"{ended}, and {name} is on {_colour(last.after)}")

    def _since(self, move: Written, mine: list[Written]) -> bool:
        """Return whether somebody moved traffic after a process did."""
        return bool(mine) and move.at > mine[-1].at

    def violate(self, name: str, what: str) -> None:
        """Note a violation."""
        self.violations.append(Violation(at=self.world.loop.time(), name=name, what=what))

    def strangers(self) -> list[Written]:
        """Return the moves of traffic by neither an engine nor teal."""
        return [each for each in self.moves if not by_a_flip(each)]

    def _traffic(self, write: Written) -> None:
        before, after = (_colour(each) for each in (write.before, write.after))
        if before == after:
            self._canary(write)
            return
        self.moves.append(write)
        if not by_a_flip(write):
            return
        who, flip = write.by.actor, self.history.open
        by_engine = (write.by.manager or who).startswith(ENGINE)
        owner = self._owner(write.by.sent)
        if owner != who:
            self.violate("one_writer", f"{who} moves {write.name} to {after}, and {owner or 'nobody'} keeps the flip")
        slot, worker = f"{write.name}-{after}", write.name == WORKER
        if not worker:
            self._overlap(self.workers.followed(after) if by_engine and flip and flip.to == after else ())
        if not worker and write.at - self.world.seen_ready.get(slot, -FRESH) > FRESH:
            self.violate("moved_only_to_proven", f"{who} moves {write.name} to {after}, which has no ready endpoint")
        if by_engine and (flip is None or flip.to != after or not flip.verdicts or unproven(flip.verdicts)):
            self.violate("moved_only_to_proven", f"{who} moves {write.name} to {after}; recorded is: {flip}")
        elif by_engine and flip is not None and self.deployed.get(slot, 0) < self.proven[flip.number] - NOTICED:
            old = [each.name for each in self.world.of(slot) if each.release.version != flip.version]
            if old:
                self.violate("moved_only_to_proven", f"{who} moves {write.name} to {after}, with {old} of before")
            if not worker and self.approvals.unapproved(flip, write.name):
                self.violate("an_approval_is_used_once", f"{who} moves {write.name} to a release that nobody approved")

    def _canary(self, write: Written) -> None:
        """Check that a share of the requests is only given to what is there."""
        if write.kind != "httproutes" or not write.before or not by_a_flip(write):
            return
        had, has = (split_of(each) for each in (write.before, write.after))
        slot = self.world.canaries[write.name][0]
        if has.share > had.share and write.at - self.world.seen_ready.get(slot, -FRESH) > FRESH:
            what = f"{write.by.actor} gives {slot}, which has no ready endpoint, {has.share} % of {write.name}"
            self.violate("moved_only_to_proven", what)

    def _owner(self, at: float) -> str:
        """Return whose process kept the open flip at a time."""
        return next((actor for since, _, actor in reversed(self.owners) if since <= at), "")

    def _recorded(self, write: Written, new: History) -> None:
        for each in new.flips:
            was = self.history.find(each.number)
            if was is not None and not was.stage.open and was != each and not _open_again(was, each, new):
                self.violate("history_is_final", f"{write.by.actor} changes what had ended: {was} to {each}")
            if each.stage is Stage.BAKING and was is not None and was.owner != each.owner:
                self.baking[each.number] = (write.at, write.by.actor)  # whoever takes it over bakes it anew
            if (was is None or was.verdicts != each.verdicts) and (wrong := self.approvals.wrong(write, each, new)):
                self.violate("an_approval_is_used_once", f"{each}: {wrong}")
            if was is None or was.allowed_at != each.allowed_at:
                self.begun[each.number] = write.at  # proven, of what was there
                self.proven[each.number] = write.by.sent
            if not each.stage.open:
                self.ended.setdefault(each.number, write.at)
            if was is None or was.stage is not each.stage:
                self._staged(write, each)
        self.history = new
        owner = new.open.owner if new.open else ""
        if not self.owners or self.owners[-1][1] != owner:
            self.owners.append((write.at, owner, write.by.actor if owner else ""))

    def _staged(self, write: Written, flip: Flip) -> None:
        if flip.stage is Stage.BAKING:
            self.baking[flip.number] = (write.at, write.by.actor)
        if flip.stage is Stage.STUCK:
            self.stuck.add(flip.number)
        if flip.stage in {Stage.CONFIRMED, Stage.UNPROVEN, Stage.STUCK, Stage.REVERTED}:
            texts = [flip.reason, *(each.seen for each in flip.verdicts)]
            untrue = next((each for each in texts if UNCHANGED.search(each)), None)
            if untrue:
                self.violate("messages_are_true", f"flip {flip.number} is {flip.stage}, and says: {untrue[:300]}")
        if flip.stage is Stage.CONFIRMED:
            for why in self._unconfirmable(write, flip):
                self.violate("confirmed_only_where_traffic_is", f"{write.by.actor} confirms {flip}: {why}")
            self._failing(flip)
        if flip.stage in {Stage.REVERTED, Stage.STUCK}:
            self._blamed(flip)
        if flip.stage is Stage.REVERTED:
            left = [name for name in flip.plan.services if self._moved_last(name, flip) not in {flip.origin, None}]
            if left:
                self.violate("history_tells_what_happened", f"{flip}, and {left} were never put back")

    def _blamed(self, flip: Flip) -> None:
        """Check that only a release that fails is undone, not for what the API server, or one before it, answered."""
        if self.releases[flip.version].failing or self.world.flapped:
            return
        seen = [each for name in flip.plan.services for each in self._seen(name, flip)]
        asked, failed = sum(each.asked for each in seen), sum(each.failed for each in seen)
        blamed = [each for each in flip.verdicts if each.outcome is Outcome.FAILED and each.gate != "bake-route"]
        began = self.baking.get(flip.number, (0.0, ""))[0]
        swallowed = sum(at >= began for actor in self.actors.values() for at in actor.swallowed)
        if asked >= CLIENTS_ENOUGH and not failed and any(_failures(each.seen) > swallowed for each in blamed):
            self.violate(
                "a_healthy_release_stays", f"{flip}. {flip.reason[:200]}; all of {asked} live requests were well"
            )

    def _seen(self, service: str, flip: Flip) -> list[Served]:
        """Return what live traffic met since a flip bakes and its data path has followed."""
        now, began = self.world.loop.time(), self.baking.get(flip.number, (0.0, ""))[0]
        return [each for each in self.world.served[service] if began + self.world.lag + 1 < each.at <= now]

    def _moved_last(self, service: str, flip: Flip) -> str | None:
        """Return where teal sent a service's traffic last; None where somebody else did since."""
        last = next((each for each in reversed(self.moves) if each.name == service), None)
        if last is None:
            return flip.origin
        return _colour(last.after) if by_a_flip(last) else None

    def _unconfirmable(self, write: Written, flip: Flip) -> Iterator[str]:
        reader = self.actors[write.by.actor]
        for name in flip.plan.services:
            read_at, colour = reader.read.get(name, (-READ_BACK, ""))
            if colour != flip.to:
                yield f"{name} led to {colour or 'nothing'} when it was read last"
            if write.at - read_at > READ_BACK:
                yield f"{name} was read last {write.at - read_at:.1f} s before"
            since = next((each for each in reversed(self.moves) if each.name == name), None)
            begun = self.begun.get(flip.number, 0)
            if since is not None and not by_a_flip(since) and begun < since.at < read_at - 1:
                yield f"{since.by.actor} wrote {name} at {since.at:.1f} s"
        began, who = self.baking.get(flip.number, (write.at, ""))
        if write.at - began < flip.plan.seconds:
            yield f"it baked for {write.at - began:.1f} of {flip.plan.seconds:g} s, begun by {who or 'nobody'}"

    def _failing(self, flip: Flip) -> None:
        bad = self.releases[flip.version]
        for name in flip.plan.services:
            seen = self._seen(name, flip)
            if bad.live and (bad.after or self._scraped_since(flip)):  # nobody knows what has not been scraped
                seen = [each for each in seen if each.at <= self.world.scraped]
            asked, failed = sum(each.asked for each in seen), sum(each.failed for each in seen)
            if asked >= ENOUGH and failed >= CLEARLY * asked:
                what = f"{failed} of {asked} requests of {name} failed (errors {bad.errors}, hangs {bad.hangs})"
                self.violate("failing_never_confirmed", f"{flip}, and {what}")

    def _scraped_since(self, flip: Flip) -> bool:
        """Return whether a Prometheus has seen enough of a bake to take its word for the rest of it."""
        began = self.baking.get(flip.number, (0.0, ""))[0]
        return self.world.scraped > began + self.world.lag + SCRAPED

    def _declared(self, write: Written) -> None:
        """Check the engine's record of the confirmed colour."""
        data = write.after["data"]
        # The engine's write may arrive long after the hook that allowed it. A flip that has begun since, and is only
        # proven, has moved nothing.
        still = [each for each in self.history.flips if each.stage is not Stage.PROVEN or each.number in self.baking]
        last = History(flips=tuple(still)).last_move
        told = last is not None and last.stage is Stage.CONFIRMED and last.to == data["colour"]
        moved = any(each.by.actor == write.by.actor for each in self.moves)
        before: Mapping[str, str] = (write.before or {"data": {}})["data"]
        there = {self.world.leads(name, late=False).rpartition("-")[2] for name in self.world.selected}
        same = there == {data["colour"]} and all(before.get(key) == data[key] for key in ("colour", "version"))
        # Somebody else sent traffic back to what was confirmed before: nothing of teal's moves, and nothing is baked.
        led = {name for name in self.world.selected if self._moved_last(name, self.history.flips[-1]) is None}
        again = any(
            (each.stage, each.to, each.version) == (Stage.CONFIRMED, data["colour"], data["version"])
            for each in self.history.flips
        )
        if before == data or (same and not moved) or (led and again and there == {data["colour"]}):
            return
        if not told or (moved and last is not None and last.version != data["version"]):
            self.violate(
                "confirmed_only_where_traffic_is", f"{write.by.actor} records {json.dumps(data)} after: {last}"
            )

    def _shrunk(self, write: Written) -> None:
        before, after = (
            (each or {"spec": {"replicas": 0}})["spec"]["replicas"] for each in (write.before, write.after)
        )
        if after >= before:
            return
        service, _, colour = write.name.rpartition("-")
        flip, who = self.history.open, write.by.actor
        if who.startswith("watch") and (service != WORKER or self.workers.overlap is Overlap.ALLOWED):
            self._by_the_watch(write, service)
            return
        if self.workers.shrinks(write, flip):
            return
        asked = self.scaled.get(write.name) if who == "autoscaler" else None
        passed = max(self.proven.values(), default=0) - NOTICED
        if asked is not None and asked.at > passed and asked.by.actor != self._owner(write.at):
            return  # another engine has written its minimum since the gates passed: docs/invariants.md, assumptions
        moved = flip is not None and any(_colour(each.after) == flip.to and each.name == service for each in self.moves)
        if flip is not None and flip.origin == colour and moved and flip.stage is not Stage.PROVEN:
            self.violate("nothing_shrinks_early", f"{who} takes {write.name} from {before} to {after} pods: {flip}")
        if after == 0 and who in self.settling and self.history.last_move:
            settled = write.at - self.ended.get(self.history.last_move.number, -self.settling[who])
            if settled < self.settling[who] - ROUNDED:
                self.violate("nothing_shrinks_early", f"{who} retires {write.name} {settled:.1f} s after its flip")
        elif who != "autoscaler" and write.name in self.world.serving(service):
            self.violate("nothing_shrinks_early", f"{who} takes {write.name}, which is live, from {before} to {after}")

    def _by_the_watch(self, write: Written, service: str) -> None:
        """Check that no traffic reaches the ended pods, nor may: no flip is under way that could move it there."""
        self.asleep.append(write)
        strange = any(each.at > write.by.sent - ARRIVES for each in self.strangers())  # nobody can see them coming
        reached = write.name in {self.world.leads(service, late=late) for late in (True, False)}
        if (reached and not strange) or self.history.open is not None:
            why = f"traffic reaches it, and {self.history.open or 'no flip'} is under way"
            self.violate("the_watch_ends_what_is_idle", f"{write.by.actor} ends {write.name}: {why}")

    def retired(self, declared: Settings) -> None:
        """Check that what a confirmed flip has left is gone after a while, where nothing is ill."""
        last, ill = self.history.last_move, self.world.flapped or self.strangers()
        if last is None or last.stage is not Stage.CONFIRMED or last.origin is None or ill:
            return
        if declared.active_colour is not last.to or last.slots[last.origin] != endings(declared).slots.get(last.origin):
            return
        left = [f"{name}-{last.origin}" for name in last.plan.services]
        if alive := [each for each in left if [*self.world.of(each)]]:
            self.violate("the_watch_ends_what_is_idle", f"{alive} have pods still, long after {last}")

    def at_rest(self, *, healthy: bool) -> None:
        """Check that nothing is left half done, and that the record says where traffic truly is."""
        history, last = self.history, self.history.last_move
        again = history.open is not None and history.open.number in self.stuck  # the watch tries it again and again
        halfway = history.open is not None and history.open.stage in {Stage.PROVEN, Stage.BAKING} and not again
        if history.open is not None and (halfway or healthy):
            self.violate("comes_to_rest", f"still open: {history.open}. {history.open.reason}")
        flips = [each for each in self.moves if by_a_flip(each)]
        if last is None or any(each.at >= (flips[-1].at if flips else 0) - FRESH for each in self.strangers()):
            return
        # What somebody else moved, and no flip has since, no record of a flip tells.
        ours = [name for name in last.plan.services if self._moved_last(name, last) is not None]
        there = {self.world.leads(name, late=False).rpartition("-")[2] for name in ours}
        ends = {Stage.CONFIRMED, Stage.REVERTED, Stage.ABANDONED, Stage.REFUSED}
        if not there <= {*map(str, history.left)} or (last.stage in ends and len(there) > 1):
            self.violate("history_tells_what_happened", f"traffic is on {sorted(there)}, and the record says: {last}")


def by_a_flip(write: Written) -> bool:
    """Return whether an engine or teal wrote."""
    return (write.by.manager or write.by.actor).startswith((ENGINE, MANAGER))


def _failures(seen: str) -> int:
    """Return how many answers failed, or did not come, by a verdict over a front door."""
    found = re.search(r"\((\d+) of \d+\)", seen)
    return int(found[1]) if found else sys.maxsize


def _release(deployment: Mapping[str, Any] | None) -> str:
    return deployment["spec"]["template"]["metadata"]["labels"][VERSION_LABEL] if deployment else ""


def _colour(service: Mapping[str, Any] | None) -> str:
    if service and "data" in service:  # a worker's record
        return service["data"]["colour"]
    if service and "rules" in service["spec"]:
        return str(split_of(service).colour or "")
    return service["spec"]["selector"].get(COLOUR_LABEL, "") if service else ""


def _open_again(was: Flip, now: Flip, history: History) -> bool:
    """Return whether a flip goes on only because the one that overtook it has moved nothing."""
    if was.overtaken is None:
        return False
    by = history.find(was.overtaken[0])
    moved_nothing = by is not None and by.stage in {Stage.REFUSED, Stage.ABANDONED}
    return moved_nothing and (now.stage, now.reason) == was.overtaken[1:]
