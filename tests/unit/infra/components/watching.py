"""A stack of two services has a watch."""

import json
from collections.abc import Mapping
from typing import Any

from teal_infra.components.watch import NAME

from tests.unit.infra.recording import config

API_SERVER = {"cidrs": ["192.0.2.10/32"], "ports": [6443]}
WATCH: Mapping[str, Any] = {"image": "registry.example/teal:1", "egress": {"api-server": API_SERVER}}


def stack(watch: Mapping[str, Any] = WATCH, **more: Mapping[str, Any]) -> dict[str, str]:
    """Raw config of a stack of two services with a watch."""
    own = {key: json.dumps(value) for key, value in more.items()}
    return {**config(services=("backend", "frontend")), "watch": json.dumps(watch), **own}


def environment(resources: Mapping[tuple[str, str], Any]) -> Mapping[str, str]:
    """The variables of its container that have a value of their own."""
    (container,) = resources["CronJob", NAME]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each.get("value", "") for each in container["env"]}
