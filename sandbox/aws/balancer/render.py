"""From a picture to what HAProxy reads: its configuration, and one map a rule. Pure functions.

Weights are in the maps alone, a hundred buckets a rule, so that changing them is no reload. Targets that are known are
written into the configuration as they are at the time, since those added at run time do not outlive a reload.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from sandbox.aws.balancer.picture import Action, Condition, Group, Listener, Picture, Rule
from sandbox.aws.balancer.targets import Target

BUCKETS: Final = 100
STICKY_COOKIE: Final = "AWSALBTG"
BACKUP: Final = "-open"  # a target's second server: unchecked, asked only when no target of its group is healthy
OWN_HEADER: Final = "x-data-path"  # on answers that are HAProxy's own; nobody outside sees it
ERROR: Final = f"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n{OWN_HEADER}: 1\r\n\r\n"
_CONNECT_S: Final = 10  # an ALB's connection timeout (its troubleshooting guide on HTTP 504)


def configuration(picture: Picture, targets: Mapping[str, Iterable[Target]], folder: Path) -> str:
    """HAProxy's configuration; maps, certificates and its socket are in `folder`."""
    return "\n".join(
        [
            _GLOBAL.format(folder=folder, connect=_CONNECT_S),
            *(_frontend(listener, folder) for listener in picture.listeners),
            *(_backend(group, targets.get(group.arn, ()), folder) for group in picture.groups),
        ]
    )


_GLOBAL = """\
# The data path of the sandbox's AWS, a stand-in for an application load balancer. Written by sandbox.aws.
global
  stats socket {folder}/haproxy.sock mode 600 level admin expose-fd listeners
  server-state-file {folder}/servers
  hard-stop-after 60s
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect {connect}s
  timeout http-request 60s
  # An ALB tries no other target, and keeps its connections to targets to itself.
  retries 0
  http-reuse never
  # Or a reload cuts clients that keep their connections.
  option idle-close-on-response
  load-server-state-from-file global
"""


def map_path(rule: Rule, folder: Path) -> Path:
    """Where a rule's buckets are."""
    return folder / f"weights-{rule.id}.map"


def weights(action: Action) -> list[tuple[str, str]]:
    """A rule's map: a backend for each bucket, shared out by weight, the largest remainders rounded up."""
    total = sum(weight for _, weight in action.shares)
    exact = [(weight * BUCKETS / total if total else 0, group) for group, weight in action.shares]
    counts = {group: int(share) for share, group in exact}
    by_remainder = sorted(exact, key=lambda each: each[0] % 1, reverse=True)
    for _, group in by_remainder[: BUCKETS - sum(counts.values()) if total else 0]:
        counts[group] += 1
    groups = [group for group, count in counts.items() for _ in range(count)]
    return [(str(bucket), f"tg-{group}") for bucket, group in enumerate(groups)]


def rules(picture: Picture) -> dict[str, Rule]:
    """The rules that forward, by id."""
    return {rule.id: rule for listener in picture.listeners for rule in listener.rules if rule.action.shares}


def _frontend(listener: Listener, folder: Path) -> str:
    tls = f" ssl crt {folder}/{listener.id}.pem alpn h2,http/1.1" if listener.certificate else ""
    lines = [
        f"frontend li-{listener.id}",
        f"  bind {listener.address}:{listener.port}{tls}",
        f"  timeout client {listener.idle_s}s",
        f"  timeout http-keep-alive {listener.idle_s}s",
        f"  http-request set-header X-Forwarded-Proto {'https' if tls else 'http'}",
        f"  http-request set-header X-Forwarded-Port {listener.port}",
        "  option forwardfor",
    ]
    for rule in listener.rules:
        tests = " ".join(f"{{ {test} }}" for test in map(_test, rule.conditions))
        lines.append(f"  http-request set-var(txn.rule) str({rule.id}) if !{{ var(txn.rule) -m found }} {tests}")
    for rule in listener.rules:
        lines += _acted(rule, listener, folder)
    return "\n".join([*lines, "  use_backend %[var(txn.group)]", ""])


def _acted(rule: Rule, listener: Listener, folder: Path) -> list[str]:
    chosen, action = f"{{ var(txn.rule) -m str {rule.id} }}", rule.action
    if action.fixed:
        status, kind, body = action.fixed
        said = f" content-type {_quoted(kind)} string {_quoted(body)}" if body else ""
        return [f"  http-request return status {status}{said} if {chosen}"]
    if action.redirect:
        status, url = action.redirect
        place, _, query = _location(url, listener).partition("?")
        full = _quoted(f"{place}?{query}")
        asked = [f"  http-request redirect location {full} code {status} if {chosen} {{ query -m len gt 0 }}"]
        # What was asked without a query is redirected without one, unless the action has one of its own.
        plain = _quoted(place) if query in ("%[query]", "") else full
        return [*(asked if query else []), f"  http-request redirect location {plain} code {status} if {chosen}"]
    lines: list[str] = []
    if action.sticky_s:
        known = " ".join(f"tg-{group}" for group, _ in action.shares)
        kept = f"{{ req.cook({STICKY_COOKIE}) -m str {known} }}"
        cookie = f"{STICKY_COOKIE}=%[var(txn.group)]; Max-Age={action.sticky_s}; Path=/"
        lines = [
            f"  http-request set-var(txn.group) req.cook({STICKY_COOKIE}) if {chosen} {kept}",
            f"  http-response add-header Set-Cookie {_quoted(cookie)} if {chosen}",
        ]
    bucket = f"rand({BUCKETS}),map({map_path(rule, folder)})"
    lines.append(f"  http-request set-var(txn.group) {bucket} if {chosen} !{{ var(txn.group) -m found }}")
    return lines


