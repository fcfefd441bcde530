"""What `python -m sandbox up`, `down`, `shell`, `status` and their kin do: each command, from its steps.

The command line itself (names of options, exit statuses) is `sandbox/__main__.py`.
"""

import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from sandbox import image
from sandbox.cluster import golang, lifecycle, packages, prerequisites
from sandbox.cluster.cache import cache_folder, remove_cache
from sandbox.cluster.control import ask
from sandbox.cluster.environment import WORK_TREE, Sandbox
from sandbox.cluster.errors import BuildError, NotRunningError, UsageError
from sandbox.cluster.external import require_answer
from sandbox.cluster.layout import CONTAINERD_SOCKET, Layout
from sandbox.cluster.processes import run
from sandbox.cluster.progress import Steps

VERSIONS = ("1.0.0", "1.1.0", "1.2.0")  # what the service's image is called in a sandbox; the content is the same
_RESTART_TIMEOUT_S = 120.0


def up(sandbox: Sandbox, steps: Steps) -> bool:
    """Bring `sandbox` up; False if it was up already.

    Raises:
        SandboxError: what its kind says; nothing is left behind but caches and logs.
    """
    with lifecycle.exclusive(sandbox, steps):
        _refuse_another_kind(sandbox)
        if sandbox.netns is None:
            require_answer(sandbox.kubeconfig)
            lifecycle.write_commands(sandbox, {})
            return True
        lifecycle.refuse_foreign(Layout(sandbox))
        if (found := lifecycle.status(sandbox)) and found["up"]:
            return False
        binaries, archives = _provide(sandbox, steps)
        lifecycle.start(sandbox, steps, binaries=binaries, archives=archives)
        return True


def _refuse_another_kind(sandbox: Sandbox) -> None:
    """A sandbox that is up otherwise than asked for is not silently kept, nor replaced."""
    try:
        existing = Sandbox.load(sandbox.name)
    except NotRunningError:
        return
    if existing.netns and lifecycle.status(existing) is None:
        return  # leftovers
    for what, has, wanted in (
        ("cluster", existing.kubeconfig, sandbox.kubeconfig),
        ("node ports", existing.ports, sandbox.ports),
    ):
        if has != wanted:
            msg = (
                f"sandbox {sandbox.name!r} is up with {what} {has}, not {wanted}: it would have to be replaced, and "
                f"what runs on it lost. Choose another NAME, or end it first: make sandbox-down NAME={sandbox.name}"
            )
            raise UsageError(msg)


def _provide(sandbox: Sandbox, steps: Steps) -> tuple[Path, list[Path]]:
    """See that the machine has all that is needed, installing and building what it has not."""
    cache = cache_folder()
    cold = not golang.built(cache)
    absent = packages.missing()
    prerequisites.require(
        [
            *prerequisites.machine([sandbox.root.parent, cache], cold=cold),
            *packages.unavailable(absent),
        ],
    )
    if absent:
        packages.install(absent, steps)
    prerequisites.require(prerequisites.network())
    return golang.build(cache, steps), _images(cache, steps, VERSIONS)


def _images(cache: Path, steps: Steps, versions: Sequence[str]) -> list[Path]:
    try:
        pause = image.build_pause(golang.toolchain(cache, steps), cache, steps.step, golang.environ(cache))
        return [pause, image.build(versions, cache, steps.step)]
    except image.ImageError as error:
        raise BuildError(str(error)) from error


def load_images(sandbox: Sandbox, steps: Steps, versions: Sequence[str]) -> None:
    """Build the service's image and load it, by the names of `versions`, into a cluster that is up.

    Raises:
        NotRunningError: it is not up.
        UsageError: it is a cluster of the user's own.
    """
    if sandbox.netns is None:
        msg = f"sandbox {sandbox.name!r} is a cluster of yours: its nodes pull from a registry of yours. Push it there"
        raise UsageError(msg)
    lifecycle.require_up(sandbox)
    supervisor = lifecycle.first_process(Layout(sandbox))
    for archive in _images(cache_folder(), steps, versions):
        steps.step(f"loading {archive.name}")
        # containerd's socket is on the sandbox's private /run, which process 1 sees.
        socket = f"/proc/{supervisor.pid}/root{CONTAINERD_SOCKET}"
        run("ctr", f"--address={socket}", "--namespace=k8s.io", "images", "import", archive)


def down(sandbox: Sandbox, steps: Steps) -> list[str]:
    """End `sandbox` and remove every trace of it but its logs; what was there, in words.

    Raises:
        SandboxError: something cannot be ended or removed.
    """
    layout = Layout(sandbox)
    with lifecycle.exclusive(sandbox, steps):
        lifecycle.refuse_foreign(layout)
        if found := lifecycle.leftovers(layout):
            lifecycle.clean(layout)
    return found


def shell(sandbox: Sandbox, command: str | None) -> NoReturn:
    """Become a shell in `sandbox`, or `command` run by one: exit status and standard streams are its own.

    Raises:
        NotRunningError: the sandbox is not up.
    """
    if sandbox.netns:
        lifecycle.require_up(sandbox)
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
    found = lifecycle.status(sandbox)
    if found is None:
        return answer | {"up": False, "components": {}, "leftovers": lifecycle.leftovers(Layout(sandbox))}
    first = lifecycle.first_process(Layout(sandbox))
    pids = {child.inner_pid: child.pid for child in first.children()}
    now = time.time()
    for component in found["components"].values():
        component["pid"] = pids.get(component["pid"])
        component["age_s"] = round(now - component.pop("since"), 1)
    return answer | {"kubernetes": golang.version(), "supervisor": first.pid, **found}


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
