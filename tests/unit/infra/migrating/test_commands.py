"""`teal migrations`: what it says, what it writes into a stack file, and what it refuses to."""

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from teal.adapters.kubernetes import jobs
from teal.history.model import Flip, History, Stage
from teal.model.colours import Colour
from teal.spec.bake import BakePlan
from tests.unit.infra.migrating.conftest import JOBS, LISTED, RECORD, World, job, slot

Edit = Callable[[dict[str, Any]], None]


def test_nothing_is_to_do_where_all_that_is_declared_has_run(world: World) -> None:
    """Each colour, each Job, and exit status 0."""
    status, said = world.teal("status")
    assert said.splitlines() == [
        "backend: nothing was contracted",
        "  blue 1.0.0 (active): expand 0001",
        "  green 1.1.0: expand 0003",
        "  2026-11-29T10:00:00Z expand to 0001 for blue 1.0.0: succeeded",
        "  2026-11-29T10:00:00Z expand to 0003 for green 1.1.0: succeeded",
    ]
    assert status == 0


def test_what_is_to_do_is_told(world: World) -> None:
    """A Job that failed, one that there never was, and a contraction that waits, as JSON too."""
    world.jobs(job("blue", "1.0.0", "expand", "0001", "Failed"))
    world.write(green=slot("1.2.0", expand="0003", contract="0004"))
    status, said = world.teal("status")
    assert status == 3
    assert "expand to 0001 for blue 1.0.0: failed: it is Failed" in said
    assert "pending: expand to 0001 for blue 1.0.0\n  pending: expand to 0003 for green 1.2.0" in said
    assert "contracting backend to 0004 for green 1.2.0 waits until green is live" in said
    status, text = world.teal("status", "--json")
    assert status == 3
    found = json.loads(text)["backend"]
    assert found["pending"] == ["expand to 0001 for blue 1.0.0", "expand to 0003 for green 1.2.0"]
    assert (found["jobs"][0]["became"], found["releases"][1]["contract"]) == ("failed", "0004")


def test_an_update_that_would_be_refused_is_told(world: World) -> None:
    """With the words of the update, and exit status 4."""
    world.contracted("0004", "green 1.2.0")
    status, said = world.teal("status")
    assert status == 4
    assert "backend: contracted to 0004 by green 1.2.0" in said
    assert "UNSAFE: blue 1.0.0 of backend needs what migrations up to 0004 dropped" in said


def ending(world: World, became: str) -> None:
    """Let the Job that is created end so, and its pod say something."""

    def fault(method: str, path: str) -> None:
        if method == "GET" and path.startswith(f"{JOBS}/"):
            _, made = world.cluster.answers[path]
            made["status"] = {"conditions": [{"type": became, "status": "True", "message": "BackoffLimitExceeded"}]}

    world.cluster.fault = fault
    ended = {"state": {"terminated": {"message": "the schema lacks backend.micros\n"}}}
    world.cluster.answers["/api/v1/namespaces/teal/pods"] = (
        200,
        {"items": [{"status": {"containerStatuses": [ended]}}]},
    )


def test_a_schema_is_verified_by_a_job_that_changes_nothing(world: World) -> None:
    """The image, environment and account of the migration's own, without what migrates; Kubernetes deletes it."""
    ending(world, "Complete")
    status, said = world.teal("verify", "--colour", "green")
    assert status == 0
    assert said.strip() == "the schema of backend is what green 1.1.0 says: the schema lacks backend.micros"
    (made,) = world.cluster.written
    assert made["metadata"]["name"].startswith("backend-green-verify-")
    assert made["spec"]["ttlSecondsAfterFinished"] == jobs.KEPT_SECONDS
    template = made["spec"]["template"]
    assert template["metadata"]["labels"] == made["metadata"]["labels"] == world_labels("green", "1.1.0")
    assert [each["name"] for each in template["spec"]["initContainers"]] == ["proxy"]
    (verify,) = template["spec"]["containers"]
    assert (verify["command"], verify["image"]) == (["look"], "backend:1.1.0")
    assert template["spec"]["serviceAccountName"] == "backend"


def world_labels(colour: str, version: str) -> Mapping[str, str]:
    """Of a release's migrations; those that the API server adds to a Job's pods are not among them."""
    return job(colour, version, "expand", "0001")["metadata"]["labels"]


def test_a_schema_that_is_not_as_it_should_be_fails_the_command(world: World) -> None:
    """With what its tool said."""
    ending(world, "Failed")
    status, said = world.teal("verify")
    assert status == 5
    assert "verifies the schema of backend with blue 1.0.0, failed: the schema lacks backend.micros. It changed" in said
    assert "Next: kubectl -n teal logs job/backend-blue-verify-" in said


def test_what_only_looked_is_no_migration(world: World) -> None:
    """Nor is a release verified of which no migration ever ran."""
    looked = dict(job("blue", "1.0.0", "expand", "0001"))
    looked["spec"] = {"template": {"spec": {"containers": [{"name": "verify"}], "initContainers": [{"name": "proxy"}]}}}
    world.jobs(looked)
    status, said = world.teal("verify")
    assert status == 5
    assert "no migration of backend in blue has a Job in teal" in said
    assert "Next: pulumi up --stack dev" in said
    assert not world.cluster.written


def test_who_may_not_create_jobs_is_told(world: World) -> None:
    """And how to see it."""
    world.cluster.fault = lambda method, _: 403 if method == "POST" else None
    status, said = world.teal("verify")
    assert status == 7
    assert "answered 403" in said
    assert "Next: kubectl -n teal auth can-i create jobs" in said


