"""Plays what teal asks of AWS: listener rules, targets and alarms, over the same wire, with boto3's retries and late.

A rule is kept like an object of the API server, without any condition on a write. What alarms say is always `OK`.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx2
from teal_infra.settings import Settings
from teal_infra.traffic.change_markers import order, tags

from teal.adapters.aws.elb import ATTEMPTS
from teal.adapters.aws.objects import Balancer, Listener, Rule
from teal.model.colours import MANAGER, Colour
from teal.model.errors import UnreachableError
from teal.model.labels import LIVE, OF_SERVICE, ROLE
from teal.model.live import LiveService
from teal.model.routes import weights
from tests.simulation.cluster.api import NAMESPACE
from tests.simulation.cluster.store import Object
from tests.simulation.cluster.wire import ACTOR, Network
from tests.simulation.cluster.world import chance

PATH = f"/apis/aws/v1/namespaces/{NAMESPACE}"
RULES = "listenerrules"
_ARN = "arn:aws:elasticloadbalancing:eu-west-1:1"
_LISTENER = Listener(listener_arn=f"{_ARN}:listener/app/teal/1/2", load_balancer_arn=f"{_ARN}:loadbalancer/1", port=80)
_PATIENCE = httpx2.Timeout(15, connect=5)
_AGAIN = frozenset({429, 500, 502, 503})
_BUSY = 429


def latency(seed: int, *what: object) -> float:
    """Return how many seconds a call takes besides: AWS answers most of them within 0.1 to 0.5 s."""
    return 0.05 + 0.45 * chance(seed, "latency", *what)


def group(service: str, colour: Colour) -> str:
    """Return the ARN of a colour's target group."""
    return f"{_ARN}:targetgroup/{service}-{colour}/1"


def binding(service: str, colour: Colour, labels: Mapping[str, str]) -> Object:
    """Return the TargetGroupBinding of a colour's target group."""
    return {
        "metadata": {"name": f"{service}-{colour}", "labels": dict(labels)},
        "spec": {"targetGroupARN": group(service, colour)},
    }


def inputs(name: str, live: LiveService | None, settings: Settings, at: str) -> Object:
    """Return the inputs of a listener rule, as `teal_infra.traffic.alb` has them."""
    moved = live, settings.active_colour, settings.canary_weight, at
    shares = weights(settings.active_colour, settings.canary_weight)
    forward = {"targetGroups": [{"weight": shares[colour]} for colour in Colour]}
    return {
        "tags": {OF_SERVICE: name, ROLE: LIVE, **tags(*moved)},
        "actions": [{"order": order(*moved), "forward": forward}],
    }


def kept(given: Object, name: str) -> Object:
    """Return a rule as it is kept, of the inputs that Pulumi's provider for AWS gets."""
    (action,) = given["actions"]
    listed = action["forward"]["targetGroups"]
    weights = {str(colour): each["weight"] for colour, each in zip(Colour, listed, strict=True)}
    return {
        "metadata": {"name": name, "annotations": given["tags"]},
        "spec": {"weights": weights, "order": action["order"]},
    }


def _rule(found: Object) -> Rule:
    name, spec = found["metadata"]["name"], found["spec"]
    groups = [
        {"TargetGroupArn": group(name, colour), "Weight": spec["weights"][colour], "Colour": colour}
        for colour in Colour
    ]
    action = {"Type": "forward", "Order": spec.get("order", 1), "ForwardConfig": {"TargetGroups": groups}}
    arn = f"{_LISTENER.listener_arn.replace(':listener/', ':listener-rule/')}/{name}"
    return Rule.of({"RuleArn": arn, "Actions": [action]})


class Elb:
    """A client of the only region, in place of `teal.adapters.aws.elb.Elb`."""

    def __init__(self, network: Network, region: str) -> None:
        """Prepare to ask over this network, whichever region it is."""
        del region
        self._network = network
        self._asked = 0

    async def balancers(self, groups: Iterable[str]) -> Sequence[Balancer]:
        """Return the only load balancer."""
        del groups
        return [Balancer.model_validate({"LoadBalancerArn": _LISTENER.load_balancer_arn, "DNSName": "teal.example"})]

    async def listeners(self, balancer: str) -> Sequence[Listener]:
        """Return the only listener."""
        del balancer
        return [_LISTENER]

    async def rules(self, *, listener: str = "", arns: Iterable[str] = ()) -> Sequence[Rule]:
        """Return all rules, or those that are named."""
        if listener:
            return [_rule(each) for each in (await self._ask("GET", RULES))["items"]]
        return [_rule(await self._ask("GET", f"{RULES}/{each.rpartition('/')[2]}")) for each in sorted(arns)]

    async def known(self, arns: Sequence[str]) -> Sequence[Rule]:
        """Return the rules that are named, with their tags."""
        return await self.tagged(await self.rules(arns=arns))

    async def tagged(self, rules: Sequence[Rule]) -> Sequence[Rule]:
        """Return the same rules with their tags."""
        found = {each["metadata"]["name"]: each["metadata"] for each in (await self._ask("GET", RULES))["items"]}
        return [
            Rule(
                arn=each.arn,
                actions=each.actions,
                written=each.written,
                tags=found[each.arn.rpartition("/")[2]]["annotations"],
            )
            for each in rules
        ]

    async def health(self, group: str) -> Mapping[str, int]:
        """Return how many pods of a colour are in each state."""
        return await self._ask("GET", f"targets/{group.split('/')[1]}")

    async def alarms(self, prefix: str, group: str) -> Mapping[str, str]:
        """Return the state of a colour's only alarm."""
        del group
        return await self._ask("GET", f"alarms/{prefix}errors")

    async def write(self, rule: Rule, weights: Mapping[str, int]) -> None:
        """Set the weights of a rule; its tags stay."""
        (action,) = rule.weighted(weights)
        given = {each["Colour"]: each["Weight"] for each in action["ForwardConfig"]["TargetGroups"]}
        await self._ask("PATCH", f"{RULES}/{rule.arn.rpartition('/')[2]}", {"spec": {"weights": given}})

    async def _ask(self, method: str, path: str, body: Object | None = None) -> Any:  # noqa: ANN401 - JSON
        why, seed = "", self._network.seed
        # AWS keeps no name of who writes; the checks need it.
        sent: Any = {"json": body, "params": {"fieldManager": MANAGER}} if body is not None else {}
        for attempt in range(ATTEMPTS):
            self._asked += 1
            await asyncio.sleep(latency(seed, path, self._asked))
            try:
                async with self._network.http(ACTOR.get()) as http:
                    response = await http.request(method, f"{PATH}/{path}", timeout=_PATIENCE, **sent)
            except httpx2.TransportError as error:
                why = f"{type(error).__name__}: {error}"
            else:
                if response.is_success:
                    return response.json()
                why = f"{response.status_code} {response.text}"
                if response.status_code not in _AGAIN:
                    break
                if response.status_code == _BUSY:
                    await asyncio.sleep(chance(seed, path, self._asked, "again") * 2**attempt)
        raise UnreachableError(
            f"AWS did not do {method} {path} ({why}), so nothing more was done. Next: pulumi up again"
        )
