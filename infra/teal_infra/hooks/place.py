"""Refuses another namespace for a stack with live traffic: all of its objects would be replaced, front doors with them.

The program reads the namespace that is declared, where nothing is live yet. Only the engine's state knows the one
before, so the plan as the engine keeps it says where that is.
"""

from dataclasses import replace

import pulumi

from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.model.errors import RefusedError
from teal_infra.planning import live
from teal_infra.settings import Settings


def hooks(settings: Settings, access: ClusterAccess) -> pulumi.ResourceHookBinding:
    """Return the hooks of the plan, which is declared before all else."""

    async def require_same(args: pulumi.ResourceHookArgs) -> None:
        now, before = settings.namespace, str((args.old_inputs or {}).get("namespace") or settings.namespace)
        if before == now or not (found := await live.ask(replace(access, namespace=before), settings)).services:
            return
        key = "teal:namespace" if settings.place.create else "--path teal:namespace.name"
        raise RefusedError(
            f"teal:namespace is {now}, and live traffic of {', '.join(sorted(found.services))} is in {before}: all "
            "that is there would go in the same update, with its front doors. Nothing was changed. Next: pulumi config "
            f"set {key} {before}; to move, make a second stack in {now}, move clients to its front door, then pulumi "
            "destroy this one (docs/runbook.md)"
        )

    hook = pulumi.ResourceHook("teal-place", require_same, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceHookBinding(before_update=[hook])
