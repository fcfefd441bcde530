"""Makes the annotations that tell a later update what a Deployment was declared to be, and says what changes. Pure.

They are in the Deployment's own metadata and never in its pods', so that they restart nothing. They hold digests of
public content only. A Secret's version is its object's name, which everybody who may list pods can read.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, ValidationError

from teal.model.labels import DEPLOYED_AT, DIGEST, PARTS
from teal.model.routes import RouterKind
from teal_infra.components import environment, pod
from teal_infra.labels import Identity
from teal_infra.provider.kinds import Verbatim
from teal_infra.settings import Settings
from teal_infra.settings.pod import Process
from teal_infra.settings.pod.flags import FOLDER
from teal_infra.settings.service import ServiceSettings
from teal_infra.settings.slot import Slot, SlotService, State

if TYPE_CHECKING:  # heavy at run time, needed for its types only
    import pulumi
    from pulumi_kubernetes.core.v1 import EnvVarArgsDict

UNRECORDED = "unrecorded"
"""What a change is called where a Deployment has no parts to compare with, since an earlier teal made it."""

TEAL = "teal"
"""What a change is called where the stack says the same of the pods, but this teal makes other pods of it."""

_OF_THE_POD = {
    *("access", "image_pull_policy", "port", "ports", "probes", "resources", "shutdown", "spread"),
    *Process.model_fields,
}
"""The settings that change what runs in a pod. Others leave its digest, and so its timestamp, as it is."""

_READ_BY_OTHERS = ("frontDoor", "ingress", "route", "serviceAccount")
"""The objects by whose labels and annotations a controller or a cloud treats live traffic, or live pods."""

_SHORT = 12  # hexadecimal digits, enough to tell two contents of one slot apart


class Parts(BaseModel):
    """The digests of the parts of what was declared."""

    pod: Mapping[str, str] = Field(default_factory=dict[str, str])
    """What restarts pods when it changes, by the setting's name."""
    service: Mapping[str, str] = Field(default_factory=dict[str, str])
    """What restarts no pods although live traffic depends on it, by the setting's name."""
    template: str = ""
    """The digest of the complete pod template."""
    replicas: int | None = None
    """The declared number of pods; None where the autoscaler writes it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fingerprint:
    """What one colour of one service is declared to be, as far as that affects its pods or its traffic."""

    of: Identity
    settings: ServiceSettings
    release: SlotService
    config_name: str
    secret_name: str | None
    referring: "Sequence[EnvVarArgsDict]"
    """The variables whose values refer to others."""
    fixed: Mapping[str, str]
    """The variables ENV and REGION."""
    running: bool
    """Whether its pods run, or a cron job's schedule: not if it is retired or stopped, or is a worker's idle colour."""
    gates: tuple[str, ...] = ()
    """The conditions that others set, and that a pod's readiness waits for."""
    peers: object = None
    """The peers of the service's backing services, as in its network policy."""
    flags: bool = False
    """Whether its pods read feature flags; which ones, they learn without being made anew."""
    router: object = None
    """The stack's router and its settings."""

    @property
    def replicas(self) -> int | None:
        """The number of pods that the Deployment asks for; None where only the autoscaler does."""
        if not self.running:
            return 0
        return self.settings.replicas if self.settings.autoscaling.fixed else None

    @property
    def digest(self) -> str:
        """The digest of all that the stack says of its pods."""
        return environment.digest(
            {
                "version": self.of.version,
                "image": self.release.image,
                "environment": [self.config_name, self.secret_name],
                "pod": _pod(self.settings),
                "podTemplate": self._pod_templates,
                "fixed": dict(self.fixed),
                **({"volumes": self._volumes} if self._volumes else {}),
                **self._where_set,
                **({"kind": self.settings.kind} if self.settings.worker else {}),
            }
        )

    @property
    def parts(self) -> Parts:
        """The digests of all parts that are compared."""
        settings = self.settings.model_dump(mode="json", by_alias=True)
        of_the_pod = _pod(self.settings, by_alias=True)
        doors = {
            name: each for name, each in _as_ever(settings["frontDoor"]).items() if name != "host"
        }  # an output's, no object's
        account = self.settings.metadata.service_account.name or self.of.service
        further_ports = {name: _as_ever(each) for name, each in settings["frontDoor"]["extraPorts"].items()}
        autoscaling = _as_ever(settings["autoscaling"])
        ingress = _as_ever(settings["ingress"]) if settings["ingress"] else None
        further = {name: _as_ever(each, ("paths",)) for name, each in settings["ingresses"].items()}
        return Parts(
            pod=_digests(
                {
                    "image": self.release.image,
                    "env": self.config_name,
                    "secrets": self.secret_name,
                    "version": self.of.version,
                    "environment": dict(self.fixed),
                    "podTemplate": self._pod_templates,
                    **self._where_set,
                    "volumes": self._volumes,
                    **of_the_pod,
                }
            ),
            service=_digests(
                {
                    "network": [settings["network"], self.peers],
                    "frontDoor": {**doors, "extraPorts": further_ports},
                    "appProtocol": settings["appProtocol"],
                    "ingress": [ingress, further] if further else ingress,
                    "routing": [_as_ever(settings["routing"], ("backendTls",)), self.router],
                    "targetGroup": settings["targetGroup"],
                    "metadata": [{**settings["metadata"][each], "name": ""} for each in _READ_BY_OTHERS],
                    "capacity": [autoscaling, settings["replicas"], settings["disruption"]],
                    **({"cron": settings["cron"]} if settings["cron"] else {}),
                }
            ),
            template=environment.digest(self.template(account))[:_SHORT],
            replicas=self.replicas,
        )

    @property
    def _where_set(self) -> Mapping[str, str]:
        """The parts that earlier teals did not have, each only where it is set: so an upgrade changes no digest."""
        name = self.settings.metadata.service_account.name
        return {**({"serviceAccount": name} if name else {}), **({"flags": FOLDER} if self.flags else {})}

    @property
    def _volumes(self) -> Mapping[str, object]:
        return self.settings.model_dump(mode="json", by_alias=True, include={"volumes"})["volumes"]

    @property
    def _pod_templates(self) -> object:
        return [each.pod_template.model_dump(mode="json") for each in (self.settings, self.release)]

    def template(self, account: "pulumi.Input[str]", deployed_at: str = "") -> Verbatim:
        """Return its pods, as Kubernetes names their fields.

        Args:
            account: the name of the account that they run as.
            deployed_at: the time since which the slot's content has been so, RFC 3339.
        """
        return pod.template(
            self.of,
            self.settings,
            self.release,
            environment.sources(self.config_name, self.secret_name),
            self.fixed,
            referring=self.referring,
            account=account,
            deployed_at=deployed_at,
            gates=self.gates,
            flags=self.flags,
        )


