"""Keeps an API server's objects in memory: resource versions, conditions on them, and who owns which fields."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

Object = dict[str, Any]

OWNED = ("spec.selector", "spec.rules", "data.colour", "metadata.annotations")
DIRECTING = (("spec", "selector"), ("spec", "rules"), ("data", "colour"))
"""The fields whose managers teal reads."""


class RefusalError(Exception):
    """What the API server answers in place of an object."""

    def __init__(self, status: int, reason: str, message: str = "") -> None:
        """Refuse with a status, and a reason in Kubernetes' own words."""
        super().__init__(f"{status} {reason} {message}")
        self.status = status
        self.reason = reason
        self.message = message or reason


@dataclass(frozen=True, kw_only=True, slots=True)
class By:
    """Who writes, as which manager, and when."""

    actor: str
    """The name of the process."""
    manager: str = ""
    """The field manager that it writes as; empty where it is called like the process."""
    sent: float = -1
    """When the request left; negative where that is when it arrived."""
    force: bool = False
    """Whether server-side apply takes over what others own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """One write that was taken."""

    at: float
    by: By
    kind: str
    name: str
    before: Object | None
    after: Object


@dataclass(kw_only=True, slots=True)
class Store:
    """Keeps every object by kind and name; tells whoever listens of each write."""

    clock: Callable[[], float]
    told: Callable[[Written], None] = lambda _: None
    require: Callable[[str, str, Object, By], None] = lambda _kind, _name, _after, _by: None
    """Refuses what an admission policy is against."""
    objects: dict[tuple[str, str], Object] = field(default_factory=dict[tuple[str, str], Object])
    versions: list[Object] = field(default_factory=list[Object])
    """The versions of what directs traffic, in order: what a watch is told."""
    newest: int = 100
    _applied: dict[tuple[str, str, str], Object] = field(default_factory=dict[tuple[str, str, str], Object])
    """The data and annotations that each manager applied last: what it leaves out the next time goes."""
    _texts: dict[tuple[str, str], bytes] = field(default_factory=dict[tuple[str, str], bytes])
    """The same objects as JSON, as far as they were read since they were written."""

    def get(self, kind: str, name: str) -> Object:
        """Return an object, or refuse with 404 where there is none."""
        found = self.objects.get((kind, name))
        if found is None:
            raise RefusalError(404, "NotFound", f'{kind} "{name}" not found')
        return found

    def text(self, kind: str, name: str) -> bytes:
        """Return an object as JSON, or refuse with 404. The bytes stay the same until the object is written again."""
        found = self._texts.get((kind, name))
        if found is None:
            found = self._texts[kind, name] = json.dumps(self.get(kind, name)).encode()
        return found

    def list(self, kind: str, selector: str = "") -> Iterator[Object]:
        """Yield the objects of a kind whose labels are as a selector has them."""
        for (of, _), each in self.objects.items():
            if of == kind and (not selector or matches(each["metadata"].get("labels", {}), selector)):
                yield each

    def create(self, kind: str, new: Object, by: By) -> Object:
        """Make an object, or refuse with 409 where there is one."""
        name = new["metadata"]["name"]
        if (kind, name) in self.objects:
            raise RefusalError(409, "AlreadyExists", f'{kind} "{name}" already exists')
        return self._keep(kind, name, None, new, by)

    def replace(self, kind: str, name: str, new: Object, by: By) -> Object:
        """Write a whole object, on the condition that it names the present version, if it names one."""
        before = self.get(kind, name)
        _require_version(before, new)
        return self._keep(kind, name, before, new, by)

    def patch(self, kind: str, name: str, patch: Object, by: By) -> Object:
        """Merge a patch into an object, on the same condition."""
        before = self.get(kind, name)
        _require_version(before, patch)
        return self._keep(kind, name, before, merged(before, patch), by)

    def apply(self, kind: str, name: str, new: Object, by: By) -> Object:
        """Make an object, or write what it is to be, by server-side apply, which meets a conflict without force."""
        before = self.objects.get((kind, name))
        if before and not by.force and (owner := _conflict(before, new, by.manager)):
            raise RefusalError(409, "Conflict", f'Apply failed with 1 conflict: conflict with "{owner}"')
        last = self._applied.get((kind, name, by.manager), Object())
        annotations = new["metadata"].get("annotations")
        self._applied[kind, name, by.manager] = {
            **({"data": new["data"]} if "data" in new else {}),
            **({"metadata": {"annotations": annotations}} if annotations else {}),
        }
        after = merged(before, merged(_nothing_of(last), new)) if before else new
        if before and "selector" in new.get("spec", {}):
            after["spec"]["selector"] = new["spec"]["selector"]
        return self._keep(kind, name, before, after, by)

    def delete(self, kind: str, name: str) -> None:
        """Forget an object, if it is there."""
        self.objects.pop((kind, name), None)
        self._texts.pop((kind, name), None)

    def _keep(self, kind: str, name: str, before: Object | None, new: Object, by: By) -> Object:
        # Nobody changes an object that was written, so its parts may be shared with the one before.
        after = {**new, "metadata": {**new["metadata"]}}
        if kind == "deployments":
            after["spec"] = {"replicas": 1, **new["spec"]}
            changed = before is None or before["spec"] != after["spec"]
            after["metadata"]["generation"] = (before["metadata"]["generation"] if before else 0) + changed
        self.require(kind, name, after, by)
        self.newest += 1
        after["metadata"]["resourceVersion"] = str(self.newest)
        after["metadata"]["managedFields"] = _owners(before, after, by.manager or by.actor, f"{self.clock():012.3f}")
        self.objects[kind, name] = after
        self._texts.pop((kind, name), None)
        if kind in {"services", "httproutes"} or "colour" in after.get("data", {}):
            self.versions.append(after)
        self.told(Written(at=self.clock(), by=by, kind=kind, name=name, before=before, after=after))
        return after


def merged(old: Any, patch: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value with a JSON merge patch applied (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    new = dict(cast("Object", old)) if isinstance(old, dict) else Object()
    for key, value in cast("Object", patch).items():
        if value is None:
            new.pop(key, None)
        else:
            new[key] = merged(new.get(key), value)
    return new


def _nothing_of(given: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a patch that takes away everything that is in a value."""
    if not isinstance(given, dict):
        return None
    return {key: _nothing_of(each) for key, each in cast("Object", given).items()}


