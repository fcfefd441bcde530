"""Expand and contract, as a table: what runs before a slot, what waits, what is refused."""

import pytest

from teal.model.colours import Colour
from teal.model.errors import RefusedError
from teal.schema.migrations import Contracted, Phase, Plan, Release, Rules, Schema, decide

OLD = Schema(expand="0001")
BOTH = Schema(expand="0003")
NEW = Schema(expand="0003", contract="0004")
DONE = Contracted(begun="0004", done="0004", by="green 1.2.0")
LISTED = Rules(revisions=("0001", "0003", "0004", "0005", "0006"))


def blue(schema: Schema | None = OLD, version: str = "1.0.0", *, retired: bool = False) -> Release:
    """The blue slot's release."""
    return Release(colour=Colour.BLUE, version=version, schema=schema, retired=retired)


def green(schema: Schema | None = NEW, version: str = "1.2.0", *, retired: bool = False) -> Release:
    """The green slot's release."""
    return Release(colour=Colour.GREEN, version=version, schema=schema, retired=retired)


def plan(
    *releases: Release, active: Colour = Colour.GREEN, contracted: Contracted | None = None, rules: Rules = LISTED
) -> Plan:
    """What is decided for the service `backend`."""
    return decide("backend", active, releases, contracted or Contracted(), rules)


def test_every_release_gets_its_expanding_migrations_before_its_pods() -> None:
    """One step a slot, up to the revision that the release needs."""
    steps = plan(blue(), green()).before
    assert [(step.phase, step.release.colour, step.revision) for step in steps] == [
        (Phase.EXPAND, "blue", "0001"),
        (Phase.EXPAND, "green", "0003"),
    ]


def test_a_release_that_says_nothing_of_the_schema_gets_no_step() -> None:
    """Services without a database have no Jobs."""
    assert plan(blue(None), green(None)) == Plan()


@pytest.mark.parametrize(
    ("other", "active", "waits"),
    [
        ([], "green", ""),
        ([blue(OLD, retired=True)], "green", ""),
        ([blue(None, retired=True)], "green", ""),
        ([blue(NEW, "1.2.1")], "green", ""),
        ([blue(Schema(expand="0005"), "1.3.0")], "green", ""),  # it works at 0005, so without what 0004 drops
        ([blue(OLD)], "green", "contracting backend to 0004 for green 1.2.0 waits: blue 1.0.0 still needs"),
        ([blue(BOTH, "1.1.0")], "green", "blue 1.1.0 still needs what it drops"),
        ([blue(None)], "green", "blue 1.0.0 still needs what it drops"),
        ([blue(Schema(expand="0001", contract="0003"))], "green", "blue 1.0.0 still needs"),
        ([blue(OLD)], "blue", "contracting backend to 0004 for green 1.2.0 waits until green is live"),
        ([blue(OLD, retired=True)], "blue", "waits until green is live"),
    ],
)
def test_a_contracting_migration_runs_when_its_release_is_live_and_nobody_needs_what_it_drops(
    other: list[Release], active: str, waits: str
) -> None:
    """Otherwise it waits, and says for whom."""
    decided = plan(*other, green(), active=Colour(active))
    assert waits in decided.waiting
    assert bool(decided.waiting) is bool(waits)
    runs = [] if waits else [(Phase.CONTRACT, "green", "0004")]
    assert [(step.phase, step.release.colour, step.revision) for step in decided.after] == runs


def test_names_say_nothing_of_an_order() -> None:
    """Hashes, names and numbers alike: the list does, and nothing else."""
    listed = Rules(revisions=("ff31", "shop.0002_tax", "V1.2__drop", "7"))
    for newer, runs in (("7", True), ("shop.0002_tax", False)):
        old, new = blue(Schema(expand=newer)), green(Schema(expand="ff31", contract="V1.2__drop"))
        assert bool(plan(old, new, rules=listed).after) is runs


@pytest.mark.parametrize(("expand", "runs"), [("b2", False), ("c3", True), ("9", False)])
def test_without_a_list_only_what_releases_say_of_their_own_is_known(expand: str, *, runs: bool) -> None:
    """Equal ones are equal, a release's contraction comes after its expansion, and all else may be needed."""
    decided = plan(blue(Schema(expand=expand)), green(Schema(expand="b2", contract="c3")), rules=Rules())
    assert bool(decided.after) is runs
    assert ("as far as is known: nothing says whether 9 comes after c3" in decided.waiting) is (expand == "9")


def test_what_one_release_says_and_what_another_one_says_go_together() -> None:
    """b2 comes after a1, and c3 after b2: so whoever needs a1 misses what c3 drops, and is known to."""
    old = blue(Schema(expand="a1", contract="b2"))
    assert "as far as is known" not in plan(old, green(Schema(expand="b2", contract="c3")), rules=Rules()).waiting


def test_releases_that_contradict_each_other_are_refused() -> None:
    """Each is in order by itself."""
    with pytest.raises(RefusedError, match=r"contradict each other: \w+ comes both before and after .* Next: list the"):
        plan(blue(Schema(expand="a", contract="b")), green(Schema(expand="b", contract="a")), rules=Rules())


