"""The sandbox cluster's life: side by side, killed at any moment, ended without a trace."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.cluster import commands, removal, running
from sandbox.cluster.environment import WORK_TREE, Sandbox
from sandbox.cluster.errors import ExitCode
from sandbox.cluster.layout import Layout
from sandbox.cluster.progress import Steps

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(os.geteuid() != 0, reason="a sandbox needs root"),
    pytest.mark.timeout(300),
]

ONE, TWO, KILLED = "life-one", "life-two", "life-killed"
WAIT_S = 60.0
HOST_SETTINGS = ("vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward")


def run(*arguments: str, text: str | None = None, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the sandbox's command line to its end."""
    environ = dict(os.environ) | ({"PATH": path} if path else {})
    argv = [sys.executable, "-m", "sandbox", *arguments]
    return subprocess.run(argv, cwd=WORK_TREE, text=True, capture_output=True, check=False, input=text, env=environ)


def begin(name: str) -> subprocess.Popen[str]:
    """Run `up` and do not wait."""
    argv = [sys.executable, "-m", "sandbox", "up", "--name", name]
    return subprocess.Popen(argv, cwd=WORK_TREE, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def in_shell(name: str, command: str) -> str:
    """What a command in the sandbox prints; it must succeed."""
    result = run("shell", "--name", name, "--cmd", command)
    assert result.returncode == 0, result.stderr
    return result.stdout


def status(name: str) -> dict[str, Any]:
    """What `status --json` says."""
    return json.loads(run("status", "--name", name, "--json").stdout)


def until(condition: Callable[[], object], start: subprocess.Popen[str] | None = None) -> None:
    """Wait for something that no event tells of, as long as `start` runs."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {WAIT_S:.0f} s"
        assert start is None or start.poll() is None, f"it ended before: {start.communicate()[0]}"
        time.sleep(0.02)


def traces(name: str) -> list[str]:
    """Everything on this machine that has to do with the sandbox `name`."""
    found = [
        f"mount {line}" for line in Path("/proc/self/mountinfo").read_text().splitlines() if f"teal-{name}" in line
    ]
    # Not `rglob`: cgroups of other tests' pods end meanwhile.
    found += [folder for folder, _, _ in os.walk("/sys/fs/cgroup") if Path(folder).name == f"teal-{name}"]
    found += [str(path) for path in Path("/run").rglob(f"*teal-{name}*")]
    found += [str(path) for path in (WORK_TREE / ".sandbox" / name).glob("*") if path.name != "logs"]
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            mounts = (process / "mountinfo").read_text()
            arguments = (process / "cmdline").read_text()
            if f".sandbox/{name}/" in arguments or f".sandbox/{name}/" in mounts:
                found.append(f"process {process.name}: {arguments!r}")
    return found


def host() -> dict[str, str | bool]:
    """What the sandbox could leave or change on the host beside what bears its name."""
    shared = ("/var/lib/cni", "/var/lib/kubelet", "/var/log/containers", "/var/log/pods", "/opt/containerd")
    found: dict[str, str | bool] = {path: os.path.lexists(path) for path in shared}
    return found | {name: (Path("/proc/sys") / name).read_text() for name in HOST_SETTINGS}


def end_all() -> None:
    """End what there is of this file's sandboxes."""
    for name in (ONE, TWO, KILLED):
        commands.down(commands.find(name), Steps())


@pytest.fixture(autouse=True)
def nothing_before_and_after() -> Iterator[None]:
    """Each test begins and ends without its sandboxes."""
    before = host()
    end_all()
    yield
    end_all()
    assert [trace for name in (ONE, TWO, KILLED) for trace in traces(name)] == []
    assert host() == before


def test_two_side_by_side_serve_on_the_same_port_and_know_nothing_of_each_other() -> None:
    """Each is in a network namespace of its own; the host reaches neither."""
    starts = [begin(ONE), begin(TWO)]
    for start in starts:
        output, _ = start.communicate()
        assert start.returncode == 0, output
    for name, version in ((ONE, "1.0.0"), (TWO, "1.1.0")):
        in_shell(
            name,
            f"kubectl run web --labels=app=web --image=localhost/teal/pricing:{version} --env=VERSION={version} && "
            "kubectl create service nodeport web --tcp=8000 --node-port=30080 && "
            "kubectl wait --for=condition=Ready pod/web --timeout=60s",
        )
    ask = "curl --silent --retry 20 --retry-delay 1 --retry-all-errors http://127.0.0.1:30080/deployment/metadata"
    assert json.loads(in_shell(ONE, ask))["version"] == "1.0.0"
    assert json.loads(in_shell(TWO, ask))["version"] == "1.1.0"
    assert in_shell(ONE, "kubectl get nodes --output name").split() == [f"node/teal-{ONE}"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", 30080), timeout=5)

    assert run("down", "--name", ONE).returncode == 0
    assert traces(ONE) == []
    assert json.loads(in_shell(TWO, ask))["version"] == "1.1.0"


def test_one_that_is_up_is_used_stopped_and_shared_as_it_is() -> None:
    """A second `up` changes nothing; a shell is a shell; a component comes and goes."""
    assert run("up", "--name", ONE).returncode == 0
    before = status(ONE)
    assert before["up"]

    again = run("up", "--name", ONE)
    assert again.returncode == 0
    assert "is up already" in again.stdout
    assert status(ONE)["supervisor"] == before["supervisor"]

    other_ports = run("up", "--name", ONE, "--ports", "31000-31009")
    assert other_ports.returncode == ExitCode.USAGE
    assert "(31000, 31009)" in other_ports.stderr
    assert status(ONE)["supervisor"] == before["supervisor"]

    assert run("shell", "--name", ONE, "--cmd", "exit 7").returncode == 7
    assert run("shell", "--name", ONE, "--cmd", "cat", text="passed through").stdout == "passed through"
    assert in_shell(ONE, "echo $AWS_ENDPOINT_URL $TEAL_SANDBOX").split() == ["http://127.0.0.1:5000", ONE]
    assert "Server Version: v1.34." in in_shell(ONE, "kubectl version")

    os.kill(before["components"]["kube-scheduler"]["pid"], signal.SIGKILL)
    until(lambda: status(ONE)["components"]["kube-scheduler"]["restarts"] == 1 and status(ONE)["up"])

    assert run("stop", "kube-apiserver", "--name", ONE).returncode == 0
    assert run("status", "--name", ONE).returncode == ExitCode.NOT_RUNNING
    assert run("start", "kube-apiserver", "--name", ONE).returncode == 0
    assert run("stop", "kube-proxy", "--name", ONE).returncode == 0
    completed = run("up", "--name", ONE)
    assert completed.returncode == 0
    assert "starting kube-proxy, which was stopped" in completed.stderr
    assert status(ONE)["supervisor"] == before["supervisor"]
    assert in_shell(ONE, "kubectl get namespace default --output name").strip() == "namespace/default"

    kubeconfig = str(WORK_TREE / ".sandbox" / ONE / "kubeconfig")
    mine = in_shell(ONE, f"{sys.executable} -m sandbox up --name {TWO} --kubeconfig {kubeconfig}")
    assert "your own cluster" in mine
    assert Sandbox.load(TWO).netns is None
    (WORK_TREE / ".sandbox" / TWO / "state" / "kept").touch()
    assert run("down", "--name", TWO).returncode == 0
    assert (WORK_TREE / ".sandbox" / TWO / "state" / "kept").exists()
    shutil.rmtree(WORK_TREE / ".sandbox" / TWO)
    assert status(ONE)["up"]

    inside = in_shell(ONE, f"sleep 300 & {sys.executable} -m sandbox down --name {ONE}")
    assert "removed processes" in inside


@pytest.mark.parametrize("component", ["etcd", "kube-apiserver", "kubelet"])
def test_a_supervisor_killed_during_the_start_leaves_nothing(component: str) -> None:
    """`up` says so, whatever was running by then."""
    layout = Layout(Sandbox.named(KILLED))
    shutil.rmtree(layout.logs, ignore_errors=True)
    with begin(KILLED) as start:
        until((layout.logs / f"{component}.log").exists, start)
        os.kill(running.first_process(layout).pid, signal.SIGKILL)
        output = start.communicate()[0]
    assert start.returncode == ExitCode.START, output
    assert "ended during the start" in output
    assert traces(KILLED) == []


def test_after_a_killed_up_and_a_killed_sandbox_the_next_up_works() -> None:
    """What was left is named and removed first."""
    layout = Layout(Sandbox.named(KILLED))
    shutil.rmtree(layout.logs, ignore_errors=True)
    with begin(KILLED) as start:
        until((layout.logs / "etcd.log").exists, start)
        start.kill()
    assert removal.leftovers(layout)
    assert run("up", "--name", KILLED).returncode == 0

    in_shell(KILLED, "kubectl create namespace lost")
    outer = running.supervisor(layout)
    assert outer
    os.kill(outer.pid, signal.SIGKILL)
    until(lambda: not outer.alive)
    assert run("status", "--name", KILLED).returncode == ExitCode.NOT_RUNNING
    again = run("up", "--name", KILLED)
    assert again.returncode == 0
    assert "removing what an earlier sandbox left" in again.stderr
    assert "lost" not in in_shell(KILLED, "kubectl get namespaces")


def test_an_interrupted_up_leaves_nothing() -> None:
    """Ctrl-C is no accident: exit status 130."""
    layout = Layout(Sandbox.named(KILLED))
    shutil.rmtree(layout.logs, ignore_errors=True)
    with begin(KILLED) as start:
        until((layout.logs / "etcd.log").exists, start)
        start.send_signal(signal.SIGINT)
        start.communicate()
    assert start.returncode == ExitCode.INTERRUPTED
    assert traces(KILLED) == []


def test_a_sandbox_whose_record_is_lost_is_ended_all_the_same() -> None:
    """`rm -rf .sandbox` while it runs is a thing people do."""
    assert run("up", "--name", KILLED).returncode == 0
    outer = running.supervisor(Layout(Sandbox.named(KILLED)))
    assert outer
    (WORK_TREE / ".sandbox" / KILLED / "supervisor.json").unlink()
    (WORK_TREE / ".sandbox" / KILLED / "sandbox.json").unlink()
    assert run("down", "--name", KILLED).returncode == 0
    assert not outer.alive


def test_a_missing_kernel_feature_is_named_and_nothing_is_begun(tmp_path: Path) -> None:
    """A script stands in for an iptables whose kernel lacks one match."""
    real = shutil.which("iptables")
    script = tmp_path / "iptables"
    script.write_text(
        f'#!/bin/sh\ncase "$*" in *statistic*) echo no such match >&2; exit 1 ;; esac\nexec {real} "$@"\n'
    )
    script.chmod(0o755)
    refused = run("up", "--name", KILLED, path=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert refused.returncode == ExitCode.PREREQUISITE
    assert "CONFIG_NETFILTER_XT_MATCH_STATISTIC" in refused.stderr
    assert "no such match" in refused.stderr
    assert refused.stderr.count("\n  - ") == 1
    assert traces(KILLED) == []


def test_a_user_who_is_not_root_is_told_so() -> None:
    """Nothing is written, and the way out is named."""
    script = (
        "import os, sys; sys.path.insert(0, os.getcwd()); from sandbox.__main__ import main; "
        "import sandbox.cluster.bringup; os.setuid(65534); "
        f"sys.exit(main(['up', '--name', '{KILLED}']))"
    )
    refused = subprocess.run([sys.executable, "-c", script], cwd=WORK_TREE, capture_output=True, text=True, check=False)
    assert refused.returncode == ExitCode.PREREQUISITE
    assert "this is user id 65534" in refused.stderr
    assert traces(KILLED) == []
