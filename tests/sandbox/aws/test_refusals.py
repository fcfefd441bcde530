"""What AWS says, or does not say, keeps live traffic where it is: refused or waited for, and no weight is another."""

import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.sandbox.aws.account import Account
from tests.sandbox.aws.moves import BLUE, GREEN, PODS
from tests.sandbox.aws.rehearsal import until
from tests.sandbox.program.stacks import Stack

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]

FOREIGN = {"blue": 70, "green": 30}

REGISTRATION_SECONDS = 20
"""For which targets are `initial`: more than an update takes to come to its gates."""

ERRING = {"code": "InternalFailure", "status": 500, "times": 10_000}
"""In place of more answers than anybody asks for."""


def refused(stack: Stack, account: Account, words: str, weights: Mapping[str, int] = BLUE) -> None:
    """A flip to green ends with these words, and the weights are what they were before: these."""
    done = stack.flip("green", check=False)
    account.order()
    assert done.returncode != 0, done.stdout
    assert words in done.stdout, done.stdout
    assert account.weights() == weights
    assert stack.confirmed() == "blue"


def passes(stack: Stack, account: Account) -> None:
    """The same update, once nothing is in its way."""
    stack.up()
    assert stack.confirmed() == "green"
    assert account.weights() == GREEN


def test_a_ringing_alarm_moves_nothing(stack: Stack, account: Account) -> None:
    """Of the destination's target group; once it is quiet, the same update passes."""
    try:
        account.ring("green", "ALARM")
        refused(stack, account, "alarms of backend FAILED")
    finally:
        account.ring("green", "OK")
    passes(stack, account)


def test_unhealthy_targets_move_nothing(stack: Stack, account: Account) -> None:
    """Whatever the pods say of themselves: the load balancer's word counts."""
    group = account.group("green")
    try:
        check(account, "/no-such-path")
        until(lambda: account.targets("green") == ["unhealthy"] * PODS)
        refused(stack, account, f"green has 0 healthy targets ({PODS} unhealthy); needed: {PODS} healthy")
    finally:
        check(account, group["HealthCheckPath"])
        until(lambda: account.targets("green") == ["healthy"] * PODS)


def test_one_healthy_target_too_few_moves_nothing(stack: Stack, account: Account) -> None:
    """As many as the live colour has, and not one less: somebody took one away."""
    registered = account.registered("green")
    one = {**registered, "Targets": registered["Targets"][:1]}
    try:
        account.call("elbv2", "deregister_targets", **one)
        refused(stack, account, f"green has {PODS - 1} healthy targets (1 draining); needed: {PODS} healthy")
    finally:
        account.call("elbv2", "register_targets", **one)
        until(lambda: account.targets("green") == ["healthy"] * PODS)


def test_targets_that_are_initial_are_waited_for(stack: Stack, account: Account, tmp_path: Path) -> None:
    """No weight moves before the last of them is healthy; then the flip passes."""
    log = tmp_path / "up.log"
    with proving(stack, account, log) as flip:
        while account.targets("green") == ["initial"] * PODS:
            assert account.weights() == BLUE
    assert flip.returncode == 0, log.read_text()
    assert stack.confirmed() == "green"
    assert account.weights() == GREEN


def test_a_foreign_weight_is_neither_followed_nor_overwritten(stack: Stack, account: Account) -> None:
    """Somebody's share before the update is refused by name."""
    account.weigh(**FOREIGN)
    refused(stack, account, "'a client of AWS that it keeps no name of' wrote that", FOREIGN)
    account.weigh(**BLUE)


def test_a_foreign_weight_between_proof_and_write_is_not_overwritten(
    stack: Stack, account: Account, tmp_path: Path
) -> None:
    """Somebody writes while the gates look; once it is as it was, the same update passes."""
    log = tmp_path / "up.log"
    with proving(stack, account, log) as flip:
        account.weigh(**FOREIGN)
    assert flip.returncode != 0
    assert "while the gates looked" in log.read_text()
    assert account.weights() == FOREIGN
    account.weigh(**BLUE)
    passes(stack, account)


def test_an_api_that_throttles_is_asked_again(stack: Stack, account: Account) -> None:
    """A few times; the flip passes all the same."""
    operations = ("DescribeRules", "DescribeTargetHealth", "ModifyRule")
    account.order(answers=[{"operation": each, "code": "Throttling", "times": 2} for each in operations])
    stack.flip("green")
    assert stack.confirmed() == "green"
    assert account.weights() == GREEN


@pytest.mark.parametrize("operation", ["DescribeRules", "DescribeTargetHealth"])
def test_an_api_that_tells_nothing_moves_nothing(stack: Stack, account: Account, operation: str) -> None:
    """What could not be read is not known."""
    account.order(answers=[{"operation": operation, **ERRING}])
    refused(stack, account, "InternalFailure")


def test_an_api_that_takes_no_write_moves_nothing(stack: Stack, account: Account) -> None:
    """The proof stands, and the weights too; once it takes one, the same update passes."""
    account.order(answers=[{"operation": "ModifyRule", **ERRING}])
    refused(stack, account, "InternalFailure")
    passes(stack, account)


@contextmanager
def proving(stack: Stack, account: Account, log: Path) -> Generator[subprocess.Popen[bytes]]:
    """A flip that has come to its gates, while green's targets, registered anew, are `initial`; it ends with this."""
    account.order(registration_delay_s=REGISTRATION_SECONDS)
    registered = account.registered("green")
    account.call("elbv2", "deregister_targets", **registered)
    account.call("elbv2", "register_targets", **registered)
    stack.configure("activeColour", "green")
    flip = stack.start_up(log)
    try:
        stack.await_line(log, "proving green")
        assert account.targets("green") == ["initial"] * PODS
        yield flip
    finally:
        flip.wait(180)


def check(account: Account, path: str) -> None:
    """Have the load balancer ask green's targets for another path."""
    arn = account.group("green")["TargetGroupArn"]
    account.call("elbv2", "modify_target_group", TargetGroupArn=arn, HealthCheckPath=path)
