"""The environment of one colour's pods: a ConfigMap and a Secret, both named by content.

A change makes new ones, which the pods of a new rollout name; what is running
never sees its own change, and rolling back code rolls back its config. The old
ones go once nothing names them any more.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, Secret

from infra.labels import Identity

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
        self.config_name = f"{of.name}-{digest(dict(plain))[:8]}"
        self.objects: list[pulumi.Resource] = [
            ConfigMap(
                f"{of.name}-config", metadata=of.meta(self.config_name), data=dict(plain), immutable=True, opts=child
            )
        ]
        self.secret_name: str | None = None
        if confidential:
            self.secret_name = f"{of.name}-{_sealed(of.name, confidential)}"
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


def digest(content: object) -> str:
    """SHA-256 of a plain value, in hexadecimal."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _sealed(name: str, confidential: Mapping[str, str]) -> str:
    """A digest for a public name: slow to compute and short, so that it does not help to guess what it is of."""
    content = json.dumps(dict(confidential), sort_keys=True).encode()
    return hashlib.scrypt(content, salt=name.encode(), n=2**14, r=8, p=1, dklen=4).hex()
