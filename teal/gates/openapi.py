"""OpenAPI documents, as the contract gates read them: their operations, and which of these are deprecated. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from teal.gates.replies import at

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """An operation of an OpenAPI document."""

    method: str
    path: str
    """As the document names it."""
    url: str
    """Where it is asked: the path behind what the service puts before all of them."""
    askable: bool
    """Whether it can be tried without parameters and without effect."""
    dated: bool
    """Whether the document itself says when it ends (`x-sunset`), so that the comparison tool judges its removal."""

    def __str__(self) -> str:
        """Method and path."""
        return f"{self.method.upper()} {self.path}"


def operations(read: Document) -> Iterator[tuple[str, str, Document]]:
    """Method, path and description of every operation."""
    for path, item in _mapping(read.get("paths")).items():
        for method in _METHODS:
            operation = _mapping(item).get(method)
            if isinstance(operation, dict):
                yield method, path, cast("Document", operation)


def described(read: Document, *, marked: bool = False) -> Sequence[Operation]:
    """All operations; or those alone that are marked as deprecated."""
    paths = _mapping(read.get("paths"))
    return [
        Operation(
            method=method,
            path=path,
            url=_prefix(read) + path,
            askable=method == "get" and not _required(read, _mapping(paths[path]), each) and "{" not in path,
            dated="x-sunset" in each,
        )
        for method, path, each in operations(read)
        if not marked or each.get("deprecated") is True
    ]


def deprecated(read: Document) -> Sequence[Operation]:
    """All deprecated operations."""
    return described(read, marked=True)


def _prefix(read: Document) -> str:
    """What the service puts before every path: the first server, where it is relative. Others are a gateway's."""
    try:
        url = at(read, "/servers/0/url")
    except LookupError:
        return ""
    return url.rstrip("/") if isinstance(url, str) and url.startswith("/") and not url.startswith("//") else ""


def _required(read: Document, item: Document, operation: Document) -> bool:
    """Whether a parameter has to be given; one that cannot be read counts as such."""
    return any(_needs(read, each) for owner in (item, operation) for each in _list_of(owner.get("parameters")))


def _needs(read: Document, parameter: object) -> bool:
    reference = _mapping(parameter).get("$ref")
    if isinstance(reference, str):
        try:
            parameter = at(read, reference.removeprefix("#")) if reference.startswith("#/") else None
        except LookupError:
            parameter = None
    return not isinstance(parameter, dict) or bool(_mapping(cast("object", parameter)).get("required"))


def _list_of(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value) if isinstance(value, list) else ()


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
