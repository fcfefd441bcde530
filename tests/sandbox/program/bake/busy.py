"""An API server that has too much to do for one account: its own priority and fairness answers 429."""

import json
import re
import subprocess
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from tests.sandbox.program.stacks import WORK_TREE, Stack

NAME = "busy"
SHARES = 100
_REJECTED = re.compile(
    rf'^apiserver_flowcontrol_rejected_requests_total{{.*priority_level="{NAME}".*}} (\d+)$', re.MULTILINE
)


@contextmanager
def limited(stack: Stack, folder: Path) -> Generator[tuple[Stack, Callable[[], AbstractContextManager[None]]]]:
    """The stack as an account of its own updates it, and what has the API server refuse that account for a while.

    The sandbox's own account is of `system:masters`, whom no API server refuses. What a front door answers through the
    API server is let through.
    """
    stack.kubectl("create", "serviceaccount", NAME)
    role = ["clusterrolebinding", f"{stack.name}-{NAME}"]
    stack.kubectl("create", *role, "--clusterrole=cluster-admin", f"--serviceaccount={stack.name}:{NAME}")
    kubeconfig: dict[str, Any] = yaml.safe_load(stack.sandbox.kubeconfig.read_text())
    for user in kubeconfig["users"]:
        user["user"] = {"token": stack.kubectl("create", "token", NAME).strip()}
    own = folder / "busy.kubeconfig"
    own.write_text(json.dumps(kubeconfig))

    manifest = folder / "busy.json"
    manifest.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": _objects(stack.name)}))
    stack.kubectl("apply", "-f", str(manifest))

    @contextmanager
    def limit() -> Generator[None]:
        # A level that has no share at all still serves one request at a time: this one.
        module = ["-m", "tests.sandbox.program.bake.occupied", str(own), stack.name]
        command = stack.sandbox.command([str(WORK_TREE / ".venv/bin/python"), *module])
        with subprocess.Popen(command, env=stack.environ(), cwd=WORK_TREE) as occupying:
            _shares(stack, 0)
            try:
                yield
            finally:
                _shares(stack, SHARES)
                occupying.terminate()
        assert _rejected(stack) > before, "nothing was answered 429"

    before = _rejected(stack)
    try:
        yield replace(stack, sandbox=replace(stack.sandbox, kubeconfig=own)), limit
    finally:
        stack.kubectl("delete", "-f", str(manifest))
        stack.kubectl("delete", *role)
        stack.kubectl("delete", "serviceaccount", NAME)


def _objects(namespace: str) -> list[object]:
    api = "flowcontrol.apiserver.k8s.io/v1"
    kinds = {
        "": ["services", "configmaps", "pods"],
        "apps": ["deployments"],
        "autoscaling": ["horizontalpodautoscalers"],
        "coordination.k8s.io": ["leases"],
        "discovery.k8s.io": ["endpointslices"],
    }
    account = {"kind": "ServiceAccount", "serviceAccount": {"namespace": namespace, "name": NAME}}
    rules = [
        {"verbs": ["*"], "apiGroups": [group], "resources": resources, "namespaces": ["*"]}
        for group, resources in kinds.items()
    ]
    own = {"nominalConcurrencyShares": SHARES, "lendablePercent": 0, "borrowingLimitPercent": 0}
    return [
        {
            "apiVersion": api,
            "kind": "PriorityLevelConfiguration",
            "metadata": {"name": NAME},
            "spec": {"type": "Limited", "limited": {**own, "limitResponse": {"type": "Reject"}}},
        },
        {
            "apiVersion": api,
            "kind": "FlowSchema",
            "metadata": {"name": NAME},
            "spec": {
                "priorityLevelConfiguration": {"name": NAME},
                "matchingPrecedence": 50,
                "rules": [{"subjects": [account], "resourceRules": rules}],
            },
        },
    ]


def _shares(stack: Stack, number: int) -> None:
    """How much of what the API server does at once is for that account; none: all is answered 429."""
    patch = {"spec": {"limited": {"nominalConcurrencyShares": number}}}
    stack.kubectl("patch", "prioritylevelconfiguration", NAME, "--type=merge", "-p", json.dumps(patch))


def _rejected(stack: Stack) -> int:
    """Requests that were answered 429 so far."""
    return sum(int(found) for found in _REJECTED.findall(stack.kubectl("get", "--raw", "/metrics")))
