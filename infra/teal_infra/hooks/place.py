"""Keeps a stack in its namespace, and a namespace to its stack, wherever there is live traffic.

Another namespace would replace all of a stack's objects, front doors with them; a second stack would write over those
of the first, and `pulumi destroy` of either would end the traffic of both. The program reads the namespace that is
declared. Only the engine's state knows which one was before, and whether it was this stack that made what is there: its
plan, as the engine keeps it, tells.
"""

from dataclasses import replace

import pulumi

from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.history.store import CONFIRMED
from teal.model.errors import RefusedError
from teal.model.labels import STACK
from teal_infra.planning import live
from teal_infra.planning.live import Live
from teal_infra.settings import Settings


def this_stack() -> str:
    """Return the name of the stack that is updated, as organisation/project/stack."""
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"


def hooks(settings: Settings, access: ClusterAccess, found: Live) -> pulumi.ResourceHookBinding:
    """Return the hooks of the plan, which is declared before all else.

    Args:
        settings: the declared settings.
        access: the cluster, and the namespace that is declared.
        found: what is live in that namespace.
    """

    async def require_place(args: pulumi.ResourceHookArgs) -> None:
        before = args.old_inputs or {}
        was = str(before.get("namespace", settings.namespace))
        if was != settings.namespace:
            _require_left(settings, was, await live.ask(replace(access, namespace=was), settings))
        if not before or was != settings.namespace:
            _require_free(settings, found)

    hook = pulumi.ResourceHook("teal-place", require_place, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])


def _require_left(settings: Settings, before: str, left: Live) -> None:
    """Require that a stack leaves no live traffic in the namespace that it had before.

    Raises:
        RefusedError: there is some.
    """
    if left.services:
        raise RefusedError(
            f"teal:namespace is {settings.namespace}, and live traffic of {', '.join(sorted(left.services))} is in "
            f"{before}: all that is there would go in the same update, with its front doors. Nothing was changed. "
            f"Next: pulumi config set {_key(settings)} {before}; to move, make a second stack in {settings.namespace}, "
            "move clients to its front door, then pulumi destroy this one (docs/runbook.md)"
        )


def _require_free(settings: Settings, found: Live) -> None:
    """Require that what is live in a namespace, and unknown to this stack's state, is no other stack's.

    Raises:
        RefusedError: another stack has made it.
    """
    if found.services and found.stack not in {"", this_stack()}:
        raise RefusedError(
            f"live traffic of {', '.join(sorted(found.services))} in namespace {settings.namespace} belongs to the "
            f"stack {found.stack}, and this one is {this_stack()}: it would write over all that is there, and pulumi "
            "destroy of either would end the traffic of both. Nothing was changed. Next: pulumi config set "
            f"{_key(settings)} NAME, of a namespace without a stack; or, if {found.stack} has lost its state and this "
            f"one takes its place, kubectl -n {settings.namespace} annotate configmap {CONFIRMED} {STACK}-, then "
            "pulumi up"
        )


def _key(settings: Settings) -> str:
    return "teal:namespace" if settings.place.create else "--path teal:namespace.name"