def matches(labels: Mapping[str, str], selector: str) -> bool:
    """Return whether labels are as a selector of `key=value`, `key` and `!key` has them."""
    for term in filter(None, selector.split(",")):
        key, _, value = term.partition("=")
        if term.startswith("!"):
            if term[1:] in labels:
                return False
        elif key not in labels or (value and labels[key] != value):
            return False
    return True


def _require_version(before: Object, new: Object) -> None:
    wanted = new.get("metadata", {}).get("resourceVersion")
    if wanted and wanted != before["metadata"]["resourceVersion"]:
        raise RefusalError(409, "Conflict", "the object has been modified")


def _conflict(before: Object, new: Object, manager: str) -> str:
    """Return who else owns what directs traffic and is to change; `kubectl` does not count: the provider takes over."""
    changing = [
        (part, key)
        for part, key in DIRECTING
        if key in new.get(part, {}) and before.get(part, {}).get(key) != new[part][key]
    ]
    others = (
        each
        for each in before["metadata"]["managedFields"]
        if any(f"f:{key}" in each["fieldsV1"].get(f"f:{part}", {}) for part, key in changing)
    )
    return next((each["manager"] for each in others if not each["manager"].startswith((manager, "kubectl"))), "")


def _owners(before: Object | None, after: Object, manager: str, at: str) -> list[Object]:
    """Return the owners: whoever changes a field owns it, and whoever writes what is there already owns it as well."""
    owners: dict[str, Object] = {}
    for each in (before or {}).get("metadata", {}).get("managedFields", []):
        parts = {part: {**owned} for part, owned in each["fieldsV1"].items()}
        owners[each["manager"]] = {**each, "fieldsV1": parts}
    mine = owners.setdefault(manager, {"manager": manager, "fieldsV1": {}})
    for path in OWNED:
        part, _, key = path.partition(".")
        old, new = ((each or {}).get(part, {}).get(key) for each in (before, after))
        if new is None or (before is not None and old == new):
            continue
        for other in owners.values():
            other["fieldsV1"].get(f"f:{part}", {}).pop(f"f:{key}", None)
        owned = Object((f"f:{each}", {}) for each in new) if key == "annotations" else Object()
        mine["fieldsV1"].setdefault(f"f:{part}", {})[f"f:{key}"] = owned
        mine["time"] = at
    return list(owners.values())
