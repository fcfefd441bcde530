"""The sandbox's AWS as tests ask it, from outside its network namespace.

Run as a module, it is the process within that does the errands, with boto3 loaded: an errand costs milliseconds, not
an interpreter's start.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from types import TracebackType
from typing import Any, Self

import boto3  # pyright: ignore[reportMissingTypeStubs] - there are none

from sandbox.aws.faults import LATENCY_SECONDS
from sandbox.cluster.environment import WORK_TREE, Sandbox
from tests.sandbox.aws import rehearsal

CHECK_SECONDS = 0.5
"""Between two health checks; AWS takes no less than 5 s, and there is nothing to be learned from the rest of them."""

_SERVICE = "backend"


class Account:
    """One account with one load balancer, that of the stack under test; any thread may ask."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Start the process."""
        command = sandbox.command([sys.executable, "-m", "tests.sandbox.aws.account"])
        self._process = subprocess.Popen(
            command, env=sandbox.environ(), cwd=WORK_TREE, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Nothing more to do."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process: with its input, it ends by itself."""
        self._process.communicate(timeout=30)

    def call(self, service: str, operation: str, **arguments: object) -> Any:  # noqa: ANN401 - JSON of any shape
        """One of boto3's operations, by its name there."""
        with self._lock:
            asked, answers = self._process.stdin, self._process.stdout
            assert asked is not None
            assert answers is not None
            asked.write(json.dumps([service, operation, arguments]) + "\n")
            asked.flush()
            said = json.loads(answers.readline())
        assert "error" not in said, said["error"]
        return said["answer"]

    def order(self, **wrong: object) -> None:
        """Have AWS be late, or answer with errors; nothing else than this from now on."""
        self.call("faults", "order", **{"check_interval_s": CHECK_SECONDS, "answer_delay_s": LATENCY_SECONDS, **wrong})

    def balancer(self) -> dict[str, Any]:
        """What a stack declares as `teal:alb` to have a load balancer of its own here."""
        subnets = self.call("ec2", "describe_subnets")["Subnets"]
        return {
            "vpcId": subnets[0]["VpcId"],
            "subnetIds": [each["SubnetId"] for each in subnets[:2]],
            "callers": ["10.0.0.0/8"],
            "protect": False,
            "healthCheck": {"intervalSeconds": 5, "timeoutSeconds": 2},
        }

    def elb(self, operation: str, key: str, **arguments: object) -> Sequence[Mapping[str, Any]]:
        """What an operation of Elastic Load Balancing lists."""
        return self.call("elbv2", operation, **arguments)[key]

    def group(self, colour: str) -> Mapping[str, Any]:
        """A colour's target group."""
        return self._groups()[colour]

    def targets(self, colour: str) -> Sequence[str]:
        """The states of a colour's targets, sorted."""
        return sorted(each["TargetHealth"]["State"] for each in self._health(self.group(colour)["TargetGroupArn"]))

    def registered(self, colour: str) -> Mapping[str, Any]:
        """A colour's target group and its targets, as they are registered and deregistered."""
        arn = self.group(colour)["TargetGroupArn"]
        staying = [each["Target"] for each in self._health(arn) if each["TargetHealth"]["State"] != "draining"]
        return {"TargetGroupArn": arn, "Targets": staying}

    def _health(self, group: str) -> Sequence[Mapping[str, Any]]:
        return self.elb("describe_target_health", "TargetHealthDescriptions", TargetGroupArn=group)

    def weights(self) -> Mapping[str, int]:
        """How live traffic is shared out, by colour."""
        colours = {each["TargetGroupArn"]: colour for colour, each in self._groups().items()}
        (action,) = self.live_rule()["Actions"]
        return {colours[each["TargetGroupArn"]]: each["Weight"] for each in action["ForwardConfig"]["TargetGroups"]}

    def live_rule(self) -> Mapping[str, Any]:
        """The rule whose weights are live traffic."""
        rules = {each["RuleArn"]: each for each in self._rules()}
        (live,) = [arn for arn, tags in self._tags([*rules]).items() if tags.get("teal/role") == "live"]
        return rules[live]

    def weigh(self, **weights: int) -> None:
        """Write other weights, as somebody does who is not this stack."""
        rule, groups = self.live_rule(), self._groups()
        (action,) = rule["Actions"]
        listed = [
            {"TargetGroupArn": groups[colour]["TargetGroupArn"], "Weight": each} for colour, each in weights.items()
        ]
        action = {"Type": "forward", "Order": action["Order"], "ForwardConfig": {"TargetGroups": listed}}
        self.call("elbv2", "modify_rule", RuleArn=rule["RuleArn"], Actions=[action])

    def standing(self) -> Sequence[str]:
        """ARNs of everything that is to outlive every flip: load balancer, listeners, rules, target groups."""
        kinds = (self._balancers(), self._listeners(), self._rules(), [*self._groups().values()])
        keys = ("LoadBalancerArn", "ListenerArn", "RuleArn", "TargetGroupArn")
        return sorted(each[key] for key, listed in zip(keys, kinds, strict=True) for each in listed)

    def ring(self, colour: str, state: str) -> None:
        """Have all alarms on a colour's targets say so."""
        listed = self.call("cloudwatch", "describe_alarms", AlarmNamePrefix=f"{_SERVICE}-{colour}-")["MetricAlarms"]
        assert listed
        for each in listed:
            self.call(
                "cloudwatch", "set_alarm_state", AlarmName=each["AlarmName"], StateValue=state, StateReason="a test"
            )

    def _balancers(self) -> Sequence[Mapping[str, Any]]:
        return self.elb("describe_load_balancers", "LoadBalancers")

    def _listeners(self) -> Sequence[Mapping[str, Any]]:
        (balancer,) = self._balancers()
        return self.elb("describe_listeners", "Listeners", LoadBalancerArn=balancer["LoadBalancerArn"])

    def _rules(self) -> Sequence[Mapping[str, Any]]:
        listeners = [each["ListenerArn"] for each in self._listeners()]
        return [rule for each in listeners for rule in self.elb("describe_rules", "Rules", ListenerArn=each)]

    def _groups(self) -> Mapping[str, Mapping[str, Any]]:
        found = {each["TargetGroupArn"]: each for each in self.elb("describe_target_groups", "TargetGroups")}
        return {tags["teal/colour"]: found[arn] for arn, tags in self._tags([*found]).items()}

    def _tags(self, arns: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        found = self.elb("describe_tags", "TagDescriptions", ResourceArns=arns)
        return {each["ResourceArn"]: {tag["Key"]: tag["Value"] for tag in each["Tags"]} for each in found}


def _serve() -> None:
    session: Any = boto3.Session()
    client = cache(session.client)
    for line in sys.stdin:
        service, operation, arguments = json.loads(line)
        try:
            run = rehearsal.order if service == "faults" else getattr(client(service), operation)
            said = {"answer": run(**arguments)}
        except Exception as error:  # noqa: BLE001 - whatever it is, the test is to hear it
            said = {"error": f"{service} {operation}: {error}"}
        sys.stdout.write(json.dumps(said, default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
