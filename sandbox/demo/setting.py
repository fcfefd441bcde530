"""Where a demo takes place: the stack's own config file, the host, the versions. No step of the demo itself."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from ruamel.yaml import YAML

from sandbox.aws import ready as aws
from sandbox.cluster.environment import WORK_TREE
from sandbox.cluster.layout import NODE_ADDRESS, PROMETHEUS_PORT
from sandbox.demo.broken import ELSEWHERE, MEASURED
from sandbox.report.model import Host

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sandbox.cluster.environment import Sandbox
    from sandbox.demo.broken import Broken
    from sandbox.demo.user import User

BACKEND: Final = "backend"
FRONTEND: Final = "frontend"
COLOURS: Final = ("blue", "green")
SCHEMAS: Final = {
    "1.0.0": {"expand": "0001"},
    "1.1.0": {"expand": "0003", "contract": "0004"},  # it does without what 0004 drops, and 1.0.0 does not
    "1.2.0": {"expand": "0003"},
}
"""What each release says of the schema (docs/migrations.md); quoted, as the numbers of migrations are text."""


class Router(StrEnum):
    """What directs the demo's traffic, as `teal:router` has it."""

    SERVICE = "service"
    ALB = "alb"


_EXAMPLE: Final = WORK_TREE / "stacks" / "Pulumi.sandbox.yaml"
_FIRST_PORTS: Final = {Router.SERVICE: 90, Router.ALB: 100}
"""Within the sandbox's range; the example stack, and each other's, may be up beside a demo."""

_BAKE: Final = {"seconds": 6, "windowSeconds": 10}
_ALB: Final = {
    "callers": ["10.0.0.0/8"],
    "protect": False,
    "healthCheck": {"intervalSeconds": 5, "timeoutSeconds": 2},
}
_SETTLE_SECONDS: Final = 3  # a rule is followed at once here, and by nobody knows when at AWS
_METRICS: Final = {"windowSeconds": 20, "waitSeconds": 12, "traffic": {"paths": ["/pricing"], "perSecond": 50}}
"""Of a Prometheus that scrapes every second."""

_GIB: Final = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A stack that can be had again and again: the example's config with a namespace, doors and a database of its own.

    A cluster of the user's own has no database of the sandbox's: there, nothing is migrated.
    """

    stack: str
    namespace: str
    config: Path
    services: tuple[str, ...]  # the flip set
    repository: str  # of their image, without the tag
    hosts: Mapping[str, str]  # by service, what it is called at a door that they share; empty where each has its own
    backends: Mapping[str, str]  # by colour, the URL at which a frontend finds its own
    password: str | None  # of the database; None: there is none
    broken: Sequence[Broken]  # releases that this stack's gates have to refuse

    @classmethod
    def prepare(
        cls,
        sandbox: Sandbox,
        database: Mapping[str, str],
        *,
        router: Router = Router.SERVICE,
        balancer: Mapping[str, Any] | None = None,
        gates: bool = True,
    ) -> Setting:
        """Write the stack's config file, as blue 1.0.0 and nothing else; the work tree's files are only read.

        Args:
            sandbox: where.
            database: how pods connect to it (`sandbox.backing.postgres`); empty where there is none. Its password is
                not written.
            router: what directs live traffic; a stack of its own for each.
            balancer: where a load balancer can be (`sandbox.aws.network`), for a router that has one.
            gates: beyond those that every flip has: contract, and metrics where there is a Prometheus.
        """
        yaml = YAML()
        document: dict[str, Any] = yaml.load(_EXAMPLE)  # pyright: ignore[reportUnknownMemberType] - untyped library
        config = document["config"]
        stack = "demo" if router is Router.SERVICE else f"demo-{router}"
        config["teal:namespace"] = namespace = f"teal-{stack}"
        port = sandbox.ports[0] + _FIRST_PORTS[router]
        backends: dict[str, str] = {}
        for service, settings in config["teal:services"].items():
            previews = dict(zip(COLOURS, (port + 1, port + 2), strict=True))
            settings["frontDoor"]["nodePort"] = port
            settings["previewDoor"]["nodePorts"] = previews
            # Two cores bear the load with the pods that there are; more of them would only take each other's time.
            settings["autoscaling"]["maxReplicas"] = settings["autoscaling"]["minReplicas"]
            if balancer:
                del settings["frontDoor"]
                settings["routing"] = {"hosts": [host_of(service)], "priority": port}
                # A load balancer needs up to 10 s to call a pod healthy: its pods come all at once, not one by one.
                settings["rollout"] = {"maxSurge": "100%"}
            if service == BACKEND:
                backends = {each: _backend(sandbox, each, previews[each]) for each in COLOURS}
            port += 1 + len(previews)
        backend = config["teal:services"][BACKEND]
        if gates:
            _measure(config, backend, prometheus=bool(sandbox.netns))
        if balancer:
            config["teal:router"] = str(router)
            config["teal:settleSeconds"] = _SETTLE_SECONDS
            config["teal:alb"] = {**balancer, **_ALB}
        blue = config["teal:blue"]
        blue[FRONTEND]["env"]["BACKEND_URL"] = backends["blue"]
        if database:
            config["teal:backing"] = {"database": _database(database)}
            backend["migrations"] = {}
            backend["backing"] = ["database"]
            blue[BACKEND]["schema"] = SCHEMAS[blue["version"]]
        folder = sandbox.root / stack
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"Pulumi.{stack}.yaml"
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(document, file)  # pyright: ignore[reportUnknownMemberType] - untyped library
        repository, _, _ = blue[BACKEND]["image"].rpartition(":")
        return cls(
            stack=stack,
            namespace=namespace,
            config=path,
            hosts={name: host_of(name) for name in config["teal:services"]} if balancer else {},
            services=tuple(config["teal:services"]),
            repository=repository,
            backends=backends,
            password=database.get("DB_PASSWORD"),
            broken=[*ELSEWHERE, *(MEASURED if sandbox.netns else ())],
        )

    def release(self, colour: str, version: str) -> Mapping[str, str]:
        """Return what a slot is configured with to hold a version; keys as in `User.configure`."""
        images = {f"{colour}.{service}.image": f"{self.repository}:{version}" for service in self.services}
        schema = {f"{colour}.{BACKEND}.schema.{key}": text for key, text in SCHEMAS[version].items()}
        return {
            f"{colour}.version": version,
            **images,
            f"{colour}.{FRONTEND}.env.BACKEND_URL": self.backends[colour],
            **(schema if self.password else {}),
        }


def _backend(sandbox: Sandbox, colour: str, preview_port: int) -> str:
    """Where a frontend finds its own colour's backend; pods of the sandbox have no cluster DNS."""
    return f"http://{NODE_ADDRESS}:{preview_port}" if sandbox.netns else f"http://{BACKEND}-{colour}"


