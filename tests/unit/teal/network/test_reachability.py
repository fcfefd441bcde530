"""Who may talk to whom, by Kubernetes' rules for NetworkPolicies: one fact a case, and what holds for any policies."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from lightkube.models.networking_v1 import NetworkPolicy

from tests.unit.teal.network.reachability import Actor, Namespace, Outside, Pod, Port, allowed, matrix

SHOP, DATA = Namespace(name="shop", labels={"team": "web"}), Namespace(name="data", labels={"team": "store"})
WEB = Pod(name="web", namespace=SHOP, labels={"app": "web"}, ports={"http": Port(8000), "dns": Port(53, "UDP")})
API = Pod(name="api", namespace=SHOP, labels={"app": "api", "tier": "back"}, ports={"http": Port(9000)})
STORE = Pod(name="store", namespace=DATA, labels={"app": "web"}, address="10.1.2.3")
CLIENT = Outside(name="client", address="203.0.113.9")
ACTORS: Sequence[Actor] = (WEB, API, STORE, CLIENT)
HTTP, ASKED = Port(8000), (Port(80), Port(8000), Port(9000), Port(53, "UDP"))
ALL: Mapping[str, Any] = {}
"""A selector that selects everything, a rule that permits everything, a peer that is nobody."""
NOBODY: set[str] = set()


def policy(namespace: str = "shop", **spec: Any) -> NetworkPolicy:  # noqa: ANN401 - a policy's JSON
    """A policy for all pods of a namespace, unless `podSelector` says otherwise."""
    manifest = {"metadata": {"name": "any", "namespace": namespace}, "spec": {"podSelector": ALL, **spec}}
    return cast("NetworkPolicy", NetworkPolicy.from_dict(manifest))  # pyright: ignore[reportUnknownMemberType]  # a plain dict


def into_web(*rules: Mapping[str, Any]) -> list[NetworkPolicy]:
    """The policy that lets these, and nobody else, into pods with `app: web`."""
    return [policy(podSelector={"matchLabels": {"app": "web"}}, policyTypes=["Ingress"], ingress=list(rules))]


def callers(policies: Sequence[NetworkPolicy], port: Port = HTTP) -> set[str]:
    """Who may connect to `web`."""
    return {each.name for each in ACTORS if each != WEB and allowed(policies, each, WEB, port)}


def test_without_a_policy_everybody_may_talk_to_everybody() -> None:
    """No policy selects a pod: nothing is denied to it."""
    assert set(matrix([], ACTORS, [HTTP]).values()) == {frozenset({HTTP})}


def test_a_policy_holds_for_the_pods_that_it_selects() -> None:
    """Pods with other labels, and pods of other namespaces with the same labels, stay open."""
    denied = into_web()
    assert callers(denied) == NOBODY
    assert allowed(denied, CLIENT, API, HTTP)
    assert allowed(denied, CLIENT, STORE, HTTP)


def test_a_pod_is_not_kept_from_itself() -> None:
    """Neither direction holds between a pod and itself."""
    assert allowed([policy(policyTypes=["Ingress", "Egress"])], WEB, WEB, HTTP)


def test_both_ends_have_to_agree() -> None:
    """What one end's egress permits, the other's ingress can still deny, and the other way round."""
    out = policy(podSelector={"matchLabels": {"app": "api"}}, policyTypes=["Egress"], egress=[ALL])
    assert allowed([out], API, WEB, HTTP)
    assert not allowed([out, *into_web()], API, WEB, HTTP)
    shut = policy(podSelector={"matchLabels": {"app": "api"}}, policyTypes=["Egress"])
    assert not allowed([shut, *into_web(ALL)], API, WEB, HTTP)


@pytest.mark.parametrize(
    ("peers", "expected"),
    [
        pytest.param(None, {"api", "store", "client"}, id="none-is-everybody"),
        pytest.param([], {"api", "store", "client"}, id="empty-is-everybody"),
        pytest.param([ALL], NOBODY, id="an-empty-peer-is-nobody"),
        pytest.param([{"podSelector": ALL}], {"api"}, id="pods-of-the-policy's-own-namespace"),
        pytest.param([{"podSelector": {"matchLabels": {"tier": "front"}}}], NOBODY, id="no-such-pod"),
        pytest.param([{"namespaceSelector": ALL}], {"api", "store"}, id="all-namespaces-but-no-host"),
        pytest.param([{"namespaceSelector": {"matchLabels": {"team": "store"}}}], {"store"}, id="namespace-by-label"),
        pytest.param(
            [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "data"}}}],
            {"store"},
            id="namespace-by-name",
        ),
        pytest.param(
            [{"namespaceSelector": {"matchLabels": {"team": "store"}}, "podSelector": {"matchLabels": {"app": "api"}}}],
            NOBODY,
            id="one-peer-means-both",
        ),
        pytest.param(
            [
                {"namespaceSelector": {"matchLabels": {"team": "store"}}},
                {"podSelector": {"matchLabels": {"app": "api"}}},
            ],
            {"store", "api"},
            id="two-peers-mean-either",
        ),
        pytest.param([{"ipBlock": {"cidr": "203.0.113.0/24"}}], {"client"}, id="address-in-the-block"),
        pytest.param(
            [{"ipBlock": {"cidr": "203.0.0.0/16", "except": ["203.0.113.0/28", "198.51.100.0/24"]}}],
            NOBODY,
            id="address-excepted",
        ),
        pytest.param(
            [{"ipBlock": {"cidr": "0.0.0.0/0"}}], {"client", "store"}, id="a-pod-is-its-address-where-it-is-known"
        ),
        pytest.param([{"ipBlock": {"cidr": "::/0"}}], NOBODY, id="the-other-family"),
    ],
)
def test_peers(peers: Sequence[Mapping[str, Any]] | None, expected: set[str]) -> None:
    """Whom the peers of a rule mean."""
    assert callers(into_web(ALL if peers is None else {"from": peers})) == expected


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ({"key": "app", "operator": "In", "values": ["api", "other"]}, {"api"}),
        ({"key": "app", "operator": "NotIn", "values": ["api"]}, {"web"}),
        ({"key": "tier", "operator": "NotIn", "values": ["back"]}, {"web"}),
        ({"key": "tier", "operator": "Exists"}, {"api"}),
        ({"key": "tier", "operator": "DoesNotExist"}, {"web"}),
    ],
)
def test_expressions(requirement: Mapping[str, Any], expected: set[str]) -> None:
    """Which pods an expression selects; NotIn also those without the label."""
    policies = [policy(podSelector={"matchExpressions": [requirement]}, policyTypes=["Ingress"])]
    assert {each.name for each in (WEB, API) if not allowed(policies, CLIENT, each, HTTP)} == expected


def test_labels_and_expressions_both_have_to_hold() -> None:
    """One that does not is enough for the pod not to be selected."""
    exists = {"key": "tier", "operator": "Exists"}
    policies = [policy(podSelector={"matchLabels": {"app": "web"}, "matchExpressions": [exists]})]
    assert allowed(policies, CLIENT, WEB, HTTP)


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        pytest.param([], {Port(80), HTTP, Port(9000), Port(53, "UDP"), Port(8000, "UDP")}, id="none-is-any"),
        pytest.param([{"port": 8000}], {HTTP}, id="tcp-unless-said"),
        pytest.param([{"port": 8000, "protocol": "UDP"}], {Port(8000, "UDP")}, id="udp"),
        pytest.param([{"protocol": "TCP"}], {Port(80), HTTP, Port(9000)}, id="a-whole-protocol"),
        pytest.param([{"port": 80, "endPort": 8000}], {Port(80), HTTP}, id="a-range-with-both-its-ends"),
        pytest.param([{"port": 80}, {"port": 9000}], {Port(80), Port(9000)}, id="either"),
        pytest.param([{"port": "http"}], {HTTP}, id="named-on-the-target"),
        pytest.param([{"port": "dns", "protocol": "UDP"}], {Port(53, "UDP")}, id="named-udp"),
        pytest.param([{"port": "dns"}], set[Port](), id="named-in-the-other-protocol"),
        pytest.param([{"port": "absent"}], set[Port](), id="a-name-nobody-has"),
    ],
)
def test_ports(ports: Sequence[Mapping[str, Any]], expected: set[Port]) -> None:
    """Which ports a rule opens."""
    assert matrix(into_web({"ports": ports}), ACTORS, {*ASKED, Port(8000, "UDP")})["client", "web"] == expected


def test_a_named_port_of_egress_is_the_target_s() -> None:
    """`http` is 9000 on the pod that is connected to, whatever it is on the one that connects; a host has no names."""
    out = [policy(policyTypes=["Egress"], egress=[{"ports": [{"port": "http"}]}])]
    seen = matrix(out, ACTORS, [HTTP, Port(9000)])
    assert (seen["web", "api"], seen["web", "client"]) == ({Port(9000)}, NOBODY)


@pytest.mark.parametrize(
    ("spec", "into", "out"),
    [
        pytest.param(ALL, False, True, id="ingress-always"),
        pytest.param({"egress": []}, False, True, id="an-empty-egress-is-none"),
        pytest.param({"egress": [{"to": [{"podSelector": ALL}]}]}, False, False, id="egress-where-there-is-a-rule"),
        pytest.param({"policyTypes": ["Egress"]}, True, False, id="as-said"),
        pytest.param(
            {"policyTypes": ["Egress"], "ingress": [{"from": [{"podSelector": ALL}]}]}, True, False, id="unsaid"
        ),
    ],
)
def test_policy_types(spec: Mapping[str, Any], into: bool, out: bool) -> None:  # noqa: FBT001 - the table's columns
    """In which directions a policy isolates, said or filled in by the API server."""
    policies = [policy(**spec)]
    assert (allowed(policies, CLIENT, WEB, HTTP), allowed(policies, WEB, CLIENT, HTTP)) == (into, out)


def test_what_no_api_server_accepts_is_an_error() -> None:
    """An operator or a CIDR that is none must not pass for a rule that matches nothing."""
    operator = policy(podSelector={"matchExpressions": [{"key": "app", "operator": "Like"}]})
    with pytest.raises(ValueError, match="Like"):
        allowed([operator], CLIENT, WEB, HTTP)
    with pytest.raises(ValueError, match="10/8"):
        allowed(into_web({"from": [{"ipBlock": {"cidr": "10/8"}}]}), CLIENT, WEB, HTTP)


def test_actors_that_share_a_name_are_refused() -> None:
    """The row of one must not hide the other's."""
    with pytest.raises(ValueError, match="client"):
        matrix([], [CLIENT, WEB, Outside(name="client", address="192.0.2.1")], [HTTP])


