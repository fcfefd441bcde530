"""No secret where everybody may read it: variables, arguments, ConfigMaps. Says where, never what."""

import re
from collections.abc import Iterator, Mapping

from policies.kinds import CONFIG_MAP
from policies.model import Bounds, Finding, Resource, part, parts
from policies.rules import pods

REMEDY = "move it to the slot's secrets (pulumi config set --path --secret), so that it reaches pods by a Secret"


def no_plain_secret(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Neither names nor values of what is plain look like a secret's."""
    named, valued = re.compile(bounds["names"], re.IGNORECASE), re.compile("|".join(bounds["values"]))
    for where, name, value in _plain(resource):
        if name in bounds["allowed"] or not value:
            continue
        if named.search(name):
            yield Finding(where, f"{name} is named like a secret, and plain", "a Secret, or name it in allowed", REMEDY)
        elif valued.search(value):
            yield Finding(where, f"the value of {name} looks like a secret", "a Secret, or name it in allowed", REMEDY)


def _plain(resource: Resource) -> Iterator[tuple[str, str, str]]:
    """Where, what it is called, and its value."""
    if resource.type == CONFIG_MAP:
        data: Mapping[str, str] = part(resource.properties, "data")
        yield from ((str(resource), name, value) for name, value in data.items())
        return
    for container in pods.containers(resource):
        where = f"{resource}, container {container.get('name', '(unnamed)')}"
        yield from ((where, each["name"], each.get("value") or "") for each in parts(container, "env"))
        for key in ("command", "args"):
            yield from ((where, key, each) for each in parts(container, key))
