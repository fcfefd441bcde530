"""Two colours of pods behind the sandbox's load balancer, and what is done to them. Runs inside the sandbox's network.

`python -m tests.sandbox.aws.rehearsal SCENARIO` prints what came of it as JSON. It uses what a user has: kubectl, the
AWS API, HTTP.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3  # pyright: ignore[reportMissingTypeStubs] - there are none

from sandbox.aws import faults
from sandbox.load.records import Outcome

_IMAGE = "localhost/teal/pricing"
_COLOURS = {"blue": "1.0.0", "green": "1.1.0"}
_PORT = 80


class Rehearsal:
    """A namespace with two Deployments, their Services and bindings, and a load balancer with one weighted rule."""

    def __init__(self, name: str) -> None:
        """Nothing is there yet."""
        self.name = name
        session: Any = boto3.Session()
        self.elb = session.client("elbv2")
        self.ec2 = session.client("ec2")
        self.groups: dict[str, str] = {}
        self.rule = self.address = ""

    def set_up(self) -> None:
        """Create everything, all traffic to blue, and wait until both colours are ready."""
        vpc = self.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        subnets = [subnet["SubnetId"] for subnet in self.ec2.describe_subnets()["Subnets"]]
        balancer = self.elb.create_load_balancer(Name=self.name, Subnets=subnets)["LoadBalancers"][0]
        self.address = balancer["DNSName"]
        for colour in _COLOURS:
            made = self.elb.create_target_group(
                Name=f"{self.name}-{colour}",
                Protocol="HTTP",
                Port=8000,
                VpcId=vpc,
                TargetType="ip",
                HealthCheckPath="/health/ready",
                HealthCheckIntervalSeconds=5,
                HealthCheckTimeoutSeconds=2,
                HealthyThresholdCount=2,
            )
            self.groups[colour] = made["TargetGroups"][0]["TargetGroupArn"]
            delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "10"}
            self.elb.modify_target_group_attributes(TargetGroupArn=self.groups[colour], Attributes=[delay])
        none = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
        listener = self.elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"], Port=_PORT, Protocol="HTTP", DefaultActions=[none]
        )
        every = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}
        made = self.elb.create_rule(
            ListenerArn=listener["Listeners"][0]["ListenerArn"],
            Priority=10,
            Conditions=[every],
            Actions=self.weighed("blue"),
        )
        self.rule = made["Rules"][0]["RuleArn"]
        objects = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}}]
        for colour in _COLOURS:
            objects += _colour(self.name, colour, self.groups[colour])
        kubectl("apply", "--filename=-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        for colour in _COLOURS:
            self.kubectl("rollout", "status", f"deployment/{colour}", "--timeout=90s")

    def weighed(self, colour: str) -> list[dict[str, Any]]:
        """Actions with all weight on one colour."""
        groups = [
            {"TargetGroupArn": group, "Weight": 100 if each == colour else 0} for each, group in self.groups.items()
        ]
        return [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]

    def flip(self, colour: str) -> None:
        """All weight to `colour`."""
        self.elb.modify_rule(RuleArn=self.rule, Actions=self.weighed(colour))

    def states(self, colour: str) -> list[str]:
        """The states of a colour's targets, sorted."""
        found = self.elb.describe_target_health(TargetGroupArn=self.groups[colour])["TargetHealthDescriptions"]
        return sorted(target["TargetHealth"]["State"] for target in found)

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl in the namespace."""
        return kubectl(f"--namespace={self.name}", *arguments)

    def scale(self, colour: str, replicas: int) -> None:
        """Scale, and wait for pods that are to come."""
        self.kubectl("scale", f"deployment/{colour}", f"--replicas={replicas}")
        if replicas:
            self.kubectl("rollout", "status", f"deployment/{colour}", "--timeout=60s")

    def answering(self) -> str:
        """The colour that answers; empty if the load balancer answers itself."""
        with (
            suppress(urllib.error.HTTPError),
            urllib.request.urlopen(f"http://{self.address}:{_PORT}/active-colour", timeout=5) as answer,
        ):
            return str(answer.headers["X-Colour"])
        return ""

    @contextmanager
    def load(self, result: dict[str, Any], *, rate: int = 50) -> Generator[None]:
        """Ask for as long as this is entered; what became of the requests is in `result` afterwards."""
        with TemporaryDirectory() as folder:
            out = Path(folder) / "load"
            url = f"http://{self.address}:{_PORT}/pricing"
            command = [sys.executable, "-m", "sandbox.load", "--url", url, "--out", str(out)]
            with subprocess.Popen([*command, "--seconds=300", f"--rate={rate}"], stdout=subprocess.DEVNULL) as process:
                try:
                    until(lambda: out.exists() and out.stat().st_size > 2000)
                    yield
                finally:
                    process.terminate()
            rows = [line.split(",") for line in out.read_text().splitlines() if line[:1].isdecimal()]
            outcomes = Counter(row[4] for row in rows)
            result["requests"] = len(rows)
            result["lost"] = sum(count for outcome, count in outcomes.items() if Outcome(outcome).lost)
            result["outcomes"] = dict(outcomes)
            result["statuses"] = dict(Counter(row[5] for row in rows))

    def tear_down(self) -> None:
        """Leave nothing that listens."""
        order()
        kubectl("delete", "namespace", self.name, "--wait=false")
        for balancer in self.elb.describe_load_balancers(Names=[self.name])["LoadBalancers"]:
            self.elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
        for group in self.groups.values():
            self.elb.delete_target_group(TargetGroupArn=group)


def _colour(namespace: str, colour: str, group: str) -> list[dict[str, Any]]:
    labels = {"app": "shop", "colour": colour}
    here = {"namespace": namespace, "name": colour}
    container = {
        "name": "app",
        "image": f"{_IMAGE}:{_COLOURS[colour]}",
        "imagePullPolicy": "Never",
        "env": [{"name": "DEPLOYMENT_GROUP", "value": colour}, {"name": "VERSION", "value": _COLOURS[colour]}],
        "readinessProbe": {"httpGet": {"path": "/health/ready", "port": 8000}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "20m"}},
    }
    gate = f"target-health.elbv2.k8s.aws/{colour}"
    pod = {
        "terminationGracePeriodSeconds": 20,
        "readinessGates": [{"conditionType": gate}],
        "containers": [container],
    }
    reference = {"name": colour, "port": 80}
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": here,
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8000}]},
        },
        {
            "apiVersion": "elbv2.k8s.aws/v1beta1",
            "kind": "TargetGroupBinding",
            "metadata": here,
            "spec": {"targetGroupARN": group, "targetType": "ip", "serviceRef": reference},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": here,
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        },
    ]


def kubectl(*arguments: str, text: str = "") -> str:
    """Run kubectl; returns what it printed."""
    done = subprocess.run(["kubectl", *arguments], input=text, check=True, capture_output=True, text=True)  # noqa: S607 - the sandbox's, on PATH
    return done.stdout.strip()


def order(**wrong: Any) -> None:  # noqa: ANN401 - members of `Faults`
    """Replace all faults."""
    url = f"{os.environ['AWS_ENDPOINT_URL']}{faults.PATH}"
    request = urllib.request.Request(url, data=json.dumps(wrong).encode(), method="PUT")  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=5):  # noqa: S310 - as above
        pass


def until(condition: Callable[[], bool], *, seconds: float = 60.0) -> float:
    """Wait until it holds; returns the seconds it took.

    Raises:
        TimeoutError: it does not.
    """
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"not within {seconds:.0f} s")
        time.sleep(0.05)
    return time.monotonic() - began


def _bound(it: Rehearsal) -> dict[str, Any]:
    """What a binding does with pods as they come and go."""
    found: dict[str, Any] = {"registered": it.states("green"), "answering": it.answering()}
    gate = "jsonpath={.items[*].status.conditions[?(@.type=='target-health.elbv2.k8s.aws/green')].status}"
    found["gates"] = it.kubectl("get", "pods", "--selector=colour=green", "--output", gate).split()
    order(registration_delay_s=3)
    it.kubectl("scale", "deployment/green", "--replicas=3")
    until(lambda: "initial" in it.states("green"))
    ready = "jsonpath={.status.readyReplicas}"
    found["ready_while_initial"] = it.kubectl("get", "deployment/green", "--output", ready)
    it.kubectl("rollout", "status", "deployment/green", "--timeout=60s")
    found["grown"] = it.states("green")
    it.kubectl("scale", "deployment/green", "--replicas=0")
    until(lambda: it.states("green") == ["draining"] * 3)
    found["shrunk"] = it.states("green")
    until(lambda: not it.states("green"))
    it.kubectl("delete", "targetgroupbinding/blue")
    until(lambda: it.states("blue") == ["draining"] * 2)
    return found


def _flips(it: Rehearsal) -> dict[str, Any]:
    """Flips with the rule 0, 1 and 3 s late, idle pods deleted meanwhile; both colours stay."""
    result: dict[str, Any] = {"moved_s": []}
    with it.load(result):
        for number in range(8):
            colour, idle = (("green", "blue"), ("blue", "green"))[number % 2]
            order(rule_delay_s=(0, 1, 3, 0)[number % 4])
            it.flip(colour)
            result["moved_s"].append(round(until(lambda wanted=colour: it.answering() == wanted), 2))
            until(lambda wanted=colour: it.states(wanted) == ["healthy"] * 2)
            it.kubectl("delete", "pods", f"--selector=colour={idle}", "--wait=false")
            # A Deployment whose controller has not seen this yet would call its rollout complete.
            until(lambda left=idle: "draining" in it.states(left))
            it.kubectl("rollout", "status", f"deployment/{idle}", "--timeout=60s")
    return result


def _retired(it: Rehearsal) -> dict[str, Any]:
    """The old colour scaled to zero at once after a flip whose rule is 3 s late; and 6 s after one."""
    found: dict[str, Any] = {}
    order(rule_delay_s=3)
    for name, settle_s, colour, old in (("settled", 6, "green", "blue"), ("at_once", 0, "blue", "green")):
        found[name] = {}
        it.scale(colour, 2)
        with it.load(found[name]):
            it.flip(colour)
            time.sleep(settle_s)
            it.scale(old, 0)
            until(lambda: it.answering() == colour)  # noqa: B023 - called within the iteration
            until(lambda: set(it.states(old)) <= {"draining"})  # noqa: B023 - as above
    return found


if __name__ == "__main__":
    scenario = sys.argv[1]
    rehearsal = Rehearsal(f"aws-{scenario}")
    rehearsal.set_up()
    try:
        result = {"bound": _bound, "flips": _flips, "retired": _retired}[scenario](rehearsal)
    finally:
        rehearsal.tear_down()
    sys.stdout.write(json.dumps(result) + "\n")
