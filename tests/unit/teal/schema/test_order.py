"""What is known of which revision comes after which, and what is not."""

import pytest

from teal.schema.order import Order


@pytest.mark.parametrize(
    ("revision", "other", "reaches"),
    [
        ("a", "a", True),
        ("unknown", "unknown", True),
        ("d", "a", True),
        ("a", "d", False),
        ("e", "a", True),
        ("a", "e", False),
        ("a", "10", None),
        ("10", "9", None),
        ("head", "head", None),
        ("head", "a", None),
        ("a", "billing@heads", None),
    ],
)
def test_one_revision_has_all_of_another_or_not_or_nobody_knows(
    revision: str, other: str, *, reaches: bool | None
) -> None:
    """A list, a release that goes on from it, and names of which nothing is said, numbers among them."""
    order = Order(("a", "c", "d"), ("a", "d", "e"), ("a", "head", None))
    assert order.reaches(revision, other) is reaches
    assert order.contradiction == ""


def test_what_comes_after_itself_is_named() -> None:
    """By what two say together."""
    assert Order(("a", "b"), (None, "b", "a")).contradiction in {"a", "b"}
