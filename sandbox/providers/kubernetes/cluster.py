"""What the provider does to a cluster: create, update, delete, each as server-side apply or delete by name.

Like pulumi-kubernetes 4.34 it refuses to create an object that exists, unless `upsertExistingObjects` is on. One
exception makes a killed update resumable: an object that this very resource's field manager has applied before was
made by an interrupted create, and is taken over. Unlike it, unknown fields are always refused.
"""

import copy
from collections.abc import Mapping
from typing import Any, Final

import stamina

from sandbox.providers.kubernetes.api import Api
from sandbox.providers.kubernetes.awaiting import DEFAULT_TIMEOUT, Wait, until_gone, until_ready
from sandbox.providers.kubernetes.discovery import Discovery, Kind
from sandbox.providers.kubernetes.errors import (
    ApiError,
    ConflictError,
    NotFoundError,
    NotReadyError,
    RefusedError,
    UnknownKindError,
)
from sandbox.providers.kubernetes.inputs import option
from sandbox.providers.kubernetes.names import annotations, identity, kubectl
from sandbox.providers.properties import Map, is_map, list_at, map_at

_SKIP_AWAIT: Final = "pulumi.com/skipAwait"
_TIMEOUT: Final = "pulumi.com/timeoutSeconds"
_FORCE: Final = "pulumi.com/patchForce"
_PROPAGATION: Final = "pulumi.com/deletionPropagationPolicy"
_POLICIES: Final = {"orphan": "Orphan", "background": "Background"}
# Seconds a custom resource waits for its definition to be served.
_DEFINITION_PATIENCE: Final = 10.0


class Cluster:
    """One API server, under one provider configuration."""

    def __init__(self, api: Api, config: Mapping[str, str]) -> None:
        """Act on the cluster behind `api`; `config` is the provider's."""
        self.api = api
        self.discovery = Discovery(api)
        self._config = config

    async def rehearse_create(self, body: Map, *, manager: str) -> tuple[Map | None, str]:
        """Ask what creating would give, and what would stop it; None if that cannot be asked yet.

        It cannot where the namespace or the kind is still to be made, or an object of this name is still there (which
        is normal for a replacement; if it is nobody of ours, the second value says so).

        Raises:
            RefusedError: the API server would refuse it.
        """
        try:
            kind = await self._kind(body)
            namespace = str(body["metadata"].get("namespace", ""))
            return await self.api.rehearse_create(kind.collection(namespace), body, manager=manager), ""
        except (NotFoundError, UnknownKindError):
            return None, ""
        except ConflictError:
            existing = await self.find(body)
            foreign = existing is not None and not self._may_take(existing, manager)
            return None, _exists(body) if foreign else ""
        except ApiError as error:
            raise _refusal(body, error) from error

    async def create(self, body: Map, *, manager: str, wait: Wait) -> Map:
        """Create the object. Returns it as applied (await it with `settle`).

        Raises:
            RefusedError: it exists, and is not this resource's, or the API server refused it.
        """
        kind = await self._kind_soon(body)
        path = _path(kind, body)
        existing = await self.api.find(path)
        if existing is not None and "deletionTimestamp" in existing["metadata"]:
            try:
                await until_gone(self.api, kind, existing, wait)
            except NotReadyError as error:
                raise RefusedError(f"cannot create it while an older one of its name is there: {error}") from error
        elif existing is not None and not self._may_take(existing, manager):
            raise RefusedError(_exists(body))
        return await self._apply(path, body, manager=manager)

    async def update(self, body: Map, live: Map, *, manager: str, ignore: list[str], dry_run: bool = False) -> Map:
        """Update the object known as `live`, that very one: its uid is a precondition. Returns it as applied.

        Raises:
            RefusedError: it is gone, or another one has its place; another manager owns a field that would change;
                the API server refused it.
        """
        kind = await self._kind(body)
        path = _path(kind, body)
        body = copy.deepcopy(body)
        if ignore:
            _leave_alone(body, await self.api.get(path), ignore, manager)
        uid = live["metadata"].get("uid")
        if uid:
            body["metadata"]["uid"] = uid
        return await self._apply(path, body, manager=manager, dry_run=dry_run)

    async def delete(self, live: Map, inputs: Map, wait: Wait) -> None:
        """Delete the object and wait until it is gone; one that is gone, or whose kind is, is fine.

        Raises:
            NotReadyError: it is still there after the time allowed.
            ApiError: the API server refused.
        """
        try:
            kind = await self._kind(live)
        except UnknownKindError:
            return
        policy = _POLICIES.get(str(annotations(inputs).get(_PROPAGATION, "")).lower(), "Foreground")
        await self.api.delete(_path(kind, live), propagation=policy)
        if not skips_await(inputs):
            await until_gone(self.api, kind, live, wait)

    async def settle(self, live: Map, inputs: Map, wait: Wait) -> Map:
        """Wait until an applied object is ready, unless its annotation says not to. Returns it as it is then.

        Raises:
            NotReadyError: it is not.
        """
        if skips_await(inputs):
            return live
        return await until_ready(self.api, await self._kind(live), live, wait)

    async def rehearse_apply(self, body: Map, *, manager: str) -> Map:
        """Ask what applying this would give, over whoever manages it; nothing is written.

        Raises:
            ApiError: the API server would refuse it.
        """
        path = _path(await self._kind(body), body)
        return await self.api.apply(path, body, manager=manager, force=True, dry_run=True)

    async def find(self, body: Map) -> Map | None:
        """Read the live object of this kind, namespace and name; None if it, or its kind, is not there."""
        try:
            return await self.api.find(_path(await self._kind(body), body))
        except UnknownKindError:
            return None

    async def namespaced(self, api_version: str, kind: str) -> bool:
        """Say whether objects of a kind live in namespaces. A kind not served yet is taken for one that does."""
        try:
            return (await self.discovery.kind(api_version, kind)).namespaced
        except UnknownKindError:
            return True

    async def _kind(self, body: Map) -> Kind:
        return await self.discovery.kind(body["apiVersion"], body["kind"])

    @stamina.retry(on=UnknownKindError, attempts=None, timeout=_DEFINITION_PATIENCE, wait_initial=0.2, wait_max=1.0)
    async def _kind_soon(self, body: Map) -> Kind:
        """Look up a kind whose definition may just have been made: it is served a moment later."""
        return await self._kind(body)

    async def _apply(self, path: str, body: Map, *, manager: str, dry_run: bool = False) -> Map:
        force = annotations(body).get(_FORCE) == "true" or option(self._config, "enablePatchForce")
        try:
            return await self.api.apply(path, body, manager=manager, force=force, dry_run=dry_run)
        except ApiError as error:
            raise _refusal(body, error) from error

    def _may_take(self, existing: Map, manager: str) -> bool:
        return owned_by(existing, manager) or option(self._config, "upsertExistingObjects")


