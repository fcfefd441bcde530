"""The admission policies by which the API server guards teal's records, as plain data, and the check that they exist.

A ConfigMap says whatever its writer wants. With these policies, an approver is whom the API server authenticated, and
only those who run updates write the records. `teal_infra.components.admission` declares them; without them an approval
is self-declared.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, cast

import httpx2

from teal.gates.approvals import Vouched

APPROVAL = "teal-approval"
"""The ConfigMap that holds a person's approval."""

RECORDS = ("teal-history", "teal-confirmed", "teal-flip", "teal-told", "teal-progress")
"""ConfigMaps and the Lease that say what became of flips, who keeps the one under way and what they say of it, and what
was told of them."""

CLEANERS = ("namespace-controller", "generic-garbage-collector")
"""The accounts of `kube-system` that delete what is in a namespace that is deleted."""

BASE = "/apis/admissionregistration.k8s.io/v1"

_OBJECT = "(request.operation == 'DELETE' ? oldObject : object).metadata.name"


def approvals(namespace: str) -> tuple[str, Mapping[str, Any]]:
    """Return the name and spec of the policy that everybody approves in their own name only."""
    return f"teal-{namespace}-approval", {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [_writes(["configmaps"], "", ["CREATE", "UPDATE"])]},
        "matchConditions": [{"name": "approval", "expression": f"object.metadata.name == '{APPROVAL}'"}],
        "validations": [
            {
                "expression": "has(object.data) && 'by' in object.data && object.data.by == request.userInfo.username",
                "message": "an approval is given in the name of whoever writes it: teal approve",
            }
        ],
    }


def records(namespace: str, users: Sequence[str], groups: Sequence[str]) -> tuple[str, Mapping[str, Any]]:
    """Return the name and spec of the policy that only these accounts write the records of flips."""
    cleaners = [f"system:serviceaccount:kube-system:{each}" for each in CLEANERS]
    who, deleting = "request.userInfo.username", "request.operation == 'DELETE'"
    allowed = [
        f"{who} in {json.dumps([*users])}",
        f"(has(request.userInfo.groups) && request.userInfo.groups.exists(each, each in {json.dumps([*groups])}))",
        f"({deleting} && {who} in {json.dumps(cleaners)})",
    ]
    writes = ["CREATE", "UPDATE", "DELETE"]
    return f"teal-{namespace}-records", {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": [_writes(["configmaps"], "", writes), _writes(["leases"], "coordination.k8s.io", writes)]
        },
        "matchConditions": [{"name": "records", "expression": f"{_OBJECT} in {json.dumps([*RECORDS])}"}],
        "validations": [
            {
                "expression": " || ".join(allowed),
                "message": "what is remembered of flips is written by those whom teal:admission names, and nobody else",
            }
        ],
    }


def binding(policy: str, namespace: str) -> Mapping[str, Any]:
    """Return the spec of the binding of a policy to one namespace; the binding has the policy's name."""
    return {
        "policyName": policy,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}},
    }


async def vouched(http: httpx2.AsyncClient, namespace: str) -> Vouched:
    """Return whether a namespace's approvals have to name their writers. What cannot be read does not count."""
    name, spec = approvals(namespace)
    since: list[datetime] = []
    for kind, wanted in (
        ("validatingadmissionpolicies", spec),
        ("validatingadmissionpolicybindings", binding(name, namespace)),
    ):
        try:
            response = await http.get(f"{BASE}/{kind}/{name}")
            found: Any = response.json()
        except (httpx2.HTTPError, ValueError) as error:
            return Vouched(why=f"{kind} {name} could not be read: {type(error).__name__}")
        if response.status_code == HTTPStatus.NOT_FOUND:
            return Vouched(why=f"there is no {kind} {name}")
        if not response.is_success:
            return Vouched(why=f"{kind} {name} could not be read: {response.status_code}")
        if not _holds(wanted, found.get("spec")):
            return Vouched(why=f"{kind} {name} is not as teal makes it")
        since.append(datetime.fromisoformat(found["metadata"]["creationTimestamp"]))
    return Vouched(since=max(since))


def _holds(wanted: object, found: object) -> bool:
    """Return whether everything that is wanted is there; fields that the API server added may be there too."""
    if isinstance(wanted, Mapping):
        here = cast("Mapping[str, object]", wanted)
        there = cast("Mapping[str, object]", found if isinstance(found, Mapping) else {})
        return all(_holds(each, there.get(key)) for key, each in here.items())
    if isinstance(wanted, list):
        items, others = cast("list[object]", wanted), cast("list[object]", found) if isinstance(found, list) else []
        return len(items) == len(others) and all(map(_holds, items, others))
    return wanted == found


def _writes(resources: list[str], group: str, operations: list[str]) -> Mapping[str, Any]:
    return {"apiGroups": [group], "apiVersions": ["v1"], "resources": resources, "operations": operations}
