"""Declares where it is noted who was told of flips; `teal.notifications` tells them."""

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
    """Declare a ConfigMap by its name only: whoever tells people writes its contents."""
    if audience.nobody:
        return ()
    metadata: ObjectMetaArgsDict = {"name": told.NAME, "namespace": namespace, "labels": dict(OURS)}
    return [ConfigMap(told.NAME, metadata=metadata, opts=opts)]
