"""Outputs: what a resource's state holds, and what a preview can promise of it. Pure functions.

The state has pulumi-kubernetes's shape: the live object, with `__inputs`, `__initialApiVersion` and
`__fieldManager` beside it. `metadata.managedFields` is left out: it doubles the state and no program reads it.
"""

from typing import Any, Final

from sandbox.providers.kubernetes.inputs import from_body, hide_secret_data
from sandbox.providers.properties import UNKNOWN, Map, is_list, is_map, is_secret, mark_secrets, reveal

INPUTS: Final = "__inputs"
MANAGER: Final = "__fieldManager"
_INITIAL_VERSION: Final = "__initialApiVersion"

# What the server decides when the object is really created: a dry run's own values for these are not kept.
_CREATED: Final = ("uid", "resourceVersion", "creationTimestamp")
_CHANGED: Final = ("resourceVersion", "generation")


def checkpoint(inputs: Map, live: Map, *, manager: str) -> Map:
    """Build the state of a resource from its checked inputs and its live object; secrets stay secret."""
    kind = str(live.get("kind", ""))
    outputs = mark_secrets(hide_secret_data(kind, from_body(live)), inputs)
    metadata: Map = dict(outputs.get("metadata", {}))
    metadata.pop("managedFields", None)
    return {
        **outputs,
        "metadata": metadata,
        INPUTS: hide_secret_data(kind, inputs),
        _INITIAL_VERSION: inputs.get("apiVersion", live.get("apiVersion")),
        MANAGER: manager,
    }


def parse(state: Map) -> tuple[Map, Map]:
    """Split a resource's state into (inputs as applied, live object); secrets are in the clear afterwards."""
    plain: Map = reveal(state)
    live = {key: value for key, value in plain.items() if not key.startswith("__")}
    inputs = plain.get(INPUTS)
    return inputs if is_map(inputs) else {}, live


def preview_created(inputs: Map, rehearsed: Map | None) -> Map:
    """Say what creating would give: the dry run's answer (or, where there was none, the inputs), unknowns for the rest.

    A field that is missing reaches a program as None, and its `apply` fails; so what the server will fill in must be
    unknown.
    """
    outputs = dict(inputs if rehearsed is None else rehearsed)
    metadata = outputs.get("metadata")
    if is_map(metadata) and not is_secret(metadata):
        generation = ("generation",) if rehearsed is None or "generation" in metadata else ()
        outputs["metadata"] = {**metadata, **dict.fromkeys(_CREATED + generation, UNKNOWN)}
    if rehearsed is None or "status" in rehearsed:
        outputs["status"] = UNKNOWN
    if outputs.get("kind") == "Service" and outputs.get("apiVersion") == "v1":
        outputs["spec"] = _preview_service(outputs.get("spec"), inputs.get("spec"))
    return outputs


def preview_updated(rehearsed: Map, live: Map) -> Map:
    """Say what updating would give: the dry run's answer, with what any real write changes unknown."""
    changed = {key: UNKNOWN for key in _CHANGED if key in rehearsed["metadata"]}
    outputs = {**rehearsed, "metadata": {**rehearsed["metadata"], **changed}}
    if outputs.get("kind") == "Service" and outputs.get("apiVersion") == "v1":
        spec = _preview_service(outputs.get("spec"), live.get("spec"))
        outputs["spec"] = {**spec, **{key: value for key, value in live["spec"].items() if key.startswith("clusterIP")}}
    return outputs


def _preview_service(spec: object, said: object) -> Any:  # noqa: ANN401 - a specification, or an unknown in its place
    """Make addresses and ports unknown that the server allots: a dry run's are other ones than the real."""
    if not is_map(spec) or is_secret(spec):
        return spec
    known = said if is_map(said) else {}
    found = dict(spec)
    if spec.get("type") != "ExternalName":
        found |= {key: known.get(key, UNKNOWN) for key in ("clusterIP", "clusterIPs")}
    ports = spec.get("ports")
    if spec.get("type") in ("NodePort", "LoadBalancer") and is_list(ports):
        asked = known.get("ports")
        found["ports"] = [
            _preview_port(port, asked[i] if is_list(asked) and i < len(asked) else None) for i, port in enumerate(ports)
        ]
    return found


def _preview_port(port: Any, asked: Any) -> Any:  # noqa: ANN401 - a port, or an unknown in its place
    return {**port, "nodePort": asked.get("nodePort", UNKNOWN) if is_map(asked) else UNKNOWN} if is_map(port) else port


def preview_unasked(inputs: Map, live: Map) -> Map:
    """Say what an update would give that no server could be asked about: the inputs over what is live."""
    return {**_merge(live, inputs), "status": UNKNOWN} if "status" in live else _merge(live, inputs)


def _merge(base: Any, over: Any) -> Any:  # noqa: ANN401 - trees of any JSON type
    if is_map(base) and is_map(over) and not is_secret(over):
        return {**base, **{key: _merge(base.get(key), value) for key, value in over.items()}}
    return over
