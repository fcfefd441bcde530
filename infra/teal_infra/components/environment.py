"""Declares what pods read: a colour's environment, as a ConfigMap and a Secret named by content, and feature flags.

A change makes new ones, which the pods of a new rollout name; what is running never sees its own change, and rolling
back code rolls back its config. The old ones go once nothing names them any more. Feature flags are the exception:
their one ConfigMap changes under running pods of both colours, as is meant, so they are no part of a release.
"""

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pulumi

from teal_infra.labels import OURS, Identity
from teal_infra.provider.kinds import ConfigMap, Secret
from teal_infra.provider.strategic_merge import merged
from teal_infra.settings import Settings
from teal_infra.settings.pod.flags import FILE, NAME
from teal_infra.settings.slot import SlotService

if TYPE_CHECKING:  # heavy at run time, needed for its types only
    from pulumi_kubernetes.core.v1 import EnvFromSourceArgsDict, EnvVarArgsDict
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

REFERENCE = re.compile(r"\$\$|\$\(([-._a-zA-Z0-9]+)\)")
"""A reference to another variable, `$(NAME)`; `$$` is a plain `$`, as in Kubernetes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvironmentArgs:
    """The variables of one colour of one service."""

    of: Identity
    plain: Mapping[str, str]
    """The variables that anybody may read."""
    confidential: Mapping[str, str]
    """The variables that belong in a Secret; the engine treats them as secrets too."""


class Environment(pulumi.ComponentResource):
    """What one colour of one service reads from its environment.

    Each content is a resource of its own, with the name of its object. If another content were a replacement, the next
    update would delete what a failed update has not deleted yet, even where it declares the old content again.
    """

    def __init__(self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the ConfigMap, and the Secret where there is anything confidential."""
        super().__init__("teal:kubernetes:Environment", name, None, opts)
        of, plain, confidential = args.of, args.plain, args.confidential
        self.config_name, self.secret_name = names(of.name, plain, confidential)
        self.objects: list[pulumi.Resource] = [
            ConfigMap(
                self.config_name,
                metadata=of.meta(self.config_name),
                data=dict(plain),
                immutable=True,
                opts=self._once(f"{of.name}-config"),
            )
        ]
        if self.secret_name is not None:
            values = {key: pulumi.Output.secret(value) for key, value in confidential.items()}
            self.objects.append(
                Secret(
                    self.secret_name,
                    metadata=of.meta(self.secret_name),
                    string_data=values,
                    immutable=True,
                    opts=self._once(f"{of.name}-secret"),
                )
            )
        self.register_outputs({})

        self.referring = referring(plain, confidential)
        self.sources = sources(self.config_name, self.secret_name)

    def _once(self, name: str) -> pulumi.ResourceOptions:
        """Return options for an object; an earlier teal called its resource `name`, whatever its content was."""
        return pulumi.ResourceOptions(parent=self, aliases=[pulumi.Alias(name=name)])


def sources(config_name: str, secret_name: str | None) -> "list[EnvFromSourceArgsDict]":
    """Return the entries of a container's `env_from`; later ones win."""
    config: EnvFromSourceArgsDict = {"config_map_ref": {"name": config_name}}
    return [config] if secret_name is None else [config, {"secret_ref": {"name": secret_name}}]


