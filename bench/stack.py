"""The stack that grows: N services in both colours, as small as a machine with two cores can run fifty of."""

from pathlib import Path
from typing import Any

import yaml

NAME = "growth"
MOST = 100
"""Services: each has one pod, and a kubelet takes 110 (its default `maxPods`)."""


class _Plain(yaml.SafeDumper):
    """Writes what is the same for all services out for each, as a person's file has it."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


def write(services: int, example: Path, path: Path, *, warm: bool = False) -> None:
    """Write the stack's config: blue is live with a pod a service, green has everything but pods.

    Args:
        services: how many.
        example: a stack file of the sandbox, whose first service is repeated.
        path: where to write.
        warm: green, too, has a pod a service, and another release.
    """
    config: dict[str, Any] = yaml.safe_load(example.read_text())["config"]
    first, settings = next(iter(config["teal:services"].items()))
    image: str = config["teal:blue"][first]["image"]
    settings |= {
        # One pod, whatever it is busy with: its number must not change while nothing is to change.
        "autoscaling": {"minReplicas": 1, "maxReplicas": 1},
        # Reached by nobody: a range of node ports would be too short for a hundred of them.
        "frontDoor": {},
        "previewDoor": {},
        # Fifty pods that start at once on two cores take their time.
        "progressDeadlineSeconds": 600,
        "probes": {
            "startup": {"path": "/health/live", "periodSeconds": 2, "failureThreshold": 150},
            "readiness": {"path": "/health/ready", "periodSeconds": 10, "failureThreshold": 3},
        },
        "resources": {"requests": {"cpu": "5m", "memory": "32Mi"}, "limits": {"cpu": "1", "memory": "256Mi"}},
    }
    if warm:
        settings["gates"] = {
            "contract": {"path": "/openapi.json"},
            "smoke": {"requests": {"pricing": {"path": "/pricing"}}},
        }
    names = [f"service-{number:03d}" for number in range(1, services + 1)]
    release = {name: {"image": image} for name in names}
    green = {"version": "1.1.0", **{name: {"image": image.replace("1.0.0", "1.1.0")} for name in names}}
    retired = {"version": "1.0.0", "state": "retired", **release}
    config |= {
        "teal:namespace": NAME,
        "teal:bake": {"seconds": 0},
        "teal:services": dict.fromkeys(names, settings),
        "teal:blue": {"version": "1.0.0", **release},
        "teal:green": green if warm else retired,
    }
    path.write_text(yaml.dump({"config": config}, Dumper=_Plain, sort_keys=False))
