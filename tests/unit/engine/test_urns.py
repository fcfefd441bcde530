"""A URN says what a resource is and whose."""

from sandbox.engine import urns


def test_a_urn_gives_type_and_name() -> None:
    """The type is the last of its parents' chain; a name may hold colons."""
    urn = "urn:pulumi:dev::teal::teal:index:Service$kubernetes:apps/v1:Deployment::backend::blue"
    assert urns.type_of(urn) == "kubernetes:apps/v1:Deployment"
    assert urns.name_of(urn) == "backend::blue"
