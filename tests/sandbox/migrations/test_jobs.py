"""A schema's way from the old release to the new one, on a real cluster and a real database."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from sandbox.cluster.environment import Sandbox
from sandbox.cluster.layout import NODE_ADDRESS
from teal.cli.say import Exit
from tests.sandbox.databases import fresh
from tests.sandbox.program.stacks import Stack
from tests.sandbox.program.terminal import Terminal

DATABASE = "test_migrations"

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, node_port: int) -> Iterator[Stack]:
    """Blue at 1.0.0, which knows the old column; green at 1.1.0, which knows both."""
    made = Stack.create(sandbox, "test-migrations", tmp_path_factory.mktemp("migrations"), node_port)
    found = fresh(sandbox, DATABASE)
    made.configure("settleSeconds", "0")
    made.configure("services.backend.migrations.backoffLimit", "1")
    made.configure("services.backend.backing[0]", "database")
    made.configure("backing.database.kind", "database")
    for setting in ("host", "port", "name", "user"):
        made.configure(f"backing.database.{setting}", found[f"DB_{setting.upper()}"])
    made.configure("backing.database.network.cidrs[0]", f"{NODE_ADDRESS}/32")
    made.configure("backing.database.network.ports[0]", found["DB_PORT"])
    secret = ("--path", "--secret", "teal:backing.database.password", found["DB_PASSWORD"])
    made.pulumi("config", "set", *secret)
    made.configure("blue.backend.schema.expand", "0001")
    made.configure("green.backend.schema.expand", "0003")
    said = made.up().stdout
    assert found["DB_PASSWORD"] not in said
    yield made
    made.pulumi("destroy", "--yes", "--skip-preview", "--non-interactive")


def jobs(stack: Stack) -> Mapping[str, str]:
    """UIDs of the Jobs that have succeeded, by what they are for."""
    items = json.loads(stack.kubectl("get", "jobs", "-o", "json"))["items"]
    assert all(item["status"].get("succeeded") == 1 for item in items)
    return {item["metadata"]["name"].rpartition("-")[0]: item["metadata"]["uid"] for item in items}


def planned(stack: Stack) -> tuple[str, list[str]]:
    """The word of the last update, and its reasons."""
    plan = stack.outputs()["plan"]
    return plan["word"], plan["reasons"]


def schema(stack: Stack) -> str:
    """Where the database stands, as a pod of the live release sees it."""
    command = ["exec", "deploy/backend-green", "--", "python3", "-m", "workload.migrations", "status"]
    return stack.kubectl(*command).splitlines()[-1]


def test_a_job_a_release_runs_before_its_pods(stack: Stack) -> None:
    """Expanding ones of both releases, and each was there before its Deployment."""
    assert set(jobs(stack)) == {"backend-blue-expand", "backend-green-expand"}
    assert schema(stack) == "the schema is at 0003"
    for colour in ("blue", "green"):
        done = stack.kubectl(
            "get", "jobs", "-l", f"teal/colour={colour}", "-o", "jsonpath={.items[0].status.completionTime}"
        )
        path = "jsonpath={.metadata.creationTimestamp}"
        assert done <= stack.kubectl("get", "deployment", f"backend-{colour}", "-o", path)


def test_a_job_runs_once_and_not_again_for_what_has_nothing_to_do_with_it(stack: Stack) -> None:
    """An update with nothing changed, and one that changes the environment."""
    before = jobs(stack)
    assert "Resources:\n    " in stack.up().stdout
    assert planned(stack) == ("NOTHING", [])
    stack.configure("blue.backend.env.LOG_LEVEL", "debug")
    stack.up()
    assert jobs(stack) == before


def test_a_release_is_declared_again_after_an_update_that_failed(stack: Stack) -> None:
    """In another environment: Kubernetes would refuse that under the name of its Job, if that were still there."""
    good = stack.config.read_bytes()
    stack.configure("green.version", "1.1.9")
    stack.configure("green.backend.env.FAULT_VERSION", "0.9.8")
    refused = stack.flip("green", check=False)
    stack.config.write_bytes(good)
    assert "version of backend FAILED" in refused.stdout
    stack.configure("green.backend.env.LOG_LEVEL", "warning")
    stack.up()
    stack.up()
    assert set(jobs(stack)) == {"backend-blue-expand", "backend-green-expand"}


def test_a_new_release_is_a_new_job_and_its_contraction_waits(stack: Stack) -> None:
    """First for its flip, then for the release that still needs what it drops."""
    before = jobs(stack)
    stack.configure("green.version", "1.2.0")
    stack.configure("green.backend.schema.contract", "0004")
    assert "contracting backend to 0004 for green 1.2.0 waits until green is live" in stack.up().stdout
    after = jobs(stack)
    assert after["backend-blue-expand"] == before["backend-blue-expand"]
    assert after["backend-green-expand"] != before["backend-green-expand"]
    assert "waits: blue 1.0.0 still needs what it drops" in stack.flip("green").stdout
    assert jobs(stack) == after
    assert schema(stack) == "the schema is at 0003"


def test_contracting_runs_when_the_old_release_is_retired(stack: Stack) -> None:
    """After its last pod; then the old release may not come back, and nothing is run twice."""
    stack.configure("blue.state", "retired")
    stack.up()
    word, reasons = planned(stack)
    assert word == "ROLLING"
    assert any(
        each.startswith("the schema is contracted") and each.endswith("0004 for green 1.2.0") for each in reasons
    )
    assert schema(stack) == "the schema is at 0004"
    ran = jobs(stack)
    assert "backend-green-contract" in ran
    stack.up()
    assert planned(stack) == ("NOTHING", [])
    assert jobs(stack) == ran
    good = stack.config.read_bytes()
    stack.configure("blue.state", "running")
    refused = stack.up(check=False)
    stack.config.write_bytes(good)
    assert refused.returncode != 0
    assert "blue 1.0.0 of backend needs what migrations up to 0004 dropped" in refused.stdout
    assert not stack.kubectl("get", "pods", "-l", "app.kubernetes.io/name=backend,teal/colour=blue", "-o", "name")


def test_the_command_line_says_what_is_so_and_changes_what_is_declared(stack: Stack, tmp_path: Path) -> None:
    """Nothing is pending; the schema is looked at by a Job of its own; a step on is for `pulumi up` to take."""
    good, ran, terminal = stack.config.read_bytes(), jobs(stack), Terminal.of(stack, tmp_path)

    def teal(command: str, status: Exit = Exit.OK) -> str:
        done = terminal.run(f"teal migrations {command} --stack {stack.name}", status=status)
        return done.stdout + done.stderr

    for place, revision in enumerate(("0001", "0003", "0004")):
        stack.configure(f"services.backend.migrations.revisions[{place}]", revision)
    said = teal("status")
    assert "backend: contracted to 0004 by green 1.2.0" in said
    assert "pending" not in said
    assert "the schema of backend is what green 1.2.0 says" in teal("verify")
    assert "No database was changed" in teal("up 1")
    assert yaml.safe_load(stack.config.read_text())["config"]["teal:blue"]["backend"]["schema"]["expand"] == "0003"
    assert "pending: expand to 0003 for blue 1.0.0" in teal("status", Exit.UNCONFIRMED)
    assert "green 1.2.0 is not retired, and needs the schema from 0003 on" in teal("down", Exit.UNSAFE)
    stack.config.write_bytes(good)
    assert {name: uid for name, uid in jobs(stack).items() if not name.endswith("verify")} == ran


def test_a_job_that_is_refused_keeps_the_release_out(stack: Stack) -> None:
    """The update fails when its tries are used up; each pod's status has the reason; no pod of the slot starts."""
    good = stack.config.read_bytes()
    stack.configure("blue.version", "2.0.0")
    stack.configure("blue.backend.schema.expand", "0009")
    stack.configure("blue.state", "running")
    unknown = stack.up(check=False)
    assert unknown.returncode != 0
    assert "nothing says whether 0009 comes after 0004" in unknown.stdout
    for place, revision in enumerate(("0003", "0004", "0009")):
        stack.configure(f"services.backend.migrations.revisions[{place}]", revision)
    refused = stack.up(check=False)
    stack.config.write_bytes(good)
    assert refused.returncode != 0
    labels = "app.kubernetes.io/component=migrations,app.kubernetes.io/version=2.0.0"
    tries = json.loads(stack.kubectl("get", "pods", "-l", labels, "-o", "json"))["items"]
    said = [each["status"]["initContainerStatuses"][0]["state"]["terminated"]["message"] for each in tries]
    assert len(said) == 2, f"as many as backoffLimit 1 allows:\n{refused.stdout}"
    assert all(each.startswith("refused: there is no migration 0009 in this image, the last is 0004") for each in said)
    assert "BackoffLimitExceeded" in refused.stdout
    assert not stack.kubectl("get", "pods", "-l", "app.kubernetes.io/name=backend,teal/colour=blue", "-o", "name")
