"""A stack's state is where Pulumi looks for it, and whole whenever the writer is killed."""

import json
import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from sandbox.engine.backend import FileBackend, UpdateInfo
from sandbox.engine.errors import EngineError, StackNotFoundError, StateError
from sandbox.engine.project import Project
from sandbox.engine.state import ResourceState
from tests.unit.engine_backend.test_checkpoint import PROVIDER, resource, snapshot

# Saves a snapshot with one more resource and kills itself just before the n-th thing it does to the file system.
KILLED_SAVE = """
import os, signal, sys
from pathlib import Path
from sandbox.engine.backend import FileBackend
from sandbox.engine.project import Project
from sandbox.engine.state import ResourceState

url, root, fatal = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
backend = FileBackend(url, Project.find(root))
snapshot = backend.load("dev")
snapshot.resources.append(ResourceState("urn:pulumi:dev::teal::x::new", "x"))
touched = 0

def hook(event, args):
    global touched
    if event in ("open", "os.remove", "os.link", "os.rename", "os.chmod"):
        touched += 1
        if touched == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
backend.save("dev", snapshot)
"""


def file(backend: FileBackend) -> Path:
    """Where Pulumi's file backend keeps the stack `dev`."""
    return backend.project.root / "state/.pulumi/stacks/teal/dev.json"


def test_a_new_stack_is_listed_and_empty(backend: FileBackend) -> None:
    """It is there by its short and its full name, and cannot be made twice."""
    assert backend.stacks() == ["dev"]
    assert backend.exists("organization/teal/dev")
    assert backend.load("dev").resources == []
    assert (file(backend).parent.parent.parent / "meta.yaml").read_text() == "version: 1\n"
    with pytest.raises(EngineError, match=r"already exists.*stack select dev"):
        backend.create("dev")


def test_what_is_saved_is_loaded(backend: FileBackend) -> None:
    """By another backend on the same folder; the version before it is kept beside it."""
    backend.save("dev", snapshot(resource("a")))
    backend.save("dev", snapshot(resource("a"), resource("b")))
    other = FileBackend(backend.url, backend.project, {})
    assert other.load("dev").resources == snapshot(resource("a"), resource("b")).resources
    kept = json.loads(file(backend).with_name("dev.json.bak").read_bytes())
    assert len(kept["checkpoint"]["latest"]["resources"]) == 3
    assert kept["checkpoint"]["stack"] == "organization/teal/dev"


def test_a_writer_killed_at_any_step_leaves_the_old_state_or_the_new(backend: FileBackend) -> None:
    """SIGKILL before each thing a save does to the file system; the last round is one that survives."""
    old = [*snapshot(resource("a")).resources]
    new = [*old, ResourceState("urn:pulumi:dev::teal::x::new", "x")]
    deaths = 0
    for fatal in count(1):
        backend.save("dev", snapshot(resource("a")))
        arguments = [sys.executable, "-c", KILLED_SAVE, backend.url, str(backend.project.root), str(fatal)]
        status = subprocess.run(arguments, check=False, env=os.environ | {"PULUMI_CONFIG_PASSPHRASE": "x"}).returncode
        found = backend.load("dev").resources
        if status == 0:
            assert found == new
            break
        assert status == -signal.SIGKILL
        assert found in (old, new)
        assert backend.stacks() == ["dev"]
        deaths += 1
    assert deaths >= 4  # remove the backup, link the old one, open the temporary one, rename it


def test_a_missing_stack_is_named_with_the_next_command(backend: FileBackend) -> None:
    """The words `no stack named` are what the Automation API looks for."""
    with pytest.raises(StackNotFoundError, match=r"no stack named 'prod' found.*stack init prod"):
        backend.load("prod")


@pytest.mark.parametrize("content", ['{"version": 3,\n "checkpoint": {', "[]", '{"version": 3, "checkpoint": 7}'])
def test_a_broken_checkpoint_names_its_file_and_the_one_before(backend: FileBackend, content: str) -> None:
    """Nobody has to search where the state is kept."""
    file(backend).write_text(content)
    with pytest.raises(StateError, match=r"dev\.json.*cannot be used.*dev\.json\.bak"):
        backend.load("dev")


def test_an_odd_state_is_kept_and_complained_of(backend: FileBackend) -> None:
    """As Pulumi does: what was learned about resources is worth more than its order."""
    with pytest.raises(StateError, match="integrity failure"):
        backend.save("dev", snapshot(resource("b", provider=f"{PROVIDER}::9")))
    assert "teal/b" in file(backend).read_text()


def test_a_stack_with_resources_is_removed_only_by_force(backend: FileBackend) -> None:
    """And then nothing of it stays."""
    backend.save("dev", snapshot(resource("a")))
    backend.history_append("dev", UpdateInfo(kind="update", start_time=1, end_time=2, result="succeeded"))
    backend.select("dev")
    with pytest.raises(EngineError, match=r"still has 3 resource.*pulumi destroy --stack dev"):
        backend.remove("dev")
    backend.remove("dev", force=True)
    assert (backend.stacks(), backend.current(), backend.history("dev")) == ([], None, [])
    assert not list(file(backend).parent.glob("dev*"))


def test_history_comes_newest_first_with_its_checkpoint(backend: FileBackend) -> None:
    """Entries keep all they say and are numbered from 1."""
    first = UpdateInfo(kind="update", start_time=1, end_time=2, result="failed", message="m", environment={"a": "b"})
    second = UpdateInfo(kind="destroy", start_time=3, end_time=4, result="succeeded", resource_changes={"delete": 2})
    for entry in (first, second):
        backend.history_append("dev", entry)
    assert [(entry.version, entry.kind, entry.message) for entry in backend.history("dev")] == [
        (2, "destroy", ""),
        (1, "update", "m"),
    ]
    assert backend.history("dev")[0].resource_changes == {"delete": 2}
    copies = list((backend.project.root / "state/.pulumi/history/teal/dev").glob("dev-*.checkpoint.json"))
    assert [copy.read_bytes() for copy in copies] == [file(backend).read_bytes()] * 2


def test_the_selected_stack_is_kept_per_project_and_backend(backend: FileBackend, environ: dict[str, str]) -> None:
    """PULUMI_STACK goes first; another backend has another selection."""
    assert backend.current() is None
    backend.select("dev")
    assert FileBackend(backend.url, backend.project, environ).current() == "dev"
    assert FileBackend("file:///elsewhere", backend.project, environ).current() is None
    assert FileBackend(backend.url, backend.project, environ | {"PULUMI_STACK": "prod"}).current() == "prod"
    backend.select(None)
    assert backend.current() is None


@pytest.mark.parametrize("name", ["", "a b", "../dev", "org/teal/dev", "organization/other/dev", "x" * 101])
def test_what_is_no_stack_name_is_refused(backend: FileBackend, name: str) -> None:
    """No name leads out of the folder or to another project."""
    with pytest.raises(EngineError, match="is no stack of this project"):
        backend.exists(name)


def test_what_the_embedded_engine_cannot_keep_state_in_is_refused(project: Project, tmp_path: Path) -> None:
    """Another kind of backend, or a folder in a layout it does not know."""
    with pytest.raises(EngineError, match=r"'s3://bucket' is not supported.*PULUMI_BACKEND_URL"):
        FileBackend("s3://bucket", project)
    (tmp_path / "old/.pulumi").mkdir(parents=True)
    (tmp_path / "old/.pulumi/meta.yaml").write_text("version: 0\n")
    with pytest.raises(StateError, match=r"layout version 0.*pulumi state upgrade"):
        FileBackend(f"file://{tmp_path}/old", project).create("dev")
