"""Values that refer to other variables reach a process as they are meant."""

from typing import Any

import pytest
from teal_infra.components.environment import referring

SECRET = "backend-blue-0123"  # noqa: S105 - the name of one


def of_secret(name: str) -> dict[str, Any]:
    """A variable that the kubelet reads from the Secret."""
    return {"name": name, "value_from": {"secret_key_ref": {"name": SECRET, "key": name}}}


def test_a_database_url_holds_a_password_that_stands_in_no_pod() -> None:
    """The kubelet expands `$(DB_PASSWORD)` from what stands before it in `env`, and not from a Secret by `envFrom`."""
    url = "postgres://$(DB_USER):$(DB_PASSWORD)@db/shop"
    found = referring({"URL": url, "DB_USER": "shop", "OTHER": "1"}, {"DB_PASSWORD": "hush", "KEY": "hush"}, SECRET)
    assert found == [{"name": "DB_USER", "value": "shop"}, of_secret("DB_PASSWORD"), {"name": "URL", "value": url}]
    assert "hush" not in str(found)


def test_references_of_references_come_first() -> None:
    """In whichever order the stack file has them, each once."""
    found = referring({"A": "$(B)$(C)", "B": "$(C)", "C": "1"}, {}, None)
    assert [each.get("name") for each in found] == ["C", "B", "A"]


@pytest.mark.parametrize("value", ["plain", "${NAME}", "$NAME", "$()", "a$", ""])
def test_what_refers_to_nothing_stays_where_it_is(value: str) -> None:
    """In the ConfigMap alone: pods of a stack without references do not change."""
    assert referring({"A": value, "NAME": "1"}, {"B": "$(NAME)"}, SECRET) == []


@pytest.mark.parametrize("value", ["$$(NAME)", "$$(NAME) and $(NAME)", "$$5", "a$$$$"])
def test_two_dollars_are_one_wherever_they_stand(value: str) -> None:
    """The kubelet makes one of them in `env` alone, whatever else is in the value."""
    found = referring({"A": value, "NAME": "1"}, {}, None)
    assert found[-1] == {"name": "A", "value": value}
    assert [each.get("name") for each in found[:-1]] == (["NAME"] if " $(NAME)" in value else [])


def test_who_a_pod_is_can_be_referred_to() -> None:
    """It stands before them in `env`, and teal knows no value of it."""
    assert referring({"A": "$(INSTANCE_ID)"}, {}, None) == [{"name": "A", "value": "$(INSTANCE_ID)"}]


@pytest.mark.parametrize("values", [{"A": "$(A):/bin"}, {"A": "$(B)", "B": "$(A)"}])
def test_a_circle_ends(values: dict[str, str]) -> None:
    """Kubernetes leaves what it does not know as it is."""
    assert {each.get("name") for each in referring(values, {}, None)} == set(values)


def test_a_confidential_variable_hides_a_plain_one_of_its_name() -> None:
    """As the Secret does, which comes later in `envFrom`."""
    assert referring({"A": "$(B)", "B": "1"}, {"A": "2"}, SECRET) == []
