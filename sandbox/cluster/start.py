"""Bringing a sandbox up: the order of things, and what is left when it is interrupted (nothing).

How each thing is done is in the modules named after it, how it is ended in `removal`. One `up` or `down` of a
sandbox runs at a time.
"""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox.cluster import namespace, removal
from sandbox.cluster.building import engine
from sandbox.cluster.cache import cache_folder
from sandbox.cluster.control import ask
from sandbox.cluster.daemons.certificates import write_certificates
from sandbox.cluster.daemons.configuration import write_configuration
from sandbox.cluster.environment import WORK_TREE, Sandbox
from sandbox.cluster.errors import NotRunningError, StartError
from sandbox.cluster.layout import API_SERVER, KUBERNETES_SERVICE, NODE_ADDRESS, Layout
from sandbox.cluster.processes import Process
from sandbox.cluster.progress import Steps

_UP_TIMEOUT_S = 120.0
# What an interactive shell reads: the user's own settings, then the sandbox's commands and name.
_BASHRC = """\
[ -f ~/.bashrc ] && . ~/.bashrc
PATH='{bin}':$PATH
PS1='[sandbox {name}] \\w \\$ '
"""


def start(sandbox: Sandbox, steps: Steps, *, binaries: list[Path], archives: list[Path]) -> None:
    """Start the cluster afresh: what an earlier one left is removed first.

    Args:
        sandbox: whose cluster it is.
        steps: told what happens.
        binaries: folders with the cluster's commands.
        archives: images that are loaded into it.

    Raises:
        StartError: a component did not come up. Nothing is left but its logs.
    """
    layout = Layout(sandbox)
    if found := removal.leftovers(layout):
        steps.step(f"removing what an earlier sandbox left: {', '.join(found)}")
        removal.clean(layout)
    try:
        _prepare(layout, binaries, archives)
        namespace.create_network(layout)
        namespace.create_cgroups(layout)
        steps.step("starting the cluster")
        _supervise(layout)
        _watch(layout, steps)
    except BaseException:
        steps.step("removing the cluster that did not start")
        removal.clean(layout)
        raise


def _prepare(layout: Layout, binaries: list[Path], archives: list[Path]) -> None:
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
    write_commands(sandbox, binaries)
    sandbox.kubeconfig.symlink_to(layout.pki / "admin.kubeconfig")


def write_commands(sandbox: Sandbox, binaries: Sequence[Path]) -> None:
    """What a user of the sandbox needs beside a cluster: commands on PATH, a place for the stack's state.

    Args:
        sandbox: whose commands they are.
        binaries: folders with the commands that were compiled.
    """
    folder = Layout(sandbox).bin
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in (path for each in binaries for path in each.iterdir()):
        (folder / path.name).symlink_to(path)
    if sandbox.netns:
        engine.write_stand_in(folder)
    if uv := shutil.which("uv", path=f"{os.environ.get('PATH', '')}:{cache_folder() / 'uv' / 'bin'}"):
        (folder / "uv").symlink_to(uv)  # Pulumi's engine runs it to find the program's Python
    (folder / ".bashrc").write_text(_BASHRC.format(bin=folder, name=sandbox.name))
    for name in ("state", "pulumi-home", "tmp"):
        (sandbox.root / name).mkdir(exist_ok=True)
    plugins = sandbox.root / "pulumi-home" / "plugins"
    if engine.plugins().is_dir() and not plugins.exists():
        plugins.symlink_to(engine.plugins())  # the user's own, used as they are
    passphrase = sandbox.root / "passphrase"
    if not passphrase.exists():
        passphrase.touch(mode=0o600)
        passphrase.write_text(secrets.token_urlsafe(24))
    sandbox.save()


def _supervise(layout: Layout) -> None:
    """Start the supervisor as process 1 of namespaces of its own, record who it is and wait until it answers."""
    isolated = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--propagation", "private"]
    module = [sys.executable, "-m", "sandbox.cluster.daemons.supervisor"]
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
    layout.supervisor.write_text(json.dumps({"pid": process.pid, "started": process.started}))
    while not layout.control.exists():
        if not process.alive:
            raise StartError(_supervisor_died(layout))
        time.sleep(0.02)  # no event: not every file system tells of new files


def resume(layout: Layout, status: dict[str, Any], steps: Steps) -> None:
    """Complete a cluster that lacks something: start what was stopped, and await the rest.

    Raises:
        StartError: a component does not come up. The cluster is left as it is.
    """
    for name in [name for name, state in status["components"].items() if state["phase"] == "stopped"]:
        steps.step(f"starting {name}, which was stopped")
        for _ in ask(layout.control, {"do": "start", "component": name}, timeout_s=_UP_TIMEOUT_S):
            pass
    steps.step("waiting for the cluster")
    _watch(layout, steps)


def _watch(layout: Layout, steps: Steps) -> None:
    """Follow the supervisor until the cluster is up."""
    deadline = time.monotonic() + _UP_TIMEOUT_S
    with contextlib.suppress(NotRunningError):  # killed in the middle of an answer
        for status in ask(layout.control, {"do": "watch"}):
            phases = {name: state["phase"] for name, state in status["components"].items()}
            there = [name for name, phase in phases.items() if phase in {"running", "done"}]
            missing = ", ".join(status["missing"])
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
