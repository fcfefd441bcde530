"""What `python -m sandbox down`, `shell`, `status` and their kin do; `up` and `image` are in `bringup`.

The command line itself (names of options, exit statuses) is `sandbox/__main__.py`.
"""

import os
import shutil
import sys
import time
from typing import Any, NoReturn

from sandbox.cluster import removal, running
from sandbox.cluster.building import prerequisites
from sandbox.cluster.cache import remove_cache
from sandbox.cluster.control import ask
from sandbox.cluster.environment import WORK_TREE, Sandbox
from sandbox.cluster.errors import NotRunningError
from sandbox.cluster.layout import Layout
from sandbox.cluster.progress import Steps
from sandbox.tools import KUBERNETES

_RESTART_TIMEOUT_S = 120.0


def down(sandbox: Sandbox, steps: Steps) -> list[str]:
    """End `sandbox` and remove every trace of it but its logs; what was there, in words.

    Raises:
        SandboxError: something cannot be ended or removed.
    """
    layout = Layout(sandbox)
    if sandbox.netns:
        prerequisites.require(prerequisites.root())
    with running.exclusive(sandbox, steps):
        removal.refuse_foreign(layout)
        if found := removal.leftovers(layout):
            removal.clean(layout)
    return found


def shell(sandbox: Sandbox, command: str | None) -> NoReturn:
    """Become a shell in `sandbox`, or `command` run by one: exit status and standard streams are its own.

    Raises:
        NotRunningError: the sandbox is not up.
    """
    if sandbox.netns:
        prerequisites.require(prerequisites.root())
        running.require_up(sandbox)
    bash = shutil.which("bash") or "/bin/sh"
    if command is None:
        argv = sandbox.command([bash, "--rcfile", str(sandbox.root / "bin" / ".bashrc"), "-i"])
    else:
        argv = sandbox.command([bash, "-c", command])
    sys.stdout.flush()
    os.execvpe(argv[0], argv, sandbox.environ())  # noqa: S606 - a shell is what is wanted


def control(sandbox: Sandbox, verb: str, component: str) -> dict[str, Any]:
    """`start`, `stop` or `restart` a component; the status afterwards.

    Raises:
        NotRunningError: the sandbox is not up.
        SandboxError: there is no such component.
    """
    request = {"do": verb, "component": component}
    return next(ask(Layout(sandbox).control, request, timeout_s=_RESTART_TIMEOUT_S))


def status(sandbox: Sandbox) -> dict[str, Any]:
    """Everything there is to say about a sandbox, ready for JSON; process ids are the host's."""
    answer: dict[str, Any] = {
        "name": sandbox.name,
        "kubeconfig": str(sandbox.kubeconfig),
        "netns": str(sandbox.netns) if sandbox.netns else None,
        "node_ports": list(sandbox.ports),
        "logs": str(Layout(sandbox).logs),
    }
    if sandbox.netns is None:
        return answer | {"up": True, "components": {}}
    found = running.status(sandbox)
    if found is None:
        return answer | {"up": False, "components": {}, "leftovers": removal.leftovers(Layout(sandbox))}
    first = running.first_process(Layout(sandbox))
    pids = {child.inner_pid: child.pid for child in first.children()}
    now = time.time()
    for component in found["components"].values():
        component["pid"] = pids.get(component["pid"])
        component["age_s"] = round(now - component.pop("since"), 1)
    return answer | {"kubernetes": KUBERNETES.version, "supervisor": first.pid, **found}


def clean_all(steps: Steps) -> list[str]:
    """End every sandbox of this work tree, remove `.sandbox` and the cache; what was removed.

    Raises:
        UsageError: the cache is not ours.
        SandboxError: a sandbox cannot be ended; nothing is removed then.
    """
    folder = WORK_TREE / ".sandbox"
    removed: list[str] = []
    for path in sorted(folder.glob("*/")):
        sandbox = find(path.name)
        if down(sandbox, steps):
            removed.append(f"sandbox {path.name}")
    shutil.rmtree(folder, ignore_errors=True)
    steps.step("removing the cache")
    return [*removed, str(folder), str(remove_cache())]


def find(name: str) -> Sandbox:
    """The sandbox as it was brought up, or as it would be: for commands that work on leftovers too."""
    try:
        return Sandbox.load(name)
    except NotRunningError:
        return Sandbox.named(name)
