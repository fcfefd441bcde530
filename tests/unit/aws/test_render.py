"""From a picture of load balancing to what HAProxy reads; no process is started but to ask whether it would take it."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.aws.balancer import render
from sandbox.aws.balancer.picture import Action, Condition, Group, Listener, Picture, Rule
from sandbox.aws.balancer.targets import Target

_GROUP = Group(
    id="0a1b",
    arn="arn:0a1b",
    secure=False,
    path="/health/ready",
    matcher="200-299",
    check_port=9000,
    check_secure=False,
    interval_s=30,
    timeout_s=5,
    healthy=2,
    unhealthy=3,
    slow_start_s=30,
    drain_s=30,
    algorithm="least_outstanding_requests",
)


@given(st.lists(st.integers(0, 999), min_size=1, max_size=5).filter(any))
def test_buckets_are_shared_out_by_weight(weights: list[int]) -> None:
    """All hundred of them, each group within one of its share, and none to a group of weight 0."""
    shares = tuple((f"g{number}", weight) for number, weight in enumerate(weights))
    entries = render.weights(Action(shares=shares))
    assert [bucket for bucket, _ in entries] == [str(number) for number in range(render.BUCKETS)]
    for group, weight in shares:
        count = sum(backend == f"tg-{group}" for _, backend in entries)
        assert abs(count - weight * render.BUCKETS / sum(weights)) < 1
        assert weight or not count


def _picture(*conditions: Condition) -> Picture:
    forward = Action(shares=(("0a1b", 1),), sticky_s=60)
    rules = (
        Rule(id="r1", conditions=conditions, action=forward),
        Rule(id="r2", conditions=(), action=Action(redirect=(301, "HTTPS://#{host}:443/a%20b/#{path}?a=b&#{query}"))),
        Rule(id="default", conditions=(), action=Action(fixed=(404, "text/html", '<p class="a">it\'s % ${HOME}</p>'))),
    )
    listener = Listener(
        id="l", address="127.0.0.1", port=18999, certificate="", idle_s=60, keep_alive_s=60, rules=rules
    )
    return Picture((listener,), (_GROUP,))


@pytest.mark.parametrize(
    "condition",
    [
        Condition(field="path-pattern", values=("/a b*", "/c?'d\"", "/(e)$", "/#f")),
        Condition(field="host-header", values=("*.shop.example",)),
        Condition(field="http-header", header="X-Canary", values=("yes", "it's {1} # % \\")),
        Condition(field="http-request-method", values=("GET", "HEAD")),
        Condition(field="query-string", values=("colour=idle", "any*")),
        Condition(field="source-ip", values=("10.0.0.0/8", "192.0.2.1/32")),
    ],
    ids=lambda condition: condition.field,
)
@pytest.mark.skipif(not shutil.which("haproxy"), reason="haproxy (Debian's package) is not installed")
def test_haproxy_takes_whatever_aws_takes(tmp_path: Path, condition: Condition) -> None:
    """Quotes, blanks, comments and wildcards of patterns and bodies are text to it."""
    picture = _picture(condition)
    (tmp_path / "503.http").write_text(render.ERROR)
    for rule in render.rules(picture).values():
        render.map_path(rule, tmp_path).write_text("")
    targets = {_GROUP.arn: [Target("10.244.0.7", 8000, effective=0.0)]}
    path = tmp_path / "haproxy.cfg"
    path.write_text(render.configuration(picture, targets, tmp_path))
    checked = subprocess.run(["haproxy", "-c", "-f", str(path)], check=False, capture_output=True, text=True)  # noqa: S607 - Debian puts it on PATH
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(("secure", "check_secure"), [(True, True), (True, False), (False, True)])
def test_a_target_is_spoken_to_and_checked_as_its_group_says(*, secure: bool, check_secure: bool) -> None:
    """Each by TLS or not, on a port that is named: without one, HAProxy has rules of its own. Any certificate does."""
    group = replace(_GROUP, secure=secure, check_secure=check_secure, check_port=None)
    (_, _, asked), (_, _, backup) = render.servers(group, Target("10.244.0.7", 8000, effective=0.0))
    assert (" port 8000 check-ssl verify none" in asked) is check_secure
    assert (asked.endswith(" ssl verify none"), backup.endswith(" ssl verify none")) == (secure, secure)


def test_a_health_check_is_the_target_groups(tmp_path: Path) -> None:
    """Rhythm, thresholds, path and port; a second server, unchecked, is there for fail-open alone."""
    text = render.configuration(_picture(), {_GROUP.arn: [Target("10.244.0.7", 8000, effective=0.0)]}, tmp_path)
    lines = {line.strip() for line in text.splitlines()}
    rhythm = "inter 30000ms fastinter 30000ms downinter 30000ms rise 2 fall 3"
    assert f"server t-10.244.0.7-8000 10.244.0.7:8000 check {rhythm} port 9000 slowstart 30s" in lines
    assert "server t-10.244.0.7-8000-open 10.244.0.7:8000 backup disabled" in lines
    assert "http-check expect status 200-299" in lines
    assert any(line.startswith("http-check send meth GET uri /health/ready ") for line in lines)
    assert "balance leastconn" in lines
