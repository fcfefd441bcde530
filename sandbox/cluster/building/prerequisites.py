"""Whether this machine can carry a sandbox: everything that is missing, said at once, before anything is changed.

Two looks: `machine` needs nothing installed; `network` tries, in a namespace that is gone afterwards, what the
kernel must do for pods and Services, and needs the packages. Kernels are asked by trying, since a configuration
file does not know what a container or a hypervisor has taken away.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.cluster.errors import PrerequisiteError, SandboxError
from sandbox.cluster.namespace import CGROUPS, CONTROLLERS_V1, CONTROLLERS_V2
from sandbox.cluster.processes import run

_GIB = 2**30
_MEMORY = 1.5  # GiB: 0.5 for the cluster (measured), the rest for pods, load and the program
_MEMORY_COLD = 3.0  # GiB: linking the API server takes most
_DISK = 2.0  # GiB: images, snapshots, etcd and logs of one sandbox
_DISK_COLD = 9.0  # GiB: Go's caches 5.7, images 0.5, binaries 0.6 (measured), and the sandbox


@dataclass(frozen=True)
class Problem:
    """One thing that is missing: what, the value seen, the consequence, the next command."""

    what: str
    seen: str
    consequence: str
    next: str

    def __str__(self) -> str:
        """One sentence each."""
        return f"{self.what}: {self.seen}. {self.consequence}. {self.next}"


def require(problems: Sequence[Problem]) -> None:
    """Raise one error that lists all `problems`, if there are any.

    Raises:
        PrerequisiteError: there are.
    """
    if problems:
        count = "one thing is" if len(problems) == 1 else f"{len(problems)} things are"
        listed = "\n".join(f"  - {problem}" for problem in problems)
        msg = f"{count} missing on this machine, so nothing was begun:\n{listed}"
        raise PrerequisiteError(msg)


def machine(folders: Sequence[Path], *, cold: bool, cgroups: Path = CGROUPS) -> list[Problem]:
    """What is missing that no package brings: root, the kernel's features, room.

    Args:
        folders: where much is written; each is asked for room.
        cold: whether Kubernetes or metrics-server is yet to be compiled.
        cgroups: where the cgroup hierarchies are mounted.
    """
    problems = [*root(), *_cgroups(cgroups), *_room(folders, cold=cold)]
    if "overlay" not in Path("/proc/filesystems").read_text() and not _loaded("overlay"):
        problems.append(
            Problem(
                "overlayfs",
                "the kernel does not list `overlay` in /proc/filesystems",
                "containerd cannot stack images and the host's /var cannot be kept untouched",
                "Load it (modprobe overlay) or use a kernel with CONFIG_OVERLAY_FS",
            ),
        )
    return problems


def root() -> list[Problem]:
    """What this user may not do."""
    if os.geteuid() != 0:
        return [
            Problem(
                "root",
                f"this is user id {os.geteuid()}",
                "Network namespaces, mounts and cgroups need root (what else is missing can be seen only as root)",
                "Repeat the command as root (sudo -i), or name a cluster of yours: make sandbox KUBECONFIG=path",
            ),
        ]
    isolated = ("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "true")
    try:
        run(*isolated)
    except SandboxError as error:
        return [
            Problem(
                "namespaces",
                str(error),
                "The cluster cannot be kept apart from the host",
                "In a container run it with --privileged; else use a kernel with CONFIG_NET_NS and CONFIG_PID_NS",
            ),
        ]
    return []


def _cgroups(folder: Path) -> list[Problem]:
    if (folder / "cgroup.controllers").exists():
        wanted: Sequence[str] = CONTROLLERS_V2
        present = set((folder / "cgroup.controllers").read_text().split())
        kernel = "Boot with them enabled (cgroup_enable=...) or use a kernel that has them"
    else:
        wanted = CONTROLLERS_V1
        present = {name for name in wanted if (folder / name / "cgroup.procs").exists()}
        kernel = f"Mount them below {folder}, one folder each (mount -t cgroup -o NAME cgroup {folder}/NAME)"
    problems: list[Problem] = []
    if missing := [name for name in wanted if name not in present]:
        seen = f"{', '.join(missing)} not there (there: {', '.join(sorted(present)) or 'none'})"
        problems.append(Problem("cgroup controllers", seen, "The kubelet cannot account for pods and exits", kernel))
    if os.geteuid() == 0 and not os.access(folder / ("" if "cpuacct" not in wanted else "memory"), os.W_OK):
        problems.append(
            Problem(
                "cgroups",
                f"{folder} is read-only",
                "Pods cannot be given a cgroup",
                "In a container run it with --privileged --cgroupns=host",
            ),
        )
    return problems


def available_memory() -> float:
    """GiB of memory that this machine could give away now."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("MemAvailable"))) * 1024 / _GIB


