"""Values that refer to other variables reach a process as they are meant."""

from typing import Any

import pytest
from teal_infra.components.environment import in_order, referring


def placed(*env: dict[str, Any], name: str = "backend") -> list[str]:
    """The names of a container's variables, in the order in which the backend's pods have them."""
    made = in_order({"spec": {"containers": [{"name": name, "env": [*env]}]}}, {"backend"})
    return [each["name"] for each in made["spec"]["containers"][0]["env"]]


def test_a_database_url_holds_a_password_that_stands_in_no_pod() -> None:
    """The kubelet expands `$(DB_PASSWORD)` from what the Secret brings by `envFrom`, which it reads first."""
    url = "postgres://$(DB_USER):$(DB_PASSWORD)@db/shop"
    found = referring({"URL": url, "DB_USER": "shop", "OTHER": "1"}, {"DB_PASSWORD": "hush", "KEY": "hush"})
    assert found == [{"name": "URL", "value": url}]


def test_references_of_references_come_first() -> None:
    """In whichever order the stack file has them, each once."""
    found: list[Any] = referring({"A": "$(B)$(C)", "B": "$(C)", "C": "1"}, {})
    assert placed(*found) == ["B", "A"]


def test_what_a_pod_template_brings_stands_before_what_refers_to_it() -> None:
    """Where it comes from makes no difference; all else keeps its place, and other containers are left alone."""
    late = {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    env = [{"name": "ENV", "value": "dev"}, {"name": "NODE", "value": "app@$(POD_IP)"}, {"name": "X"}, late]
    assert placed(*env) == ["ENV", "POD_IP", "NODE", "X"]
    assert placed(*env, name="proxy") == ["ENV", "NODE", "X", "POD_IP"]
    assert placed() == []


@pytest.mark.parametrize("value", ["plain", "${NAME}", "$NAME", "$()", "a$", ""])
def test_what_refers_to_nothing_stays_where_it_is(value: str) -> None:
    """In the ConfigMap alone: pods of a stack without references do not change."""
    assert referring({"A": value, "NAME": "1"}, {"B": "$(NAME)"}) == []


@pytest.mark.parametrize("value", ["$$(NAME)", "$$(NAME) and $(NAME)", "$$5", "a$$$$"])
def test_two_dollars_are_one_wherever_they_stand(value: str) -> None:
    """The kubelet makes one of them in `env` alone, whatever else is in the value."""
    assert referring({"A": value, "NAME": "1"}, {}) == [{"name": "A", "value": value}]


def test_who_a_pod_is_can_be_referred_to() -> None:
    """It stands before them in `env`, and teal knows no value of it."""
    assert referring({"A": "$(INSTANCE_ID)"}, {}) == [{"name": "A", "value": "$(INSTANCE_ID)"}]


@pytest.mark.parametrize("values", [{"A": "$(A):/bin"}, {"A": "$(B)", "B": "$(A)"}])
def test_a_circle_ends(values: dict[str, str]) -> None:
    """Kubernetes leaves what it does not know as it is."""
    found: list[Any] = referring(values, {})
    assert {*placed(*found)} == set(values)


def test_a_confidential_variable_hides_a_plain_one_of_its_name() -> None:
    """As the Secret does, which comes later in `envFrom`."""
    assert referring({"A": "$(B)", "B": "1"}, {"A": "2"}) == []
