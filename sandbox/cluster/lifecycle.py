"""Bringing a sandbox up and down: the order of things, and what is left when it is interrupted (nothing).

How each thing is done is in the modules named after it. One `up` or `down` of a sandbox runs at a time.
"""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from sandbox.cluster import namespace
from sandbox.cluster.cache import locked
from sandbox.cluster.certificates import write_certificates
from sandbox.cluster.configuration import write_configuration
from sandbox.cluster.control import ask
from sandbox.cluster.environment import WORK_TREE, Sandbox
from sandbox.cluster.errors import NotRunningError, SandboxError, StartError, UsageError
from sandbox.cluster.layout import API_SERVER, KUBERNETES_SERVICE, NODE_ADDRESS, Layout
from sandbox.cluster.processes import Process, end
from sandbox.cluster.progress import Steps

_UP_TIMEOUT_S = 120.0
_STALE_SHELL_GRACE_S = 2.0
_SHIM = """\
#!/bin/sh
# The sandbox's `pulumi` where none is installed: the embedded engine (docs/adr says what it does not do).
exec {python} -m sandbox.engine "$@"
"""
# What an interactive shell reads: the user's own settings, then the sandbox's commands and name.
_BASHRC = """\
[ -f ~/.bashrc ] && . ~/.bashrc
PATH='{bin}':$PATH
PS1='[sandbox {name}] \\w \\$ '
"""


@contextlib.contextmanager
def exclusive(sandbox: Sandbox, steps: Steps) -> Generator[None]:
    """Hold this sandbox's lock: no second `up` or `down` of it runs meanwhile."""

    def waiting(holder: str) -> None:
        steps.say(f"waiting for process {holder}, which is bringing sandbox {sandbox.name!r} up or down")

    with locked(sandbox.root.parent / f"{sandbox.name}.lock", waiting):
        yield


def status(sandbox: Sandbox) -> dict[str, Any] | None:
    """What the supervisor says of its components, or None when it does not answer."""
    try:
        return next(ask(Layout(sandbox).control, {"do": "status"}, timeout_s=5.0), None)
    except SandboxError:
        return None


def start(sandbox: Sandbox, steps: Steps, *, binaries: Path, archives: list[Path]) -> None:
    """Start the cluster afresh: what an earlier one left is removed first.

    Args:
        sandbox: whose cluster it is.
        steps: told what happens.
        binaries: the folder with Kubernetes' commands.
        archives: images that are loaded into it.

    Raises:
        StartError: a component did not come up. Nothing is left but its logs.
    """
    layout = Layout(sandbox)
    if found := leftovers(layout):
        steps.step(f"removing what an earlier sandbox left: {', '.join(found)}")
        clean(layout)
    try:
        _prepare(layout, binaries, archives)
        namespace.create_network(layout)
        namespace.create_cgroups(layout)
        supervisor = _supervise(layout)
        steps.step("starting the cluster")
        _watch(layout, supervisor, steps)
    except BaseException:
        steps.step("removing the cluster that did not start")
        clean(layout)
        raise


def _prepare(layout: Layout, binaries: Path, archives: list[Path]) -> None:
    """Everything on disk that the cluster and its users need."""
    sandbox = layout.sandbox
    shutil.rmtree(layout.logs, ignore_errors=True)
    for folder in (layout.logs / "pods", layout.images):
        folder.mkdir(parents=True)
    write_certificates(
        layout.pki,
        node=layout.node,
        node_address=NODE_ADDRESS,
        service_address=KUBERNETES_SERVICE,
        server=API_SERVER,
    )
    write_configuration(layout)
    for archive in archives:
        (layout.images / archive.name).symlink_to(archive)
    write_commands(sandbox, {path.name: path for path in binaries.iterdir()})
    sandbox.kubeconfig.symlink_to(layout.pki / "admin.kubeconfig")


def write_commands(sandbox: Sandbox, commands: Mapping[str, Path]) -> None:
    """What a user of the sandbox needs beside a cluster: commands on PATH, a place for the stack's state."""
    folder = Layout(sandbox).bin
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in commands.items():
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(path)
    (folder / "pulumi").unlink(missing_ok=True)
    if real := shutil.which("pulumi"):
        (folder / "pulumi").symlink_to(real)
    else:
        (folder / "pulumi").write_text(_SHIM.format(python=sys.executable))
        (folder / "pulumi").chmod(0o755)
    (folder / ".bashrc").write_text(_BASHRC.format(bin=folder, name=sandbox.name))
    for name in ("state", "pulumi-home"):
        (sandbox.root / name).mkdir(exist_ok=True)
    passphrase = sandbox.root / "passphrase"
    if not passphrase.exists():
        passphrase.touch(mode=0o600)
        passphrase.write_text(secrets.token_urlsafe(24))
    sandbox.save()