def _test(condition: Condition) -> str:
    """A condition as HAProxy's: its values are alternatives."""
    patterns = [_quoted(f"^{_regex(value)}$") for value in condition.values]
    match condition.field:
        case "path-pattern":
            return f"path -m reg {' '.join(patterns)}"
        case "host-header":
            return f"req.hdr(host),field(1,:) -m reg -i {' '.join(patterns)}"
        case "http-header":
            return f"req.fhdr({condition.header}) -m reg -i {' '.join(patterns)}"
        case "http-request-method":
            return f"method {' '.join(condition.values)}"
        case "source-ip":
            return f"src {' '.join(condition.values)}"
        case _:
            queries = [_quoted(f"(^|&){_query(value)}(&|$)") for value in condition.values]
            return f"query -m reg -i {' '.join(queries)}"


def _query(value: str) -> str:
    key, equals, wanted = value.rpartition("=")
    inner = _regex(wanted).replace(".*", "[^&]*")
    return f"{_regex(key)}={inner}" if equals else f"[^&=]*={inner}"


def _regex(pattern: str) -> str:
    """AWS's wildcards: * for any number of characters, ? for one."""
    return re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")


def _quoted(text: str) -> str:
    """A text in HAProxy's strong quotes, which know no escape of their own."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


def _location(url: str, listener: Listener) -> str:
    """AWS's placeholders as HAProxy's; the usual port is left out."""
    scheme, url = "https" if listener.certificate else "http", url.replace("%", "%%")  # a format's own sign
    filled = (
        url.replace("#{protocol}", scheme)
        .replace("#{port}", str(listener.port))
        .replace("#{path}", "%[path,regsub(^/,)]")
    )
    filled = filled.replace("#{host}", "%[req.hdr(host),field(1,:)]")
    scheme, _, rest = filled.replace("HTTPS://", "https://").replace("HTTP://", "http://").partition("://")
    usual = ":443/" if scheme == "https" else ":80/"
    return f"{scheme}://{rest.replace(usual, '/', 1)}".replace("#{query}", "%[query]")


def _backend(group: Group, targets: Iterable[Target], folder: Path) -> str:
    check = (
        f"http-check send meth GET uri {group.path} ver HTTP/1.1 hdr Host health hdr User-Agent ELB-HealthChecker/2.0"
    )
    algorithm = {"least_outstanding_requests": "leastconn", "weighted_random": "random"}
    lines = [
        f"backend tg-{group.id}",
        f"  balance {algorithm.get(group.algorithm, 'roundrobin')}",
        "  timeout server 60s",
        f"  timeout check {group.timeout_s}s",
        "  option httpchk",
        f"  {check}",
        f"  http-check expect status {group.matcher}",
        "  option allbackups",
        # An ALB says 503 for a group without targets, 502 for a target that does not take a connection; HAProxy says
        # 503 for both. (Counting servers does not tell: a worker that is on its way out counts none.)
        f"  errorfile 503 {folder}/503.http",
        f"  http-after-response set-status 502 if {{ res.hdr({OWN_HEADER}) -m found }} {{ srv_id -m found }}",
        f"  http-after-response del-header {OWN_HEADER}",
        *(f"  server {server} {address} {options}" for t in targets for server, address, options in servers(group, t)),
    ]
    return "\n".join([*lines, ""])


def servers(group: Group, target: Target) -> list[tuple[str, str, str]]:
    """A target's two servers: name, address and options; neither is asked before it is told to be.

    Whatever certificate a target has, a load balancer takes it.
    """
    address = f"{target.address}:{target.port}"
    plain = "ssl verify none" if group.secure else ""
    rhythm = " ".join(f"{name} {group.interval_s * 1000:.0f}ms" for name in ("inter", "fastinter", "downinter"))
    check = f"check {rhythm} rise {group.healthy} fall {group.unhealthy}"
    # Said in full: HAProxy checks a server of its configuration as it asks it, and one that is added later over TCP.
    port = f" port {group.check_port or target.port}{' check-ssl verify none' if group.check_secure else ''}"
    ramp = f" slowstart {group.slow_start_s}s" if group.slow_start_s else ""
    return [
        (target.server, address, f"{check}{port}{ramp} {plain}".strip()),
        (f"{target.server}{BACKUP}", address, f"backup disabled {plain}".strip()),
    ]
