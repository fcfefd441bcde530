"""A stack with one service is refused with these words."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from teal_infra.settings.load import load

from teal.model.errors import ConfigError
from tests.unit.infra.declaring import config


def refusal(service: Mapping[str, Any], **stack: object) -> str:
    """What a stack whose only service says this is refused with."""
    raw = config(router=str(stack.pop("router", "service")), services=("backend",))
    raw["services"] = json.dumps({"backend": service})
    raw |= {key: each if isinstance(each, str) else json.dumps(each) for key, each in stack.items()}
    with pytest.raises(ConfigError) as refused:
        load(raw, stack="dev")
    return str(refused.value)
