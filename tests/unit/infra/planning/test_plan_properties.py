"""Whatever is changed, in whatever order, wherever an update fails: what the plan lets through keeps live traffic."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, note
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from teal_infra.components import fingerprint
from teal_infra.planning import capacity, plan, slots
from teal_infra.planning.live import Live
from teal_infra.settings import Settings
from teal_infra.settings.slot import State

from teal.gates.endpoints import needed
from teal.history.model import Stage
from teal.model.colours import Colour
from teal.model.errors import ConfigError
from teal.model.labels import DIGEST, FLOOR
from teal.model.live import LiveAutoscaler, LiveSlot
from teal.plans.model import Plan, Word
from tests.unit.infra.worlds import BASE, NOW, edited, flip, service, settings, settled

SLOT = BASE["green"]
pods = st.integers(1, 6)


def of_either(key: str, values: Sequence[object]) -> st.SearchStrategy[dict[str, object]]:
    """A key of one of the slots, set to one of these values."""
    return st.one_of(*(st.fixed_dictionaries({f"{colour}{key}": st.sampled_from(values)}) for colour in Colour))


def of_the_service(**keys: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    """Some keys of what both colours share."""
    return st.fixed_dictionaries({f"services.backend.{key.replace('__', '.')}": each for key, each in keys.items()})


edits = st.one_of(
    of_either(".version", ["1.0.0", "2.0.0"]),
    of_either(".backend.env", [{"A": "1"}, {"A": "2"}]),
    of_either(".state", ["running", "retired", "stopped"]),
    of_either("", [None, SLOT]),
    of_the_service(port=st.sampled_from([8000, 9000])),
    of_the_service(replicas=pods),
    of_the_service(autoscaling__enabled=st.booleans()),
    of_the_service(autoscaling__idlePercent=st.sampled_from([50, 100])),
    of_the_service(autoscaling__minReplicas=pods, autoscaling__maxReplicas=st.integers(6, 9)),
)
DECLARED = edited(BASE, {"services.backend.autoscaling.enabled": False, "services.backend.replicas": 3})
"""Its pods are the Deployment's to count."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One update: what is changed for it, what the load has done before, and how far it comes."""

    changes: Sequence[Mapping[str, Any]]
    flips: bool
    """Whether the active colour changes as well."""
    load: int
    """Pods that an autoscaler would like for live."""
    seconds: int
    """Since the update before."""
    proven: bool
    baked: bool
    dies_after: int
    """Writes, before the machine that made them dies."""


steps = st.builds(
    Step,
    changes=st.lists(edits, max_size=3),
    flips=st.booleans(),
    load=st.integers(1, 12),
    seconds=st.sampled_from([1, 61, 400]),
    proven=st.sampled_from([True, True, True, False]),
    baked=st.sampled_from([True, True, True, False]),
    dies_after=st.sampled_from([0, 1, 2, 3, 99, 99, 99, 99]),
)


@dataclass(frozen=True)
class Update:
    """What the program would write to a cluster, one write at a time, in its order."""

    declared: Settings
    found: Live
    step: Step

    def writes(self) -> Iterator[Live]:
        """The cluster after each write, as an update sees it that finds gates and bake as the step has them."""
        active, live = self.declared.active_colour, self.found
        for after in self._slot(active, live):
            yield after
            live = after
        origin = live.services["backend"].colour
        if origin is not active:
            assert origin is not None
            there, here = live.slots["backend", origin], live.slots["backend", active]
            if not self.step.proven or here.replicas < needed(live_ready=there.ready, live_wanted=0):
                return  # the gates refuse
            entry = flip(self.declared, live, Stage.BAKING, origin=origin)
            live = replace(live, services={"backend": service(active)}, history=live.history.with_flip(entry))
            yield live
        live_flip = live.history.open
        if live_flip is not None and not self.step.baked:
            back = live_flip.origin if live.confirmed is not active else None
            if back is not None and live.slots["backend", back].replicas >= live.slots["backend", active].replicas:
                reverted = live.history.with_flip(live_flip.at(Stage.REVERTED))
                yield replace(live, services={"backend": service(back, "teal")}, history=reverted)
            return
        if live_flip is not None or live.confirmed is not active:
            ended = live.history.with_flip((live_flip or flip(self.declared, live)).at(Stage.CONFIRMED))
            live = replace(live, record={"colour": active, "since": live.at}, history=ended)
            yield live
        yield from self._slot(active.other, live)

    def _slot(self, colour: Colour, live: Live) -> Iterator[Live]:
        """A colour as Kubernetes and its autoscaler make it of what is declared."""
        key, name = ("backend", colour), f"backend-{colour}"
        made, before = slots.fingerprint_of(self.declared, "backend", colour), live.slots.get(key)
        if made is None:
            yield replace(
                live,
                slots={each: slot for each, slot in live.slots.items() if each != key},
                autoscalers={each: it for each, it in live.autoscalers.items() if each != name},
            )
            return
        recorded = fingerprint.recorded(before.annotations) if before else None
        replicas = before.replicas if before else 1
        if made.replicas is not None:
            unchanged = recorded is not None and recorded.replicas == made.replicas
            replicas = replicas if unchanged else made.replicas
        elif recorded is not None and recorded.replicas == replicas:
            replicas = 1  # declared so far, and no more: Kubernetes' default
        live = _with(live, colour, made.of.version, fingerprint.annotations_of(made, {}, NOW), replicas)
        autoscalers = {each: it for each, it in live.autoscalers.items() if each != name}
        if made.running and made.settings.autoscaling.enabled:
            yield live  # it takes a while until the autoscaler looks
            scaling = made.settings.autoscaling
            asked = capacity.of(scaling, "backend", colour, active=self.declared.active_colour, live=self.found)
            autoscalers[name] = LiveAutoscaler(
                annotations={FLOOR: asked.floor} if asked.floor else {}, minimum=asked.minimum
            )
            if replicas:
                replicas = min(max(replicas, asked.minimum), max(scaling.max_replicas, asked.minimum))
            live = _with(live, colour, made.of.version, fingerprint.annotations_of(made, {}, NOW), replicas)
        yield replace(live, autoscalers=autoscalers)


