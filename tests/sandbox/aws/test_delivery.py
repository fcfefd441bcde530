"""`router: alb`: the program flips a listener rule's weights under load, whatever AWS does meanwhile."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.aws.ready import await_ready
from sandbox.cluster.environment import Sandbox
from tests.sandbox.program.stacks import Load, Stack

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(600)]

LATE_SECONDS = (0, 1, 3, 10)
SETTLE_SECONDS = 3

_RULES = """
elb = boto3.client("elbv2")
(balancer,) = elb.describe_load_balancers()["LoadBalancers"]
listeners = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
rules = [rule for each in listeners for rule in elb.describe_rules(ListenerArn=each["ListenerArn"])["Rules"]]
groups = [group["TargetGroupArn"] for group in elb.describe_target_groups()["TargetGroups"]]
print(json.dumps(sorted([balancer["LoadBalancerArn"], *(rule["RuleArn"] for rule in rules), *groups])))
"""


def aws(stack: Stack, code: str) -> Any:  # noqa: ANN401 - JSON of any shape
    """Ask the sandbox's AWS, from within its network namespace; what the code prints, as JSON."""
    command = [sys.executable, "-c", f"import boto3, json, os, urllib.request\n{code}"]
    done = subprocess.run(
        stack.sandbox.command(command), env=stack.environ(), text=True, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout or "null")


def faults(stack: Stack, **ordered: object) -> None:
    """Have AWS be late, or answer with errors."""
    url = "os.environ['AWS_ENDPOINT_URL'] + '/teal-sandbox/faults'"
    data = json.dumps(ordered)
    aws(stack, f"urllib.request.urlopen(urllib.request.Request({url}, data={data!r}.encode(), method='PUT'))")


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Blue live behind a load balancer, green warm."""
    await_ready(sandbox)
    made = Stack.create(sandbox, "test-alb", tmp_path_factory.mktemp("alb"), 30900)
    subnets = aws(made, "print(json.dumps(boto3.client('ec2').describe_subnets()['Subnets'], default=str))")
    file = yaml.safe_load(made.config.read_text())
    config = file["config"]
    config["teal:router"] = "alb"
    config["teal:settleSeconds"] = SETTLE_SECONDS
    config["teal:bake"] = {"seconds": 3, "windowSeconds": 10}
    config["teal:alb"] = {
        "vpcId": subnets[0]["VpcId"],
        "subnetIds": [each["SubnetId"] for each in subnets[:2]],
        "callers": ["10.0.0.0/8"],
        "protect": False,
        "healthCheck": {"intervalSeconds": 5, "timeoutSeconds": 2},
    }
    backend = config["teal:services"]["backend"]
    del backend["frontDoor"], backend["previewDoor"]
    backend["probePath"] = "/pricing"
    made.config.write_text(yaml.safe_dump(file))
    made.up()
    yield made
    faults(made)
    made.pulumi("destroy", "--yes", "--skip-preview", "--non-interactive", check=False)


def retire(stack: Stack, colour: str) -> None:
    """As soon as it is let."""
    stack.configure(f"{colour}.state", "retired")
    while (done := stack.up(check=False)).returncode != 0:
        assert f"slot {colour} is to retire" in done.stdout, done.stdout


def test_late_rules_and_a_colour_that_is_retired_lose_nothing(stack: Stack, tmp_path: Path) -> None:
    """Whenever the data path learns of the weights; and the listener, the rules and the groups stay what they are."""
    before = aws(stack, _RULES)
    with Load(stack, "new_connections", tmp_path) as load:
        for number, late in enumerate(LATE_SECONDS):
            colour, old = ("green", "blue") if number % 2 == 0 else ("blue", "green")
            faults(stack, rule_delay_s=late)
            stack.flip(colour)
            assert stack.confirmed() == colour
            retire(stack, old)
            stack.configure(f"{old}.state", "running")
            stack.up()
    assert load.lost == []
    assert load.colours == ["blue", "green", "blue", "green", "blue"]
    assert aws(stack, _RULES) == before


def test_a_ringing_alarm_moves_nothing(stack: Stack) -> None:
    """Of the destination's target group; once it is quiet, the same update passes."""
    alarm = (
        "watch = boto3.client('cloudwatch'); names = [each['AlarmName'] for each in "
        "watch.describe_alarms()['MetricAlarms'] if each['AlarmName'].startswith('backend-green')]\n"
        "for name in names: watch.set_alarm_state(AlarmName=name, StateValue='{}', StateReason='a test')"
    )
    aws(stack, alarm.format("ALARM"))
    done = stack.flip("green", check=False)
    aws(stack, alarm.format("OK"))
    assert done.returncode != 0
    assert "alarms of backend FAILED" in done.stdout, done.stdout
    assert stack.confirmed() == "blue"
    stack.up()
    assert stack.confirmed() == "green"


def test_an_api_that_throttles_is_asked_again(stack: Stack) -> None:
    """A few times; the flip passes all the same."""
    throttled = [{"operation": each, "code": "Throttling", "times": 2} for each in ("DescribeRules", "ModifyRule")]
    faults(stack, answers=throttled)
    stack.flip("blue")
    assert stack.confirmed() == "blue"
