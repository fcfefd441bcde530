"""Pulumi's checkpoint format, version 3 (and 4 where a feature asks for it): snapshots to JSON text and back.

Facts are those of Pulumi's `sdk/go/common/apitype/core.go`, `pkg/resource/stack/deployment.go` and
`pkg/resource/stack/snapshot/integrity.go`. Not here: where checkpoints lie and who may write them (`backend.py`).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import cast

from sandbox.engine.errors import SecretsError, StateError
from sandbox.engine.secrets import Crypter, open_crypter
from sandbox.engine.state import SECRET, SIG, PendingOperation, Properties, ResourceState, Value, is_secret, now

ENGINE_VERSION = f"v{metadata.version('pulumi')}+embedded"  # the protocol's version, and who wrote the checkpoint

# Attribute of ResourceState by its name in a checkpoint, in the order of Pulumi's own files.
_FIELDS = {
    "urn": "urn",
    "custom": "custom",
    "delete": "delete",
    "id": "id",
    "type": "type",
    "inputs": "inputs",
    "outputs": "outputs",
    "parent": "parent",
    "protect": "protect",
    "external": "external",
    "dependencies": "dependencies",
    "initErrors": "init_errors",
    "provider": "provider",
    "propertyDependencies": "property_dependencies",
    "pendingReplacement": "pending_replacement",
    "additionalSecretOutputs": "additional_secret_outputs",
    "aliases": "aliases",
    "customTimeouts": "custom_timeouts",
    "importID": "import_id",
    "retainOnDelete": "retain_on_delete",
    "deletedWith": "deleted_with",
    "created": "created",
    "modified": "modified",
    "sourcePosition": "source_position",
    "ignoreChanges": "ignore_changes",
    "replaceOnChanges": "replace_on_changes",
    "resourceHooks": "resource_hooks",
}
# What makes a checkpoint version 4: an engine that does not know the feature must not read it.
_FEATURES = {
    "resourceHooks": "hooks",
    "refreshBeforeUpdate": "refreshBeforeUpdate",
    "viewOf": "views",
    "taint": "taint",
    "replaceWith": "replaceWith",
}
_CURRENT, _LATEST = 3, 4

_Seal = Callable[[str], dict[str, str]]


def _nested(plaintext: str) -> dict[str, str]:
    """Mark a secret inside a secret without sealing it twice, as Pulumi does."""
    return {"ciphertext": plaintext}


def _encode(value: Value, seal: _Seal, inner: _Seal) -> Value:
    if is_secret(value):
        return {SIG: SECRET, **seal(_dump(_encode(value["value"], inner, inner)))}
    if isinstance(value, dict):
        return {key: _encode(child, seal, inner) for key, child in cast("Properties", value).items()}
    if isinstance(value, list):
        return [_encode(child, seal, inner) for child in cast("list[Value]", value)]
    return value


def _decode(value: Value, unseal: Callable[[str], str]) -> Value:
    if is_secret(value):
        sealed, opened = value.get("ciphertext"), value.get("plaintext")
        if bool(sealed) == bool(opened):
            raise StateError("malformed secret value in the checkpoint: it needs one of `ciphertext` and `plaintext`.")
        return {SIG: SECRET, "value": _decode(json.loads(opened or unseal(sealed)), str)}
    if isinstance(value, dict):
        return {key: _decode(child, unseal) for key, child in cast("Properties", value).items()}
    if isinstance(value, list):
        return [_decode(child, unseal) for child in cast("list[Value]", value)]
    return value


def _dump(value: Value) -> str:
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise StateError(f"a property of a resource cannot be kept in the state: {error}.") from error


def _resource_text(resource: ResourceState, seal: _Seal, inner: _Seal) -> str:
    if (remembered := resource.text) is not None:
        return remembered
    written = {name: getattr(resource, attribute) for name, attribute in _FIELDS.items()}
    written = {name: value for name, value in written.items() if value or name == "custom"}
    text = _dump(written | resource.extra)
    if SECRET in text:  # looking first saves walking the trees of all the others at every save
        return _dump({name: _encode(value, seal, inner) for name, value in (written | resource.extra).items()})
    resource.remember(text)
    return text


def _array(texts: Iterable[str]) -> Iterator[str]:
    before = "["
    for text in texts:
        yield before
        yield text
        before = ","
    yield "]"


def _read_resource(entry: Properties, unseal: Callable[[str], str]) -> ResourceState:
    entry = _decode(entry, unseal)
    known = {_FIELDS[name]: value for name, value in entry.items() if name in _FIELDS}
    if not known.get("urn") or not known.get("type"):
        raise StateError(f"a resource of the checkpoint has no urn or no type: {known.get('urn')!r}. It is not usable.")
    extra = {name: value for name, value in entry.items() if name not in _FIELDS}
    return ResourceState(**{name: value for name, value in known.items() if value is not None}, extra=extra)


@dataclass
class Snapshot:
    """All that is known of a stack: resources in dependency order and operations whose end is not known.

    `crypter` seals secrets when it is written; the one that is opened from a file is the file's own.
    """

    resources: list[ResourceState] = field(default_factory=list[ResourceState])
    pending_operations: list[PendingOperation] = field(default_factory=list[PendingOperation])
    crypter: Crypter | None = None
    metadata: Properties = field(default_factory=dict[str, Value])

    def features(self) -> list[str]:
        """Name the features of format version 4 that this snapshot uses."""
        used = {"hooks" for resource in self.resources if resource.resource_hooks}
        used |= {name for key, name in _FEATURES.items() for resource in self.resources if resource.extra.get(key)}
        return sorted(used)

    def to_json(self, *, show_secrets: bool = False) -> str:
        """Give the deployment's JSON text, secrets sealed or (`show_secrets`) in clear.

        Raises:
            SecretsError: there are secrets and nothing to seal them with.
        """
        return "".join(self._pieces(show_secrets=show_secrets))

    def to_checkpoint(self, stack: str) -> str:
        """Give the text of a checkpoint file; `stack` is the full name, organization/project/stack."""
        head = f'{{{self._head()},"checkpoint":{{"stack":{_dump(stack)},"latest":'
        return "".join([head, *self._pieces(), "}}"])

    def _pieces(self, *, show_secrets: bool = False) -> Iterator[str]:
        """The deployment's JSON text: megabytes, written at every operation, so put together only once."""
        crypter = self.crypter

        def seal(plaintext: str) -> dict[str, str]:
            if crypter is None:
                raise SecretsError("the state holds a secret and the stack has no encryptionsalt to seal it with.")
            return {"ciphertext": crypter.encrypt(plaintext)}

        def show(plaintext: str) -> dict[str, str]:
            return {"plaintext": plaintext}

        seals = (show, show) if show_secrets else (seal, _nested)
        magic = hashlib.sha256(ENGINE_VERSION.encode()).hexdigest()
        yield f'{{"manifest":{_dump({"time": now(), "magic": magic, "version": ENGINE_VERSION})}'
        if crypter is not None:
            yield f',"secrets_providers":{_dump({"type": "passphrase", "state": {"salt": crypter.salt}})}'
        if self.resources:
            yield ',"resources":'
            yield from _array(_resource_text(resource, *seals) for resource in self.resources)
        if self.pending_operations:
            yield ',"pending_operations":'
            yield from _array(
                f'{{"resource":{_resource_text(operation.resource, *seals)},"type":"{operation.kind}"}}'
                for operation in self.pending_operations
            )
        yield f',"metadata":{_dump(self.metadata)}}}'

    def to_deployment(self, *, show_secrets: bool = False) -> Properties:
        """Give `{"version", "deployment"}` as `pulumi stack export` prints it."""
        return json.loads(f'{{{self._head()},"deployment":{self.to_json(show_secrets=show_secrets)}}}')

    def _head(self) -> str:
        features = self.features()
        return f'"version":{_LATEST},"features":{_dump(features)}' if features else f'"version":{_CURRENT}'

    @classmethod
    def from_deployment(
        cls, untyped: Properties, environ: Mapping[str, str], crypter: Crypter | None = None
    ) -> "Snapshot":
        """Read `{"version", "deployment"}`, as an export or (with `checkpoint`) a checkpoint file has it.

        Secrets are opened with the deployment's own salt and the environment's passphrase; `crypter` is the stack's,
        for a deployment that has no salt.

        Raises:
            StateError: the version, a feature or the graph is not one that can be worked with.
            SecretsError: a secret cannot be opened.
        """
        deployment: Properties = untyped.get("deployment") or untyped.get("checkpoint", {}).get("latest") or {}
        version = untyped.get("version", _CURRENT)
        if deployment and version not in (_CURRENT, _LATEST):
            raise StateError(
                f"the checkpoint has format version {version}; versions {_CURRENT} and {_LATEST} are known."
            )
        unknown = sorted(set(untyped.get("features") or []) - set(_FEATURES.values()))
        if unknown:
            raise StateError(f"the checkpoint uses {', '.join(unknown)}, which the embedded engine does not support.")
        provider: Properties = deployment.get("secrets_providers") or {}
        if provider.get("type", "passphrase") != "passphrase":
            raise SecretsError(f"the stack's secrets are kept by '{provider['type']}'; only 'passphrase' is supported.")
        if provider:
            crypter, _ = open_crypter(provider["state"]["salt"], environ)

        def unseal(ciphertext: str) -> str:
            if crypter is None:
                raise SecretsError("the checkpoint holds secrets and no salt to open them with.")
            return crypter.decrypt(ciphertext)

        resources: list[Properties] = deployment.get("resources") or []
        operations: list[Properties] = deployment.get("pending_operations") or []
        snapshot = cls(
            resources=[_read_resource(entry, unseal) for entry in resources],
            pending_operations=[
                PendingOperation(entry["type"], _read_resource(entry["resource"], unseal)) for entry in operations
            ],
            crypter=crypter,
            metadata=deployment.get("metadata") or {},
        )
        manifest: Properties = deployment.get("manifest") or {}
        written_by: str = manifest.get("version", "")
        if written_by and manifest.get("magic") != hashlib.sha256(written_by.encode()).hexdigest():
            raise StateError("magic cookie mismatch: possible tampering or corruption of the checkpoint detected.")
        snapshot.verify()
        return snapshot

    def verify(self) -> None:
        """Check what Pulumi's own engine checks before it uses a snapshot.

        Raises:
            StateError: a resource comes before something it refers to, or stands twice.
        """
        seen: set[str] = set()
        providers: set[str] = set()
        alive: set[str] = set()
        for resource in self.resources:
            needed = [resource.parent, resource.deleted_with, *resource.dependencies]
            needed += [urn for urns in resource.property_dependencies.values() for urn in urns]
            missing = [urn for urn in needed if urn and urn not in seen]
            if resource.provider and resource.provider not in providers and not resource.pending_replacement:
                missing.append(resource.provider)
            if missing:
                raise StateError(
                    f"snapshot integrity failure: {resource.urn} refers to {missing[0]}, not found before it."
                )
            if resource.id and not resource.custom:
                raise StateError(f"snapshot integrity failure: {resource.urn} has an id and is not custom.")
            if resource.urn in alive and not resource.delete:
                raise StateError(f"snapshot integrity failure: {resource.urn} stands twice, not marked for deletion.")
            if not resource.delete:
                alive.add(resource.urn)
            if resource.type.startswith("pulumi:providers:"):
                providers.add(f"{resource.urn}::{resource.id}")
            seen.add(resource.urn)
