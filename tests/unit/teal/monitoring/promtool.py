"""Runs `promtool`, where it has been compiled already; `make unit` sees to that."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from sandbox.cluster.cache import cache_folder
from sandbox.tools import PROMTOOL


def promtool_or_skip() -> Path:
    """The compiled promtool."""
    if not PROMTOOL.built(cache_folder()):
        pytest.skip(f"promtool {PROMTOOL.version} is not compiled yet: make unit does it")
    return PROMTOOL.target(cache_folder()) / "promtool"


def run_rule_tests(promtool: Path, folder: Path, rules: Mapping[str, Any], tests: Sequence[Mapping[str, Any]]) -> str:
    """What `promtool test rules` finds wrong with the rules; nothing where they behave as the tests say."""
    (folder / "rules.yaml").write_text(json.dumps(rules))
    suite = {"rule_files": ["rules.yaml"], "evaluation_interval": "15s", "tests": list(tests)}
    (folder / "tests.yaml").write_text(json.dumps(suite))
    return _complaints(promtool, "test", "rules", str(folder / "tests.yaml"))


def check_rules(promtool: Path, folder: Path, rules: Mapping[str, Any]) -> str:
    """What `promtool check rules` finds wrong: syntax, templates, duplicates."""
    (folder / "rules.yaml").write_text(json.dumps(rules))
    return _complaints(promtool, "check", "rules", "--lint=all", "--lint-fatal", str(folder / "rules.yaml"))


def _complaints(promtool: Path, *arguments: str) -> str:
    result = subprocess.run([promtool, *arguments], check=False, capture_output=True, text=True)
    return "" if result.returncode == 0 else result.stdout + result.stderr
