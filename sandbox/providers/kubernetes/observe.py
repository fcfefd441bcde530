"""Read: what is live, and what of it differs from what was applied. Pure functions.

The API server rewrites what it is given (`1000m` becomes `1`), so live values cannot be compared with inputs. They are
compared with what the server's dry run makes of the same inputs: where the two differ, somebody changed the object.
"""

from typing import Any, Final

from sandbox.providers.kubernetes.inputs import READ_ONLY, from_body
from sandbox.providers.properties import Map, is_list, is_map

_REVISION: Final = "deployment.kubernetes.io/revision"
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


def inputs_from_live(live: Map) -> Map:
    """Return the inputs that describe a live object nobody has applied here yet (an import, `.get`)."""
    inputs = {key: value for key, value in from_body(live).items() if key != "status"}
    metadata = {key: value for key, value in inputs["metadata"].items() if key not in READ_ONLY}
    if is_map(metadata.get("annotations")):
        kept = {k: v for k, v in metadata["annotations"].items() if k not in (_REVISION, _LAST_APPLIED)}
        metadata["annotations"] = kept
    return {**inputs, "metadata": metadata}


def take_up_drift(inputs: Any, reapplied: Any, live: Any) -> Any:  # noqa: ANN401 - trees of any JSON type
    """Return the inputs as they would have to be to give the live object.

    `reapplied` is what applying the inputs now would give; where it equals what is live, the input stays as written.
    What the inputs do not mention is not theirs.
    """
    if reapplied == live:
        return inputs
    if is_map(inputs) and is_map(reapplied) and is_map(live):
        return {
            key: take_up_drift(value, reapplied.get(key), live.get(key))
            for key, value in inputs.items()
            if key in live or key not in reapplied  # in neither: the server takes it but does not keep it (stringData)
        }
    if is_list(inputs) and is_list(reapplied) and is_list(live) and len(inputs) == len(reapplied) == len(live):
        return [take_up_drift(*items) for items in zip(inputs, reapplied, live, strict=True)]
    return live
