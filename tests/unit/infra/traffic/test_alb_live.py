"""Where a listener rule leads elsewhere than declared, `router: alb` writes it anew, or refuses."""

import json
from dataclasses import replace
from typing import Any

import pytest
from teal_infra.planning.live import Live, require_explained
from teal_infra.settings.load import load
from teal_infra.traffic import Front
from teal_infra.traffic import declared as of_inputs

from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.model.errors import ConfigError, ForeignChangeError, RefusedError
from tests.unit.infra.declaring import ALB, CALLERS, config, declared
from tests.unit.infra.traffic.balanced import AT, BLUE, GREEN, live

# pulumi-aws says this when it is imported, of a resource that teal has not.
pytestmark = pytest.mark.filterwarnings("ignore:aws.ec2/encryptioncontrol:DeprecationWarning")


def marked(found: Live, **tags: str) -> Live:
    """The same with other tags."""
    backend = found.services["backend"]
    return replace(found, services={"backend": replace(backend, annotations={**backend.annotations, **tags})})


async def test_traffic_that_is_not_where_it_is_declared_makes_a_difference_in_what_is_written() -> None:
    """pulumi-aws writes of a rule only what differs from the state: the actions do when, and only when, they must."""
    there = await declared(config("blue"), live(BLUE, order=7))
    elsewhere = await declared(config("blue"), live(GREEN, order=7))
    orders = [each["ListenerRule", "backend-live"]["actions"][0]["order"] for each in (there, elsewhere)]
    assert orders[0] == 7
    assert orders[1] not in {1, 7}
    assert 1 <= orders[1] <= 50_000
    tags = [each["ListenerRule", "backend-live"]["tags"]["teal/moved-from"] for each in (there, elsewhere)]
    assert tags == ["nothing", f"green@{AT}"]


async def test_the_tag_that_names_the_live_colour_is_never_the_same_twice() -> None:
    """pulumi-aws compares tags with its state alone: what an update that was killed wrote would stay for good."""
    moved = await declared(config("blue"), live(GREEN))
    stale = await declared(config("blue"), marked(live(BLUE), **{"teal/active": "green@then"}))
    tags = [each["ListenerRule", "backend-live"]["tags"]["teal/active"] for each in (moved, stale)]
    assert tags == [f"blue@{AT}", f"blue@{AT}"]
    kept = await declared(config("blue"), marked(live(BLUE), **{"teal/active": "blue@then"}))
    assert kept["ListenerRule", "backend-live"]["tags"]["teal/active"] == "blue@then"


def test_a_target_group_is_kept_where_requests_go_or_may_go_back() -> None:
    """The live colour's, that of a share, and what the stack says of chosen clients or of a flip under way."""
    access = ClusterAccess(namespace="n")
    front = Front(settings=load(config(), stack="dev"), access=access, namespace="n", live=live(BLUE).services, at=AT)
    assert [front.leads_to("backend", colour) for colour in (BLUE, GREEN)] == [True, False]
    assert replace(front, live=live(BLUE, 10).services).leads_to("backend", GREEN)
    assert replace(front, held=frozenset({GREEN})).leads_to("backend", GREEN)
    assert live(BLUE, chosen="header X: y").held == {GREEN}
    assert live(BLUE).held == set()


def test_what_a_rule_is_declared_to_do_is_read_from_its_inputs() -> None:
    """As a hook is handed them: service, colour, share."""
    rule = {
        "tags": {"teal/service": "backend", "teal/active": "green@then"},
        "actions": [{"forward": {"targetGroups": [{"weight": 10}, {"weight": 90}]}}],
    }
    found = of_inputs(rule)
    assert (found.service, found.colour, found.share) == ("backend", GREEN, 10)


@pytest.mark.parametrize(
    ("found", "refused"),
    [
        (live(BLUE), False),
        (live(BLUE, 30), True),  # a foreign weight
        (live(BLUE, 10, canary="10"), False),  # as the last update left it
        (live(GREEN), True),
        (live(None), True),
    ],
)
def test_a_foreign_weight_is_refused_before_anything_is_declared(found: Live, *, refused: bool) -> None:
    """Whoever changed the rule, the colour or only a share of it."""
    settings = load(config("blue"), stack="dev")
    if refused:
        with pytest.raises(ForeignChangeError, match="Nothing was changed"):
            require_explained(found, settings)
    else:
        require_explained(found, settings)


