"""The parts of a sandbox that are the kernel's: its network namespace and its cgroups.

Making them and removing every trace of them; what runs in them is the supervisor's.
"""

import contextlib
import time
from contextlib import AbstractContextManager
from pathlib import Path

from sandbox.cluster.cache import cache_folder, locked
from sandbox.cluster.errors import SandboxError
from sandbox.cluster.layout import NODE_ADDRESS, NODE_PREFIX, Layout
from sandbox.cluster.processes import Process, run

CGROUPS = Path("/sys/fs/cgroup")
PODS_WEIGHT = 16
"""Share of the CPU that all pods together have against each other process of the machine that wants it. With the
default of 1 the pods starve beside a compiler, and readiness probes take them out of the endpoints."""
CONTROLLERS_V1 = ("cpu", "cpuacct", "cpuset", "memory", "pids", "devices", "freezer")
CONTROLLERS_V2 = ("cpu", "cpuset", "memory", "pids")
_CGROUP_WAIT_S = 5.0

# Not a dummy link, which some kernels lack. The route makes the kernel's choice of a source address work as on a
# node with an uplink; nothing is behind it.
_LINKS = f"""\
link set lo up
link add node0 type bridge
address add {NODE_ADDRESS}/{NODE_PREFIX} dev node0
link set node0 up
route add default via {NODE_ADDRESS.rpartition(".")[0]}.1 dev node0
"""


def create_network(layout: Layout) -> None:
    """Make the network namespace with loopback and the node's address."""
    name = _name(layout)
    with _folder_lock():
        run("ip", "netns", "add", name)
    run("ip", "-netns", name, "-batch", "-", text=_LINKS)


def processes(layout: Layout) -> list[Process]:
    """Everything that lives in the network namespace, pods aside: by definition the sandbox's own."""
    if not layout.sandbox.netns or not layout.sandbox.netns.exists():
        return []
    with contextlib.suppress(SandboxError):  # a file that is no namespace: an interrupted `ip netns add`
        pids = run("ip", "netns", "pids", _name(layout)).split()
        return [process for process in map(Process.of, map(int, pids)) if process]
    return []


def remove_network(layout: Layout) -> None:
    """Remove the network namespace, if it is there; its links and rules go with it."""
    netns = layout.sandbox.netns
    if not netns or not netns.exists():
        return
    with _folder_lock():
        try:
            run("ip", "netns", "delete", netns.name)
        except SandboxError:
            netns.unlink(missing_ok=True)  # never mounted: an interrupted `ip netns add`
        if not any(netns.parent.iterdir()):
            # `ip netns` makes the folder and mounts it over itself when it is first used; the last one takes it away.
            with contextlib.suppress(SandboxError, OSError):
                run("umount", netns.parent)
                netns.parent.rmdir()


def _folder_lock() -> AbstractContextManager[None]:
    """Sandboxes that come and go at the same time share the folder of the namespaces."""
    return locked(cache_folder() / "netns.lock", lambda _: None)


def create_cgroups(layout: Layout) -> None:
    """Make the cgroup that the kubelet wants to find, in every hierarchy it looks at.

    Raises:
        SandboxError: the kernel refuses, as it does in a container that is not its own cgroup's root.
    """
    name = layout.cgroup.removeprefix("/")
    try:
        if (CGROUPS / "cgroup.controllers").exists():
            _create_version_2(name)
        else:
            _create_version_1(name)
    except OSError as error:
        msg = (
            f"cgroup {CGROUPS}/*/{name} cannot be made ({error}), so no pod could run. In a container: run it with "
            "--privileged --cgroupns=host; elsewhere see what else manages /sys/fs/cgroup"
        )
        raise SandboxError(msg) from error


def _create_version_2(name: str) -> None:
    """One hierarchy, in which controllers are passed down folder by folder."""
    present = (CGROUPS / "cgroup.controllers").read_text().split()
    wanted = " ".join(f"+{controller}" for controller in CONTROLLERS_V2 if controller in present)
    (CGROUPS / "cgroup.subtree_control").write_text(wanted)
    (CGROUPS / name).mkdir(exist_ok=True)
    (CGROUPS / name / "cgroup.subtree_control").write_text(wanted)
    (CGROUPS / name / "cpu.weight").write_text(str(100 * PODS_WEIGHT))


def _create_version_1(name: str) -> None:
    """One hierarchy a controller (some named twice, by a link)."""
    for hierarchy in CGROUPS.iterdir():
        if hierarchy.is_symlink() or not (hierarchy / "cgroup.procs").exists():
            continue
        (hierarchy / name).mkdir(exist_ok=True)
        for file in ("cpuset.cpus", "cpuset.mems"):  # a new cpuset is empty and takes no process
            if (hierarchy / file).exists():
                (hierarchy / name / file).write_text((hierarchy / file).read_text())
        if (hierarchy / name / "cpu.shares").exists():
            (hierarchy / name / "cpu.shares").write_text(str(1024 * PODS_WEIGHT))


def cgroups(layout: Layout) -> list[Path]:
    """The sandbox's cgroup in every hierarchy that has it (version 1: one a controller; version 2: one)."""
    name = layout.cgroup.removeprefix("/")
    return [path for path in (CGROUPS / name, *sorted(CGROUPS.glob(f"*/{name}"))) if path.is_dir()]


def remove_cgroups(layout: Layout) -> None:
    """Remove the sandbox's cgroups, deepest first.

    Raises:
        SandboxError: something still lives in one of them.
    """
    for root in cgroups(layout):
        # os.walk would list the control files too; directories alone are cgroups.
        for group in sorted((p for p in root.rglob("*") if p.is_dir()), key=lambda p: -len(p.parts)):
            _remove_cgroup(group)
        _remove_cgroup(root)


def _remove_cgroup(group: Path) -> None:
    deadline = time.monotonic() + _CGROUP_WAIT_S
    while True:
        try:
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:  # busy until the last zombie in it is collected: no event tells
            if time.monotonic() > deadline:
                msg = (
                    f"cgroup {group} cannot be removed ({error.strerror}): processes "
                    f"{(group / 'cgroup.procs').read_text().split()} still live in it. End them and repeat `down`."
                )
                raise SandboxError(msg) from error
            time.sleep(0.02)
        else:
            return


def _name(layout: Layout) -> str:
    if not layout.sandbox.netns:
        msg = "a cluster of the user's own has no network namespace of ours"
        raise AssertionError(msg)
    return layout.sandbox.netns.name
