"""What explains where traffic goes: the last update, this one, teal itself, or a change given up by name."""

from dataclasses import replace

import pytest

from teal.flip import guards
from teal.model.colours import ENGINE, MANAGER, Colour
from teal.model.errors import ForeignChangeError, RefusedError
from teal.model.live import LiveService

BLUE, GREEN = Colour.BLUE, Colour.GREEN
KUBECTL = "kubectl-patch"


def live(colour: Colour | None = BLUE, writer: str = KUBECTL, share: int = 0) -> LiveService:
    """An active Service, as read."""
    selector = {"teal/colour": str(colour)} if colour else {"app": "other"}
    return LiveService(
        colour=colour, selector=selector, annotations={}, resource_version="1", writer=writer, share=share
    )


@pytest.mark.parametrize(
    ("found", "recorded", "repair", "shares"),
    [
        (None, BLUE, None, ()),  # it is made anew
        (live(None), None, None, ()),  # the first update of a stack
        (live(BLUE), BLUE, None, ()),  # as the last update left it
        (live(GREEN), BLUE, None, ()),  # where this one sends it
        (live(BLUE, share=10), BLUE, None, (10,)),
        (live(None, MANAGER), BLUE, None, ()),  # teal's own way back
        (live(BLUE, MANAGER, share=30), BLUE, None, ()),
        (live(BLUE, share=30), BLUE, BLUE, ()),  # teal:repair
    ],
)
def test_what_is_explained_is_overwritten(
    found: LiveService | None, recorded: Colour | None, repair: Colour | None, shares: tuple[int, ...]
) -> None:
    """Nothing is raised."""
    guards.require_known("backend", found, recorded=recorded, destination=GREEN, repair=repair, shares=shares)


@pytest.mark.parametrize(
    ("found", "repair", "shares", "leads", "name"),
    [
        (live(None), None, (), "{'app': 'other'}", "green"),
        (live(None), BLUE, (), "{'app': 'other'}", "green"),  # what is given up is a colour, and this is none
        (live(BLUE), None, (), "blue", "blue"),
        (live(BLUE), GREEN, (), "blue", "blue"),
        (live(GREEN, share=30), None, (10,), "{'teal/colour': 'green'}", "green"),
    ],
)
def test_what_nothing_explains_is_not(
    found: LiveService, repair: Colour | None, shares: tuple[int, ...], leads: str, name: str
) -> None:
    """It says where traffic goes, who wrote that, and how to overwrite it."""
    with pytest.raises(ForeignChangeError) as refused:
        guards.require_known("backend", found, recorded=GREEN, destination=GREEN, repair=repair, shares=shares)
    keep = "to keep it, pulumi config set teal:activeColour blue; " if leads == "blue" else ""
    assert str(refused.value) == (
        f"service backend leads to {leads}, written by 'kubectl-patch'; the last pulumi up left it on green. Somebody "
        f"else moves this traffic, so it stays there. Next: find out who; {keep}to overwrite it, pulumi config set "
        f"teal:repair {name}; then pulumi up"
    )


def test_what_another_state_of_the_stack_moved_is_told_from_a_strangers() -> None:
    """A state was restored that is older than the last flip; whoever wrote that is no stranger."""
    with pytest.raises(ForeignChangeError, match="An update that this state of the stack does not know moved this"):
        guards.require_known("backend", live(BLUE, "pulumi-kubernetes-teal"), recorded=GREEN, destination=GREEN)


def test_a_share_that_nobody_declared_is_explained_by_nothing() -> None:
    """Also where its colour is."""
    with pytest.raises(ForeignChangeError):
        guards.require_known("backend", live(GREEN, share=30), recorded=GREEN, destination=GREEN)


@pytest.mark.parametrize(
    ("before", "now", "says"),
    [
        ({"backend": live()}, {"backend": live(GREEN)}, "backend leads to green, written by 'kubectl-patch'"),
        ({"backend": live()}, {}, "backend leads to nothing: it is gone"),
        ({}, {"backend": live()}, "backend leads to blue, written by 'kubectl-patch'"),
    ],
)
def test_what_was_moved_while_the_gates_looked_is_not_moved(
    before: dict[str, LiveService], now: dict[str, LiveService], says: str
) -> None:
    """What they proved is no longer what is live."""
    with pytest.raises(ForeignChangeError) as refused:
        guards.require_untouched(before, now)
    assert str(refused.value) == (
        f"service {says}, while the gates looked. Its traffic was not moved by this update. Next: find out who, then "
        "pulumi up again"
    )


def test_who_wrote_the_same_again_has_moved_nothing() -> None:
    """A label, say; and of several services each is looked at."""
    guards.require_untouched({"backend": live()}, {"backend": replace(live(), writer="other", resource_version="2")})
    guards.require_untouched({}, {})
    both = {"backend": live(), "frontend": live()}
    with pytest.raises(ForeignChangeError, match="service frontend"):
        guards.require_untouched(both, {**both, "frontend": live(GREEN)})


def test_a_flip_is_confirmed_only_where_all_of_its_traffic_is() -> None:
    """It says of each service where its traffic is, and who sent it there."""
    there = {"backend": live(GREEN), "frontend": live(GREEN, share=10)}
    guards.require_there(there, GREEN, ["backend"], 0)
    with pytest.raises(RefusedError) as refused:
        guards.require_there({**there, "backend": live(BLUE)}, GREEN, ["backend", "frontend", "third"], 0)
    assert str(refused.value) == (
        "green is not confirmed: live traffic of backend goes to blue, written by 'kubectl-patch', of frontend goes to "
        "{'teal/colour': 'green'}, written by 'kubectl-patch', of third goes to nothing: it is gone. The record of the "
        "confirmed colour stays as it was. Next: pulumi refresh, then pulumi up"
    )


def test_a_way_back_writes_over_nobody_else() -> None:
    """Over a flip's write, or over what the bake knew."""
    sent = live(GREEN)
    assert guards.may_be_written(sent, sent)
    assert guards.may_be_written(live(BLUE, f"{ENGINE}-teal"), None)
    assert guards.may_be_written(live(BLUE, MANAGER), sent)
    assert not guards.may_be_written(sent, None)
    assert not guards.may_be_written(live(BLUE), sent)
    assert not guards.may_be_written(replace(sent, writer="other"), sent)


def test_as_sent_is_the_same_place_by_the_same_writer() -> None:
    """One who wrote it back is another writer."""
    sent = live(GREEN)
    assert guards.is_as_sent(sent, replace(sent, resource_version="9"))
    assert not guards.is_as_sent(sent, None)
    assert not guards.is_as_sent(sent, live(BLUE))
    assert not guards.is_as_sent(sent, live(GREEN, "other"))


def test_whom_a_write_displaced_is_named() -> None:
    """Each who sent traffic elsewhere, in order; a flip's own writes are none, nor is one that moved nothing."""
    before = live(BLUE, f"{ENGINE}-teal")
    assert not guards.displaced(before, [])
    assert not guards.displaced(before, [live(BLUE), live(GREEN, f"{ENGINE}-teal")])
    found = guards.displaced(before, [live(None), live(BLUE, "argo"), live(GREEN, f"{ENGINE}-teal")])
    assert found == "{'app': 'other'}, written by 'kubectl-patch'; then to blue, written by 'argo'"
    assert guards.wrote(live(), "anna") == "blue, written by 'anna'"
