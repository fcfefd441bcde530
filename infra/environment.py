"""The environment of one colour's pods: a ConfigMap and a Secret, both named by content.

A change makes new ones, which the pods of a new rollout name; what is running
never sees its own change, and rolling back code rolls back its config. The old
ones go once nothing names them any more.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, Secret

from infra.labels import Identity
from infra.settings import Settings
from infra.settings.slot import SlotService

if TYPE_CHECKING:  # heavy at run time, needed for its types only
    from pulumi_kubernetes.core.v1 import EnvFromSourceArgsDict


class Environment(pulumi.ComponentResource):
    """What one colour of one service reads from its environment."""

    def __init__(
        self,
        of: Identity,
        plain: Mapping[str, str],
        confidential: Mapping[str, str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare it.

        Args:
            of: the colour whose environment it is.
            plain: variables that anybody may read.
            confidential: variables that belong in a Secret; they are secrets to the engine too.
            opts: Pulumi's options.
        """
        super().__init__("teal:kubernetes:Environment", of.name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.config_name, self.secret_name = names(of.name, plain, confidential)
        self.objects: list[pulumi.Resource] = [
            ConfigMap(
                f"{of.name}-config", metadata=of.meta(self.config_name), data=dict(plain), immutable=True, opts=child
            )
        ]
        if self.secret_name is not None:
            values = {key: pulumi.Output.secret(value) for key, value in confidential.items()}
            self.objects.append(
                Secret(
                    f"{of.name}-secret",
                    metadata=of.meta(self.secret_name),
                    string_data=values,
                    immutable=True,
                    opts=child,
                )
            )
        self.register_outputs({})

    @property
    def sources(self) -> "list[EnvFromSourceArgsDict]":
        """For a container's `env_from`; what comes later wins."""
        sources: list[EnvFromSourceArgsDict] = [{"config_map_ref": {"name": self.config_name}}]
        if self.secret_name is not None:
            sources.append({"secret_ref": {"name": self.secret_name}})
        return sources


def variables(settings: Settings, service: str, release: SlotService) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What a service's pods find in their environment: what anybody may read, and what is confidential.

    Of backing services those that it needs: nobody else's password reaches its pods.
    """
    needed = settings.services[service].network.needed(settings.backing).values()
    plain = {key: value for each in needed for key, value in each.plain.items()}
    confidential = {key: value for each in needed for key, value in each.confidential.items()}
    return {**plain, **release.env}, {**confidential, **release.secrets}


def names(of: str, plain: Mapping[str, str], confidential: Mapping[str, str]) -> tuple[str, str | None]:
    """What the ConfigMap and the Secret of a colour are called; None where nothing is confidential."""
    sealed = f"{of}-{_sealed(of, json.dumps(dict(confidential), sort_keys=True))}" if confidential else None
    return f"{of}-{digest(dict(plain))[:8]}", sealed


def digest(content: object) -> str:
    """SHA-256 of a plain value, in hexadecimal."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@cache  # the plan asks for it, and then the slot: once is slow enough
def _sealed(name: str, content: str) -> str:
    """A digest for a public name: slow to compute and short, so that it does not help to guess what it is of."""
    return hashlib.scrypt(content.encode(), salt=name.encode(), n=2**14, r=8, p=1, dklen=4).hex()
