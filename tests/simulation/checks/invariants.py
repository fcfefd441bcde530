"""Checks at each write that the API server takes what has to hold at every step (docs/invariants.md)."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from teal_infra.settings import Settings

from teal.history.approval import NAME as APPROVAL
from teal.history.model import Flip, History, Stage
from teal.history.store import CONFIRMED, NAME
from teal.model.colours import ENGINE
from teal.model.verdict import unproven
from teal.model.workers import record
from tests.simulation.checks.answers import Answers
from tests.simulation.checks.approvals import Approvals
from tests.simulation.checks.pods import Pods
from tests.simulation.checks.seen import Seen
from tests.simulation.checks.workers import NAME as WORKER
from tests.simulation.checks.workers import Workers, is_record
from tests.simulation.checks.writes import DOORS, by_a_flip, colour_of, open_again, release_of
from tests.simulation.cluster.api import Answer, Asked
from tests.simulation.cluster.elb import RULES
from tests.simulation.cluster.store import Written
from tests.simulation.cluster.wire import Actor
from tests.simulation.cluster.world import World, split_of

FRESH = 30.0
"""The most seconds from a proof of capacity to the write that it lets pass: a read and a write, each retried."""
READ_BACK = 20.0
"""The most seconds from the last look at where traffic goes to a confirmation: its record's write is retried."""
UNCHANGED = re.compile(r"othing (?:was|were) changed|othing moved")
BLAMED = re.compile(r"service (\S+) leads to .*, while the gates looked")
"""What an update says of somebody else who moved traffic meanwhile."""
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
    answers: Answers
    approvals: Approvals
    workers: Workers
    pods: Pods
    seen: Seen
    violations: list[Violation] = field(default_factory=list[Violation])

    def heard(self, actor: Actor, asked: Asked, answer: Answer) -> None:
        """Note what a process knows of where traffic goes."""
        if answer.found is None or asked.method != "GET":
            return
        if any(f" {each} " in asked.what for each in DOORS) or asked.what.endswith(record(WORKER)):
            name = WORKER if "data" in answer.found else answer.found["metadata"]["name"]
            actor.read[name] = (self.world.loop.time(), colour_of(answer.found))

    def written(self, write: Written) -> None:
        """Check a write."""
        if write.kind in DOORS or is_record(write):
            self._traffic(replace(write, name=WORKER) if is_record(write) else write)
        elif write.kind == "deployments":
            if not self._known_live(write):
                self._overlap(self.workers.started(write, self.seen.history.open))
            self._violated(self.pods.shrunk(write))
            if release_of(write.before) != release_of(write.after):
                self.seen.deployed[write.name] = write.at
        elif write.kind == "horizontalpodautoscalers":
            self.seen.scaled[write.name] = write
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
        blamed = BLAMED.search(text)
        if blamed is not None and not self.seen.others(blamed[1], actor.name, actor.began):
            self.violate("messages_are_true", f"nobody but {actor.name} wrote {blamed[1]}, which says: {text[:300]}")
        if UNCHANGED.search(text) and any(each.by.actor == actor.name for each in self.seen.moves):
            self.violate("messages_are_true", f"{actor.name} moved traffic, and says: {text[:300]}")

    def rolled_back(self, actor: Actor, ended: Flip | str) -> None:
        """Check what a rollback says at its end: traffic is where it says, or it says why it is not."""
        mine = [each for each in self.seen.moves if each.by.actor == actor.name]
        if isinstance(ended, str):
            if mine and UNMOVED.search(ended):
                self.violate("messages_are_true", f"{actor.name} moved traffic, and says: {ended[:300]}")
            return
        to = ended.origin if ended.stage is Stage.REVERTED else ended.to
        for name in ended.plan.services if ended.stage in {Stage.REVERTED, Stage.BAKING} else ():
            last = next((each for each in reversed(self.seen.moves) if each.name == name), None)
            if last is not None and by_a_flip(last) and colour_of(last.after) != to and not self._since(last, mine):
                self.violate("a_rollback_brings_back", f"{ended}, and {name} is on {colour_of(last.after)}")

    def _since(self, move: Written, mine: list[Written]) -> bool:
        """Return whether somebody moved traffic after a process did."""
        return bool(mine) and move.at > mine[-1].at

    def retired(self, declared: Settings) -> None:
        """Check that what a confirmed flip has left is gone after a while."""
        self._violated(self.pods.retired(declared))

    def _violated(self, found: Iterable[tuple[str, str]]) -> None:
        for name, what in found:
            self.violate(name, what)

    def violate(self, name: str, what: str) -> None:
        """Note a violation."""
        self.violations.append(Violation(at=self.world.loop.time(), name=name, what=what))

    def _traffic(self, write: Written) -> None:
        self.seen.doors.append(write)
        before, after = (colour_of(each) for each in (write.before, write.after))
        if before == after:
            self._canary(write)
            return
        self.seen.moves.append(write)
        if not by_a_flip(write):
            return
        who, flip = write.by.actor, self.seen.history.open
        by_engine = (write.by.manager or who).startswith(ENGINE)
        owner = self.seen.owner(write.by.sent)
        if owner != who:
            self.violate("one_writer", f"{who} moves {write.name} to {after}, and {owner or 'nobody'} keeps the flip")
        slot, worker = f"{write.name}-{after}", write.name == WORKER
        if not worker:
            self._overlap(self.workers.followed(after) if by_engine and flip and flip.to == after else ())
        if not worker and write.at - self.world.seen_ready.get(slot, -FRESH) > FRESH:
            self.violate("moved_only_to_proven", f"{who} moves {write.name} to {after}, which has no ready endpoint")
        if by_engine and (flip is None or flip.to != after or not flip.verdicts or unproven(flip.verdicts)):
            self.violate("moved_only_to_proven", f"{who} moves {write.name} to {after}; recorded is: {flip}")
        elif by_engine and flip is not None and self.seen.deployed.get(slot, 0) < self.seen.proven[flip.number]:
            old = [each.name for each in self.world.of(slot) if each.release.version != flip.version]
            if old:
                self.violate("moved_only_to_proven", f"{who} moves {write.name} to {after}, with {old} of before")
            if not worker and self.approvals.unapproved(flip, write.name):
                self.violate("an_approval_is_used_once", f"{who} moves {write.name} to a release that nobody approved")

    def _canary(self, write: Written) -> None:
        """Check that a share of the requests is only given to what is there."""
        if write.kind not in DOORS - {"services"} or not write.before or not by_a_flip(write):
            return
        had, has = (split_of(each) for each in (write.before, write.after))
        slot = self.world.canaries[write.name][0]
        if has.share > had.share and write.at - self.world.seen_ready.get(slot, -FRESH) > FRESH:
            what = f"{write.by.actor} gives {slot}, which has no ready endpoint, {has.share} % of {write.name}"
            self.violate("moved_only_to_proven", what)

    def _recorded(self, write: Written, new: History) -> None:
        for each in new.flips:
            was = self.seen.history.find(each.number)
            if was is not None and not was.stage.open and was != each and not open_again(was, each, new):
                self.violate("history_is_final", f"{write.by.actor} changes what had ended: {was} to {each}")
            if each.stage is Stage.BAKING and was is not None and was.owner != each.owner:
                self.seen.baking[each.number] = (write.at, write.by.actor)  # whoever takes it over bakes it anew
            if (was is None or was.verdicts != each.verdicts) and (wrong := self.approvals.wrong(write, each, new)):
                self.violate("an_approval_is_used_once", f"{each}: {wrong}")
            if was is None or was.allowed_at != each.allowed_at:
                self.seen.begun[each.number] = write.at  # proven, of what was there
                self.seen.proven[each.number] = write.by.sent
            if not each.stage.open:
                self.seen.ended.setdefault(each.number, write.at)
            if was is None or was.stage is not each.stage:
                self._staged(write, each)
        self.seen.history = new
        owner = new.open.owner if new.open else ""
        if not self.seen.owners or self.seen.owners[-1][1] != owner:
            self.seen.owners.append((write.at, owner, write.by.actor if owner else ""))

    def _staged(self, write: Written, flip: Flip) -> None:
        if flip.stage is Stage.BAKING:
            self.seen.baking[flip.number] = (write.at, write.by.actor)
        if flip.stage is Stage.STUCK:
            self.seen.stuck.add(flip.number)
        if flip.stage in {Stage.CONFIRMED, Stage.UNPROVEN, Stage.STUCK, Stage.REVERTED}:
            texts = [flip.reason, *(each.seen for each in flip.verdicts)]
            untrue = next((each for each in texts if UNCHANGED.search(each)), None)
            if untrue:
                self.violate("messages_are_true", f"flip {flip.number} is {flip.stage}, and says: {untrue[:300]}")
        if flip.stage is Stage.CONFIRMED:
            for why in self._unconfirmable(write, flip):
                self.violate("confirmed_only_where_traffic_is", f"{write.by.actor} confirms {flip}: {why}")
            self._violated(("failing_never_confirmed", why) for why in self.answers.failing(flip))
        if flip.stage in {Stage.REVERTED, Stage.STUCK}:
            self._violated(("a_healthy_release_stays", why) for why in self.answers.blamed(flip))
        if flip.stage is Stage.REVERTED:
            left = [name for name in flip.plan.services if self.seen.moved_last(name, flip) not in {flip.origin, None}]
            if left:
                self.violate("history_tells_what_happened", f"{flip}, and {left} were never put back")

    def _unconfirmable(self, write: Written, flip: Flip) -> Iterator[str]:
        reader = self.actors[write.by.actor]
        for name in flip.plan.services:
            read_at, colour = reader.read.get(name, (-READ_BACK, ""))
            if colour != flip.to:
                yield f"{name} led to {colour or 'nothing'} when it was read last"
            if write.at - read_at > READ_BACK:
                yield f"{name} was read last {write.at - read_at:.1f} s before"
            since = next((each for each in reversed(self.seen.moves) if each.name == name), None)
            begun = self.seen.begun.get(flip.number, 0)
            if since is not None and since.kind == RULES and colour_of(since.after) == flip.to:
                continue  # AWS does not say who sent traffic where the flip sends it
            if since is not None and not by_a_flip(since) and begun < since.at < read_at - 1:
                yield f"{since.by.actor} wrote {name} at {since.at:.1f} s"
        began, who = self.seen.baking.get(flip.number, (write.at, ""))
        if write.at - began < flip.plan.seconds:
            yield f"it baked for {write.at - began:.1f} of {flip.plan.seconds:g} s, begun by {who or 'nobody'}"

    def _declared(self, write: Written) -> None:
        """Check the engine's record of the confirmed colour."""
        data = write.after["data"]
        # The engine's write may arrive long after the hook that allowed it. A flip that has begun since, and is only
        # proven, has moved nothing.
        still = [
            each
            for each in self.seen.history.flips
            if each.stage is not Stage.PROVEN or each.number in self.seen.baking
        ]
        last = History(flips=tuple(still)).last_move
        told = last is not None and last.stage is Stage.CONFIRMED and last.to == data["colour"]
        moved = any(each.by.actor == write.by.actor for each in self.seen.moves)
        before: Mapping[str, str] = (write.before or {"data": {}})["data"]
        there = {self.world.leads(name, late=False).rpartition("-")[2] for name in self.world.selected}
        same = there == {data["colour"]} and all(before.get(key) == data[key] for key in ("colour", "version"))
        # Somebody else sent traffic back to what was confirmed before: nothing of teal's moves, and nothing is baked.
        led = {name for name in self.world.selected if self.seen.moved_last(name, self.seen.history.flips[-1]) is None}
        again = any(
            (each.stage, each.to, each.version) == (Stage.CONFIRMED, data["colour"], data["version"])
            for each in self.seen.history.flips
        )
        if before == data or (same and not moved) or (led and again and there == {data["colour"]}):
            return
        if not told or (moved and last is not None and last.version != data["version"]):
            self.violate(
                "confirmed_only_where_traffic_is", f"{write.by.actor} records {json.dumps(data)} after: {last}"
            )

    def at_rest(self, *, healthy: bool) -> None:
        """Check that nothing is left half done, and that the record says where traffic truly is."""
        history, last = self.seen.history, self.seen.history.last_move
        again = (
            history.open is not None and history.open.number in self.seen.stuck
        )  # the watch tries it again and again
        halfway = history.open is not None and history.open.stage in {Stage.PROVEN, Stage.BAKING} and not again
        if history.open is not None and (halfway or healthy):
            self.violate("comes_to_rest", f"still open: {history.open}. {history.open.reason}")
        flips = [each for each in self.seen.moves if by_a_flip(each)]
        if last is None or any(each.at >= (flips[-1].at if flips else 0) - FRESH for each in self.seen.strangers()):
            return
        # What somebody else moved, and no flip has since, no record of a flip tells.
        ours = [name for name in last.plan.services if self.seen.moved_last(name, last) is not None]
        there = {self.world.leads(name, late=False).rpartition("-")[2] for name in ours}
        ends = {Stage.CONFIRMED, Stage.REVERTED, Stage.ABANDONED, Stage.REFUSED}
        if not there <= {*map(str, history.left)} or (last.stage in ends and len(there) > 1):
            self.violate("history_tells_what_happened", f"traffic is on {sorted(there)}, and the record says: {last}")
