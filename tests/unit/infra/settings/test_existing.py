"""A namespace of another team's, and pods in the place of a colour: what may be said of them."""

import pytest

from teal.model.errors import ConfigError
from tests.unit.infra.planning.adoption.existing import STACK
from tests.unit.infra.worlds import BASE, edited, settings


@pytest.mark.parametrize(
    ("given", "name", "create"),
    [
        ("shop", "shop", True),
        ({"name": "shop", "create": False}, "shop", False),
        ('{"name": "shop", "create": false}', "shop", False),
        ({"name": "shop"}, "shop", True),
    ],
)
def test_a_namespace_is_a_name_or_an_object(given: object, name: str, create: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """As a text it may be JSON: so `pulumi config set` leaves an object."""
    found = settings(edited(BASE, {"namespace": given}))
    assert (found.namespace, found.place.create) == (name, create)


REFUSED = {
    "a name that is none": (edited(BASE, {"namespace": "Shop_1"}), "Next: pulumi config set teal:namespace teal"),
    "a name within the object": (
        edited(BASE, {"namespace": {"name": "Shop_1"}}),
        "Next: pulumi config set --path 'teal:namespace.name' teal",
    ),
    "a label of teal's": (
        edited(BASE, {"namespace": {"labels": {"app.kubernetes.io/part-of": "x"}}}),
        """Next: pulumi config rm --path 'teal:namespace.labels["app.kubernetes.io/part-of"]'""",
    ),
    "no image": (edited(BASE, {"green.backend": {}}), "pulumi config set --path 'teal:green.backend.image'"),
    "a namespace of the stack's": (
        edited(STACK, {"namespace": "shop"}),
        "Next: pulumi config rm teal:namespace && pulumi config set --path 'teal:namespace.name' shop",
    ),
    "an image beside adopt": (
        edited(STACK, {"green.shop.image": "registry.example/shop:1"}),
        "Next: pulumi config rm --path 'teal:green.shop.image'",
    ),
    "both colours": (edited(STACK, {"blue.shop": STACK["green"]["shop"]}), "config rm --path"),
    "pods that are to end": (
        edited(STACK, {"activeColour": "blue", "green.state": "stopped"}),
        "Next: pulumi config set --path 'teal:green.state' running",
    ),
    "labels of the stack's own pods": (
        edited(STACK, {"green.shop.adopt.selector": {"app.kubernetes.io/name": "shop"}}),
        "they would get live traffic unproven",
    ),
    "a label that podTemplate gives": (
        edited(STACK, {"services.shop.podTemplate": {"metadata": {"labels": {"app": "shop"}}}}),
        "they would get live traffic unproven",
    ),
    "another router": (
        edited(STACK, {"router": "gateway", "gateway": {"name": "public"}}),
        "Next: pulumi config set teal:router service",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(case: str) -> None:
    """With the command that mends it."""
    raw, says = REFUSED[case]
    with pytest.raises(ConfigError) as error:
        settings(raw)
    assert says in str(error.value)


def test_without_a_word_the_namespace_is_teals() -> None:
    """As it ever was."""
    found = settings(BASE)
    assert (found.namespace, found.place.create) == ("teal", True)
