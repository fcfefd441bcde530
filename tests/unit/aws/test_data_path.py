"""What clients get through the sandbox's load balancer."""

import http.client
import shutil
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.unit.aws.balancer import Balancer
from tests.unit.aws.conftest import Aws
from tests.unit.aws.targets import PORTS, Target, get
from tests.unit.certified import self_signed

pytestmark = pytest.mark.skipif(not shutil.which("haproxy"), reason="haproxy (Debian's package) is not installed")


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
    balancer = Balancer.create(running_aws, "shared", next(PORTS))
    for colour, target in targets.items():
        balancer.register(colour, target.address)
    running_aws.until(lambda: all(set(balancer.states(colour).values()) == {"healthy"} for colour in targets))
    return balancer


@pytest.fixture
def balancer(shared: Balancer) -> Balancer:
    """The shared one, all weight on blue."""
    shared.weigh({"blue": 100, "green": 0})
    return shared


def test_a_flip_is_seen_at_once(aws: Aws, balancer: Balancer) -> None:
    """By new requests on new connections and on kept-alive ones."""
    with httpx2.Client(base_url=f"http://{balancer.address}:{balancer.port}") as kept:
        aws.until(lambda: kept.get("/").text == "blue")
        balancer.weigh({"blue": 0, "green": 100})
        aws.until(lambda: kept.get("/").text == "green")
    assert {get(balancer) for _ in range(20)} == {(200, "green")}


def test_a_canary_gets_its_share(aws: Aws, balancer: Balancer) -> None:
    """10 of 100, within five standard deviations of 2,000 requests (67)."""
    balancer.weigh({"blue": 90, "green": 10})
    aws.until(lambda: get(balancer)[1] == "green")
    with httpx2.Client(base_url=f"http://{balancer.address}:{balancer.port}") as client:
        seen = Counter(client.get("/").text for _ in range(2000))
    assert seen["blue"] + seen["green"] == 2000
    assert abs(seen["green"] - 200) < 67


def test_a_rule_change_can_be_ordered_to_be_late(aws: Aws, balancer: Balancer) -> None:
    """The API tells it at once; requests go the old way for as long."""
    aws.order(rule_delay_s=1)
    aws.until(lambda: get(balancer)[1] == "blue")
    began = time.monotonic()
    balancer.weigh({"blue": 0, "green": 100})
    assert balancer.weights()[balancer.groups["green"]] == 100
    aws.until(lambda: get(balancer)[1] == "green")
    assert time.monotonic() - began >= 1


def test_what_no_rule_matches_is_the_default_actions(balancer: Balancer) -> None:
    """A fixed response, word for word."""
    path = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/shop*"]}}]
    balancer.elb.modify_rule(RuleArn=balancer.rule, Conditions=path)
    while get(balancer) != (404, "it's nothing"):
        pass
    assert get(balancer, "/shop/1") == (200, "blue")
    every = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}]
    balancer.elb.modify_rule(RuleArn=balancer.rule, Conditions=every)
    while get(balancer) != (200, "blue"):
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
        aws.until(lambda p=path, h=hit: get(balancer, p, **h)[1] == "green")
        assert {get(balancer, path, **hit)[1] for _ in range(10)} == {"green"}, hit
        assert {get(balancer, other, **miss)[1] for _ in range(10)} == {"blue"}, miss
    for rule in made:
        balancer.elb.delete_rule(RuleArn=rule)
    aws.until(lambda: get(balancer, **_HIT_AND_MISS[0][2])[1] == "blue")


def test_a_sticky_client_stays_whatever_the_weights(aws: Aws, balancer: Balancer) -> None:
    """With its target group, until its cookie ends; without the cookie the weights decide."""
    balancer.weigh({"blue": 100, "green": 0}, sticky_s=600)
    with httpx2.Client(base_url=f"http://{balancer.address}:{balancer.port}") as client:
        aws.until(lambda: "AWSALBTG" in client.get("/").cookies)
        balancer.weigh({"blue": 0, "green": 100}, sticky_s=600)
        aws.until(lambda: get(balancer)[1] == "green")
        assert {client.get("/").text for _ in range(20)} == {"blue"}


def test_redirects_are_filled_in(aws: Aws, balancer: Balancer) -> None:
    """The usual one, to HTTPS, keeps host, path and query."""
    secure = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    actions = [{"Type": "redirect", "RedirectConfig": secure}]
    host = [{"Field": "host-header", "HostHeaderConfig": {"Values": ["shop.example", "x"]}}]
    made = balancer.elb.create_rule(ListenerArn=balancer.listener, Priority=5, Conditions=host, Actions=actions)
    aws.until(lambda: get(balancer, Host="x")[0] == 301)
    url = f"http://{balancer.address}:{balancer.port}/a/b?c=d"
    found = httpx2.get(url, headers={"Host": "shop.example"})
    assert found.headers["Location"] == "https://shop.example/a/b?c=d"
    assert httpx2.get(url.partition("?")[0], headers={"Host": "x:80"}).headers["Location"] == "https://x/a/b"
    balancer.elb.delete_rule(RuleArn=made["Rules"][0]["RuleArn"])


def test_a_reload_cuts_nobody_off(aws: Aws, balancer: Balancer) -> None:
    """A rule's making is a reload of the data path: idle connections are good for another request."""
    path = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/green"]}}]
    aws.until(lambda: get(balancer) == (200, "blue"))
    idle = [http.client.HTTPConnection(balancer.address, balancer.port) for _ in range(5)]
    for connection in idle:
        assert _ask(connection) == "blue"
    made = balancer.elb.create_rule(
        ListenerArn=balancer.listener, Priority=3, Conditions=path, Actions=balancer.forward({"green": 1})
    )
    aws.until(lambda: get(balancer, "/green")[1] == "green")
    for connection in idle:
        assert _ask(connection) == "blue"
        connection.close()
    assert set(balancer.states("blue").values()) == {"healthy"}  # what was found before is not forgotten
    balancer.elb.delete_rule(RuleArn=made["Rules"][0]["RuleArn"])
    aws.until(lambda: get(balancer, "/green")[1] == "blue")


def _ask(connection: http.client.HTTPConnection) -> str:
    connection.request("GET", "/")
    answer = connection.getresponse()
    return answer.read().decode() or str((answer.status, answer.getheaders()))


def test_https(aws: Aws, balancer: Balancer) -> None:
    """With the certificate that was imported."""
    certificate, private = self_signed()
    arn = aws.client("acm").import_certificate(Certificate=certificate, PrivateKey=private)["CertificateArn"]
    port = next(PORTS)
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
