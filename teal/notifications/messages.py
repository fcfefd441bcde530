"""Makes the message about a flip's stage: a title, a text in plain words, and the same as a CloudEvent. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from teal.adapters.receivers import Message
from teal.history.model import Flip, Stage
from teal.model.verdict import Outcome, printable, unproven
from teal.notifications.audience import Audience

LINES = 6
"""The most verdicts that a text names: a chat shows 2,000 characters, a pager fewer."""

LINE = 240
"""The most characters of each verdict."""

REASON = 600
"""The most characters of a reason."""

_MENTION = re.compile(r"@(?=everyone|here|channel|all\b)|<(?=[!@#])")

_UNDONE = frozenset({Stage.REVERTING, Stage.REVERTED})
_BAKED = frozenset({Stage.CONFIRMED, Stage.UNPROVEN, *_UNDONE, Stage.STUCK, Stage.OVERTAKEN})

_MOODS: Mapping[Stage, str] = {
    Stage.CONFIRMED: "success",
    Stage.UNPROVEN: "warning",
    Stage.OVERTAKEN: "warning",
    Stage.REFUSED: "warning",
    Stage.ABANDONED: "warning",
    Stage.REVERTING: "failure",
    Stage.REVERTED: "failure",
    Stage.STUCK: "failure",
}


def passed(flip: Flip) -> Sequence[Stage]:
    """Return the stages that a flip went through, in order, by its record; also those during which its owner died."""
    went = [
        *([Stage.PROVEN] if flip.allowed_at else []),
        *([Stage.BAKING] if flip.bake_began_at else []),
        *([Stage.REVERTING] if flip.stage is Stage.REVERTED else []),
        *([flip.stage] if flip.stage is not Stage.PROVEN else []),  # without a proof, it is how a record begins
    ]
    return tuple(dict.fromkeys(went))


def message(flip: Flip, stage: Stage, audience: Audience, namespace: str) -> Message:
    """Return the message about one stage of a flip, which may have gone further by now."""
    title = (
        f"{audience.stack or namespace}: {flip.kind} {flip.number} to {flip.to} {flip.version} {became(flip, stage)}"
    )
    link = audience.link.replace("{number}", str(flip.number))
    body = "\n".join(filter(None, [*_lines(flip, stage), link]))
    return Message(
        title=_quiet(printable(title, 200)),
        body=_quiet(body),
        mood=_MOODS.get(stage, "info"),
        event=_event(flip, stage, audience, namespace, link),
    )


def became(flip: Flip, stage: Stage) -> str:
    """Return in words what a flip had come to at a stage."""
    return {
        Stage.PROVEN: "is proven: traffic moves next",
        Stage.BAKING: "has the traffic, and is watched",
        Stage.REVERTING: f"fails: its traffic is being put back onto {flip.came_from}",
        Stage.CONFIRMED: "is confirmed",
        Stage.UNPROVEN: "could not be judged: traffic stays there, and it is not confirmed",
        Stage.REVERTED: f"was undone: traffic is back on {flip.came_from}",
        Stage.STUCK: "FAILS, AND TRAFFIC COULD NOT BE PUT BACK",
        Stage.OVERTAKEN: "was overtaken: somebody else moved its traffic",
        Stage.REFUSED: "was refused: no traffic moved",
        Stage.ABANDONED: "was abandoned: it is over, and not confirmed",
    }[stage]


def _lines(flip: Flip, stage: Stage) -> Iterator[str]:
    services = ", ".join(flip.plan.services)
    yield f"{services}: from {flip.came_from} to {flip.to} {flip.version}; begun {flip.begun} by {flip.by}."
    missing = unproven(flip.verdicts)
    known = len(flip.verdicts) + flip.thinned
    if known:
        yield f"{known - len(missing)} of {known} verdicts passed."
    baked = [each for each in flip.verdicts if each.gate.startswith("bake") and each.outcome is Outcome.PASSED]
    shown = [*missing, *(baked if stage in _BAKED else [])]
    yield from (f"- {printable(str(each), LINE)}" for each in shown[:LINES])
    if len(shown) > LINES:
        yield f"- and {len(shown) - LINES} more"
    if flip.skipped:
        yield f"Not asked: {', '.join(flip.skipped)}."
    if stage is flip.stage and flip.reason and not missing:
        yield printable(flip.reason, REASON)


def _event(flip: Flip, stage: Stage, audience: Audience, namespace: str, link: str) -> Mapping[str, Any]:
    """Return a CloudEvent 1.0. Its id is the same each time a stage is reported, so that receivers can tell."""
    data = flip.model_dump(mode="json", by_alias=True, exclude={"plan", "owner", "heartbeat", "stage"})
    where = f"/stacks/{quote(audience.stack, safe='')}/namespaces/{namespace}"
    return {
        "specversion": "1.0",
        "id": f"{namespace}.{flip.begun}.{flip.number}.{stage}",
        "source": where if audience.stack else f"/namespaces/{namespace}",
        "type": f"teal.flip.{stage.lower()}",
        "subject": f"flips/{flip.number}",
        "time": _when(flip, stage),
        "datacontenttype": "application/json",
        "data": {**data, "stage": stage, "services": [*flip.plan.services], **({"link": link} if link else {})},
    }


def _when(flip: Flip, stage: Stage) -> str:
    known = {
        Stage.PROVEN: flip.allowed_at,
        Stage.BAKING: flip.bake_began_at,
        Stage.REVERTING: flip.decided_at,
        Stage.UNPROVEN: flip.decided_at,
        Stage.STUCK: flip.decided_at,
    }
    return known.get(stage, flip.ended) or flip.begun


def _quiet(text: str) -> str:
    """Break mentions, so that a pod's answer calls nobody to the screen."""
    return _MENTION.sub(lambda found: f"{found[0]}\u200b", text)
