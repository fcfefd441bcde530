"""Writes a plan for people: as a few lines for a terminal, or as a comment for a pull request. It decides nothing.

It is short enough for a phone: the word, the reasons, what traffic sees and the way back. The rest of a comment is
folded.
"""

import re
from collections.abc import Iterator, Mapping

from teal.model.colours import Colour
from teal.plans.model import Cost, Plan, Proof, ServicePlan, SlotPlan, Word

MARKER = "<!-- teal plan -->"
"""The first line of a comment, by which the one comment of a pull request is found again and updated."""

MOST = 4
"""How many reasons are not folded."""

MEANING: Mapping[Word, str] = {
    Word.NOTHING: "no pod changes, no traffic moves",
    Word.PREPARE: "the idle colour changes, nothing that is live does",
    Word.RETIRE: "the idle colour's pods go",
    Word.FLIP: "live traffic moves",
    Word.ROLLBACK: "live traffic moves back",
    Word.RELEASE: "the idle colour changes, then live traffic moves to it",
    Word.ROLLING: "what is live changes in place",
    Word.UNSAFE: "refused: merging would change nothing",
}

_MEBI, _GIBI = 2**20, 2**30


def text(plan: Plan) -> str:
    """Return the plan for a terminal, with one statement a line."""
    return "\n".join([f"plan: {plan.word} ({MEANING[plan.word]})", *(f"  {line}" for line in _lines(plan))])


def _lines(plan: Plan) -> Iterator[str]:
    yield from plan.reasons
    yield f"traffic: {plan.traffic}"
    if plan.word is Word.UNSAFE:
        return
    for name, service in plan.services.items():
        if pods := _pods(service):
            yield f"pods of {name}: {pods}"
    yield from (f"gates: {gates}" for gates in _gates(plan))
    yield f"way back: {_way_back(plan)}"
    if plan.idle_cost.pods:
        yield f"idle {plan.active_colour.other}: {cost(plan.idle_cost)}"


def markdown(plan: Plan) -> str:
    """Return the plan for a pull request: the word, the reasons and what follows; the services are folded."""
    return "\n".join([MARKER, *_comment(plan)]) + "\n"


def _comment(plan: Plan) -> Iterator[str]:
    yield f"**{plan.word}** {_safe(MEANING[plan.word])}"
    yield ""
    yield from (f"- {_safe(reason)}" for reason in plan.reasons[:MOST])
    if len(plan.reasons) > MOST:
        yield f"- and {len(plan.reasons) - MOST} more, below"
    yield f"- Traffic {_safe(plan.traffic)}."
    if plan.word is not Word.UNSAFE:
        yield f"- Way back: {_safe(_way_back(plan))}."
    yield ""
    yield "<details><summary>Services, pods, gates, cost</summary>"
    yield ""
    yield from (f"- {_safe(reason)}" for reason in plan.reasons[MOST:])
    if len(plan.reasons) > MOST:
        yield ""
    yield "| service | plan | pods: now → planned |"
    yield "| --- | --- | --- |"
    for name, service in plan.services.items():
        yield f"| {_safe(name)} | {service.word} | {_safe(_pods(service) or 'none')} |"
    yield ""
    yield from (f"- Gates: {_safe(gates)}" for gates in _gates(plan))
    if plan.idle_cost.pods:
        yield f"- Idle {plan.active_colour.other}: {cost(plan.idle_cost)}"
    yield f"- Namespace {_safe(plan.namespace)}, confirmed: {plan.confirmed_colour or 'nothing'}"
    yield ""
    yield "</details>"


def cost(of: Cost) -> str:
    """Return what pods request of their nodes, in Kubernetes' units: `3 pods, 1.5 CPU, 1.5Gi`."""
    cpu = f"{of.cpu_millicores}m" if of.cpu_millicores < 1000 else f"{of.cpu_millicores / 1000:g}"  # noqa: PLR2004 - millicores of a core
    gibi = of.memory_bytes >= _GIBI
    memory = f"{of.memory_bytes / _GIBI:.4g}Gi" if gibi else f"{of.memory_bytes / _MEBI:.4g}Mi"
    return f"{of.pods} pod{'' if of.pods == 1 else 's'}, {cpu} CPU, {memory} memory"


def _way_back(plan: Plan) -> str:
    back = plan.rollback
    if back.colour is None:
        return back.how
    return f"{back.colour} {back.version}, {'warm' if back.warm else 'not warm'}; {back.how}"


def _pods(service: ServicePlan) -> str:
    """Return the pods of both colours, now and as planned."""
    shown = ((colour, service.slots.get(colour, SlotPlan())) for colour in Colour)
    return "; ".join(f"{colour} {_slot(slot)}" for colour, slot in shown if slot.now or slot.planned)


def _slot(slot: SlotPlan) -> str:
    now = f"{slot.now.ready} of {slot.now.replicas} ready" if slot.now else "none"
    return f"{now} → {slot.planned.replicas if slot.planned else 0}"


def _gates(plan: Plan) -> Iterator[str]:
    """Yield the gates of each service, once where they are the same for all, and those of the flip set."""
    asked: dict[str, list[str]] = {}
    for name, service in plan.services.items():
        if said := _proof(service.proof):
            asked.setdefault(said, []).append(name)
    for said, names in asked.items():
        yield said if len(asked) == 1 else f"{', '.join(names)}: {said}"
    if said := _proof(plan.proof):
        yield f"the flip set: {said}"


def _proof(proof: Proof) -> str:
    skipped = ", ".join(f"{gate} ({why})" for gate, why in proof.skipped.items())
    return "; ".join([", ".join(proof.asked)] * bool(proof.asked) + [f"skipped: {skipped}"] * bool(skipped))


def _safe(said: str) -> str:
    """Return a text that Markdown shows literally: some of it was typed by people, or by whoever wrote a selector."""
    escaped = re.sub(r"([\\`*_\[\]<>|#~!])", r"\\\1", " ".join(said.split()))
    return escaped.replace("@", "@\u200b").replace("&", "&amp;")
