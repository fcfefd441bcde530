"""Kubernetes' strategic merge of a pod template, as people know it from `kubectl patch` and from Kustomize. Pure.

Maps are merged, and null deletes a key. Lists of the fields in `MERGE_KEYS` are merged element by element, found by
that key; other lists replace what was there. The table is taken from the `patchMergeKey` tags of `k8s.io/api/core/v1`
v0.36.2 (types.go: PodSpec, Container). The directives are those of `k8s.io/apimachinery/pkg/util/strategicpatch`.

In two places it is gentler than Kubernetes, whose own rule would silently drop what teal has put there. Lists in
`JOINED` have no merge key, so what is given is appended. And ports are also told apart by their protocol, as in
server-side apply (`listMapKey`): the same number for TCP and UDP is two ports.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from teal.model.plain import mapping
from teal_infra.settings.pod_template import PATCH, RETAIN

MERGE_KEYS: Mapping[str, str] = {
    "containers": "name",
    "env": "name",
    "ephemeralContainers": "name",
    "hostAliases": "ip",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ports": "containerPort",
    "resourceClaims": "name",
    "schedulingGates": "name",
    "topologySpreadConstraints": "topologyKey",
    "volumeDevices": "devicePath",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
"""The fields of a pod whose lists are merged, and the key of their elements."""

JOINED = frozenset(("envFrom", "readinessGates"))
"""The fields whose lists are appended to teal's: the slot's ConfigMap and Secret, and the load balancer's condition."""

Json = Any
"""Any JSON that may contain outputs of the engine, which are values like any other."""


def merged(base: Mapping[str, Json], patch: Mapping[str, Json]) -> dict[str, Json]:
    """Return a map with a patch applied; neither argument is changed."""
    how = patch.get(PATCH)
    if how == "delete":
        return {}
    kept = {} if how == "replace" else dict(base)
    if RETAIN in patch:
        kept = {key: each for key, each in kept.items() if key in patch[RETAIN]}
    for key, given in patch.items():
        if given is None:
            kept.pop(key, None)
        elif key not in {PATCH, RETAIN}:
            kept[key] = _value(key, kept.get(key), given)
    return kept


def _value(field: str, before: Json, given: Json) -> Json:
    if isinstance(given, dict):
        return merged(mapping(before), cast("dict[str, Json]", given))
    if not isinstance(given, list):
        return given
    elements = cast("list[Json]", given)
    there = cast("list[Json]", before) if isinstance(before, list) else []
    if field in JOINED:
        return [*there, *elements]
    if field in MERGE_KEYS and all(isinstance(each, Mapping) for each in elements):
        return _list(field, there, elements)
    return elements


def _list(field: str, before: Sequence[Mapping[str, Json]], given: Sequence[Mapping[str, Json]]) -> list[Json]:
    """Return the merged list: existing elements keep their places, and new ones follow."""
    replaced = any(set(each) == {PATCH} and each[PATCH] == "replace" for each in given)
    found: list[tuple[object, Mapping[str, Json]]] = [] if replaced else [(_key(field, each), each) for each in before]
    for each in given:
        if set(each) == {PATCH}:
            continue
        key = _key(field, each)
        named = each.get(MERGE_KEYS[field]) is not None  # the API server refuses what has no name
        at = next((place for place, (known, _) in enumerate(found) if named and known == key), None)
        if each.get(PATCH) == "delete":
            found = [pair for pair in found if pair[0] != key]
        elif at is None:
            found.append((key, merged({}, each)))
        else:
            found[at] = (key, merged(found[at][1], each))
    return [each for _, each in found]


def _key(field: str, element: Mapping[str, Json]) -> object:
    key = element.get(MERGE_KEYS[field])
    return (key, element.get("protocol") or "TCP") if field == "ports" else key
