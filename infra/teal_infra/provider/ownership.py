"""Under which name Pulumi's Kubernetes provider owns what it writes: one and the same, whichever update that is.

By itself the provider makes a new name up for each object that it creates, and keeps it in the engine's state. An
update that was killed while it created something, or a state that was lost, leaves an object owned under a name that
nobody knows any more. The next update creates it over that, under another name, and from then on whatever changes of it
ends in a conflict with the old one, a flip included.
"""

from typing import Any, cast

import pulumi

from teal.model.colours import ENGINE

FIELD_MANAGER = f"{ENGINE}-teal"
"""Of every object of a stack; each is in one stack only."""

_ANNOTATION = "pulumi.com/patchFieldManager"


def owned(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
    """Say so in the annotations of whatever the provider is given to write."""
    if not args.type_.startswith("kubernetes:"):
        return None
    props = cast("dict[str, Any]", args.props)
    annotations = {**props["metadata"].get("annotations", {}), _ANNOTATION: FIELD_MANAGER}
    metadata = {**props["metadata"], "annotations": annotations}
    return pulumi.ResourceTransformationResult({**props, "metadata": metadata}, args.opts)
