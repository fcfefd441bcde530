"""Names of resources: `urn:pulumi:STACK::PROJECT::PARENT_TYPE$TYPE::NAME`, as Pulumi writes them."""

from __future__ import annotations

from typing import Final

STACK_TYPE: Final = "pulumi:pulumi:Stack"
PROVIDER_PREFIX: Final = "pulumi:providers:"


def make(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """The URN of a resource; the parent's type is part of it unless the parent is the stack."""
    outer = qualified_type(parent) if parent else ""
    qualified = f"{outer}${type_}" if outer and outer != STACK_TYPE else type_
    return f"urn:pulumi:{stack}::{project}::{qualified}::{name}"


def qualified_type(urn: str) -> str:
    """The types of all parents and of the resource itself, joined by `$`."""
    return urn.split("::", 3)[2]


def type_of(urn: str) -> str:
    """The resource's own type."""
    return qualified_type(urn).rsplit("$", 1)[-1]


def name_of(urn: str) -> str:
    """The resource's own name."""
    return urn.split("::", 3)[3]


def is_provider(type_: str) -> bool:
    """Whether the type is that of a provider (`pulumi:providers:kubernetes`)."""
    return type_.startswith(PROVIDER_PREFIX)


def is_default_provider(urn: str) -> bool:
    """Whether it is a provider that no program declared; Pulumi neither shows nor counts them."""
    return is_provider(type_of(urn)) and name_of(urn).split("_")[0] == "default"


def package_of(type_: str) -> str:
    """The package that implements a type or a function; of a provider type, the package it provides."""
    return type_.removeprefix(PROVIDER_PREFIX) if is_provider(type_) else type_.split(":", 1)[0]


def reference(urn: str, id_: str) -> str:
    """A provider reference, as resources keep it."""
    return f"{urn}::{id_}"


def split_reference(reference_: str) -> tuple[str, str]:
    """The URN and the id of a provider reference."""
    urn, _, id_ = reference_.rpartition("::")
    return urn, id_