def _with(live: Live, colour: Colour, version: str, annotations: Mapping[str, str], replicas: int) -> Live:
    slot = LiveSlot(annotations=annotations, replicas=replicas, ready=replicas, version=version)
    return replace(live, slots={**live.slots, ("backend", colour): slot})


def _loaded(live: Live, declared: Settings, step: Step) -> Live:
    """Time goes by, and the live colour's autoscaler follows the load."""
    at = datetime.fromisoformat(live.at) + timedelta(seconds=step.seconds)
    live = replace(live, at=at.isoformat())
    colour = live.services["backend"].colour
    if colour is None or f"backend-{colour}" not in live.autoscalers:
        return live
    low = live.autoscalers[f"backend-{colour}"].minimum
    wanted = min(max(step.load, low), max(declared.services["backend"].autoscaling.max_replicas, low))
    slot = live.slots["backend", colour]
    return _with(live, colour, slot.version, slot.annotations, wanted)


def _other(raw: Mapping[str, Any]) -> str:
    return Colour(raw["activeColour"]).other


def _serving(live: Live) -> LiveSlot:
    """The pods that carry live traffic."""
    colour = live.services["backend"].colour
    assert colour is not None
    return live.slots["backend", colour]


def _digest(slot: LiveSlot | None) -> str:
    return slot.annotations[DIGEST] if slot else ""


def _held(declared: Settings, said: Plan, before: Live, after: Live, begun: Live) -> None:
    """What one write of an update may do to a cluster.

    Args:
        declared: by the update.
        said: the plan of the update.
        before: the cluster before the write.
        after: the cluster after it.
        begun: the cluster when the update began.
    """
    assert ("backend", after.services["backend"].colour) in after.slots, "the live colour is gone"
    moved = after.services["backend"].colour is not before.services["backend"].colour
    assert _serving(after).replicas >= _serving(before).replicas, "live has fewer pods than before"
    if moved:
        # ROLLING is the graver word where the live slot changes while its own flip is still watched.
        assert said.word.moves or "or it goes back" in said.traffic, "traffic moved without a word"
    elif _digest(_serving(after)) != _digest(_serving(before)):
        assert said.word is Word.ROLLING, "live pods changed without a word"
    if said.word in {Word.NOTHING, Word.PREPARE, Word.RETIRE}:
        assert _serving(after) == replace(_serving(begun), annotations=_serving(after).annotations)
    if said.word is Word.NOTHING:
        assert {key: _digest(slot) for key, slot in after.slots.items()} == {
            key: _digest(slot) for key, slot in begun.slots.items()
        }
    origin = begun.services["backend"].colour
    undone = after.services["backend"].colour is not declared.active_colour  # to what was confirmed before
    if origin is not None and after.services["backend"].colour is not origin and not undone:
        left, slot = after.slots.get(("backend", origin)), declared.slot(origin)
        assert left is not None, "the way back is gone"
        stopped = slot is not None and slot.state is State.STOPPED  # which somebody asked for
        assert stopped or _digest(left) == _digest(begun.slots["backend", origin]), "the way back is another release"
        assert stopped or left.replicas, "the way back has no pods"


@hypothesis(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([BASE, DECLARED]), st.lists(steps, min_size=1, max_size=6))
def test_no_sequence_of_updates_takes_live_traffic_its_pods(raw: Mapping[str, Any], sequence: list[Step]) -> None:
    """Pods of what is live neither get fewer nor change without the word that says so, wherever an update dies."""
    live = settled(raw)
    for step in sequence:
        changed = edited(raw, {"activeColour": _other(raw)} if step.flips else {})
        for change in step.changes:
            changed = edited(changed, change)
        try:
            declared = settings(changed)
        except ConfigError:
            continue  # refused before anything is read
        raw = changed
        live = _loaded(live, declared, step)
        said = plan.make(declared, live)
        note(f"{step.changes} {said.word} {said.reasons}")
        if said.word is Word.UNSAFE:
            continue  # refused before anything is touched
        begun = live
        for number, after in enumerate(Update(declared, live, step).writes()):
            if number >= step.dies_after:
                break
            _held(declared, said, live, after, begun)
            live = after
