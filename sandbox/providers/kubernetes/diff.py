"""Diff: what of a change of inputs cannot be done in place. Pure functions.

The table of what forces a replacement is pulumi-kubernetes's own (`forceNewProperties`): changed data of a ConfigMap
or Secret replaces it, unless the provider's `enableConfigMapMutable` or `enableSecretMutable` is on.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from sandbox.providers.comparing import Change, Difference, differing, within
from sandbox.providers.kubernetes.inputs import option
from sandbox.providers.kubernetes.names import AUTONAMED, annotations
from sandbox.providers.properties import Map, contains_unknown, is_map, is_unknown, reveal

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


def diff(old: Map, new: Map, *, config: Mapping[str, str], ignore: Iterable[str] = ()) -> Difference:
    """Compare two sets of checked inputs; `config` is the provider's, `ignore` the resource's `ignoreChanges`."""
    forced = _forced(new, config)
    before, after = reveal(old), reveal(new)
    changes: dict[str, tuple[Change, bool]] = {
        path: (change, _forces(path, before, after, forced)) for path, change in differing(old, new, ignore).items()
    }
    was: Map = before.get("metadata", {})
    will: Map = after.get("metadata", {})
    same_place = is_map(will) and all(will.get(key) == was.get(key) for key in ("name", "namespace"))
    fixed = annotations(new).get(AUTONAMED) != "true" and not contains_unknown(will.get("name"))
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
