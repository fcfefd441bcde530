"""The rights that docs/aws.md asks for are those that teal uses: no fewer, and no more."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3  # pyright: ignore[reportMissingTypeStubs]  # there are none
import pytest
from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin

from teal.adapters.aws import elb
from teal.adapters.aws.elb import Elb
from teal.model.errors import UnreachableError
from tests.unit.teal.balancing import REGION, Balancing, balancing

__all__ = ["balancing"]
PAGE = (Path(__file__).parents[4] / "docs/aws.md").read_text()
IAM = {"elasticloadbalancing": "elasticloadbalancing", "monitoring": "cloudwatch"}
"""The names that IAM has for the services that requests are signed for."""


def policy(name: str) -> dict[str, Any]:
    """One of the page's policies."""
    found = re.search(rf"<!-- policy: {name} -->\n```json\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return json.loads(found[1])


def actions(name: str) -> set[str]:
    """All actions that a policy allows."""
    return {action for each in policy(name)["Statement"] for action in each["Action"]}


async def everything(asked: Elb, found: Balancing) -> None:
    """All that is ever asked of AWS."""
    group = found.groups["backend"]["blue"]
    (balancer,) = await asked.balancers([group])
    (listener,) = await asked.listeners(balancer.load_balancer_arn)
    await asked.rules(listener=listener.listener_arn)
    (rule,) = await asked.tagged(await asked.rules(arns=[found.rules["backend"]]))
    await asked.health(group)
    await asked.write(rule, {group: 50})


async def test_the_policy_for_flips_allows_what_teal_asks_and_nothing_else(balancing: Balancing) -> None:
    """By the requests that are really sent."""
    balancing.service("backend", 100, 0)
    asked = Elb(REGION)
    used: set[str] = set()

    def note(model: Any, **_: object) -> None:  # noqa: ANN401 - botocore has no types
        used.add(f"{IAM[model.service_model.signing_name]}:{model.name}")

    for client in (asked._elb, asked._cloudwatch):  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # its requests
        client.meta.events.register("before-call", note)
    await everything(asked, balancing)
    await asked.alarms("backend-blue-", balancing.groups["backend"]["blue"])
    assert used == actions("flip")


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Moto asks its IAM about every request from now on, and keeps who may what."""
    monkeypatch.setattr(settings, "INITIAL_NO_AUTH_ACTION_COUNT", float("inf"))
    monkeypatch.setattr(ActionAuthenticatorMixin, "request_count", 0)
    elb.connect.cache_clear()
    yield
    elb.connect.cache_clear()


def account(document: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Elb:
    """Asks as somebody who has this policy alone."""
    # It judges actions alone, for any resource: what a statement says of resources would match nothing.
    document = {**document, "Statement": [{**each, "Resource": "*"} for each in document["Statement"]]}
    session: Any = boto3.Session()
    iam = session.client("iam")
    iam.create_user(UserName="watch")
    iam.put_user_policy(UserName="watch", PolicyName="flip", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName="watch")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.setattr(settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)
    return Elb(REGION)


@pytest.mark.usefixtures("judged")
async def test_motos_iam_lets_pass_what_a_flip_asks(balancing: Balancing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elastic Load Balancing's part of it; moto knows CloudWatch by another name than IAM does."""
    balancing.service("backend", 100, 0)
    await everything(account(policy("flip"), monkeypatch), balancing)


@pytest.mark.usefixtures("judged")
@pytest.mark.parametrize("missing", sorted(each for each in actions("flip") if each.startswith("elastic")))
async def test_none_of_its_actions_can_be_left_out(
    balancing: Balancing, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """Each of them is refused by name without the right to it."""
    balancing.service("backend", 100, 0)
    document = policy("flip")
    for each in document["Statement"]:
        each["Action"] = [action for action in each["Action"] if action != missing]
    document["Statement"] = [each for each in document["Statement"] if each["Action"]]
    with pytest.raises(UnreachableError, match=rf"not authorized to perform: {missing}"):
        await everything(account(document, monkeypatch), balancing)


def test_nothing_is_allowed_by_wildcard() -> None:
    """Neither policy names an action that it does not spell out."""
    assert not [action for name in ("flip", "provision") for action in actions(name) if "*" in action]
