"""Requires that no secret is in plain text: in variables, arguments or ConfigMaps. It says where, never what."""

import re
from collections.abc import Iterator, Mapping

from teal_policies.kinds import CONFIG_MAP
from teal_policies.model import Bounds, Finding, Resource, part, parts
from teal_policies.rules import pods

NAMES = (
    r"(^|[_.-])(pass|pwd)$"
    r"|(password|passwd|passphrase|secret|token|credential|private_?key|api_?key|access_?key)s?$"
)
"""It matches the end of a name: `TOKEN_URL` and `PASSWORD_FILE` say where a secret is."""

VALUES = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    r"\b[a-z][a-z0-9+.-]*://[^/\s:@]*:(?!\$[({])[^/\s@]+@",  # a URL with a password, not with a reference to one
    r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",  # AWS
    r"\bgh[opsur]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{22}",
    r"\bglpat-[A-Za-z0-9_-]{20}",  # GitLab
    r"\bxox[abeoprs]-[A-Za-z0-9-]{10}",  # Slack
    r"\b[rs]k_live_[A-Za-z0-9]{16}",  # Stripe
    r"\bAIza[A-Za-z0-9_-]{35}",  # Google
    r"\bpul-[0-9a-f]{40}\b",  # Pulumi
    r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.",  # a JSON Web Token
)
"""The forms of keys of well-known issuers."""

REMEDY = "move it to the slot's secrets (pulumi config set --path --secret), so that it reaches pods by a Secret"


def no_plain_secret(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Require that neither names nor values in plain text look like a secret's."""
    named, valued = re.compile(bounds["names"], re.IGNORECASE), re.compile("|".join(bounds["values"]))
    for where, name, value in _plain(resource):
        if name in bounds["allowed"] or not value:
            continue
        if named.search(name):
            yield Finding(where, f"{name} is named like a secret, and plain", "a Secret, or name it in allowed", REMEDY)
        elif valued.search(value):
            yield Finding(where, f"the value of {name} looks like a secret", "a Secret, or name it in allowed", REMEDY)


def _plain(resource: Resource) -> Iterator[tuple[str, str, str]]:
    """Yield where each plain value is, its name, and the value."""
    if resource.type == CONFIG_MAP:
        data: Mapping[str, str] = part(resource.properties, "data")
        yield from ((str(resource), name, value) for name, value in data.items())
        return
    for container in pods.containers(resource):
        where = f"{resource}, container {container.get('name', '(unnamed)')}"
        yield from ((where, each["name"], each.get("value") or "") for each in parts(container, "env"))
        for key in ("command", "args"):
            yield from ((where, key, each) for each in parts(container, key))
