"""What the sandbox's own mount namespace hides, so that its daemons write nothing to the host.

Runs inside that namespace, before any daemon. All of it vanishes with the namespace, at a SIGKILL too.
Not for the pods' mounts: those are containerd's.
"""

from collections.abc import Sequence
from pathlib import Path

from sandbox.cluster.processes import run

_PRIVATE = Path("/run/teal")

# The kubelet sets these for the whole machine (setupKernelTunables in its container manager). It finds the values
# it wants in files of ours laid over them, and the machine keeps its own.
_TUNABLES = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}


def hide_host(keep: Sequence[Path]) -> None:
    """Lay a private file system over /run, a private layer over /var and our values over the kubelet's sysctls.

    /run takes sockets, network namespaces of pods and the kubelet's volumes; /var takes what has no setting:
    `/var/lib/cni/results` and `/var/log/containers`.

    Args:
        keep: folders that must stay the host's own even below /run or /var (the work tree, caches, Python).

    Raises:
        SandboxError: the kernel refused a mount.
    """
    hidden = [path.resolve() for path in keep]
    hidden = [path for path in hidden if path.is_relative_to("/run") or path.is_relative_to("/var")]
    stash = Path("/mnt")  # kept open there only until the layers lie: a bind in our own namespace
    if hidden:
        _mount("-t", "tmpfs", "tmpfs", str(stash))
        for number, path in enumerate(hidden):
            (stash / str(number)).mkdir()
            _mount("--rbind", str(path), str(stash / str(number)))
    _mount("-t", "tmpfs", "-o", "mode=755", "teal", "/run")
    (_PRIVATE / "upper").mkdir(parents=True)
    (_PRIVATE / "work").mkdir()
    layers = f"lowerdir=/var,upperdir={_PRIVATE / 'upper'},workdir={_PRIVATE / 'work'}"
    _mount("-t", "overlay", "-o", layers, "teal", "/var")
    for number, path in enumerate(hidden):
        path.mkdir(parents=True, exist_ok=True)
        _mount("--move", str(stash / str(number)), str(path))
    if hidden:
        run("umount", stash)
    for name, value in _TUNABLES.items():
        real = Path("/proc/sys") / name
        if not real.exists():
            continue
        ours = _PRIVATE / "sysctl" / name
        ours.parent.mkdir(parents=True, exist_ok=True)
        ours.write_text(f"{value}\n")
        _mount("--bind", str(ours), str(real))
    # Settings of our network namespace, not of the machine: node ports on loopback, and bridged packets seen by
    # iptables, without which a pod cannot reach a Service whose endpoint is on its own bridge.
    for name in ("ipv4/ip_forward", "ipv4/conf/all/route_localnet", "bridge/bridge-nf-call-iptables"):
        (Path("/proc/sys/net") / name).write_text("1")
    # A connection that was refused while a Service had no endpoint leaves an entry behind by which the next one from
    # the same port is refused too, for as long as this: 2 s instead of 120.
    syn_sent = Path("/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_syn_sent")
    if syn_sent.exists():
        syn_sent.write_text("2")


def _mount(*arguments: str) -> None:
    run("mount", *arguments)
