"""The sandbox's load balancer says how its targets are, and sends requests accordingly."""

import http.client
import shutil
import time
from pathlib import Path

import pytest

from tests.unit.aws.balancer import Balancer
from tests.unit.aws.conftest import Aws, served
from tests.unit.aws.targets import PORTS, Target, get, status

pytestmark = pytest.mark.skipif(not shutil.which("haproxy"), reason="haproxy (Debian's package) is not installed")


def test_a_target_lives_and_goes(aws: Aws) -> None:
    """Initial and unasked, healthy, unhealthy and asked all the same (fail-open), refusing, draining, gone."""
    balancer = Balancer.create(aws, "life", next(PORTS))
    aws.until(lambda: status(balancer) == 503)  # a group without targets
    aws.order(registration_delay_s=2)
    first = Target("blue", "127.99.2.1")
    began = time.monotonic()
    balancer.register("blue", first.address)
    assert balancer.states("blue") == {first.address: "initial"}
    assert first.checks == 0
    aws.until(lambda: first.checks > 0)
    assert time.monotonic() - began >= 2
    assert (status(balancer), balancer.states("blue")) == (503, {first.address: "initial"})
    aws.order()
    aws.until(lambda: balancer.states("blue") == {first.address: "healthy"})
    assert get(balancer) == (200, "blue")
    first.healthy = False
    aws.until(lambda: balancer.states("blue") == {first.address: "unhealthy"})
    second = Target("blue", "127.99.2.2")
    aws.order(check_interval_s=10)
    balancer.register("blue", second.address)
    assert balancer.states("blue")[second.address] == "initial"
    assert {get(balancer)[0] for _ in range(10)} == {500}  # all to the first: the second is not known yet
    aws.order()
    aws.until(lambda: balancer.states("blue")[second.address] == "healthy")
    assert {get(balancer)[0] for _ in range(10)} == {200}
    second.end()
    assert status(balancer) in (500, 502)
    balancer.deregister("blue", first.address)
    assert balancer.states("blue")[first.address] == "draining"
    aws.until(lambda: status(balancer) == 502)
    balancer.delete()
    aws.until(lambda: balancer.states("blue")[second.address] == "unused")
    first.end()


def test_requests_in_flight_outlive_deregistration(aws: Aws) -> None:
    """They have the deregistration delay to end in; no new ones come."""
    balancer = Balancer.create(aws, "drain", next(PORTS))
    target = Target("blue", "127.99.3.1")
    balancer.register("blue", target.address)
    delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "5"}]
    balancer.elb.modify_target_group_attributes(TargetGroupArn=balancer.groups["blue"], Attributes=delay)
    aws.until(lambda: get(balancer) == (200, "blue"))
    slow = http.client.HTTPConnection(balancer.address, balancer.port)
    slow.request("GET", "/slow")
    time.sleep(0.2)  # it has left; nothing tells when it has arrived
    began = time.monotonic()
    balancer.deregister("blue", target.address)
    aws.until(lambda: status(balancer) == 503)
    target.held.set()
    answer = slow.getresponse()
    assert (answer.status, answer.read()) == (200, b"blue")
    slow.close()
    aws.until(lambda: balancer.states("blue") == {})
    assert time.monotonic() - began >= 5
    target.end()


def test_targets_are_told_apart_by_port(aws: Aws) -> None:
    """As on AWS; deregistering one leaves the other."""
    balancer = Balancer.create(aws, "ports", next(PORTS))
    targets = [Target(str(port), "127.99.4.1", port) for port in (8000, 8001)]
    for target in targets:
        balancer.register("blue", target.address, port=target.port)
    given = {"TargetGroupArn": balancer.groups["blue"]}
    listed = balancer.elb.describe_target_health(**given)["TargetHealthDescriptions"]
    assert [each["Target"]["Port"] for each in listed] == [8000, 8001]
    balancer.elb.deregister_targets(**given, Targets=[{"Id": "127.99.4.1", "Port": 8000}])
    aws.until(lambda: get(balancer) == (200, "8001"))
    for target in targets:
        target.end()


def test_the_data_path_ends_with_the_server_that_started_it(tmp_path: Path) -> None:
    """Even if that is killed, and cannot end it: a restarted one would find its ports taken."""
    with served(tmp_path) as (aws, process):
        balancer = Balancer.create(aws, "orphan", next(PORTS))
        aws.until(lambda: status(balancer) == 503)
        process.kill()
        process.wait()
        aws.until(lambda: status(balancer) == 0)
