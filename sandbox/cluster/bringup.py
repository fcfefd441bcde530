"""Bringing a sandbox up, from a machine that may have nothing: check, install, compile, build images, start.

The loaded half of the commands: what starts nothing is in `commands`, which loads in a fraction of the time.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox import image
from sandbox.cluster import removal, running, start
from sandbox.cluster.building import engine, golang, packages, prerequisites
from sandbox.cluster.building.compiling import Command, build_all
from sandbox.cluster.cache import cache_folder
from sandbox.cluster.environment import Sandbox
from sandbox.cluster.errors import BuildError, NotRunningError, UsageError
from sandbox.cluster.external import require_answer
from sandbox.cluster.layout import CONTAINERD_SOCKET, Layout
from sandbox.cluster.processes import run
from sandbox.cluster.progress import Steps
from sandbox.tools import KUBERNETES, METRICS_SERVER, OASDIFF, PROMETHEUS

VERSIONS = ("1.0.0", "1.1.0", "1.2.0")  # what the service's image is called in a sandbox; the content is the same

_CLUSTER = (KUBERNETES, PROMETHEUS, OASDIFF)


def up(sandbox: Sandbox, steps: Steps, *, metrics: bool = False) -> bool:
    """Bring `sandbox` up; False if it was up already.

    Args:
        sandbox: which one.
        steps: told what happens.
        metrics: whether it has a metrics-server, which autoscalers and `kubectl top` ask; it takes minutes to compile.

    Raises:
        SandboxError: what its kind says; nothing is left behind but caches and logs.
    """
    if sandbox.netns:
        # Before the first file is written: one that is not root would be told of that file instead.
        prerequisites.require(prerequisites.machine([sandbox.root.parent], cold=False))
    with running.exclusive(sandbox, steps):
        _refuse_another_kind(sandbox)
        if sandbox.netns is None:
            require_answer(sandbox.kubeconfig)
            start.write_commands(sandbox, build_all(engine.wanted(steps), cache_folder(), steps))
            return True
        removal.refuse_foreign(Layout(sandbox))
        found = running.status(sandbox)
        if found and not found["failed"]:
            if not found["up"]:  # a component was stopped, or an `up` was killed while the supervisor went on
                start.resume(Layout(sandbox), found, steps)
            return False
        compiled = [*_CLUSTER, *engine.wanted(steps), *([METRICS_SERVER] if metrics else [])]
        binaries, archives = _provide(sandbox, steps, compiled)
        start.start(sandbox, steps, binaries=binaries, archives=archives)
        return True


def _refuse_another_kind(sandbox: Sandbox) -> None:
    """A sandbox that is up otherwise than asked for is not silently kept, nor replaced."""
    try:
        existing = Sandbox.load(sandbox.name)
    except NotRunningError:
        return
    if existing.netns and running.status(existing) is None:
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


def _provide(sandbox: Sandbox, steps: Steps, compiled: Sequence[Command]) -> tuple[list[Path], list[Path]]:
    """See that the machine has all that is needed, installing and building what it has not."""
    cache = cache_folder()
    cold = not all(each.built(cache) for each in compiled)
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
    # Images are downloads more than work: they are made beside compilation.
    with ThreadPoolExecutor(max_workers=1) as beside:
        archives = beside.submit(_images, cache, steps, VERSIONS, quiet=cold)
        return build_all(compiled, cache, steps), archives.result()


def _images(
    cache: Path, steps: Steps, versions: Sequence[str], *, recipe: Path | None = None, quiet: bool = False
) -> list[Path]:
    def say(what: str) -> None:
        if not quiet:
            steps.step(what)

    try:
        if recipe:
            return [image.build_recipe(recipe, versions, cache, say)]
        pause = image.build_pause(KUBERNETES.toolchain(cache, steps), cache, say, golang.environ(cache))
        watch = image.build(image.WATCH, ("1",), cache, say)
        return [pause, watch, image.build(image.PRICING, versions, cache, say)]
    except image.ImageError as error:
        raise BuildError(str(error)) from error


def load_images(sandbox: Sandbox, steps: Steps, versions: Sequence[str], recipe: Path | None = None) -> None:
    """Build an image and load it, by the names of `versions`, into a cluster that is up.

    Args:
        sandbox: whose cluster it is.
        steps: told what happens.
        versions: the image's tags.
        recipe: a folder with a Containerfile; without it, the image is the reference service's.

    Raises:
        NotRunningError: it is not up.
        UsageError: it is a cluster of the user's own.
    """
    if sandbox.netns is None:
        msg = f"sandbox {sandbox.name!r} is a cluster of yours: its nodes pull from a registry of yours. Push it there"
        raise UsageError(msg)
    running.require_up(sandbox)
    supervisor = running.first_process(Layout(sandbox))
    for archive in _images(cache_folder(), steps, versions, recipe=recipe):
        steps.step(f"loading {archive.name}")
        # containerd's socket is on the sandbox's private /run, which process 1 sees.
        socket = f"/proc/{supervisor.pid}/root{CONTAINERD_SOCKET}"
        run("ctr", f"--address={socket}", "--namespace=k8s.io", "images", "import", archive)
