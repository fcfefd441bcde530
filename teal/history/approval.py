"""Records an approval in one ConfigMap of the stack's namespace, which `teal.proof.prove` reads.

Whoever may write that ConfigMap may approve, so grant `patch` on `configmaps` named `teal-approval` to the approvers.
`teal approve` writes who approved, and when, as the API server says it. An admission policy
(`teal.history.admission`) ensures that nobody writes another name; without one, an approval is self-declared.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2
from pydantic import ValidationError

from teal.adapters.kubernetes import objects
from teal.adapters.kubernetes.cluster import Cluster
from teal.gates.approvals import Approval, Vouched
from teal.history import admission
from teal.history.admission import APPROVAL
from teal.model.colours import MANAGER, Colour
from teal.model.errors import ChangedError, NotThereError, UnreachableError
from teal.model.labels import COLOUR_LABEL, DIGEST, PART_OF, PART_OF_LABEL

NAME = APPROVAL
"""The name of the ConfigMap."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Runs:
    """What a colour runs."""

    namespace: str
    versions: Mapping[str, str]
    """The version of each service."""
    releases: Mapping[str, str]
    """The digest of each service's slot."""

    def __str__(self) -> str:
        """Return the versions in words."""
        return ", ".join(f"{name} {each}" for name, each in self.versions.items())


async def what_runs(cluster: Cluster, colour: Colour, *, version: str | None = None) -> Runs:
    """Return what a colour runs, of which there has to be something.

    Args:
        cluster: the stack's cluster.
        colour: the colour.
        version: the version that it has to run; None for any.

    Raises:
        NotThereError: the colour runs another version, or none; nothing is approved.
        UnreachableError: the API server did not answer, or refused.
    """
    slots = {name: slot for (name, of), slot in (await cluster.slots()).items() if of is colour}
    runs = Runs(
        namespace=cluster.namespace,
        versions={name: slot.version for name, slot in slots.items()},
        releases={name: slot.annotations.get(DIGEST, "") for name, slot in slots.items()},
    )
    if not slots or (version is not None and {*runs.versions.values()} != {version}):
        raise NotThereError(
            f"{colour} runs {str(runs) or 'nothing'}{f', not {version}' if version else ''}: nothing was approved. "
            f"Next: kubectl -n {cluster.namespace} get deployments -l {COLOUR_LABEL}={colour}"
        )
    return runs


async def approve_what_runs(
    cluster: Cluster, colour: Colour, *, version: str | None = None, releases: Mapping[str, str] | None = None
) -> tuple[Approval, Vouched]:
    """Approve a flip to a colour, in the releases that it runs now.

    Args:
        cluster: the stack's cluster, with the approver's credentials.
        colour: the destination.
        version: the version that it has to run; None for any.
        releases: the digests by service that it has to have, as somebody was shown them; None for any.

    Raises:
        NotThereError: the colour runs another version, or none; nothing is approved.
        ChangedError: the colour is not what was shown any more; nothing is approved.
        UnreachableError: the API server did not answer, or refused; nothing is approved.
    """
    runs = await what_runs(cluster, colour, version=version)
    if releases is not None and runs.releases != releases:
        names = runs.releases.keys() | releases.keys()
        changed = sorted(name for name in names if runs.releases.get(name) != releases.get(name))
        raise ChangedError(
            f"{', '.join(changed)} of {colour} has been changed since it was shown: nothing was approved. Next: teal "
            "status, and approve what it shows"
        )
    given = await approve(cluster.http, cluster.namespace, colour, runs.versions, runs.releases)
    return given, await admission.vouched(cluster.http, cluster.namespace)


async def approve(
    http: httpx2.AsyncClient,
    namespace: str,
    colour: Colour,
    versions: Mapping[str, str],
    releases: Mapping[str, str],
) -> Approval:
    """Approve a flip; this replaces the previous approval.

    Args:
        http: the client, whose base URL is the API server's and whose credentials are the approver's.
        namespace: the stack's namespace.
        colour: the destination.
        versions: the version of every service of the flip set.
        releases: the digest of each one's slot, as its Deployment is annotated with.

    Raises:
        UnreachableError: the API server did not answer, or refused; nothing is approved.
    """
    review = await _send(
        http,
        "POST",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"},
    )
    try:
        who = objects.SelfSubjectReview.model_validate_json(review.content)
        at = datetime.fromisoformat(who.at)
    except (ValidationError, ValueError) as error:
        raise UnreachableError(
            f"the API server did not say who this is, so {colour} is not approved ({type(error).__name__}). "
            "Next: kubectl auth whoami"
        ) from None
    given = Approval(colour=colour, versions=versions, releases=releases, by=who.username, at=at)
    metadata = {"name": NAME, "namespace": namespace, "labels": {PART_OF_LABEL: PART_OF}}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": given.as_data()}
    await _send(http, "PATCH", f"/api/v1/namespaces/{namespace}/configmaps/{NAME}", body)
    return given


def said(given: Approval, vouched: Vouched) -> str:
    """Return an approval in words, for whoever gave it."""
    runs = ", ".join(f"{name} {each}" for name, each in given.versions.items())
    word = "" if vouched.since else f"; the name is self-declared ({vouched.why})"
    return f"{given.by} approves {given.colour} ({runs}) for one flip, {given.at.isoformat()}{word}"


async def _send(http: httpx2.AsyncClient, method: str, path: str, body: Mapping[str, Any]) -> httpx2.Response:
    apply = method == "PATCH"
    try:
        response = await http.request(
            method,
            path,
            params={"fieldManager": MANAGER, "force": "true"} if apply else None,
            content=json.dumps(body),
            headers={"Content-Type": "application/apply-patch+yaml" if apply else "application/json"},
        )
    except httpx2.TransportError as error:
        raise UnreachableError(
            f"the API server {http.base_url} did not answer ({type(error).__name__}: {error}), so nothing is approved. "
            "Next: kubectl cluster-info"
        ) from None
    if not response.is_success:
        raise UnreachableError(
            f"the API server {http.base_url} answered {response.status_code} to {method} {path}"
            f"{objects.why(response.content)}, so nothing is approved. Next: {objects.remedy(response.status_code)}"
        )
    return response
