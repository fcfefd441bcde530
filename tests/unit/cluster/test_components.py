"""What runs: every flag names a file that is made, everything waits for something that comes, nothing is the host's."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from sandbox.cluster.daemons.certificates import write_certificates
from sandbox.cluster.daemons.component import Component
from sandbox.cluster.daemons.components import components
from sandbox.cluster.daemons.configuration import write_configuration
from sandbox.cluster.environment import Sandbox
from sandbox.cluster.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A sandbox with its files written, as before a start."""
    layout = Layout(Sandbox.named("a", ports=(31000, 31009), work_tree=tmp_path))
    write_certificates(layout.pki, node="n", node_address="192.0.2.10", service_address="10.96.0.1", server="https://x")
    write_configuration(layout)
    layout.bin.mkdir(parents=True, exist_ok=True)
    (layout.bin / "metrics-server").touch()
    return layout


@pytest.fixture
def listed(layout: Layout) -> dict[str, Component]:
    """The sandbox's components by name."""
    archives = (layout.images / "a.tar", layout.images / "b.tar")
    return {c.name: c for c in components(layout.sandbox, python="python3", archives=archives)}


def test_every_file_a_flag_names_is_made(layout: Layout, listed: dict[str, Component]) -> None:
    """A flag with a misspelt path shows only when the daemon dies of it."""
    flags = [argument for component in listed.values() for argument in component.argv]
    named = [Path(f.partition("=")[2]) for f in flags if re.search(rf"={layout.pki}|={layout.config}", f)]
    assert len(named) > 20
    assert [path for path in named if not path.is_file()] == []


def test_everything_waits_for_something_that_comes(listed: dict[str, Component]) -> None:
    """Started in rounds, each after what it waits for, all have started in the end."""
    started: set[str] = set()
    while ready := {name for name, c in listed.items() if name not in started and started >= set(c.after)}:
        started |= ready
    assert started == set(listed)


def test_node_ports_are_those_asked_for(listed: dict[str, Component]) -> None:
    """`--ports` reaches the API server."""
    assert "--service-node-port-range=31000-31009" in listed["kube-apiserver"].argv


def test_each_archive_is_loaded(layout: Layout, listed: dict[str, Component]) -> None:
    """Pods find their images without a registry."""
    loaded = {c.argv[-1] for c in listed.values() if "import" in c.argv}
    assert loaded == {str(layout.images / "a.tar"), str(layout.images / "b.tar")}


def test_nobody_waits_for_what_most_rehearsals_do_not_touch(listed: dict[str, Component]) -> None:
    """Nor do these slow a start down: the database begins with the node, metrics when all that is awaited is there."""
    awaited = {name for name, component in listed.items() if component.awaited}
    assert set(listed) - awaited == {
        *("moto", "target-group-binding-kind", "target-group-binding"),
        *("postgres", "metrics-server", "metrics-api", "prometheus", "prometheus-rules"),
    }
    assert listed["postgres"].after == ("node",)
    for name in ("metrics-server", "moto", "target-group-binding-kind"):
        assert set(listed[name].after) == awaited


def test_there_are_metrics_where_their_server_was_compiled(layout: Layout) -> None:
    """It takes minutes to compile, and only autoscalers and `kubectl top` ask it."""
    (layout.bin / "metrics-server").unlink()
    listed = {c.name for c in components(layout.sandbox, python="python3", archives=())}
    assert {name for name in listed if name.startswith("metrics")} == set()


def test_metrics_are_asked_for_where_they_are_served(layout: Layout, listed: dict[str, Component]) -> None:
    """The API server goes by a Service's port, metrics-server by a flag; registered only when it answers."""
    service, registration = json.loads((layout.config / "metrics-api.yaml").read_text())["items"]
    reference = registration["spec"]["service"]
    assert (reference["namespace"], reference["name"]) == tuple(service["metadata"][k] for k in ("namespace", "name"))
    assert reference["port"] == service["spec"]["ports"][0]["port"]
    assert f"--secure-port={reference['port']}" in listed["metrics-server"].argv
    assert "--bind-address=127.0.0.1" in listed["metrics-server"].argv
    assert service["spec"]["externalName"] == "localhost"
    assert listed["metrics-api"].after == ("metrics-server",)


def test_no_daemon_is_told_to_write_to_the_host(layout: Layout) -> None:
    """Every folder in a configuration is the sandbox's, or on its private /run and /var; plugins are only read."""
    content = json.dumps(tomllib.loads((layout.config / "containerd.toml").read_text()))
    content += (layout.config / "kubelet.yaml").read_text() + (layout.config / "cni" / "10-teal.conflist").read_text()
    paths = {path.removeprefix("unix://") for path in re.findall(r'"((?:unix://)?/[^"]+)"', content)}
    foreign = {p for p in paths if not p.startswith((str(layout.sandbox.root), "/run/", layout.cgroup))}
    assert foreign == {"/usr/lib/cni"}


def test_pods_may_not_lower_their_score(layout: Layout) -> None:
    """Without CAP_SYS_RESOURCE every pod would fail."""
    config = tomllib.loads((layout.config / "containerd.toml").read_text())
    assert config["plugins"]["io.containerd.grpc.v1.cri"]["restrict_oom_score_adj"] is True


def test_sockets_stay_short_however_long_the_work_trees_path_is(tmp_path: Path) -> None:
    """A Unix socket's address has room for 107 bytes: daemons' sockets are not below the work tree."""
    layout = Layout(Sandbox.named("a", work_tree=tmp_path / ("x" * 120)))
    flags = [f for c in components(layout.sandbox, python="python3") for f in c.argv]
    assert "--root-dir=/run/kubelet" in flags
    assert [f for f in flags if ".sock" in f and str(tmp_path) in f] == []
