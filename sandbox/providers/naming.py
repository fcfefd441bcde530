"""How a resource without a name gets one: Pulumi's autonaming."""

import hashlib
import secrets
from dataclasses import dataclass

from pulumi.runtime.proto import provider_pb2

from sandbox.engine import urns

FORBIDDEN = "is missing, and automatic naming is disabled in this project: give one"


@dataclass(frozen=True, kw_only=True)
class Naming:
    """What an engine says of a resource's name."""

    logical_name: str
    seed: bytes = b""
    proposed: str = ""
    disabled: bool = False

    @staticmethod
    def of(request: provider_pb2.CheckRequest) -> "Naming":
        """Read it from what an engine asks."""
        return Naming(
            logical_name=request.name or urns.name_of(request.urn),
            seed=request.randomSeed,
            proposed=request.autonaming.proposed_name,
            disabled=request.autonaming.mode == provider_pb2.CheckRequest.AutonamingOptions.DISABLE,
        )

    def automatic(self, digits: int) -> str:
        """The project's proposal, or a unique name, which ends in so many hexadecimal digits (8 at most).

        The same for the same seed, random without.
        """
        if self.proposed:
            return self.proposed
        seeded = hashlib.sha256(self.seed + self.logical_name.encode()).hexdigest()
        return f"{self.logical_name}-{(seeded if self.seed else secrets.token_hex(4))[:digits]}"
