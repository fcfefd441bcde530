"""Binds the proof to the traffic: resource hooks that let a move pass only when the gates do.

A hook that fails *before* an operation prevents it and leaves the engine's
state as it was; that is why every decision here is taken before, never after.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from teal import doors, flip
from teal.colours import COLOUR_LABEL, Colour, colour_of
from teal.flip import Declared
from teal.kube import Cluster, ClusterAccess
from teal.verdict import Verdict


class Guard:
    """Proves the destination for the whole flip set, once an update, and confirms the move after it."""

    def __init__(
        self, access: ClusterAccess, active: Colour, flip_set: Mapping[str, Declared], front_doors: Mapping[str, str]
    ) -> None:
        """Prepare the hooks.

        Args:
            access: the cluster to measure.
            active: the colour that this update declares.
            flip_set: what the active slot's services are declared to be.
            front_doors: URLs that this machine may probe after the move, by service.
        """
        self._access = access
        self._active = active
        self._flip_set = flip_set
        self._front_doors = front_doors
        self._proof: asyncio.Task[Sequence[Verdict]] | None = None

    def traffic_hooks(self) -> pulumi.ResourceHookBinding:
        """For the resource whose change moves traffic.

        Before create as well: with server-side apply, creating a Service that
        is already there moves its traffic just like an update.
        """
        hook = pulumi.ResourceHook("teal-prove", self._prove, pulumi.ResourceHookOptions(on_dry_run=True))
        return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])

    def confirm_hooks(self) -> pulumi.ResourceHookBinding:
        """For the record of the confirmed colour: written only when the move was seen to have happened."""
        hook = pulumi.ResourceHook("teal-confirm", self._confirm)
        return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])

    async def _prove(self, args: pulumi.ResourceHookArgs) -> None:
        recorded = _colour(args.old_inputs)
        service = _name(args.new_inputs)
        async with Cluster.connect(self._access) as cluster:
            live = await cluster.live_service(service)
            flip.require_known(service, live, recorded=recorded, destination=self._active)
            colour = live.colour if live is not None else None
            if colour is self._active and recorded is self._active:
                return  # something else of the Service changes; its traffic stays where it is
        if self._proof is None:  # one proof for the flip set, whichever of its services comes first
            self._proof = asyncio.create_task(self._measure())
        verdicts = await self._proof
        if pulumi.runtime.is_dry_run():
            for verdict in verdicts:
                pulumi.log.info(f"as of now: {verdict}")
            return
        flip.require(verdicts, live=colour, destination=self._active, namespace=self._access.namespace)

    async def _confirm(self, args: pulumi.ResourceHookArgs) -> None:
        del args  # what is to be confirmed is what this update declares
        async with Cluster.connect(self._access) as cluster:
            await flip.read_back(cluster, self._active, self._flip_set)
        await asyncio.gather(
            *(
                doors.await_version(url, self._flip_set[service], self._active)
                for service, url in self._front_doors.items()
            )
        )

    async def _measure(self) -> Sequence[Verdict]:
        async with Cluster.connect(self._access) as cluster:
            return await flip.prove(cluster, self._active, self._flip_set)


def _name(inputs: Mapping[str, Any] | None) -> str:
    """Name of the object that a hook is about."""
    return str((inputs or {})["metadata"]["name"])


def _colour(inputs: Mapping[str, Any] | None) -> Colour | None:
    """The colour in a Service's selector, as the engine knows its inputs."""
    spec: Mapping[str, Any] = (inputs or {}).get("spec", {})
    selector: Mapping[str, Any] = spec.get("selector") or {}
    return colour_of(selector.get(COLOUR_LABEL))
