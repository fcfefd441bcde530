"""Tries whether the pods of a service reach what they need, from a Job of one pod that says what came of it.

Only a pod can tell. To run something in a pod of the colour itself would need `pods/exec`, which teal never asks for,
and a tool in the service's image. EndpointSlices and the API server's proxy say who is there, not whether a policy and
a name server let a pod go there. So a separate pod tries. Its labels have the service's name, so that the service's
network policies apply to it, and no colour, so that no Service and no budget counts it.
"""

import json
from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import Any

from pydantic import TypeAdapter, ValidationError

from teal.adapters.kubernetes import jobs
from teal.adapters.kubernetes.cluster import Cluster
from teal.adapters.kubernetes.jobs import KEPT_SECONDS, Became
from teal.model.labels import MANAGED_BY_LABEL, NAME_LABEL, PART_OF, PART_OF_LABEL
from teal.model.verdict import Outcome, Verdict

SECONDS = 60
"""The deadline of the whole Job, whose image may have to be pulled."""

SCRIPT = """\
import json, os, socket, time
said = {}
for name, (host, port) in json.loads(os.environ["TEAL_REACH"]).items():
    begun = time.monotonic()
    try:
        first = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
    except OSError as error:
        said[name] = [False, f"{host} is not found: {error}"]
        continue
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError as error:
        said[name] = [False, f"{host} is {first}, and takes no connection at {port}: {error}"]
        continue
    said[name] = [True, f"connected to {first}:{port} in {1000 * (time.monotonic() - begun):.0f} ms"]
with open("/dev/termination-log", "w") as log:
    json.dump({name: [well, text[:200]] for name, (well, text) in said.items()}, log)
"""
"""What the pod runs: it looks up names and makes connections, with the standard library of any Python 3."""

_SAID = TypeAdapter(dict[str, tuple[bool, str]])


async def reach(
    cluster: Cluster, service: str, needs: Mapping[str, tuple[str, int] | None], image: str
) -> Sequence[Verdict]:
    """Try to connect to what a service needs, from a pod.

    Raises:
        UnreachableError: the API server could not be asked, or this account may not create Jobs.
    """

    def verdict(name: str, outcome: Outcome, seen: str) -> Verdict:
        host, port = needs[name] or ("", 0)
        needed = f"a connection to {host}:{port}" if host else "a host and a port"
        asked = f"a pod under the network policies of {service}"
        return Verdict(gate=f"reach.{name}", service=service, outcome=outcome, seen=seen, needed=needed, asked=asked)

    unsaid = [
        verdict(name, Outcome.INCONCLUSIVE, "its settings do not say at which host and port it is")
        for name, each in needs.items()
        if each is None
    ]
    known = {name: each for name, each in needs.items() if each is not None}
    if not image:
        why = "nobody tried: there is no image for a pod (teal:watch's, or --image with a Python in it)"
        return [*unsaid, *(verdict(name, Outcome.INCONCLUSIVE, why) for name in known)]
    if not known:
        return unsaid
    became, said = await jobs.run(cluster, body(service, known, image), f"try what {service} reaches")
    try:
        tried = _SAID.validate_json(said)
    except ValidationError:
        why = f"the pod {became}, and did not say what it found: {said or 'nothing'}"
        if became is Became.RUNNING:
            why = f"the pod had not ended after {SECONDS} s"
        return [*unsaid, *(verdict(name, Outcome.ERROR, why) for name in known)]
    mute = [verdict(name, Outcome.ERROR, "the pod did not say what it found") for name in known.keys() - tried.keys()]
    answers = {name: tried[name] for name in known if name in tried}
    return [
        *unsaid,
        *mute,
        *(verdict(name, Outcome.PASSED if well else Outcome.FAILED, text) for name, (well, text) in answers.items()),
    ]


def body(service: str, needs: Mapping[str, tuple[str, int]], image: str) -> Mapping[str, Any]:
    """Return the Job, confined as all pods of a stack are; it is removed some minutes after its end."""
    labels = {NAME_LABEL: service, PART_OF_LABEL: PART_OF, MANAGED_BY_LABEL: "teal"}
    container = {
        "name": "reach",
        "image": image,
        "command": ["python3", "-c", SCRIPT],
        "env": [{"name": "TEAL_REACH", "value": json.dumps(needs)}],
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"cpu": "500m", "memory": "96Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"{service}-reach-{token_hex(3)}", "labels": labels},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": SECONDS,
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "containers": [container],
                },
            },
        },
    }