def test_the_matrix_has_no_pair_of_two_hosts_outside() -> None:
    """Policies say nothing of them."""
    assert ("client", "other") not in matrix([], [CLIENT, Outside(name="other", address="192.0.2.1")], [HTTP])


KEYS, VALUES = some.sampled_from(["app", "tier", "team"]), some.sampled_from(["web", "api", "back", "store"])


def one(key: str, value: some.SearchStrategy[Any]) -> some.SearchStrategy[Mapping[str, Any]]:
    """An object with one field."""
    return some.fixed_dictionaries({key: value})


expressions: some.SearchStrategy[Mapping[str, Any]] = some.fixed_dictionaries(
    {
        "key": KEYS,
        "operator": some.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]),
        "values": some.lists(VALUES, min_size=1, max_size=2),
    }
)
selectors = some.one_of(
    one("matchLabels", some.dictionaries(KEYS, VALUES, max_size=2)),
    one("matchExpressions", some.lists(expressions, min_size=1, max_size=1)),
)
peers = some.one_of(
    one("podSelector", selectors),
    one("namespaceSelector", selectors),
    some.tuples(one("podSelector", selectors), one("namespaceSelector", selectors)).map(
        lambda two: {**two[0], **two[1]}
    ),
    one("ipBlock", one("cidr", some.sampled_from(["203.0.113.0/24", "10.0.0.0/8", "0.0.0.0/0"]))),
)
ports: some.SearchStrategy[Mapping[str, Any]] = some.sampled_from(
    [
        {"port": 80},
        {"port": "http"},
        {"port": "dns", "protocol": "UDP"},
        {"port": 1, "endPort": 9000},
        {"protocol": "UDP"},
    ]
)


