"""Nothing is said of a file that rests on a value that teal chose itself: another one is chosen, or mended with it."""

from typing import Any

import pytest

from tests.unit.infra.settings.errors import configs
from tests.unit.infra.settings.errors.configs import Config
from tests.unit.infra.settings.errors.test_next import command, obeyed


def door(port: object) -> dict[str, Any]:
    """A service behind a port of the nodes."""
    return {
        "frontDoor": {"type": "NodePort", "nodePort": port},
        "network": {"callers": {"n": {"cidrs": ["10.0.0.0/8"]}}},
    }


def two(backend: object, web: object, **more: object) -> Config:
    """Two services, and a release of both."""
    release = {"version": "1.0.0", "backend": {"image": "a:1"}, "web": {"image": "a:1"}}
    return configs.edited(services={"backend": backend, "web": web}, blue=release, **more)


def ruled(priority: int) -> dict[str, Any]:
    """A service behind a load balancer that others share."""
    return {"routing": {"hosts": [f"s{abs(priority)}.example"], "priority": priority}, "network": {"policies": False}}


SET = "pulumi config set --path 'teal:services.backend."


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (two(door(80), door(30080)), [f"{SET}frontDoor.nodePort' 30090"]),
        (
            two(ruled(-5), ruled(100), router="alb", alb=configs.routed("alb")["alb"]),
            [f"{SET}routing.priority' 110"],
        ),
        (
            configs.backend(autoscaling={"minReplicas": 30, "maxReplicas": "abc"}),
            [f"{SET}autoscaling.maxReplicas' 30"],
        ),
        (
            configs.backend(shutdown={"drainSeconds": "abc", "waitSeconds": 30}),
            [f"{SET}shutdown.drainSeconds' 12"],
        ),
        (
            configs.backend(resources={"requests": {"cpu": "bad"}, "limits": {"cpu": "100m", "memory": "1Gi"}}),
            [f"{SET}resources.requests.cpu' 50m"],
        ),
        (
            configs.edited(router="foo", canaryWeight=10),
            ["pulumi config set teal:router service && pulumi config rm teal:canaryWeight"],
        ),
    ],
    ids=["port", "priority", "replicas", "drain", "cpu", "router"],
)
def test_a_wrong_value_is_the_only_problem(config: Config, told: list[str]) -> None:
    """The others are right, and what a command sets goes with them, or is told as its own consequence."""
    assert [command(each) for each in obeyed(config)] == told


def test_what_is_wrong_whatever_is_chosen_is_told_as_well() -> None:
    """Two right ports of nodes clash, and a third one is none; the two are told of with it, at once."""
    config = two(door(80), door(30080))
    config["services"]["web2"] = door(30080)
    config["blue"]["web2"] = {"image": "a:1"}
    config["retireAfterMinutes"] = "10"
    said = [str(each) for each in obeyed(config)]
    assert [each.split(": ", 1)[0] for each in said] == [
        "teal:services.backend.frontDoor.nodePort",
        "teal:services.web2.frontDoor.nodePort",
        "teal:retireAfterMinutes",
    ]
    assert "30080 is the port of services.web." in said[1]
