"""What clients get through the sandbox's load balancer, and what it says of its targets."""

import http.client
import shutil
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.unit.aws.balancer import Balancer
from tests.unit.aws.conftest import Aws, served
from tests.unit.certified import self_signed

pytestmark = pytest.mark.skipif(not shutil.which("haproxy"), reason="haproxy (Debian's package) is not installed")

_ports = count(18200)


class Target(ThreadingHTTPServer):
    """A target: it says its colour, and can be made unhealthy, slow or gone."""

    daemon_threads = True

    def __init__(self, colour: str, address: str, port: int = 8000) -> None:
        """Listen."""
        super().__init__((address, port), _Handler)
        self.colour, self.address, self.healthy, self.port = colour, address, True, port
        self.checks = 0
        self.held = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base class's
        """Clients hang up."""

    def end(self) -> None:
        """Stop listening."""
        self.held.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment, or each answer takes 40 ms
    server: Target  # pyright: ignore[reportIncompatibleVariableOverride] - the only one it is used with

    def do_GET(self) -> None:
        self.server.checks += self.path == "/health"
        if self.path == "/slow":
            self.server.held.wait(10)
        body = self.server.colour.encode()
        self.send_response(200 if self.server.healthy else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the base class's
        pass


@pytest.fixture(scope="module")
def targets() -> Iterator[dict[str, Target]]:
    """One of each colour."""
    made = {"blue": Target("blue", "127.99.1.1"), "green": Target("green", "127.99.1.2")}
    yield made
    for target in made.values():
        target.end()


@pytest.fixture(scope="module")
def shared(running_aws: Aws, targets: dict[str, Target]) -> Balancer:
    """A load balancer with a healthy target a colour, for tests that leave the targets as they are."""
    balancer = Balancer.create(running_aws, "shared", next(_ports))
    for colour, target in targets.items():
        balancer.register(colour, target.address)
    running_aws.until(lambda: all(set(balancer.states(colour).values()) == {"healthy"} for colour in targets))
    return balancer


@pytest.fixture
def balancer(shared: Balancer) -> Balancer:
    """The shared one, all weight on blue."""
    shared.weigh({"blue": 100, "green": 0})
    return shared


def _get(balancer: Balancer, path: str = "/", **headers: str) -> tuple[int, str]:
    try:
        found = httpx2.get(f"http://{balancer.address}:{balancer.port}{path}", headers=headers, timeout=10)
    except httpx2.ConnectError:
        return 0, ""  # it does not listen yet
    return found.status_code, found.text


def test_a_flip_is_seen_at_once(aws: Aws, balancer: Balancer) -> None:
    """By new requests on new connections and on kept-alive ones."""
    with httpx2.Client(base_url=f"http://{balancer.address}:{balancer.port}") as kept:
        aws.until(lambda: kept.get("/").text == "blue")
        balancer.weigh({"blue": 0, "green": 100})
        aws.until(lambda: kept.get("/").text == "green")
    assert {_get(balancer) for _ in range(20)} == {(200, "green")}


def test_a_canary_gets_its_share(aws: Aws, balancer: Balancer) -> None:
    """10 of 100, within five standard deviations of 2,000 requests (67)."""
    balancer.weigh({"blue": 90, "green": 10})
    aws.until(lambda: _get(balancer)[1] == "green")
    with httpx2.Client(base_url=f"http://{balancer.address}:{balancer.port}") as client:
        seen = Counter(client.get("/").text for _ in range(2000))
    assert seen["blue"] + seen["green"] == 2000
    assert abs(seen["green"] - 200) < 67


def test_a_rule_change_can_be_ordered_to_be_late(aws: Aws, balancer: Balancer) -> None:
    """The API tells it at once; requests go the old way for as long."""
    aws.order(rule_delay_s=1)
    aws.until(lambda: _get(balancer)[1] == "blue")
    began = time.monotonic()
    balancer.weigh({"blue": 0, "green": 100})
    assert balancer.weights()[balancer.groups["green"]] == 100
    aws.until(lambda: _get(balancer)[1] == "green")
    assert time.monotonic() - began >= 1


def test_what_no_rule_matches_is_the_default_actions(balancer: Balancer) -> None:
    """A fixed response, word for word."""
    path = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/shop*"]}}]
    balancer.elb.modify_rule(RuleArn=balancer.rule, Conditions=path)
    while _get(balancer) != (404, "it's nothing"):
        pass
    assert _get(balancer, "/shop/1") == (200, "blue")
    every = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}]
    balancer.elb.modify_rule(RuleArn=balancer.rule, Conditions=every)
    while _get(balancer) != (200, "blue"):
        pass