def _room(folders: Sequence[Path], *, cold: bool) -> list[Problem]:
    problems: list[Problem] = []
    available = available_memory()
    wanted = _MEMORY_COLD if cold else _MEMORY
    if available < wanted:
        work = "compiling" if cold else "the cluster"
        problems.append(
            Problem(
                "free memory",
                f"{available:.1f} GiB, {work} needs {wanted:.1f} GiB",
                "Something would be killed for want of it",
                "End what uses it (ps -eo rss,comm --sort=-rss | head; make sandbox-down) and repeat",
            ),
        )
    wanted = _DISK_COLD if cold else _DISK
    devices: set[int] = set()
    for folder in folders:
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(existing).free / _GIB
        device = existing.stat().st_dev
        if free < wanted and device not in devices:
            problems.append(
                Problem(
                    "free disk",
                    f"{free:.1f} GiB on the disk of {folder}, {wanted:.1f} GiB needed",
                    "Building or running would stop half way",
                    f"Make room (du -xsh {existing}/*), or put the cache elsewhere: TEAL_CACHE=path make sandbox",
                ),
            )
        devices.add(device)
    return problems


def _loaded(module: str) -> bool:
    """Whether the kernel could load `module` just now."""
    modprobe = shutil.which("modprobe")
    return bool(modprobe) and subprocess.run([modprobe, "-q", module], check=False).returncode == 0  # noqa: S603 - our own names


# What pods and Services need of the kernel: a name for it, and a command that does it in an empty namespace.
_TRIALS = {
    "bridges (CONFIG_BRIDGE)": "ip link add trial0 type bridge",
    "veth pairs (CONFIG_VETH)": "ip link add trial1 type veth peer name trial2",
    "address translation (nf_tables/iptables nat, CONFIG_NFT_NAT or CONFIG_IP_NF_NAT)": "iptables -t nat -N TRIAL",
    "masquerading (CONFIG_NETFILTER_XT_TARGET_MASQUERADE)": "iptables -t nat -A POSTROUTING -j MASQUERADE",
    "destination translation (CONFIG_NETFILTER_XT_NAT)": (
        "iptables -t nat -A PREROUTING -p tcp -j DNAT --to-destination 192.0.2.1:80"
    ),
    "iptables comments (CONFIG_NETFILTER_XT_MATCH_COMMENT)": "iptables -A INPUT -m comment --comment trial",
    "iptables addrtype (CONFIG_NETFILTER_XT_MATCH_ADDRTYPE)": "iptables -A INPUT -m addrtype --dst-type LOCAL",
    "iptables statistic (CONFIG_NETFILTER_XT_MATCH_STATISTIC)": (
        "iptables -A INPUT -m statistic --mode random --probability 0.5"
    ),
    "iptables marks (CONFIG_NETFILTER_XT_MARK)": "iptables -A INPUT -m mark --mark 0x4000/0x4000",
    "connection tracking (CONFIG_NF_CONNTRACK, CONFIG_NETFILTER_XT_MATCH_CONNTRACK)": (
        "iptables -A INPUT -m conntrack --ctstate INVALID"
    ),
    "bridged packets in iptables (CONFIG_BRIDGE_NETFILTER)": "test -e /proc/sys/net/bridge/bridge-nf-call-iptables",
}


def network() -> list[Problem]:
    """What the kernel cannot do of what pods and Services need."""
    if not Path("/proc/sys/net/bridge").exists():
        _loaded("br_netfilter")  # the others are loaded by the kernel itself when asked for
    # One namespace for all trials: each prints its number when it fails.
    script = "\n".join(
        f'seen=$({command} 2>&1) || echo "{number} $(echo "$seen" | tail -n 1)"'
        for number, command in enumerate(_TRIALS.values())
    )
    failed = [line.partition(" ") for line in run("unshare", "--net", "sh", "-c", script).splitlines()]
    names = list(_TRIALS)
    return [
        Problem(
            names[int(number)],
            f"`{_TRIALS[names[int(number)]]}` failed: {seen or 'no message'}",
            "Pods cannot be reached through Services",
            "Load the module if this kernel has it (modprobe), else use a kernel with that option",
        )
        for number, _, seen in failed
    ]
