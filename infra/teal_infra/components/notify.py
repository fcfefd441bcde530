"""Declares the ConfigMap in which `teal.notifications` notes who was told of flips."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pulumi

from teal.notifications import told
from teal.notifications.audience import Audience
from teal_infra.labels import OURS
from teal_infra.provider.kinds import ConfigMap

if TYPE_CHECKING:  # heavy at run time, needed for its types only
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict


def noted(
    audience: Audience, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions | None
) -> Sequence[pulumi.Resource]:
    """Declare the ConfigMap without contents, which `teal.notifications` writes; nothing where nobody is told."""
    if audience.nobody:
        return ()
    metadata: ObjectMetaArgsDict = {"name": told.NAME, "namespace": namespace, "labels": dict(OURS)}
    return [ConfigMap(told.NAME, metadata=metadata, opts=opts)]
