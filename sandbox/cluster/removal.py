"""Ending a sandbox without a trace, whatever state it is in, and saying what there is of one.

A process is the sandbox's when it is the recorded supervisor (id and start time) or lives in the sandbox's network
namespace; never because of its name.
"""

import os
import shutil
from pathlib import Path

from sandbox.cluster import namespace
from sandbox.cluster.errors import SandboxError, UsageError
from sandbox.cluster.layout import Layout
from sandbox.cluster.processes import Process, end
from sandbox.cluster.running import supervisor

_STRANGERS_GRACE_S = 2.0


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
    stubborn += end(others, grace_s=_STRANGERS_GRACE_S)
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