def fingerprint_of(settings: Settings, service: str, slot: Slot, of: Identity) -> Fingerprint:
    """Return the fingerprint of a service's colour."""
    release = slot.services[service]
    plain, confidential = environment.variables(settings, service, release)
    config_name, secret_name = environment.names(of.name, plain, confidential)
    return Fingerprint(
        of=of,
        settings=settings.services[service],
        release=release,
        config_name=config_name,
        secret_name=secret_name,
        referring=environment.referring(plain, confidential),
        fixed={"ENV": settings.environment, "REGION": settings.region},
        running=slot.state is State.RUNNING
        and (of.colour is settings.active_colour or not settings.services[service].idles),
        gates=pod.readiness_gates(settings.router, service, of.colour),
        flags=settings.flags is not None,
        router=settings.model_dump(mode="json", include={"router", *(each.spec.settings for each in RouterKind)}),
        peers={name: peer.model_dump(mode="json") for name, peer in settings.peers(service).items()},
    )


def annotations_of(declared: Fingerprint, live: Mapping[str, str], now: str) -> Mapping[str, str]:
    """Return the annotations of what is declared, and since when: an unchanged digest keeps its time.

    Args:
        declared: what the slot is declared to be.
        live: the annotations of the existing Deployment; empty where there is none.
        now: the time that a changed slot gets.
    """
    since = live.get(DEPLOYED_AT) if live.get(DIGEST) == declared.digest else None
    return {
        DIGEST: declared.digest,
        PARTS: declared.parts.model_dump_json(exclude_none=True),
        DEPLOYED_AT: since or now,
    }


def changed_pods(declared: Fingerprint, live: Mapping[str, str]) -> tuple[str, ...]:
    """Return what of a slot's pods changes in place, by the setting's name; empty where none of them restarts."""
    before, after = recorded(live), declared.parts
    if before is None:
        return () if live.get(DIGEST) == declared.digest else (UNRECORDED,)
    named = _differing(before.pod, after.pod)
    return named or ((TEAL,) if before.template != after.template else ())


def changed_service(declared: Fingerprint, live: Mapping[str, str]) -> tuple[str, ...]:
    """Return what else changes that live traffic depends on, by the setting's name; empty where that is unknown."""
    before = recorded(live)
    return _differing(before.service, declared.parts.service) if before else ()


def recorded(live: Mapping[str, str]) -> Parts | None:
    """Read the parts from a Deployment's annotations; None where there are none that can be read."""
    try:
        return Parts.model_validate_json(live.get(PARTS, ""))
    except ValidationError:
        return None


_WHERE_SET = ("serviceAccount", "flags")
"""The keys of `Fingerprint._where_set`: a part that comes or goes is a change."""

_ADDED: Mapping[str, object] = {
    "portName": "http",
    "loadBalancerClass": None,
    "hosts": {},
    "labels": {},
    "annotations": {},
    "paths": ["/"],
    "sessionAffinity": "None",
    "externalTrafficPolicy": None,
    "internalTrafficPolicy": None,
    "spec": {},
    "protocol": "TCP",
    "appProtocol": None,
    "behavior": None,
    "scheme": None,
    "headers": {},
    "backendTls": None,
}
"""Settings that earlier teals did not have, with the values that mean nothing was set."""


def _as_ever(settings: Mapping[str, Any], added: Collection[str] = _ADDED) -> Mapping[str, Any]:
    """Return the settings without unset ones of later teals: a new teal is no change of the stack."""
    return {name: each for name, each in settings.items() if name not in added or each != _ADDED[name]}


def _pod(settings: ServiceSettings, *, by_alias: bool = False) -> Mapping[str, Any]:
    dumped = settings.model_dump(mode="json", by_alias=by_alias, include=_OF_THE_POD)
    probes = {name: each and _as_ever(each, ("scheme", "headers")) for name, each in dumped["probes"].items()}
    return {**dumped, "probes": probes}


def _digests(content: Mapping[str, Any]) -> Mapping[str, str]:
    return {name: environment.digest(each)[:_SHORT] for name, each in content.items()}


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Return the parts that both have and that differ; what only one teal knows is no change of the stack."""
    both = [name for name in after if name in before and before[name] != after[name]]
    return (*both, *(name for name in _WHERE_SET if (name in before) is not (name in after)))
