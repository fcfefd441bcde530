"""Diff: what changes between two sets of inputs, and what cannot change in place. Pure functions.

Old inputs are compared with new ones; what only the server knows is not looked at. Drift gets here by `refresh`,
which replaces the old inputs by what is live (see `observe.py`). The table of what forces a replacement
is pulumi-kubernetes's own (`forceNewProperties`): changed data of a ConfigMap or Secret replaces it, unless the
provider's `enableConfigMapMutable` or `enableSecretMutable` is on.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from sandbox.providers.kubernetes.inputs import option
from sandbox.providers.kubernetes.names import AUTONAMED, annotations
from sandbox.providers.properties import Map, contains_unknown, is_list, is_map, is_unknown, reveal

Path = tuple[str | int, ...]
Change = Literal["add", "delete", "update"]

_ABSENT: Final = object()
_IDENTITY: Final = ("metadata.name", "metadata.namespace")
_BINDING: Final = ("roleRef",)
_FORCE_NEW: Final[Mapping[str, tuple[str, ...]]] = {
    "apps/v1/Deployment": ("spec.selector",),
    "apps/v1/DaemonSet": ("spec.selector",),
    "apps/v1/StatefulSet": (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    "batch/v1/Job": ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    "v1/Service": ("spec.clusterIP",),
    "v1/PersistentVolumeClaim": ("spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"),
    "v1/Pod": ("spec",),
    "v1/ResourceQuota": ("spec.scopes",),
    "storage.k8s.io/v1/StorageClass": ("parameters", "provisioner"),
    "rbac.authorization.k8s.io/v1/RoleBinding": _BINDING,
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding": _BINDING,
    "v1/Secret": ("type",),
}
_POD_MUTABLE: Final = ("spec.activeDeadlineSeconds", "spec.tolerations")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What changed: path, how, and whether it forces a replacement."""

    changes: dict[str, tuple[Change, bool]]
    delete_before_replace: bool

    @property
    def replaces(self) -> list[str]:
        """The paths that force a replacement."""
        return [path for path, (_, forced) in self.changes.items() if forced]


def diff(old: Map, new: Map, *, config: Mapping[str, str], ignore: Iterable[str] = ()) -> Difference:
    """Compare two sets of checked inputs; `config` is the provider's, `ignore` the resource's `ignoreChanges`."""
    forced = _forced(new, config)
    ignored = tuple(ignore)
    changes: dict[str, tuple[Change, bool]] = {}
    for path, change in _compare((), reveal(old), reveal(new)):
        text = render(path)
        if not any(within(text, prefix) for prefix in ignored):
            changes[text] = (change, _forces(text, reveal(old), reveal(new), forced))
    before: Map = reveal(old).get("metadata", {})
    after: Map = reveal(new).get("metadata", {})
    same_place = is_map(after) and all(after.get(key) == before.get(key) for key in ("name", "namespace"))
    fixed = annotations(new).get(AUTONAMED) != "true" and not contains_unknown(after.get("name"))
    replaces = any(forces for _, forces in changes.values())
    return Difference(changes=changes, delete_before_replace=replaces and same_place and fixed)


def _forced(new: Map, config: Mapping[str, str]) -> tuple[str, ...]:
    kind = f"{new.get('apiVersion')}/{new.get('kind')}"
    frozen = reveal(new).get("immutable") is True
    found = _IDENTITY + _FORCE_NEW.get(kind, ())
    if kind == "v1/ConfigMap" and (frozen or not option(config, "enableConfigMapMutable")):
        found += ("data", "binaryData")
    if kind == "v1/Secret" and (frozen or not option(config, "enableSecretMutable")):
        found += ("data", "stringData")
    return found


def _forces(path: str, old: Map, new: Map, forced: tuple[str, ...]) -> bool:
    if new.get("kind") == "Pod" and any(within(path, mutable) for mutable in _POD_MUTABLE):
        return False
    return any(
        within(path, prefix) or (within(prefix, path) and (_has(old, prefix) or _has(new, prefix))) for prefix in forced
    )


def _has(tree: object, path: str) -> bool:
    for key in path.split("."):
        if not is_map(tree) or key not in tree:
            return is_unknown(tree)
        tree = tree[key]
    return True


def _compare(path: Path, old: object, new: object) -> Iterator[tuple[Path, Change]]:
    if is_unknown(new):
        yield path, "add" if old is _ABSENT else "update"
    elif old is _ABSENT:
        yield path, "add"
    elif new is _ABSENT:
        yield path, "delete"
    elif is_map(old) and is_map(new):
        for key in sorted(old.keys() | new.keys()):
            yield from _compare((*path, key), old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif is_list(old) and is_list(new):
        for index in range(max(len(old), len(new))):
            yield from _compare((*path, index), _at(old, index), _at(new, index))
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path, "update"


def _at(items: list[Any], index: int) -> object:
    return items[index] if index < len(items) else _ABSENT


def render(path: Path) -> str:
    """Write a path as Pulumi does: `spec.containers[0].image`, `metadata.labels["a/b.c"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.search(r'[."\[\]]', part):
            quoted = part.replace('"', '\\"')
            text += f'["{quoted}"]'
        else:
            text += f".{part}" if text else part
    return text


def within(path: str, prefix: str) -> bool:
    """True if `path` is `prefix` or something inside it."""
    return path == prefix or path.startswith((f"{prefix}.", f"{prefix}["))


def top_level(path: str) -> str:
    """Return the property a path begins with."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]
