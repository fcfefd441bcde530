"""Read: the inputs that describe a live object which nobody has applied here yet. Pure functions."""

from typing import Final

from sandbox.providers.kubernetes.inputs import READ_ONLY, from_body
from sandbox.providers.properties import Map, is_map

_REVISION: Final = "deployment.kubernetes.io/revision"
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


def inputs_from_live(live: Map) -> Map:
    """Return the inputs of an import, or of `.get`: without what only the server writes."""
    inputs = {key: value for key, value in from_body(live).items() if key != "status"}
    metadata = {key: value for key, value in inputs["metadata"].items() if key not in READ_ONLY}
    if is_map(metadata.get("annotations")):
        kept = {k: v for k, v in metadata["annotations"].items() if k not in (_REVISION, _LAST_APPLIED)}
        metadata["annotations"] = kept
    return {**inputs, "metadata": metadata}
