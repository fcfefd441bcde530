"""What the program declares passes every policy, with everything that a stack can ask for."""

import json
from dataclasses import replace

import pytest
from teal_infra.planning.live import Live

from teal.model.colours import Colour
from tests.unit.infra.planning.adoption.existing import STACK, beside, world
from tests.unit.infra.worlds import edited
from tests.unit.policies.graphs import changed, config, declared, everything, example, live_in, routed_by, slot, working
from tests.unit.policies.pack import Pack
from tests.unit.policies.test_object_violations import brought


@pytest.mark.parametrize("active", ["blue", "green"])
@pytest.mark.parametrize("live", [None, "blue", "green"])
async def test_every_policy_passes(pack: Pack, active: str, live: str | None) -> None:
    """A first update, one that changes nothing, and a flip either way."""
    assert pack.judge(await declared(everything(active), await live_in(live, before=everything()))) == []


@pytest.mark.filterwarnings("ignore:aws.ec2:DeprecationWarning")  # pulumi-aws warns of itself when it is imported
@pytest.mark.parametrize("router", ["alb", "gateway"])
@pytest.mark.parametrize("live", [None, "blue", "green"])
async def test_every_policy_passes_whatever_directs_traffic(pack: Pack, router: str, live: str | None) -> None:
    """A listener rule or an HTTPRoute: a first update, one that changes nothing, and a flip."""
    found = await live_in(live, before=routed_by(router))
    assert pack.judge(await declared(routed_by(router), found)) == []


@pytest.mark.parametrize("overlap", ["flip", "allowed", "forbidden"])
@pytest.mark.parametrize("live", [None, "blue", "green"])
async def test_every_policy_passes_with_a_worker(pack: Pack, overlap: str, live: str | None) -> None:
    """A first update, one that changes nothing, and a flip; no probe is asked of whom nobody asks."""
    raw = working(overlap=overlap)
    idle = 3 if overlap == "allowed" else 0
    found = await live_in(live, before=working(live or "blue", overlap=overlap), idle=3)
    slots = {
        key: each if key[0] != "mailer" or key[1] == live else replace(each, replicas=idle, ready=idle)
        for key, each in found.slots.items()
    }
    assert pack.judge(await declared(raw, replace(found, slots=slots))) == []


@pytest.mark.parametrize("live", [None, "blue", "green"])
async def test_every_policy_passes_with_a_cron_job(pack: Pack, live: str | None) -> None:
    """The same; its pods are as confined as all others, and it needs neither probes nor a budget."""
    cron = {"schedule": "@daily"}
    found = await live_in(live, before=working(live or "blue", cron=cron))
    assert pack.judge(await declared(working(cron=cron), found)) == []


@pytest.mark.parametrize("name", ["production", "staging", "sandbox"])
async def test_the_examples_pass(pack: Pack, name: str) -> None:
    """Each as the stack that its file is named after."""
    assert pack.judge(await declared(example(name), Live(), stack=name)) == []


async def test_a_confirmed_colour_needs_no_other_to_go_back_to(pack: Pack) -> None:
    """The idle one retires."""
    assert pack.judge(await declared(config(green={**slot("green"), "state": "retired"}), await live_in("blue"))) == []


async def test_a_flip_takes_as_many_pods_as_are_ready(pack: Pack) -> None:
    """Those that were asked for and never came carry no traffic."""
    found = await live_in("blue", has=5)
    slots = {key: replace(slot, ready=3) for key, slot in found.slots.items()}
    three = config("green", services=changed(autoscaling={"enabled": False}, replicas=3))
    assert pack.judge(await declared(three, replace(found, slots=slots))) == []


async def test_a_service_that_is_said_to_go_may_go(pack: Pack) -> None:
    """`teal:removed` names it; what it takes along is nobody's to keep."""
    raw = everything(removed=["frontend"])
    for key in ("services", "blue", "green"):
        raw[key] = json.dumps({name: its for name, its in json.loads(raw[key]).items() if name != "frontend"})
    assert pack.judge(await declared(raw, await live_in("blue", before=everything()))) == []


@pytest.mark.parametrize("where", ["containers", "initContainers"])
async def test_a_sidecar_that_is_confined_and_limited_passes(pack: Pack, where: str) -> None:
    """Probes and a preStop hook are asked of the service's own container alone."""
    assert pack.judge(await declared(brought(where), Live())) == []


async def test_what_names_a_secret_without_holding_it_passes(pack: Pack) -> None:
    """A reference that the kubelet expands, a file, an option whose value is none."""
    args = ["--password=$(DB_PASSWORD)", "--token-file", "/run/token", "--verbose", "--reset-password=", "serve"]
    args += [
        "--private-key",
        "/etc/tls/key.pem",
        "--credentials=/etc/gcp.json",
        "--enable-api-key",
        "true",
        "password=#{x}",
    ]
    env = {"PGPASSWORD": "$(DB_PASSWORD)", "URL": "https://shop.example/?require_password=false"}
    raw = config(services=changed(args=args), blue=slot(env=env))
    assert pack.judge(await declared(raw, Live())) == []


@pytest.mark.parametrize(("active", "live"), [("green", None), ("blue", "green"), ("green", "blue"), ("blue", "blue")])
async def test_pods_that_the_stack_does_not_make_pass(pack: Pack, active: str, live: str | None) -> None:
    """Taken over, left, gone back to, and idle; in a namespace of another team's."""
    image = slot()["backend"]["image"]
    stack = edited(STACK, {"activeColour": active, "environment": "test", "blue.shop.image": image})
    found = beside(Colour(live), stack) if live else world(stack)
    raw = {key: each if isinstance(each, str) else json.dumps(each) for key, each in stack.items()}
    assert pack.judge(await declared(raw, found)) == []
