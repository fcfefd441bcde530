"""Gives Pulumi's Kubernetes provider one name under which it owns what it writes, in every update.

On its own, the provider invents a new name for each object that it creates, and keeps it in the engine's state. An
update that was killed while creating an object, or a lost state, leaves the object owned under a name that nobody knows
any more. The next update creates it over that under another name, and from then on every change of it conflicts with
the old one, even a flip.
"""

from typing import Any, cast

import pulumi

from teal.model.colours import ENGINE

FIELD_MANAGER = f"{ENGINE}-teal"
"""The field manager of every object of a stack. Each object is in one stack only."""

FORCE = "pulumi.com/patchForce"
"""An annotation of pulumi-kubernetes: apply the object even over fields that another manager owns."""

Prior = pulumi.Input[pulumi.Resource]
"""What another resource waits for: a resource, or an output that has it as its value once its rollout is over."""

_ANNOTATION = "pulumi.com/patchFieldManager"


def owned(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
    """Add the name to the annotations of whatever the provider is given to write."""
    if not args.type_.startswith("kubernetes:"):
        return None
    props = cast("dict[str, Any]", args.props)
    annotations = {**props["metadata"].get("annotations", {}), _ANNOTATION: FIELD_MANAGER}
    metadata = {**props["metadata"], "annotations": annotations}
    return pulumi.ResourceTransformationResult({**props, "metadata": metadata}, args.opts)
