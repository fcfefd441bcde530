"""What a Deployment says of what it was declared to be, so that a later update knows what it changes. Pure.

In annotations of the Deployment's own metadata, never of its pods: a stamp
restarts nobody. Digests of public content only; a Secret's version is its
object's name, which whoever may list pods can read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, ValidationError

from infra import environment, pod
from infra.labels import Identity
from infra.settings import Settings
from infra.settings.service import ServiceSettings
from infra.settings.slot import Slot, State

if TYPE_CHECKING:  # heavy at run time, needed for its types only
    from pulumi_kubernetes.core.v1 import EnvFromSourceArgsDict

DIGEST = "teal/slot-digest"
"""Annotation: SHA-256 of what the slot was declared to be, to tell a changed slot from an unchanged one."""

PARTS = "teal/slot-parts"
"""Annotation: the same part by part, and what its traffic goes through, as JSON (`Parts`)."""

UNRECORDED = "unrecorded"
"""Named as changed where a Deployment has no parts to compare with: a teal that kept none made it."""

TEAL = "teal"
"""Named as changed where nothing that the stack says of the pods is: this teal makes other pods of it."""

_OF_THE_POD = {"port", "probes", "shutdown", "resources", "image_pull_policy", "access"}
"""Settings that change what runs in a pod; the others leave its digest, and so its timestamp, as it is."""

_SHORT = 12  # hexadecimal digits: enough to tell two contents of one slot apart


class Parts(BaseModel):
    """What was declared, as digests of its parts."""

    pod: Mapping[str, str] = Field(default_factory=dict[str, str])
    """What restarts pods where it changes, by the setting's name."""
    service: Mapping[str, str] = Field(default_factory=dict[str, str])
    """What does not, and live traffic depends on all the same, by the setting's name."""
    template: str = ""
    """All that a pod is made of."""
    replicas: int | None = None
    """As declared; None where they are the autoscaler's to write."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What one colour of one service is declared to be, as far as its pods or its traffic notice."""

    of: Identity
    settings: ServiceSettings
    image: str
    config_name: str
    secret_name: str | None
    fixed: Mapping[str, str]
    """ENV and REGION."""
    running: bool
    """False for a colour that is retired or stopped."""
    gates: tuple[str, ...] = ()
    """Conditions that others set, and that a pod's readiness waits for."""
    peers: object = None
    """Where the stack's backing services are, as its network policies have it."""
    router: object = None
    """What directs the stack's traffic, and its settings."""

    @property
    def replicas(self) -> int | None:
        """Pods that the Deployment itself asks for; None where only the autoscaler does."""
        if not self.running:
            return 0
        return None if self.settings.autoscaling.enabled else self.settings.replicas

    @property
    def digest(self) -> str:
        """Of all that the stack says of its pods."""
        return environment.digest(
            {
                "version": self.of.version,
                "image": self.image,
                "environment": [self.config_name, self.secret_name],
                "pod": self.settings.model_dump(mode="json", include=_OF_THE_POD),
                "fixed": dict(self.fixed),
            }
        )

    @property
    def parts(self) -> Parts:
        """Digests of all that is compared."""
        settings = self.settings.model_dump(mode="json", by_alias=True)
        of_the_pod = self.settings.model_dump(mode="json", by_alias=True, include=_OF_THE_POD)
        doors = {
            name: each for name, each in settings["frontDoor"].items() if name != "host"
        }  # an output's, no object's
        return Parts(
            pod=_digests(
                {
                    "image": self.image,
                    "env": self.config_name,
                    "secrets": self.secret_name,
                    "version": self.of.version,
                    "environment": dict(self.fixed),
                    **of_the_pod,
                }
            ),
            service=_digests(
                {
                    "network": [settings["network"], self.peers],
                    "frontDoor": doors,
                    "ingress": settings["ingress"],
                    "routing": [settings["routing"], self.router],
                    "capacity": [settings[name] for name in ("autoscaling", "replicas", "disruption")],
                }
            ),
            template=environment.digest(self._template())[:_SHORT],
            replicas=self.replicas,
        )

    def _template(self) -> object:
        sources: list[EnvFromSourceArgsDict] = [{"config_map_ref": {"name": self.config_name}}]
        if self.secret_name is not None:
            sources.append({"secret_ref": {"name": self.secret_name}})
        return pod.template(
            self.of,
            self.settings,
            self.image,
            sources,
            self.fixed,
            account=self.of.service,
            deployed_at="",
            gates=self.gates,
        )


def made(settings: Settings, service: str, slot: Slot, of: Identity) -> Made:
    """What a colour of a service is declared to be."""
    release = slot.services[service]
    config_name, secret_name = environment.names(of.name, *environment.variables(settings, service, release))
    return Made(
        of=of,
        settings=settings.services[service],
        image=release.image,
        config_name=config_name,
        secret_name=secret_name,
        fixed={"ENV": settings.environment, "REGION": settings.region},
        running=slot.state is State.RUNNING,
        gates=pod.readiness_gates(settings.router, service, of.colour),
        router=settings.model_dump(mode="json", include={"router", "alb", "gateway"}),
        peers={name: peer.model_dump(mode="json") if peer else None for name, peer in settings.peers.items()},
    )


def stamps(declared: Made, live: Mapping[str, str], now: str) -> Mapping[str, str]:
    """The annotations: what is declared, and since when: what is live keeps its time if its digest is the same.

    Args:
        declared: what the slot is declared to be.
        live: annotations of the Deployment as it is; empty where there is none.
        now: the time that a changed slot reports as its own.
    """
    since = live.get(pod.DEPLOYED_AT) if live.get(DIGEST) == declared.digest else None
    return {
        DIGEST: declared.digest,
        PARTS: declared.parts.model_dump_json(exclude_none=True),
        pod.DEPLOYED_AT: since or now,
    }


def changed_pods(declared: Made, live: Mapping[str, str]) -> tuple[str, ...]:
    """What of a slot's pods changes in place, by the setting's name; empty where none of them restarts."""
    before, after = recorded(live), declared.parts
    if before is None:
        return () if live.get(DIGEST) == declared.digest else (UNRECORDED,)
    named = _differing(before.pod, after.pod)
    return named or ((TEAL,) if before.template != after.template else ())


def changed_service(declared: Made, live: Mapping[str, str]) -> tuple[str, ...]:
    """What else changes that live traffic depends on, by the setting's name; empty where it is not known."""
    before = recorded(live)
    return _differing(before.service, declared.parts.service) if before else ()


def recorded(live: Mapping[str, str]) -> Parts | None:
    """What a Deployment says of itself; None where it says nothing, or nothing that can be read."""
    try:
        return Parts.model_validate_json(live.get(PARTS, ""))
    except ValidationError:
        return None


def _digests(content: Mapping[str, Any]) -> Mapping[str, str]:
    return {name: environment.digest(each)[:_SHORT] for name, each in content.items()}


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """What both know and is not the same; what only one teal knows of is no change of the stack's."""
    return tuple(name for name, each in after.items() if name in before and before[name] != each)
