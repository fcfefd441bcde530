"""Addresses, ports and paths of a sandbox's cluster: the facts that its daemons, checks and commands share.

Every sandbox has the same addresses, because each is in a network namespace of its own.
"""

from dataclasses import dataclass
from pathlib import Path

from sandbox.cluster.environment import Sandbox

NODE_ADDRESS = "192.0.2.10"  # TEST-NET-1 (RFC 5737): no real host has it
NODE_PREFIX = 24
POD_RANGE = "10.244.0.0/24"
SERVICE_RANGE = "10.96.0.0/16"
KUBERNETES_SERVICE = "10.96.0.1"  # the API server takes the first address of the range for itself
API_SERVER = "https://127.0.0.1:6443"
ETCD = "http://127.0.0.1:2379"
MOTO_PORT = 5000
METRICS_PORT = 4443
PROMETHEUS_PORT = 9090
CONTAINERD_SOCKET = Path("/run/containerd/containerd.sock")  # on the sandbox's private /run
PAUSE_IMAGE = "localhost/teal/pause:1"


@dataclass(frozen=True)
class Layout:
    """Where the parts of one sandbox are."""

    sandbox: Sandbox

    @property
    def node(self) -> str:
        """The node's name."""
        return f"teal-{self.sandbox.name}"

    @property
    def cgroup(self) -> str:
        """The cgroup all pods are under, in every controller."""
        return f"/teal-{self.sandbox.name}"

    @property
    def pki(self) -> Path:
        """Keys, certificates and kubeconfigs."""
        return self.sandbox.root / "pki"

    @property
    def config(self) -> Path:
        """The daemons' configuration files."""
        return self.sandbox.root / "config"

    @property
    def logs(self) -> Path:
        """One file a daemon, and `pods/`; kept after `down`."""
        return self.sandbox.root / "logs"

    @property
    def images(self) -> Path:
        """Archives to be loaded into containerd at start, as links into the cache."""
        return self.sandbox.root / "images"

    @property
    def etcd(self) -> Path:
        """The data of etcd."""
        return self.sandbox.root / "etcd"

    @property
    def postgres(self) -> Path:
        """The throwaway database: its data and its password."""
        return self.sandbox.root / "postgres"

    @property
    def prometheus(self) -> Path:
        """What Prometheus has scraped."""
        return self.sandbox.root / "prometheus"

    @property
    def containerd(self) -> Path:
        """Containerd's images and snapshots: on disk, since overlayfs does not stack."""
        return self.sandbox.root / "containerd"

    @property
    def bin(self) -> Path:
        """Commands of the sandbox: links and the `pulumi` shim."""
        return self.sandbox.root / "bin"

    @property
    def control(self) -> Path:
        """The supervisor's socket."""
        return self.sandbox.root / "control.sock"

    @property
    def supervisor(self) -> Path:
        """The record of the supervisor's process."""
        return self.sandbox.root / "supervisor.json"

    def generated(self) -> list[Path]:
        """What a start makes and `down` removes; logs stay, and so does the stacks' state of a user's own cluster."""
        root = self.sandbox.root
        made = [self.bin, self.sandbox.description]
        if self.sandbox.netns is None:
            return made
        return [
            *made,
            self.pki,
            self.config,
            self.images,
            self.etcd,
            self.postgres,
            self.prometheus,
            self.containerd,
            self.control,
            self.supervisor,
            root / "kubeconfig",
            root / "state",
            root / "pulumi-home",
            root / "tmp",
            root / "passphrase",
        ]
