"""Reads OpenAPI documents for the contract gates: their operations, and which of these are deprecated. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from teal.gates.replies import at
from teal.model.plain import mapping

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """An operation of an OpenAPI document."""

    method: str
    path: str
    """The path as the document names it."""
    url: str
    """The path at which the service answers: with the prefix that the document's server adds."""
    askable: bool
    """Whether it can be tried without parameters and without an effect."""
    dated: bool
    """Whether the document says when it ends (`x-sunset`), so that the comparison tool judges its removal."""

    def __str__(self) -> str:
        """Return the method and the path."""
        return f"{self.method.upper()} {self.path}"


def operations(read: Document) -> Iterator[tuple[str, str, Document]]:
    """Yield the method, path and description of every operation."""
    for path, item in mapping(read.get("paths")).items():
        for method in _METHODS:
            operation = mapping(item).get(method)
            if isinstance(operation, dict):
                yield method, path, cast("Document", operation)


def described(read: Document, *, deprecated: bool = False) -> Sequence[Operation]:
    """Return the operations of a document: all of them, or those alone that it marks as deprecated."""
    paths = mapping(read.get("paths"))
    return [
        Operation(
            method=method,
            path=path,
            url=_prefix(read) + path,
            askable=method == "get" and not _required(read, mapping(paths[path]), each) and "{" not in path,
            dated="x-sunset" in each,
        )
        for method, path, each in operations(read)
        if not deprecated or each.get("deprecated") is True
    ]


def _prefix(read: Document) -> str:
    """Return the prefix of every path: the first server's URL, where it is relative. Other URLs are a gateway's."""
    try:
        url = at(read, "/servers/0/url")
    except LookupError:
        return ""
    return url.rstrip("/") if isinstance(url, str) and url.startswith("/") and not url.startswith("//") else ""


def _required(read: Document, item: Document, operation: Document) -> bool:
    """Return whether a parameter is required; one that cannot be read counts as required."""
    return any(_needs(read, each) for owner in (item, operation) for each in _list_of(owner.get("parameters")))


def _needs(read: Document, parameter: object) -> bool:
    reference = mapping(parameter).get("$ref")
    if isinstance(reference, str):
        try:
            parameter = at(read, reference.removeprefix("#")) if reference.startswith("#/") else None
        except LookupError:
            parameter = None
    return not isinstance(parameter, dict) or bool(mapping(cast("object", parameter)).get("required"))


def _list_of(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value) if isinstance(value, list) else ()
