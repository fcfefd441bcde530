"""A sandbox by its name: where its files are, and how a command is run in it.

This is what the demo, the load generator and the tests import. It starts and stops nothing.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.cluster.cache import cache_folder
from sandbox.cluster.errors import NotRunningError, UsageError

WORK_TREE = Path(__file__).resolve().parents[2]
AWS_ENDPOINT = "http://127.0.0.1:5000"
# Nothing outside can be reached from the sandbox's network namespace: names would be waited for.
_NOTHING_TO_DOWNLOAD_FROM = {
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    "UV_FROZEN": "1",
    "UV_OFFLINE": "1",
}
# 15 bytes is what Linux allows a network interface; nothing of ours is longer than the name with a prefix.
_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """A sandbox that was brought up, or is about to be.

    Attributes:
        name: lower-case letters, digits and dashes, at most 20 characters.
        root: `.sandbox/<name>` in the work tree: logs, kubeconfig, the stack's state, commands.
        kubeconfig: the cluster's; the user's own file where one was given.
        netns: path of the network namespace, or None for a cluster of the user's own.
        ports: range of node ports, first and last.
    """

    name: str
    root: Path
    kubeconfig: Path
    netns: Path | None
    ports: tuple[int, int] = (30000, 30999)

    @classmethod
    def named(
        cls,
        name: str,
        *,
        ports: tuple[int, int] = (30000, 30999),
        kubeconfig: Path | None = None,
        work_tree: Path = WORK_TREE,
    ) -> "Sandbox":
        """A description of the sandbox `name`, whether it runs or not.

        Raises:
            UsageError: the name cannot be used.
        """
        if not _NAME.fullmatch(name):
            msg = (
                f"sandbox name {name!r} cannot be used: it becomes part of a network namespace, cgroups and a folder. "
                "Use a lower-case letter followed by at most 19 letters, digits or dashes: --name teal"
            )
            raise UsageError(msg)
        root = work_tree / ".sandbox" / name
        return cls(
            name=name,
            root=root,
            kubeconfig=kubeconfig or root / "kubeconfig",
            netns=None if kubeconfig else Path("/run/netns") / f"teal-{name}",
            ports=ports,
        )

    @classmethod
    def load(cls, name: str = "teal", *, work_tree: Path = WORK_TREE) -> "Sandbox":
        """The sandbox as `up` described it.

        Raises:
            NotRunningError: there is none of this name.
            UsageError: the name cannot be used.
        """
        path = cls.named(name, work_tree=work_tree).description
        try:
            fields = json.loads(path.read_text())
        except FileNotFoundError:
            msg = f"there is no sandbox {name!r}: {path} does not exist. Start it: make sandbox NAME={name}"
            raise NotRunningError(msg) from None
        return cls(
            name=name,
            root=path.parent,
            kubeconfig=Path(fields["kubeconfig"]),
            netns=Path(fields["netns"]) if fields["netns"] else None,
            ports=(fields["ports"][0], fields["ports"][1]),
        )

    @property
    def description(self) -> Path:
        """The file that `load` reads."""
        return self.root / "sandbox.json"

    def save(self) -> None:
        """Write the description, whole or not at all."""
        self.root.mkdir(parents=True, exist_ok=True)
        temporary = self.description.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(self), default=str, indent=2))
        temporary.replace(self.description)

    def environ(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """The whole environment for a command in this sandbox: `base` (default: this process's) with ours on top.

        With a cluster of the user's own the AWS variables are left as they are: there is no stand-in to point to.
        """
        environ = dict(os.environ if base is None else base)
        environ["PATH"] = os.pathsep.join(
            [str(self.root / "bin"), *filter(None, environ.get("PATH", os.defpath).split(os.pathsep))],
        )
        environ |= {
            "TEAL_SANDBOX": self.name,
            "TMPDIR": str(self.root / "tmp"),  # Pulumi's Kubernetes provider leaves a kubeconfig there, at each start
            "KUBECONFIG": str(self.kubeconfig),
            "PULUMI_BACKEND_URL": f"file://{self.root / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.root / "passphrase"),
            "PULUMI_HOME": str(self.root / "pulumi-home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        environ.pop("PULUMI_CONFIG_PASSPHRASE", None)  # it would win over the file
        environ.setdefault("UV_CACHE_DIR", str(cache_folder() / "uv-cache"))  # what `make` says, too
        if self.netns:
            environ |= _NOTHING_TO_DOWNLOAD_FROM
            for variable in [name for name in environ if name.startswith("AWS_")]:
                del environ[variable]  # a profile or a real key must not reach anything from here
            environ |= {
                "AWS_ENDPOINT_URL": AWS_ENDPOINT,
                "AWS_ACCESS_KEY_ID": "sandbox",
                "AWS_SECRET_ACCESS_KEY": "sandbox",
                "AWS_REGION": "eu-west-1",
                "AWS_DEFAULT_REGION": "eu-west-1",
                "AWS_EC2_METADATA_DISABLED": "true",
            }
        return environ

    def command(self, argv: Sequence[str]) -> list[str]:
        """`argv` with what must stand before it to run in the sandbox's network namespace (needs root)."""
        prefix = ["nsenter", f"--net={self.netns}", "--"] if self.netns else []
        return [*prefix, *argv]