def _supervise(layout: Layout) -> Process:
    """Start the supervisor as process 1 of namespaces of its own, and record who it is."""
    isolated = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--propagation", "private"]
    module = [sys.executable, "-m", "sandbox.cluster.supervisor"]
    command = [*isolated, "--mount-proc", *module, layout.sandbox.name, str(layout.sandbox.root.parents[1])]
    with (layout.logs / "supervisor.log").open("ab") as log:
        outer = subprocess.Popen(  # noqa: S603 - no shell; the command stands above
            layout.sandbox.command(command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=WORK_TREE,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        )
    process = Process.of(outer.pid)
    if process is None:
        raise StartError(_supervisor_died(layout))
    layout.supervisor.write_text(json.dumps({"pid": process.pid, "started": process.started, "at": time.time()}))
    return process


def _watch(layout: Layout, supervisor: Process, steps: Steps) -> None:
    """Follow the supervisor until the cluster is up."""
    deadline = time.monotonic() + _UP_TIMEOUT_S
    while not layout.control.exists():
        if not supervisor.alive:
            raise StartError(_supervisor_died(layout))
        time.sleep(0.02)  # no event: the folder is on a file system that may not tell
    with contextlib.suppress(NotRunningError):  # killed in the middle of an answer
        for status in ask(layout.control, {"do": "watch"}):
            phases = {name: state["phase"] for name, state in status["components"].items()}
            there = [name for name, phase in phases.items() if phase in {"running", "done"}]
            missing = ", ".join(name for name in phases if name not in there and name != "moto")
            steps.update(f"{len(there)} of {len(phases)}; waiting for {missing}", len(there), len(phases))
            if status["up"]:
                return
            reasons = [f"{name}: {status['components'][name]['message']}" for name in status["failed"]]
            if time.monotonic() > deadline:
                reasons.append(f"after {_UP_TIMEOUT_S:.0f} s these are not there: {missing}")
            if reasons:
                msg = f"sandbox {layout.sandbox.name!r} did not come up. {'; '.join(reasons)}"
                raise StartError(f"{msg}\nThe logs are kept in {layout.logs}")
    raise StartError(_supervisor_died(layout))


def _supervisor_died(layout: Layout) -> str:
    path = layout.logs / "supervisor.log"
    lines = path.read_text(errors="replace").splitlines()[-10:] if path.exists() else []
    log = "\n".join(lines) or "(empty: it was killed; if it was not you, see whether memory ran out: dmesg)"
    return f"the supervisor of sandbox {layout.sandbox.name!r} ended during the start. Its log, {path}:\n{log}"


def supervisor(layout: Layout) -> Process | None:
    """The recorded supervisor (the process around its namespaces), if it lives."""
    try:
        record = json.loads(layout.supervisor.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    process = Process(record["pid"], record["started"])
    return process if process.alive else None


def leftovers(layout: Layout) -> list[str]:
    """What there is of a sandbox, in words; empty when there is nothing."""
    netns = layout.sandbox.netns
    found = {
        "processes": bool(supervisor(layout) or namespace.processes(layout)),
        "a network namespace": bool(netns and netns.exists()),
        "cgroups": bool(namespace.cgroups(layout)),
        "files": any(os.path.lexists(path) for path in layout.generated()),
    }
    return [what for what, there in found.items() if there]


def clean(layout: Layout) -> None:
    """Remove every trace of the sandbox but its logs, whatever state it is in.

    Raises:
        SandboxError: something cannot be ended or removed.
    """
    # The supervisor first: the kernel ends all that it started, and only then is a process of the namespace a
    # stranger (a shell, a load generator) that may be asked before it is killed.
    outer = supervisor(layout)
    mine = Process.of(os.getpid())
    untouchable = mine.ancestors() if mine else set[int]()
    inner = outer.children() if outer else [p for p in namespace.processes(layout) if p.inner_pid == 1]
    stubborn = end([*([outer] if outer else []), *inner], grace_s=0)
    others = [process for process in namespace.processes(layout) if process.pid not in untouchable]
    stubborn += end(others, grace_s=_STALE_SHELL_GRACE_S)
    if stubborn:
        pids = ", ".join(str(process.pid) for process in stubborn)
        msg = f"processes {pids} of sandbox {layout.sandbox.name!r} survive SIGKILL: see `ps -o pid,stat,wchan {pids}`"
        raise SandboxError(msg)
    namespace.remove_network(layout)
    namespace.remove_cgroups(layout)
    for path in layout.generated():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def refuse_foreign(layout: Layout) -> None:
    """A sandbox of the same name that belongs to another work tree is left alone.

    Raises:
        UsageError: there is one, and it lives.
    """
    ours = layout.sandbox.root.parents[1]
    for process in namespace.processes(layout):
        if process.inner_pid == 1 and (tree := Path(process.arguments()[-1])) != ours:
            msg = (
                f"a sandbox named {layout.sandbox.name!r} of the work tree {tree} is up (process {process.pid}): both "
                f"would use the same network namespace. Choose another NAME, or end it: make -C {tree} sandbox-down "
                f"NAME={layout.sandbox.name}"
            )
            raise UsageError(msg)


def first_process(layout: Layout) -> Process:
    """The supervisor as the host sees it: process 1 of the sandbox's process namespace.

    Raises:
        NotRunningError: there is none.
    """
    outer = supervisor(layout)
    children = outer.children() if outer else []
    if not children:
        msg = f"sandbox {layout.sandbox.name!r} has no process: it is not up. Start it: make sandbox"
        raise NotRunningError(msg)
    return children[0]


def require_up(sandbox: Sandbox) -> dict[str, Any]:
    """The status of a sandbox that must be up.

    Raises:
        NotRunningError: it is not.
    """
    found = status(sandbox)
    if found is None:
        msg = f"sandbox {sandbox.name!r} is not up: no supervisor answers. Start it: make sandbox NAME={sandbox.name}"
        raise NotRunningError(msg)
    return found