def test_a_release_of_which_nobody_knows_whether_it_needs_what_is_gone_is_refused() -> None:
    """The message says how to say it, and having said so lets it pass."""
    later = blue(Schema(expand="0005"), "1.3.0")
    with pytest.raises(RefusedError, match="nothing says whether 0005 comes after 0004") as error:
        plan(later, green(), contracted=DONE, rules=Rules())
    assert "oldest first (0004, 0005, 0003 among them" in str(error.value)
    assert "config set --path --type string 'teal:services.backend.migrations.revisions[0]' REVISION" in str(
        error.value
    )
    assert plan(later, green(), contracted=DONE)


def test_head_is_another_revision_in_each_image() -> None:
    """So that two releases say `head` proves nothing of either; the message asks for its name."""
    new = green(Schema(expand="b2", contract="c3"))
    waiting = plan(blue(Schema(expand="head")), new, rules=Rules()).waiting
    assert "blue 1.0.0 still needs what it drops, as far as is known: head is another revision in each image" in waiting
    with pytest.raises(RefusedError, match=r"Next: name the one that it is: .*'teal:blue.backend.schema.expand'"):
        plan(blue(Schema(expand="head")), new, contracted=Contracted(begun="c3"), rules=Rules())
    (step,) = plan(blue(Schema(expand="billing@head")), active=Colour.BLUE, rules=Rules()).before
    assert step.revision == "billing@head"


@pytest.mark.parametrize("contracted", [Contracted(begun="0004"), DONE])
@pytest.mark.parametrize("release", [blue(OLD), blue(BOTH, "1.1.0"), blue(None)])
def test_a_release_that_needs_what_was_dropped_is_refused(release: Release, contracted: Contracted) -> None:
    """From the moment on at which the drop may have begun; the message names release and revision."""
    with pytest.raises(RefusedError, match=rf"{release} of backend needs what migrations up to 0004 dropped") as error:
        plan(release, green(), contracted=contracted)
    assert "Nothing was changed. Next:" in str(error.value)


def test_a_retired_release_may_stay_when_what_it_needs_is_gone() -> None:
    """It has no pods; it is refused when it is to come back."""
    assert plan(blue(OLD, retired=True), green(), contracted=DONE).after


def test_a_contraction_that_was_begun_and_not_finished_runs_again() -> None:
    """Its Job failed, or the update was killed; a mended release takes it over."""
    assert plan(green(version="1.2.1"), contracted=Contracted(begun="0004")).after


def test_a_contraction_that_ran_stays_declared_by_its_own_release_only() -> None:
    """Else its Job would be deleted by an update that changes nothing, or run again by another release."""
    (ran,) = plan(green(), contracted=DONE).after
    assert ran.release == green()
    assert plan(green(), blue(Schema(expand="0005"), "1.3.0"), active=Colour.BLUE, contracted=DONE).after == (ran,)
    assert not plan(green(version="1.3.0"), contracted=DONE).after
    assert plan(green(), contracted=DONE).waiting == plan(green(version="1.3.0"), contracted=DONE).waiting == ""


def test_a_release_that_asks_for_more_contracts_once_more() -> None:
    """One step, to the revision that is new."""
    (step,) = plan(green(Schema(expand="0003", contract="0006")), contracted=DONE).after
    assert step.revision == "0006"


def test_the_way_down_takes_the_place_of_the_way_up() -> None:
    """A slot's expanding step is not declared beside it, so that it runs again once `down` is taken out."""
    undo = green(Schema(expand="0003", down="0001"), retired=True)
    (first, second) = plan(blue(), undo, active=Colour.BLUE).before
    assert (first.phase, first.revision) == (Phase.EXPAND, "0001")
    assert (second.phase, second.revision, second.release) == (Phase.DOWN, "0001", undo)


@pytest.mark.parametrize(
    ("releases", "contracted", "why"),
    [
        (
            [green(Schema(expand="0003", down="0001"))],
            None,
            "green 1.2.0 is not retired, and needs the schema from 0003",
        ),
        ([blue(BOTH)], None, "blue 1.0.0 is not retired, and needs the schema from 0003 on"),
        ([blue(None)], None, "blue 1.0.0 is not retired, and does not say what it needs"),
        ([blue(OLD, retired=True)], DONE, "dropped data, which no way down brings back"),
    ],
)
def test_a_way_down_is_refused_while_somebody_needs_what_it_takes_away(
    releases: list[Release], contracted: Contracted | None, why: str
) -> None:
    """Its own release's pods count too."""
    undo = green(Schema(expand="0003", down="0001"), retired=True)
    with pytest.raises(RefusedError, match=why):
        plan(*([] if undo.colour is releases[0].colour else [undo]), *releases, contracted=contracted)


def test_a_service_without_a_way_down_says_why() -> None:
    """Whoever asks for it is told the reason, though nobody needs what it would take away."""
    undo = green(Schema(expand="0003", down="0001"), retired=True)
    with pytest.raises(RefusedError, match=r"refused: services.backend.migrations.downRefused says: Flyway has none"):
        plan(undo, active=Colour.BLUE, rules=Rules(down_refused="Flyway has none"))


def test_the_records_and_who_may_stay_follow_from_what_runs() -> None:
    """Begun before the Job, done after it; whoever works without may have pods meanwhile."""
    pending = plan(blue(OLD, retired=True), green())
    assert pending.contracted == DONE
    assert pending.staying == {(Colour.GREEN, "1.2.0")}
    assert plan(blue(OLD), green()).contracted == Contracted()
    later = plan(green(version="1.3.0"), contracted=DONE)
    assert (later.contracted, later.staying) == (DONE, {(Colour.GREEN, "1.3.0")})