def test_a_foreign_weight_is_overwritten_when_the_stack_says_so() -> None:
    """By the colour that it left live."""
    require_explained(live(BLUE, 30), load(config("blue", repair="blue"), stack="dev"))


def test_half_a_flip_is_refused() -> None:
    """With a canary weight, the colour that is left would keep a share that nobody looks at."""
    with pytest.raises(RefusedError, match="teal:canaryWeight is 10"):
        require_explained(live(BLUE), load(config("green", canaryWeight="10"), stack="dev"))


@pytest.mark.parametrize(("share", "record"), [(10, {"canary": "10"}), (0, {"chosen": "header X-Canary: always"})])
def test_a_colour_with_a_share_is_not_ended(share: int, record: dict[str, str]) -> None:
    """First the share goes, and settles."""
    green = {"version": "1.1.0", "state": "retired", "backend": {"image": "registry.example/backend:1"}}
    found = replace(live(BLUE, share), record=record)
    with pytest.raises(RefusedError, match="slot green is to end, and it has the requests of"):
        require_explained(found, load(config("blue", green=green), stack="dev"))


@pytest.mark.parametrize(
    ("changes", "key", "what"),
    [
        ({"alb": None}, "teal:alb.vpcId", "nothing says where the load balancer is to be"),
        ({"alb": {**ALB, "subnetIds": ["subnet-0123456789abcdef0"]}}, "teal:alb.subnetIds[1]", "it takes|takes two"),
        ({"alb": {**ALB, "callers": []}}, "teal:alb.callers[0]", "nobody who may send live traffic"),
        ({"alb": {**ALB, "testPort": 80}}, "teal:alb.testPort", "each listener takes its own"),
        ({"alb": {**ALB, "vpcId": "vpc"}}, "teal:alb.vpcId", "AWS would refuse the target groups"),
        ({"alb": {**ALB, "stickinessSeconds": 61}}, "teal:settleSeconds", "it may go before"),
        ({"alb": {**ALB, "healthCheck": {"timeoutSeconds": 30}}}, "teal:alb.healthCheck.timeoutSeconds", "not shorter"),
        ({"canaryWeight": "100"}, "teal:canaryWeight", "no canary but a flip"),
        ({"canaryWeight": "101"}, "teal:canaryWeight", "less than or equal to 100"),
        ({"canaryMatch": {"value": "x"}}, "teal:canaryMatch.header", "either a header or a cookie"),
        ({"services": {"backend": {}}}, "callers.load-balancer.cidrs[0]", "no address of the load balancer"),
        (
            {"services": {"backend": {**CALLERS, "routing": {"paths": ["/a", "/b", "/c"]}}}},
            "teal:services.backend.routing.paths[0]",
            "take 6 of the 5 values",
        ),
        (
            {"services": {"a": CALLERS, "b": {**CALLERS, "routing": {"priority": 10}}}},
            "teal:services.a.routing.priority",
            "does not say when its rule is asked",
        ),
        (
            {"services": {each: {**CALLERS, "routing": {"priority": 10 + 2 * (each == "b")}} for each in "ab"}},
            "teal:services.b.routing.priority",
            "12 is less than 3 from that of a",
        ),
        ({"router": "gateway"}, "teal:gateway.name", "which Gateway"),
        ({"router": "service", "canaryWeight": "10"}, "teal:canaryWeight", "leads to one colour alone"),
        ({"router": "nginx"}, "teal:router", "there is no such router"),
    ],
)
def test_wrong_settings_are_named_with_their_consequence(changes: dict[str, Any], key: str, what: str) -> None:
    """The key, what is wrong with it, and the command that mends it."""
    raw = {**config(), **{name: each if isinstance(each, str) else json.dumps(each) for name, each in changes.items()}}
    with pytest.raises(ConfigError) as found:
        load({name: each for name, each in raw.items() if each != "null"}, stack="dev")
    lines = [line for line in str(found.value).splitlines() if key in line]
    assert lines, str(found.value)
    assert any(part in lines[0] for part in what.split("|")), lines
    assert "Next: pulumi config " in lines[0]
