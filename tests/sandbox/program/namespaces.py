"""A namespace of a sandbox cluster, looked at as a user does: by `kubectl` and teal's own commands."""

import json
import os
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.cluster.environment import WORK_TREE, Sandbox


@dataclass(frozen=True, kw_only=True)
class Namespace:
    """One that a stack of its name has for itself."""

    sandbox: Sandbox
    name: str
    service: str = "backend"
    """The one that tests look at."""

    def kubectl(self, *args: str, seconds: float = 60) -> str:
        """Run kubectl in the stack's namespace, for at most `seconds`."""
        done = subprocess.run(
            self.sandbox.command(["kubectl", "-n", self.name, *args]),
            env=self.environ(),
            text=True,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def teal(self, *args: str) -> str:
        """Run teal's own command line."""
        command = [str(WORK_TREE / ".venv/bin/python"), "-m", "teal", *args, "--namespace", self.name]
        done = subprocess.run(
            self.sandbox.command(command),
            env=self.environ(),
            cwd=WORK_TREE,
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def can_i(self, verb: str, what: str, account: str, *, namespace: str | None = None) -> bool:
        """Whether an account may do something, by the API server's own word."""
        command = ["kubectl", "-n", namespace or self.name, "auth", "can-i", verb, what, "--as", account]
        done = subprocess.run(
            self.sandbox.command(command), env=self.environ(), text=True, capture_output=True, timeout=60, check=False
        )
        assert done.stdout.strip() in {"yes", "no"}, done.stderr
        return done.stdout.strip() == "yes"

    def pods(self, colour: str) -> Sequence[Mapping[str, Any]]:
        """A colour's pods that are not on their way out."""
        labels = f"app.kubernetes.io/name={self.service},teal/colour={colour}"
        found = json.loads(self.kubectl("get", "pods", "-l", labels, "-o", "json"))["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def uids(self, colour: str) -> set[str]:
        """Of a colour's pods."""
        return {pod["metadata"]["uid"] for pod in self.pods(colour)}

    def evict(self, pod: str) -> str:
        """Ask for an eviction; what the API server says against it, empty where it agrees."""
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": self.name}}
        done = subprocess.run(
            self.sandbox.command(
                ["kubectl", "create", "--raw", f"/api/v1/namespaces/{self.name}/pods/{pod}/eviction", "-f", "-"]
            ),
            env=self.environ(),
            input=json.dumps(body),
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
        )
        return "" if done.returncode == 0 else done.stderr

    def live(self) -> str:
        """The colour that the active Service selects."""
        return self.kubectl("get", "service", self.service, "-o", r"jsonpath={.spec.selector.teal/colour}")

    def confirmed(self) -> str:
        """The colour whose bake passed last."""
        return self.kubectl("get", "configmap", "teal-confirmed", "-o", "jsonpath={.data.colour}")

    def history(self) -> Sequence[Mapping[str, Any]]:
        """The flips that the cluster remembers, oldest first."""
        found = self.kubectl("get", "configmap", "teal-history", "--ignore-not-found", "-o", "json")
        return json.loads(json.loads(found)["data"]["flips.json"])["flips"] if found else []

    def await_stage(self, stage: str, *, after: int = 0, seconds: float = 120) -> Mapping[str, Any]:
        """The first flip above number `after` that comes to a stage, however briefly; told within milliseconds."""
        what = ["configmaps", "--field-selector", "metadata.name=teal-history"]  # by name it would have to be there
        command = ["kubectl", "-n", self.name, "get", *what, "--watch", "--output", "json"]
        seen: list[object] = []
        with subprocess.Popen(
            self.sandbox.command(command), env=self.environ(), text=True, stdout=subprocess.PIPE
        ) as watch:
            assert watch.stdout is not None
            too_late = threading.Timer(seconds, watch.terminate)
            too_late.start()
            try:
                for found in objects(watch.stdout):
                    flip = json.loads(found["data"]["flips.json"])["flips"][-1]
                    seen.append((flip["number"], flip["stage"]))
                    if flip["number"] > after and flip["stage"] == stage:
                        return flip
            finally:
                too_late.cancel()
                watch.terminate()
        raise AssertionError(f"no flip came to {stage} within {seconds:.0f} s, or the watch ended: {seen}")

    def versions(self) -> Mapping[str, str]:
        """Resource version of every object that the program makes: equal means that nobody wrote."""
        kinds = "deploy,service,configmap,secret,serviceaccount,role,hpa,pdb"
        found = json.loads(self.kubectl("get", kinds, "-l", "app.kubernetes.io/part-of=teal", "-o", "json"))
        return {f"{item['kind']}/{item['metadata']['name']}": _written(item) for item in found["items"]}

    def environ(self) -> dict[str, str]:
        """The sandbox's environment."""
        return self.sandbox.environ(os.environ)


def objects(stream: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """The objects of a stream of indented JSON, each as it comes: it ends with a brace alone on its line."""
    lines: list[str] = []
    for line in stream:
        lines.append(line)
        if line.rstrip() == "}":
            yield json.loads("".join(lines))
            lines.clear()


def _written(item: Mapping[str, Any]) -> str:
    """What changes when somebody writes an object; a status is its controller's, so there it is what was declared."""
    metadata = item["metadata"]
    if "status" not in item or item["kind"] == "Service":
        return metadata["resourceVersion"]
    spec = {key: value for key, value in item["spec"].items() if key != "replicas"}  # the autoscaler's to write
    return json.dumps([metadata.get("labels"), metadata.get("annotations"), spec], sort_keys=True)