def _measure(config: dict[str, Any], backend: dict[str, Any], *, prometheus: bool) -> None:
    """Have the backend's contract and its numbers judged before a flip, and live traffic after it."""
    config["teal:bake"] = _BAKE
    backend["probePath"] = "/pricing"
    gates: dict[str, Any] = {"contract": {"path": "/openapi.json"}}
    if prometheus:
        config["teal:prometheus"] = {"url": f"http://127.0.0.1:{PROMETHEUS_PORT}"}
        gates["metrics"] = _METRICS
    backend["gates"] = gates


def _database(found: Mapping[str, str]) -> dict[str, Any]:
    return {
        "kind": "database",
        **{key: found[f"DB_{key.upper()}"] for key in ("host", "name", "user")},
        "port": int(found["DB_PORT"]),
        "network": {"cidrs": [f"{found['DB_HOST']}/32"], "ports": [int(found["DB_PORT"])]},
    }


def network(sandbox: Sandbox) -> Mapping[str, Any]:
    """Ask the sandbox's AWS where a load balancer can be, and have it check targets every second: nobody likes to wait.

    Raises:
        StartError: it does not come up.
    """
    aws.await_ready(sandbox)

    def run(module: str, *args: str) -> str:
        command = sandbox.command([sys.executable, "-m", module, *args])
        return subprocess.check_output(command, env=sandbox.environ(), cwd=WORK_TREE, text=True)  # noqa: S603 - our own

    run("sandbox.aws.faults", json.dumps({"check_interval_s": 1}))
    return json.loads(run("sandbox.aws.network"))


def host_of(service: str) -> str:
    """Which requests to a load balancer are a service's."""
    return f"{service}.teal.example"


def host() -> Host:
    """Describe the machine without naming it."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return Host(
        cores=os.cpu_count() or 0,
        load_average=round(os.getloadavg()[0], 1),
        memory_gib=round(pages * size / _GIB, 1),
        kernel=platform.release(),
        system=platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        python=platform.python_version(),
    )


def versions(user: User) -> dict[str, str]:
    """Ask the commands and the packages what they are."""
    kubernetes = json.loads(user.kubectl("version", "-o", "json"))
    return {
        "kubernetes": kubernetes["serverVersion"]["gitVersion"],
        "kubectl": kubernetes["clientVersion"]["gitVersion"],
        **{name: version(name) for name in ("pulumi", "pulumi-kubernetes")},
    }


def engine(user: User) -> str:
    """Say which engine the `pulumi` of the sandbox is."""
    return f"Pulumi {user.pulumi('version').output.strip()}"
