"""Tags: lists of keys and values to AWS, objects to Pulumi; and the provider has some for everything."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.providers.properties import Map


@dataclass(frozen=True)
class Tags:
    """The provider's default tags, and what becomes of a resource's own with them."""

    default: Mapping[str, str] = field(default_factory=dict[str, str])

    def merged(self, own: Mapping[str, str]) -> dict[str, str]:
        """A resource's tags: the defaults and its own, which win."""
        return {**self.default, **own}

    def given(self, inputs: Map) -> list[Map] | None:
        """What a new resource is given, as AWS takes it; None for none at all."""
        return _listed(self.merged(inputs.get("tags") or {})) or None

    def change(self, before: Mapping[str, str], inputs: Map) -> tuple[list[str], list[Map]]:
        """The keys to take away of the tags a resource has, and the tags to give it."""
        after = self.merged(inputs.get("tags") or {})
        added = {key: value for key, value in after.items() if before.get(key) != value}
        return sorted(before.keys() - after.keys()), _listed(added)

    def outputs(self, live: Mapping[str, str]) -> Map:
        """What a resource's outputs say of the tags it has."""
        own = {key: value for key, value in live.items() if self.default.get(key) != value}
        return {"tags": own, "tagsAll": dict(live)}


def tag_map(tags: list[Map]) -> dict[str, str]:
    """Tags as Pulumi has them."""
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags}


def _listed(tags: Mapping[str, str]) -> list[Map]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