def owned_by(live: Map, manager: str) -> bool:
    """Say whether a field manager has written to an object."""
    return any(entry.get("manager") == manager for entry in list_at(live, "metadata", "managedFields"))


def _path(kind: Kind, body: Map) -> str:
    return kind.path(str(body["metadata"].get("namespace", "")), str(body["metadata"]["name"]))


def _exists(body: Map) -> str:
    return (
        f"{body['kind']} {identity(body)} exists already, and this stack did not make it. It was left as it is. "
        "Delete it, give the resource another metadata.name, or take it over: set the provider's "
        "upsertExistingObjects (pulumi config set kubernetes:upsertExistingObjects true) and run: pulumi up"
    )


def _refusal(body: Map, error: ApiError) -> RefusedError:
    """Say what an API server's no means, and what can be done."""
    subject = f"{body['kind']} {identity(body)}"
    taken = [cause for cause in error.causes if cause.get("reason") == "FieldManagerConflict"]
    if taken:
        fields = "; ".join(f"{cause.get('field')}: {cause.get('message')}" for cause in taken)
        return RefusedError(
            f"somebody else changed {subject} since it was deployed ({fields}). Nothing was changed: to overwrite may "
            f"undo what they meant. See what is there: {kubectl('get', body)} -o yaml --show-managed-fields; "
            f'to overwrite it, annotate the resource with {_FORCE}: "true" and run: pulumi up'
        )
    if isinstance(error, ConflictError) and "uid mismatch" in str(error):
        return RefusedError(
            f"{subject} is not the object that was deployed: it was deleted or replaced by somebody else. Nothing was "
            "changed. Take up what is there, then go on: pulumi refresh && pulumi up"
        )
    return RefusedError(
        f"the API server refuses {subject}: {error}. Nothing was changed. Correct the resource and run: pulumi up"
    )


def skips_await(inputs: Map) -> bool:
    """True if the resource's annotation says not to wait for it."""
    return annotations(inputs).get(_SKIP_AWAIT) == "true"


def timeout(inputs: Map, custom: float) -> float:
    """Return the seconds an await may take: the resource's `customTimeouts`, its annotation, or the default."""
    said = annotations(inputs).get(_TIMEOUT)
    if custom:
        return custom
    return float(said) if isinstance(said, str) and said.isdecimal() else DEFAULT_TIMEOUT


def _leave_alone(body: Map, live: Map, ignore: list[str], manager: str) -> None:
    """Take what `ignoreChanges` names out of an apply if somebody else manages it; else keep it as it is live.

    So an autoscaler keeps its replicas, and no conflict arises. Paths into lists are not looked at.
    """
    entries = list_at(live, "metadata", "managedFields")
    for path in (text.split(".") for text in ignore if "[" not in text):
        fields = [f"f:{key}" for key in path]
        owners = {entry["manager"] for entry in entries if fields[-1] in map_at(entry, "fieldsV1", *fields[:-1])}
        parent: Any = body
        for key in path[:-1]:
            parent = parent.get(key) if is_map(parent) else None
        if not is_map(parent) or path[-1] not in parent:
            continue
        if owners and manager not in owners:
            del parent[path[-1]]
        elif path[-1] in map_at(live, *path[:-1]):
            parent[path[-1]] = map_at(live, *path[:-1])[path[-1]]