_HIT_AND_MISS: list[tuple[dict[str, Any], str, dict[str, str], str, dict[str, str]]] = [
    (
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Canary", "Values": ["yes"]}},
        *("/", {"X-Canary": "Yes"}),
        *("/", {"X-Canary": "yes!"}),
    ),
    (
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "Cookie", "Values": ["*colour=idle*"]}},
        *("/", {"Cookie": "a=b; colour=idle; c=d"}),
        *("/", {"Cookie": "a=b; colour=live"}),
    ),
    (
        {"Field": "host-header", "HostHeaderConfig": {"Values": ["*.shop.example"]}},
        *("/", {"Host": "a.SHOP.example:80"}),
        *("/", {"Host": "shop.example"}),
    ),
    (
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "colour", "Value": "idle"}]}},
        *("/?a=b&colour=idle", {}),
        *("/?colour=idler&xcolour=idle", {}),
    ),
]


def test_chosen_users_reach_the_idle_colour(aws: Aws, balancer: Balancer) -> None:
    """By rules before the weighted one; nobody else does."""
    made: list[str] = []
    for priority, (condition, *_) in enumerate(_HIT_AND_MISS, 1):
        given = {"Conditions": [condition], "Actions": balancer.forward({"green": 1})}
        rule = balancer.elb.create_rule(ListenerArn=balancer.listener, Priority=priority, **given)["Rules"][0]
        made.append(rule["RuleArn"])
    for _, path, hit, other, miss in _HIT_AND_MISS:
        aws.until(lambda p=path, h=hit: _get(balancer, p, **h)[1] == "green")
        assert {_get(balancer, path, **hit)[1] for _ in range(10)} == {"green"}, hit
        assert {_get(balancer, other, **miss)[1] for _ in range(10)} == {"blue"}, miss
    for rule in made:
        balancer.elb.delete_rule(RuleArn=rule)
    aws.until(lambda: _get(balancer, **_HIT_AND_MISS[0][2])[1] == "blue")


def test_a_sticky_client_stays_whatever_the_weights(aws: Aws, balancer: Balancer) -> None:
    """With its target group, until its cookie ends; without the cookie the weights decide."""
    balancer.weigh({"blue": 100, "green": 0}, sticky_s=600)
    with httpx2.Client(base_url=f"http://{balancer.address}:{balancer.port}") as client:
        aws.until(lambda: "AWSALBTG" in client.get("/").cookies)
        balancer.weigh({"blue": 0, "green": 100}, sticky_s=600)
        aws.until(lambda: _get(balancer)[1] == "green")
        assert {client.get("/").text for _ in range(20)} == {"blue"}


def test_redirects_are_filled_in(aws: Aws, balancer: Balancer) -> None:
    """The usual one, to HTTPS, keeps host, path and query."""
    secure = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    actions = [{"Type": "redirect", "RedirectConfig": secure}]
    host = [{"Field": "host-header", "HostHeaderConfig": {"Values": ["shop.example", "x"]}}]
    made = balancer.elb.create_rule(ListenerArn=balancer.listener, Priority=5, Conditions=host, Actions=actions)
    aws.until(lambda: _get(balancer, Host="x")[0] == 301)
    url = f"http://{balancer.address}:{balancer.port}/a/b?c=d"
    found = httpx2.get(url, headers={"Host": "shop.example"})
    assert found.headers["Location"] == "https://shop.example/a/b?c=d"
    assert httpx2.get(url.partition("?")[0], headers={"Host": "x:80"}).headers["Location"] == "https://x/a/b"
    balancer.elb.delete_rule(RuleArn=made["Rules"][0]["RuleArn"])


def test_a_reload_cuts_nobody_off(aws: Aws, balancer: Balancer) -> None:
    """A rule's making is a reload of the data path: idle connections are good for another request."""
    path = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/green"]}}]
    aws.until(lambda: _get(balancer) == (200, "blue"))
    idle = [http.client.HTTPConnection(balancer.address, balancer.port) for _ in range(5)]
    for connection in idle:
        assert _ask(connection) == "blue"
    made = balancer.elb.create_rule(
        ListenerArn=balancer.listener, Priority=3, Conditions=path, Actions=balancer.forward({"green": 1})
    )
    aws.until(lambda: _get(balancer, "/green")[1] == "green")
    for connection in idle:
        assert _ask(connection) == "blue"
        connection.close()
    assert set(balancer.states("blue").values()) == {"healthy"}  # what was found before is not forgotten
    balancer.elb.delete_rule(RuleArn=made["Rules"][0]["RuleArn"])
    aws.until(lambda: _get(balancer, "/green")[1] == "blue")


def _ask(connection: http.client.HTTPConnection) -> str:
    connection.request("GET", "/")
    answer = connection.getresponse()
    return answer.read().decode() or str((answer.status, answer.getheaders()))


