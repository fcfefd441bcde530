"""Target groups that change under load: in place where they can, and never the live one for another.

The last file of its folder: a port that changes replaces every pod of the stack.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.sandbox.aws.account import Account
from tests.sandbox.aws.moves import BLUE, GREEN, PODS, configure
from tests.sandbox.aws.rehearsal import until
from tests.sandbox.program.load import Load
from tests.sandbox.program.stacks import Stack

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(400)]

PATH = "/health/live"
PORT = 8080
REGISTRATION_SECONDS = 3
"""By which targets come late: pods that replace live ones must not count before."""


def test_another_health_check_path_changes_the_groups_in_place(stack: Stack, account: Account, tmp_path: Path) -> None:
    """Both of them; nothing that there is in AWS becomes another."""
    standing = account.standing()
    with Load(stack, "new_connections", tmp_path) as load, Load(stack, "kept_alive", tmp_path) as kept:
        configure(stack, **{"alb.healthCheck.path": PATH})
        stack.up()
        assert [account.group(colour)["HealthCheckPath"] for colour in BLUE] == [PATH, PATH]
        stack.flip("green")
    load.assert_nothing_lost()
    kept.assert_nothing_lost()
    assert account.standing() == standing
    assert account.weights() == GREEN


def test_another_port_replaces_the_idle_group_alone(stack: Stack, account: Account, tmp_path: Path) -> None:
    """Live pods are replaced behind the group that they are in, and the new group can be flipped to."""
    live, idle = (account.group(colour)["TargetGroupArn"] for colour in ("blue", "green"))
    rule = account.live_rule()["RuleArn"]
    account.order(registration_delay_s=REGISTRATION_SECONDS)
    with Load(stack, "new_connections", tmp_path) as load:
        configure(stack, **{"services.backend.port": PORT})
        stack.up()
        assert account.weights() == BLUE
        assert account.group("blue")["TargetGroupArn"] == live
        assert account.group("green")["TargetGroupArn"] != idle
        until(lambda: all(ports(account, colour) == [PORT] * PODS for colour in BLUE))  # old pods leave as they end
        stack.flip("green")
    load.assert_nothing_lost()
    assert load.colours == ["blue", "green"]
    assert account.weights() == GREEN
    assert account.live_rule()["RuleArn"] == rule


def ports(account: Account, colour: str) -> Sequence[int]:
    """Of a colour's registered targets."""
    return [each["Port"] for each in account.registered(colour)["Targets"]]
