"""A stand-in for the AWS Load Balancer Controller's TargetGroupBinding, as far as target groups of type ip go.

Registers and deregisters pods as a Service's endpoints come and go, and answers for the pods' readiness gates. Unlike
the controller it looks every second, not every 15, at targets that are not healthy yet; it puts no readiness gate into
pods by itself (a program declares it); it writes no security group rules, and holds no binding back by a finalizer.

Run as `python -m sandbox.aws.binding`: the cluster is KUBECONFIG's, AWS is at AWS_ENDPOINT_URL. Until it is ended.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import httpx2
from lightkube import ApiError, AsyncClient
from lightkube.resources.core_v1 import PodStatus
from lightkube.types import PatchType

from sandbox.aws.balancer.targets import Key
from sandbox.aws.endpoints import Endpoint, condition, condition_type, resolve
from sandbox.aws.following import Following
from sandbox.providers.aws.errors import AwsError
from sandbox.providers.aws.session import Aws
from sandbox.providers.properties import Map, map_at

_LOG = logging.getLogger(__name__)
_MANAGER: Final = "sandbox-target-group-binding"
_LOOK_S: Final = 1.0
_QUIET_S: Final = 60.0
_SETTLE_S: Final = 0.05  # events of one change come together
_REASONS: Final = (("reason", "Reason"), ("message", "Description"))
_GONE: Final = frozenset({404, 409})  # no such pod, or another one by now

Seen = Callable[[str], tuple[Map, ...]]
"""All objects of a role, as `Following` has them."""


class Bindings:
    """All bindings of a cluster."""

    def __init__(self, client: AsyncClient, aws: Aws) -> None:
        """Do nothing yet."""
        self._client = client
        self._aws = aws
        self._done: dict[str, tuple[str, frozenset[Key]]] = {}  # by binding: its group, and what is registered
        self._known: dict[str, str] = {}

    async def follow(self) -> None:
        """Follow the cluster for ever."""
        while True:
            try:
                async with Following.of(self._client) as following:
                    wait = _LOOK_S
                    while True:
                        await following.change(wait)
                        await asyncio.sleep(_SETTLE_S)
                        if following.complete:
                            wait = _QUIET_S if await self.reconcile(following.seen) else _LOOK_S
            except* httpx2.HTTPError as broken:  # the kind may not be there yet, nor the API server
                _LOG.info("begins anew: %s", broken.exceptions[0])
            await asyncio.sleep(_LOOK_S)

    async def reconcile(self, seen: Seen) -> bool:
        """Make target groups and pods as the bindings say; False if it has to be looked at again soon."""
        settled = True
        bindings = {binding["metadata"]["uid"]: binding for binding in seen("bindings")}
        for uid in self._known.keys() - bindings.keys():
            settled &= self._release(uid)
        for uid, binding in bindings.items():
            self._known[uid] = binding["spec"]["targetGroupARN"]
            endpoints = resolve(binding, seen("services"), seen("slices"), seen("pods"))
            pods = {pod["metadata"]["name"]: pod for pod in seen("pods") if _beside(pod, binding)}
            waiting = [each for each in endpoints if each.gated and not _passed(pods[each.pod], binding)]
            wanted = (self._known[uid], frozenset(each.key for each in endpoints))
            if self._done.get(uid) == wanted and not waiting:
                continue
            try:
                health = await asyncio.to_thread(self._register, *wanted)
                self._done[uid] = wanted
                for each in waiting:
                    settled &= await self._say(binding, pods[each.pod], each, health)
            except AwsError as error:
                _LOG.warning("binding %s: %s", binding["metadata"]["name"], error)
                settled = False
        return settled

    def _register(self, group: str, wanted: frozenset[Key]) -> dict[Key, Map]:
        """Register what is missing, deregister what is too many; the health of what is there."""
        listed = self._aws.call("elbv2", "describe_target_health", TargetGroupArn=group)["TargetHealthDescriptions"]
        health = {(each["Target"]["Id"], int(each["Target"]["Port"])): each["TargetHealth"] for each in listed}
        present = {key for key, found in health.items() if found["State"] != "draining"}
        for operation, keys in (("deregister_targets", present - wanted), ("register_targets", wanted - present)):
            if keys:
                targets = [{"Id": address, "Port": port} for address, port in sorted(keys)]
                self._aws.call("elbv2", operation, TargetGroupArn=group, Targets=targets)
                _LOG.info("%s %s %s", operation, group.rpartition("/")[2], targets)
        return {key: health[key] for key in present & wanted}

    def _release(self, uid: str) -> bool:
        """Deregister everything of a binding that is gone; False if that has to be tried again."""
        group = self._known[uid]
        others = [other for other in self._known if other != uid and self._known[other] == group]
        try:
            if not others:
                self._register(group, frozenset())
        except AwsError as error:
            if "TargetGroupNotFound" not in str(error):
                _LOG.warning("target group %s: %s", group, error)
                return False
        self._known.pop(uid)
        self._done.pop(uid, None)
        return True

    async def _say(self, binding: Map, pod: Map, endpoint: Endpoint, health: dict[Key, Map]) -> bool:
        """Write a pod's condition; whether it is true now."""
        registering = {"Reason": "Elb.RegistrationInProgress", "Description": "Target registration is in progress"}
        found = health.get(endpoint.key, registering)
        healthy = found.get("State") == "healthy"
        said: Map = {"type": condition_type(binding), "status": str(healthy)}
        said |= {ours: found[theirs] for ours, theirs in _REASONS if found.get(theirs)}
        if said.items() <= condition(pod, said["type"]).items():
            return healthy
        said["lastTransitionTime"] = datetime.now(UTC).isoformat(timespec="seconds")
        metadata = {key: pod["metadata"][key] for key in ("name", "namespace", "uid")}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": {"conditions": [said]}}
        try:
            await self._client.patch(  # pyright: ignore[reportUnknownMemberType] - lightkube says plain `dict`
                PodStatus,
                metadata["name"],
                body,
                namespace=metadata["namespace"],
                patch_type=PatchType.APPLY,
                field_manager=_MANAGER,
                force=True,
            )
        except ApiError as error:
            if error.status.code not in _GONE:
                raise
            return True  # its own event comes
        return healthy


def _beside(pod: Map, binding: Map) -> bool:
    return pod["metadata"]["namespace"] == binding["metadata"]["namespace"]


def _passed(pod: Map, binding: Map) -> bool:
    return map_at(condition(pod, condition_type(binding))).get("status") == "True"


async def _main() -> None:
    await Bindings(AsyncClient(), Aws(os.environ)).follow()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    _LOG.info("a stand-in for the AWS Load Balancer Controller's TargetGroupBinding")
    asyncio.run(_main())
