"""Plays the admission policies of a stack that brings them: what the API server takes from whom.

It stands in for the policies' CEL, which the cluster's own tests try; whether they are there, teal reads from here.
"""

import json
from contextlib import suppress
from datetime import timedelta

from teal.history import admission
from teal.history.model import History
from teal.history.store import CONFIRMED, NAME
from teal.model.colours import Colour
from teal.model.labels import COLOUR_LABEL, DIGEST, NAME_LABEL, VERSION_LABEL
from tests.simulation.cluster.clock import EPOCH
from tests.simulation.cluster.store import By, Object, RefusalError, Store

GROUP = "deployers"
"""The group of those who run updates and watches, which the stack names."""
STRANGER = "stranger"
VICTIM = "cto@example"
"""In whose name the stranger approves."""

_DEPLOYERS = ("update-", "rival-", "watch-", "rollback-", "back-", "first-")


def policies(namespace: str) -> dict[str, Object]:
    """Return the stack's policies and their bindings as the API server has them, by path."""
    made = {"creationTimestamp": (EPOCH - timedelta(days=1)).isoformat()}
    both = (admission.approvals(namespace), admission.records(namespace, [], [GROUP]))
    return {
        f"{admission.BASE}/{kind}/{name}": {"metadata": {"name": name, **made}, "spec": found}
        for name, spec in both
        for kind, found in (
            ("validatingadmissionpolicies", spec),
            ("validatingadmissionpolicybindings", admission.binding(name, namespace)),
        )
    }


def require(kind: str, name: str, after: Object, by: By) -> None:
    """Refuse a write that the policies are against; raises as the API server answers."""
    if kind == "configmaps" and name == admission.APPROVAL and after["data"].get("by") != by.actor:
        raise RefusalError(422, "Invalid", "denied request: an approval is given in the name of whoever writes it")
    if kind in {"configmaps", "leases"} and name in admission.RECORDS and not by.actor.startswith(_DEPLOYERS):
        raise RefusalError(422, "Invalid", "denied request: what is remembered of flips is written by others")


def forge(store: Store, at: str) -> None:
    """Have a stranger approve green in another's name, call it confirmed, and forget all flips."""
    by = By(actor=STRANGER)
    green = {
        each["metadata"]["labels"][NAME_LABEL]: each["metadata"]
        for each in store.list("deployments", f"{COLOUR_LABEL}={Colour.GREEN}")
    }
    approval = {
        "colour": str(Colour.GREEN),
        "versions": json.dumps({name: each["labels"][VERSION_LABEL] for name, each in green.items()}),
        "releases": json.dumps({name: each["annotations"][DIGEST] for name, each in green.items()}),
        "by": VICTIM,
        "at": at,
    }
    lies = {admission.APPROVAL: approval, CONFIRMED: {"colour": "green"}, NAME: {"flips.json": History().stored()}}
    for name, data in lies.items():
        with suppress(RefusalError):
            if ("configmaps", name) in store.objects:
                store.patch("configmaps", name, {"data": data}, by)
            else:
                store.create("configmaps", {"metadata": {"name": name}, "data": data}, by)
