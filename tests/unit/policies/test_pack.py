"""The pack itself: that nothing of it goes untested or undocumented, and what it does with what it cannot judge."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from teal_policies.page import page
from teal_policies.table import POLICIES

from tests.unit.policies import (
    test_access_violations,
    test_load_balancing,
    test_object_violations,
    test_plan_violations,
    test_traffic_violations,
)
from tests.unit.policies.cases import Case, field_of, graph_of, retyped
from tests.unit.policies.graphs import UNKNOWN, config, declared, everything, live_in, slot, spoil
from tests.unit.policies.pack import Pack, names


def test_every_policy_is_violated_by_a_test() -> None:
    """Those of load balancing in a module of their own, with graphs of their own."""
    modules = test_access_violations, test_object_violations, test_plan_violations, test_traffic_violations
    violated = {case.policy for module in modules for case in module.CASES} | test_load_balancing.VIOLATED
    assert violated == {each.name for each in POLICIES}


def test_every_policy_says_what_it_is(pack: Pack) -> None:
    """Name, level, a reason of one line, and each setting with type, default and description."""
    assert [each.name for each in pack.info.policies] == [each.name for each in POLICIES]
    for policy in POLICIES:
        assert "\n" not in policy.reason
        assert policy.reason.endswith(".")
        assert all({"type", "default", "description"} <= schema.keys() for schema in policy.bounds.values())


def test_the_page_is_made_from_the_pack() -> None:
    """`python -m teal_policies.page > docs/policies.md` has been run."""
    assert (Path(__file__).parents[3] / "docs/policies.md").read_text() == page()


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ({"images-are-pinned": {"exemptStacks": ["prod*"]}}, True),
        ({"images-are-pinned": {"exemptRegistries": ["registry.example"]}}, True),
        ({"images-are-pinned": "disabled"}, True),
        ({"all": "advisory"}, True),
        ({"images-are-pinned": {"exemptStacks": ["staging"]}}, False),
    ],
)
async def test_settings_move_bounds_and_levels(pack: Pack, settings: Mapping[str, Any], *, allowed: bool) -> None:
    """A list of exempt stacks, a level, none at all."""
    levels = {key: {"enforcementLevel": its} if isinstance(its, str) else its for key, its in settings.items()}
    graph = await declared(config(blue=slot(image="registry.example/backend:1")))
    assert names(pack.judge(graph, levels)) == (set() if allowed else {"images-are-pinned"})


EXEMPT = [
    Case(
        policy="rights-are-narrow",
        spoilt=field_of("Role", "reader", "rules.0.verbs", ["*"]),
        bounds={"exempt": ["reader"]},
        says=(),
    ),
    Case(
        policy="egress-is-named",
        spoilt=field_of("NetworkPolicy", "backend-network", "spec.egress.0.to", None),
        bounds={"everywhere": ["backend-network"]},
        says=(),
    ),
    Case(
        policy="secrets-are-sealed",
        raw=config(blue=slot(env={"PAGE_TOKEN": "next"})),
        bounds={"allowed": ["PAGE_TOKEN"]},
        says=(),
    ),
    Case(
        policy="nothing-escapes",
        before=everything(),
        raw=everything(),
        spoilt=retyped("Job", "backend-blue-expand", "kubernetes:apps/v1:DaemonSet"),
        bounds={"ignored": ["kubernetes:apps/v1:DaemonSet"]},
        says=(),
    ),
]


@pytest.mark.parametrize("case", EXEMPT, ids=lambda case: case.policy)
async def test_what_the_settings_name_passes(pack: Pack, case: Case) -> None:
    """That one thing, by its name; without the setting it is refused."""
    graph = await graph_of(case)
    assert pack.judge(graph, {case.policy: dict(case.bounds)}) == []
    assert names(pack.judge(graph)) == {case.policy}


async def test_a_misspelt_setting_is_refused(pack: Pack) -> None:
    """Engines let it pass, and the bound that was meant would not hold."""
    violations = pack.judge(await declared(), {"pods-have-a-budget": {"maxUnavailabel": 3}})
    assert names(violations) == {"pods-have-a-budget"}
    assert "setting maxUnavailabel; needed: one of: maxUnavailable" in violations[0].message


@pytest.mark.parametrize(
    ("kind", "name", "path", "policy"),
    [
        ("Deployment", "backend-blue", "spec.template.spec.containers.0.image", "images-are-pinned"),
        ("NetworkPolicy", "backend-network", "spec.egress", "egress-is-named"),
    ],
)
async def test_what_a_preview_cannot_know_is_said(pack: Pack, kind: str, name: str, path: str, policy: str) -> None:
    """As advice: the update, which knows it, judges it before the resource is touched."""
    graph = await declared()
    spoil(graph, kind, name, path, UNKNOWN)
    advice = [each for each in pack.judge(graph) if each.policy == policy]
    assert [each.mandatory for each in advice] == [False]
    assert f"{path} can't be known during preview" in advice[0].message


@pytest.mark.parametrize(
    ("kind", "name", "path", "policy"),
    [
        ("Plan", "plan", "services.backend.liveColour", "live-colour-stays"),
        ("Service", "backend-active", "spec.selector.teal/colour", "live-traffic-stays"),
    ],
)
async def test_live_traffic_is_not_left_to_what_nobody_knows(
    pack: Pack, kind: str, name: str, path: str, policy: str
) -> None:
    """What cannot be proven is refused."""
    graph = await declared(config("green"), await live_in("blue"))
    spoil(graph, kind, name, path, UNKNOWN)
    violations = pack.judge(graph)
    assert policy in names(violations)
    assert any(f"{path} is not known before the update" in each.message for each in violations)


@pytest.mark.parametrize(
    ("where", "value", "policy"),
    [
        (("Plan", "plan", "services.backend.slots"), "none", "live-colour-stays"),
        (("Plan", "plan", "word"), "SHUFFLE", "plan-is-safe"),
        (("Deployment", "backend-blue", "spec.template.spec.containers"), [7], "pods-are-confined"),
    ],
)
async def test_what_a_rule_does_not_understand_is_refused(
    pack: Pack, where: tuple[str, str, str], value: object, policy: str
) -> None:
    """Another shape, another vocabulary: no crash, no pass."""
    graph = await declared(config("green"), await live_in("blue"))
    spoil(graph, *where, value)
    violations = [each for each in pack.judge(graph) if each.policy == policy]
    assert any(each.mandatory and "it could not judge" in each.message for each in violations)


async def test_a_plan_of_nothing_is_judged_by_its_outputs(pack: Pack) -> None:
    """Its inputs are those of the last plan that did something: an engine keeps them where `ignoreChanges` says so."""
    old = await declared(config("green", blue=slot(env={"A": "1"})), await live_in("blue"))
    graph = await declared()
    plans = [next(each for each in graph if each.name == "plan") for graph in (old, graph)]
    assert list(plans[1].options.ignoreChanges)
    plans[0].options.CopyFrom(plans[1].options)
    assert [each for each in pack.judge([plans[0]]) if each.policy == "one-move-at-a-time"] == []