def test_https(aws: Aws, balancer: Balancer) -> None:
    """With the certificate that was imported."""
    certificate, private = self_signed()
    arn = aws.client("acm").import_certificate(Certificate=certificate, PrivateKey=private)["CertificateArn"]
    port = next(_ports)
    made = balancer.elb.create_listener(
        LoadBalancerArn=balancer.arn,
        Port=port,
        Protocol="HTTPS",
        Certificates=[{"CertificateArn": arn}],
        DefaultActions=balancer.forward({"green": 1}),
    )

    def served() -> bool:
        try:
            return ssl.get_server_certificate((balancer.address, port)) == certificate.decode()
        except OSError:
            return False

    aws.until(served)
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    assert httpx2.get(f"https://{balancer.address}:{port}/", verify=unchecked).text == "green"
    balancer.elb.delete_listener(ListenerArn=made["Listeners"][0]["ListenerArn"])


def test_a_target_lives_and_goes(aws: Aws) -> None:
    """Initial and unasked, healthy, unhealthy and asked all the same (fail-open), refusing, draining, gone."""
    balancer = Balancer.create(aws, "life", next(_ports))
    aws.until(lambda: _status(balancer) == 503)  # a group without targets
    aws.order(registration_delay_s=2)
    first = Target("blue", "127.99.2.1")
    began = time.monotonic()
    balancer.register("blue", first.address)
    assert balancer.states("blue") == {first.address: "initial"}
    assert first.checks == 0
    aws.until(lambda: first.checks > 0)
    assert time.monotonic() - began >= 2
    assert (_status(balancer), balancer.states("blue")) == (503, {first.address: "initial"})
    aws.order()
    aws.until(lambda: balancer.states("blue") == {first.address: "healthy"})
    assert _get(balancer) == (200, "blue")
    first.healthy = False
    aws.until(lambda: balancer.states("blue") == {first.address: "unhealthy"})
    second = Target("blue", "127.99.2.2")
    aws.order(check_interval_s=10)
    balancer.register("blue", second.address)
    assert balancer.states("blue")[second.address] == "initial"
    assert {_get(balancer)[0] for _ in range(10)} == {500}  # all to the first: the second is not known yet
    aws.order()
    aws.until(lambda: balancer.states("blue")[second.address] == "healthy")
    assert {_get(balancer)[0] for _ in range(10)} == {200}
    second.end()
    assert _status(balancer) in (500, 502)
    balancer.deregister("blue", first.address)
    assert balancer.states("blue")[first.address] == "draining"
    aws.until(lambda: _status(balancer) == 502)
    balancer.delete()
    aws.until(lambda: balancer.states("blue")[second.address] == "unused")
    first.end()


def test_requests_in_flight_outlive_deregistration(aws: Aws) -> None:
    """They have the deregistration delay to end in; no new ones come."""
    balancer = Balancer.create(aws, "drain", next(_ports))
    target = Target("blue", "127.99.3.1")
    balancer.register("blue", target.address)
    delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "5"}]
    balancer.elb.modify_target_group_attributes(TargetGroupArn=balancer.groups["blue"], Attributes=delay)
    aws.until(lambda: _get(balancer) == (200, "blue"))
    slow = http.client.HTTPConnection(balancer.address, balancer.port)
    slow.request("GET", "/slow")
    time.sleep(0.2)  # it has left; nothing tells when it has arrived
    began = time.monotonic()
    balancer.deregister("blue", target.address)
    aws.until(lambda: _status(balancer) == 503)
    target.held.set()
    answer = slow.getresponse()
    assert (answer.status, answer.read()) == (200, b"blue")
    slow.close()
    aws.until(lambda: balancer.states("blue") == {})
    assert time.monotonic() - began >= 5
    target.end()


def test_targets_are_told_apart_by_port(aws: Aws) -> None:
    """As on AWS; deregistering one leaves the other."""
    balancer = Balancer.create(aws, "ports", next(_ports))
    targets = [Target(str(port), "127.99.4.1", port) for port in (8000, 8001)]
    for target in targets:
        balancer.register("blue", target.address, port=target.port)
    given = {"TargetGroupArn": balancer.groups["blue"]}
    listed = balancer.elb.describe_target_health(**given)["TargetHealthDescriptions"]
    assert [each["Target"]["Port"] for each in listed] == [8000, 8001]
    balancer.elb.deregister_targets(**given, Targets=[{"Id": "127.99.4.1", "Port": 8000}])
    aws.until(lambda: _get(balancer) == (200, "8001"))
    for target in targets:
        target.end()


def test_the_data_path_ends_with_the_server_that_started_it(tmp_path: Path) -> None:
    """Even if that is killed, and cannot end it: a restarted one would find its ports taken."""
    with served(tmp_path) as (aws, process):
        balancer = Balancer.create(aws, "orphan", next(_ports))
        aws.until(lambda: _status(balancer) == 503)
        process.kill()
        process.wait()
        aws.until(lambda: _status(balancer) == 0)


def _status(balancer: Balancer) -> int:
    return _get(balancer)[0]