@pytest.mark.parametrize(
    ("args", "revision"),
    [(["up"], "0005"), (["up", "1"], "0004"), (["up", "2"], "0005"), (["up", "1", "--colour", "blue"], "0002")],
)
def test_a_step_on_is_written_into_the_file(world: World, args: list[str], revision: str) -> None:
    """As text, where it stands, and nothing else is; no database is changed."""
    before = world.file.read_text()
    status, said = world.teal(*args)
    assert (status, world.file.read_text()) == (8, before)
    assert "is as it was. Next: teal migrations up" in said
    status, said = world.teal(*shlex.split(said.rpartition("Next: teal migrations ")[2].replace("--stack dev", "")))
    colour, had = ("blue", "0001") if "blue" in args else ("green", "0003")
    assert status == 0
    assert f"expand is {revision}. No database was changed. Next: pulumi up --stack dev" in said
    assert world.schema(colour) == {"expand": revision}
    assert world.file.read_text() == before.replace(f"expand: '{had}'", f"expand: '{revision}'")
    assert not world.cluster.written


def test_a_step_back_is_written_into_the_file(world: World) -> None:
    """The release has to be retired, and what is taken back already goes on from there; on again takes it out."""
    world.write(green=slot("1.1.0", state="retired", expand="0003"))
    before = world.file.read_text()
    for args, down in ((["down"], "0002"), (["down", "1"], "0001")):
        assert world.teal(*args, "--yes")[0] == 0
        assert world.schema("green") == {"expand": "0003", "down": down}
    status, said = world.teal("up", "--json", "--yes")
    assert (status, json.loads(said)["changed"]) == (0, {"down": None})
    assert world.file.read_text() == before


def live_needs_it(world: World) -> None:
    """Blue is live, and green's expansion is what it has too."""
    world.write(blue=slot("1.0.0", expand="0003"), green=slot("1.1.0", state="retired", expand="0003"))


def no_list(world: World) -> None:
    """Nobody says which revisions there are."""
    world.write(services={"backend": {"migrations": {}}, "frontend": {}})


def flipping(world: World) -> None:
    """A flip is under way."""
    flip = Flip(
        number=7,
        begun="2026-11-29T10:00:00+00:00",
        by="me",
        to=Colour.GREEN,
        version="1",
        stage=Stage.BAKING,
        origin=Colour.BLUE,
        plan=BakePlan(services={}, seconds=60, error_percent=5, samples=10, window=60),
    )
    text = History(flips=(flip,)).model_dump_json(by_alias=True)
    world.cluster.answers[f"{RECORD}/teal-history"] = (
        200,
        {"metadata": {"name": "teal-history", "resourceVersion": "1"}, "data": {"flips.json": text}},
    )


def contracting(world: World) -> None:
    """Blue contracts to 0004, and that has not run: nobody has confirmed that green can do without."""
    world.write(blue=slot("1.0.0", expand="0001", contract="0004"))


@pytest.mark.parametrize(
    ("given", "args", "status", "why", "remedy"),
    [
        (
            None,
            ["down"],
            4,
            "green 1.1.0 is not retired, and needs the schema from 0003 on",
            "config rm --path 'teal:gr",
        ),
        (live_needs_it, ["down"], 4, "blue 1.0.0 is not retired, and needs the schema from 0003", "config rm --path"),
        (
            None,
            ["up", "3"],
            1,
            "there are 2 before 0003 in its list and 2 after it",
            "config set --stack dev --path --type string",
        ),
        (
            None,
            ["down", "3"],
            1,
            "there are 2 before 0003 in its list and 2 after it",
            "config set --stack dev --path --type string",
        ),
        (no_list, ["up"], 1, "nothing lists its revisions", "'teal:services.backend.migrations.revisions[0]' REVISION"),
        (flipping, ["up"], 5, "flip 7 to green is under way", "teal status"),
        (contracting, ["up"], 5, "0004 contracts for blue 1.0.0 of backend, and has not run", "teal migrations status"),
        (None, ["up", "--service", "frontend"], 1, "service frontend of ", "teal:services.frontend.migrations.backoff"),
    ],
)
def test_a_step_that_would_break_something_is_not_written(  # noqa: PLR0913 - a table
    world: World,
    *,
    given: Callable[[World], None] | None,
    args: Sequence[str],
    status: int,
    why: str,
    remedy: str,
) -> None:
    """The file and the database stay as they are; the message says why, and what to do."""
    if given is not None:
        given(world)
    before = world.file.read_text()
    found, said = world.teal(*args)
    assert found == status, said
    assert why in said
    assert remedy in said.rpartition("Next: ")[2]
    assert world.file.read_text() == before


def test_a_file_in_which_nothing_can_be_changed_alone(world: World) -> None:
    """Two places share it."""
    text = world.file.read_text().replace(
        "      schema:\n        expand: '0003'", "      schema: &its {expand: '0003'}"
    )
    world.file.write_text(text)
    status, said = world.teal("up")
    assert (status, "has an anchor or a tag, so nothing was changed" in said) == (2, True)
    assert world.file.read_text() == text


def test_the_service_is_named_where_several_have_migrations(world: World) -> None:
    """Status tells of all."""
    migrated = {"migrations": {"revisions": LISTED}}
    world.write(services={"backend": migrated, "frontend": migrated})
    status, said = world.teal("up")
    assert (status, "backend, frontend have migrations" in said) == (1, True)
    assert "\nfrontend: nothing was contracted" in world.teal("status")[1]
