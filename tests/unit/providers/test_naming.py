"""A resource without a name gets one that nobody else has."""

from sandbox.providers.aws import resources
from sandbox.providers.naming import Naming


def _name(seed: bytes, digits: int = 8) -> str:
    return Naming(logical_name="web", seed=seed).automatic(digits)


def test_an_automatic_name_is_random_without_a_seed() -> None:
    """Two resources of one name must not meet."""
    assert _name(b"") != _name(b"")
    assert _name(b"a") == _name(b"a") != _name(b"b")


def test_it_ends_in_as_many_digits_as_the_provider_takes() -> None:
    """With a seed or without."""
    assert len(_name(b"", 7)) == len(_name(b"a", 7)) == len("web-1234567")


def test_a_projects_proposal_is_taken() -> None:
    """Pulumi's autonaming configuration."""
    assert Naming(logical_name="web", seed=b"a", proposed="ours").automatic(8) == "ours"


def test_where_names_are_not_to_be_automatic_one_is_asked_for() -> None:
    """Of AWS's resources as of Kubernetes'; one that has its name already keeps it."""
    group, forbidden = "aws:lb/targetGroup:TargetGroup", Naming(logical_name="web", disabled=True)
    inputs, failures = resources.check(group, {"port": 80}, {}, forbidden)
    assert [key for key, _ in failures] == ["name"]
    assert "name" not in inputs
    named, _ = resources.check(group, {"port": 80}, {}, Naming(logical_name="web"))
    assert resources.check(group, {"port": 80}, named, forbidden) == (named, [])