def rules(direction: str) -> some.SearchStrategy[list[Mapping[str, Any]]]:
    """Any rules of one direction."""
    rule = some.tuples(one(direction, some.lists(peers, max_size=2)), one("ports", some.lists(ports, max_size=2)))
    return some.lists(rule.map(lambda two: {**two[0], **two[1]}), max_size=2)


policies_ = some.lists(
    some.builds(
        policy,
        some.sampled_from(["shop", "data"]),
        podSelector=selectors,
        policyTypes=some.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]]),
        ingress=rules("from"),
        egress=rules("to"),
    ),
    max_size=3,
)
few = settings(max_examples=50, deadline=None)  # seconds in all, on a machine that others use too

DENY = [policy("shop", policyTypes=["Ingress", "Egress"])]


@few
@given(policies_)
def test_default_deny_denies_whatever_other_namespaces_say(others: list[NetworkPolicy]) -> None:
    """With nothing but a general denial in a namespace, nobody gets in or out of its pods."""
    seen = matrix(
        [*DENY, *(each for each in others if each.metadata and each.metadata.namespace == "data")], ACTORS, ASKED
    )
    assert {pair: ports for pair, ports in seen.items() if {"web", "api"} & set(pair) and ports} == {}


@few
@given(policies_, policies_)
def test_where_all_is_denied_a_further_policy_only_adds(
    first: list[NetworkPolicy], further: list[NetworkPolicy]
) -> None:
    """Under a general denial of every namespace no policy takes back what another permits."""
    base = [*DENY, policy("data", policyTypes=["Ingress", "Egress"]), *first]
    before, after = matrix(base, ACTORS, ASKED), matrix([*base, *further], ACTORS, ASKED)
    assert all(before[pair] <= after[pair] for pair in before)


@few
@given(policies_, some.randoms())
def test_the_order_of_policies_is_no_order(policies: list[NetworkPolicy], random: Random) -> None:
    """Policies are a set: shuffled, or said twice, they permit the same."""
    shuffled = [*policies, *policies]
    random.shuffle(shuffled)
    assert matrix(policies, ACTORS, ASKED) == matrix(shuffled, ACTORS, ASKED)


@few
@given(policies_)
def test_pods_with_the_same_labels_may_do_the_same(policies: list[NetworkPolicy]) -> None:
    """Policies see nothing of a pod but its labels, its namespace's, its ports and its address."""
    twin = Pod(name="twin", namespace=WEB.namespace, labels=WEB.labels, ports=WEB.ports)
    seen = matrix(policies, [*ACTORS, twin], ASKED)
    for other in (API, STORE, CLIENT):
        assert seen["web", other.name] == seen["twin", other.name]
        assert seen[other.name, "web"] == seen[other.name, "twin"]
