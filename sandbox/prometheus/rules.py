"""Gives Prometheus the rules files that the cluster's ConfigMaps hold, as a sidecar does in a real one.

Run as `python -m sandbox.prometheus.rules FOLDER URL KUBECONFIG`: for ever, until it is ended.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2

_WATCH = ("kubectl", "get", "configmaps", "--all-namespaces", "--watch", "--output-watch-events", "--output=json")
_LABEL = "--selector=app.kubernetes.io/part-of=teal"
_ENDING = ".rules.yaml"


def main(folder: Path, url: str, kubeconfig: str) -> None:
    """Follow the ConfigMaps; each change of a rules file is written and Prometheus told."""
    # `kubectl` ends with the API server; from then on everything begins anew, and what is there is told again.
    while True:
        command = [*_WATCH, _LABEL, f"--kubeconfig={kubeconfig}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - no shell; it stands above
            for event in _events(process):
                if _take(folder, event):
                    httpx2.post(f"{url}/-/reload", timeout=10).raise_for_status()


def _events(process: "subprocess.Popen[bytes]") -> Iterator[dict[str, Any]]:
    """JSON documents, one after the other, as they come."""
    decoder = json.JSONDecoder()
    text = ""
    for line in process.stdout or ():
        text += line.decode()
        try:
            event, end = decoder.raw_decode(text)
        except json.JSONDecodeError:
            continue  # not whole yet
        text = text[end:].lstrip()
        yield event


def _take(folder: Path, event: dict[str, Any]) -> bool:
    """Write or remove the rules of one ConfigMap; whether there were any."""
    found = event["object"]
    names = [name for name in found.get("data", {}) if name.endswith(_ENDING)]
    for name in names:
        path = folder / f"{found['metadata']['namespace']}-{name}"
        if event["type"] == "DELETED":
            path.unlink(missing_ok=True)
        else:
            path.write_text(found["data"][name])
    return bool(names)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
