"""What rules ask of a graph, without a pack."""

from teal_policies.kinds import SERVICE
from teal_policies.model import Graph, Resource
from teal_policies.rules.live import ROUTE_CHAINS


def made(name: str, *dependencies: str, urn: str = "", aliases: tuple[str, ...] = ()) -> Resource:
    """A resource whose URN is its name, unless said otherwise."""
    return Resource(type="any", name=name, urn=urn or name, properties={}, dependencies=dependencies, aliases=aliases)


def test_what_lies_between_is_waited_for_too() -> None:
    """Directly or not; and circles, which no engine makes, end."""
    first, second, third = made("first", "third"), made("second", "first"), made("third", "second")
    alone = made("alone")
    graph = Graph([first, second, third, alone])
    assert graph.waits_for(third, second)
    assert graph.waits_for(third, first)
    assert not graph.waits_for(third, alone)
    assert not graph.waits_for(alone, first)


def test_an_alias_keeps_an_identity() -> None:
    """A component that was renamed, and says what it was."""
    chain, _ = ROUTE_CHAINS[SERVICE]
    old = f"urn:pulumi:production::teal::{chain}::backend-active"
    assert made("new", urn=old).keeps_identity(chain, "backend-active")
    assert made("new", aliases=(old,)).keeps_identity(chain, "backend-active")
    assert not made("new").keeps_identity(chain, "backend-active")
    assert not made("new", urn=f"{old}-2").keeps_identity(chain, "backend-active")
