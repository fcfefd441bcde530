"""Pulumi's checkpoint format, version 3 (and 4 where a feature asks for it): snapshots to JSON and back.

Not here: where checkpoints lie and who may write them (`backend.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.engine.secrets import Crypter
from sandbox.engine.state import PendingOperation, Properties, ResourceState

VERSION = "3.272.0"


@dataclass
class Snapshot:
    """All that is known of a stack: resources in dependency order and operations whose end is not known."""

    resources: list[ResourceState] = field(default_factory=list[ResourceState])
    pending_operations: list[PendingOperation] = field(default_factory=list[PendingOperation])
    crypter: Crypter | None = None
    metadata: Properties = field(default_factory=dict[str, object])

    def to_deployment(self, *, show_secrets: bool = False) -> Properties:
        """Give `{"version", "deployment"}` as `pulumi stack export` prints it."""
        raise NotImplementedError

    @classmethod
    def from_deployment(cls, untyped: Properties, environ: Mapping[str, str], crypter: Crypter | None) -> "Snapshot":
        """Read `{"version", "deployment"}`; secrets are opened with the deployment's own salt."""
        raise NotImplementedError