def variables(settings: Settings, service: str, release: SlotService) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the environment of a service's pods: the variables that anybody may read, and the confidential ones.

    It holds only the backing services that the service names: nobody else's password reaches its pods.
    """
    needed = [settings.backing[name] for name in settings.services[service].backing]
    plain = {key: value for each in needed for key, value in each.plain.items()}
    confidential = {key: value for each in needed for key, value in each.confidential.items()}
    return {**plain, **release.env}, {**confidential, **release.secrets}


def referring(plain: Mapping[str, str], confidential: Mapping[str, str]) -> "list[EnvVarArgsDict]":
    """Return the variables whose values refer to others, or have a `$$`, for a container's `env`.

    The kubelet expands `$(NAME)` and `$$` only there: by what stands earlier in `env`, and by all that comes from
    `envFrom`, which it reads first; what itself comes from there stays as it is (`makeEnvironmentVariables` in
    pkg/kubelet/kubelet_pods.go). So a password is referred to where it is, in the Secret, and may hold anything.

    Args:
        plain: the variables that anybody may read.
        confidential: the variables in the Secret, which comes later in `envFrom` than the plain ones.
    """
    own = {name: value for name, value in plain.items() if name not in confidential}
    return [{"name": name, "value": value} for name, value in own.items() if REFERENCE.search(value)]


_OF_THE_RELEASE = ("env", "envFrom", "image", "imagePullPolicy", "resources", "securityContext", "volumeMounts")
"""What an initial container that names no image has of the service's own container."""


def completed(template: Mapping[str, Any], service: str, own: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a merged pod template with the slot's variables, and with what initial containers of the release lack.

    The slot's ConfigMap and Secret (`own`) come last in `envFrom`, so that they win over those that exist already. An
    initial container without an image gets the service's image, with its variables, mounts and limits.
    """
    whole = in_order(template, {service})
    spec: dict[str, Any] = whole["spec"]
    main = next(each for each in spec["containers"] if each["name"] == service)
    main = {**main, "envFrom": [*main["envFrom"], *own]}
    spec["containers"] = [main if each["name"] == service else each for each in spec["containers"]]
    if "initContainers" in spec:
        shared = {key: main[key] for key in _OF_THE_RELEASE if key in main}
        spec["initContainers"] = [each if "image" in each else merged(shared, each) for each in spec["initContainers"]]
    return whole


def in_order(template: Mapping[str, Any], containers: Collection[str]) -> dict[str, Any]:
    """Return a pod template in which each variable of these containers stands after those that it refers to."""
    spec = dict(template["spec"])
    for kind in ("initContainers", "containers"):
        spec |= {kind: [_ordered(each, containers) for each in spec[kind]]} if kind in spec else {}
    return {**template, "spec": spec}


def _ordered(container: Mapping[str, Any], containers: Collection[str]) -> Mapping[str, Any]:
    env: Sequence[Mapping[str, Any]] = container.get("env") or ()
    at = {each.get("name"): number for number, each in enumerate(env)}
    order: list[int] = []

    def place(number: int, within: frozenset[int]) -> None:
        if number in order or number in within:  # a value that refers to itself stays as it is, as in Kubernetes
            return
        for name in REFERENCE.findall(str(env[number].get("value", ""))):  # of `$$` it is empty
            if name in at:
                place(at[name], within | {number})
        order.append(number)

    for number in range(len(env)) if container.get("name") in containers else ():
        place(number, frozenset())
    return {**container, "env": [env[number] for number in order]} if order else container


def flags(settings: Settings, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions) -> Sequence[pulumi.Resource]:
    """Declare the feature flags of all pods; nothing where there are none."""
    if settings.flags is None:
        return ()
    metadata: ObjectMetaArgsDict = {"name": NAME, "namespace": namespace, "labels": dict(OURS)}
    return [ConfigMap(NAME, metadata=metadata, data={FILE: settings.flags.text}, opts=opts)]


def names(of: str, plain: Mapping[str, str], confidential: Mapping[str, str]) -> tuple[str, str | None]:
    """Return the names of a colour's ConfigMap and Secret; None where nothing is confidential."""
    sealed = f"{of}-{_sealed(of, json.dumps(dict(confidential), sort_keys=True))}" if confidential else None
    return f"{of}-{digest(dict(plain))[:8]}", sealed


def digest(content: object) -> str:
    """Return the SHA-256 of a plain value, in hexadecimal."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@cache  # the plan needs it, and then the slot, and it is slow on purpose
def _sealed(name: str, content: str) -> str:
    """Return a digest for a public name. It is slow and short, so that it does not help to guess the content."""
    return hashlib.scrypt(content.encode(), salt=name.encode(), n=2**14, r=8, p=1, dklen=4).hex()
