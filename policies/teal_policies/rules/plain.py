"""Requires that no secret stands anywhere in plain text. It says where, never what."""

import re
from collections.abc import Iterator, Mapping, Sequence

from teal_policies.kinds import CONFIG_MAP
from teal_policies.model import Bounds, Finding, Resource, part, parts
from teal_policies.rules import pods

NAMES = (
    r"(^|[_.-])(pass|pwd)$|^(proxy-)?authorization$"
    r"|(password|passwd|passphrase|secret|token|credential|(private|api|access)[_-]?key)s?$"
)
"""It matches the end of a name: `TOKEN_URL` and `PASSWORD_FILE` say where a secret is."""

VALUES = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    r"\b[a-z][a-z0-9+.-]*://[^/\s:@]*:(?!\$[({])[^/\s@]+@",  # a URL with a password, not with a reference to one
    r"(?i:passw(or)?d=|[?&;]pwd=)(?!true\b|false\b)[^\s;&\"'$<{%#`]",  # a connection string, an assignment in a shell
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

_REFERENCE = re.compile(r"\$\([\w.-]+\)|\$\{[\w.-]+\}")
_TELLS = re.compile(r"/\S*|true|false", re.IGNORECASE)
"""An option's value that tells where a secret is, or whether there is one."""
_OPTION = re.compile(r"--?(?P<name>[A-Za-z][\w.-]*)(?:=(?P<value>.*))?", re.DOTALL)

REMEDY = "move it to the slot's secrets (pulumi config set --path --secret), so that it reaches pods by a Secret"


def no_plain_secret(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Require that neither names nor values in plain text look like a secret's."""
    named, valued = re.compile(bounds["names"], re.IGNORECASE), re.compile("|".join(bounds["values"]))
    for where, name, value in _plain(resource):
        if name in bounds["allowed"] or not value or _REFERENCE.fullmatch(value):
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
        words = [(key, parts(container, key)) for key in ("command", "args")]
        for path in pods.HANDLERS:
            words.append((".".join(path), parts(container, *path, "exec", "command")))
            headers = parts(container, *path, "httpGet", "httpHeaders")
            yield from ((where, each["name"], each.get("value") or "") for each in headers)
        yield from ((where, name, value) for key, each in words for name, value in _named(key, each))


def _named(key: str, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each word by the option whose value it is (`--token=x`, `--token x`), or else by the key of them all."""
    before = None
    for word in words:
        option = _OPTION.fullmatch(word)
        name, value = (None if option else before), word
        if option and option["value"] is not None:
            name, value = option["name"], option["value"]
        yield (name if name and not _TELLS.fullmatch(value) else key), value
        before = option["name"] if option and option["value"] is None else None
