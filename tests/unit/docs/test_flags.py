"""docs/flags.md shows flags that a stack file may have, and where pods find them."""

import json
import re
from pathlib import Path

from teal_infra.settings import stack_file
from teal_infra.settings.load import load
from teal_infra.settings.pod.flags import FILE, FOLDER

from tests.unit.infra.worlds import BASE

PAGE = (Path(__file__).parents[3] / "docs/flags.md").read_text()


def test_what_is_shown_is_valid(tmp_path: Path) -> None:
    """As a stack file is read: `on` and `off` are texts there."""
    file = tmp_path / "Pulumi.dev.yaml"
    shown = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert shown
    rest = "\n".join(f"  teal:{key}: {json.dumps(value)}" for key, value in BASE.items())
    file.write_text(f"{shown[1]}{rest}\n")
    flags = load(stack_file.read(file).raw, stack="dev").flags
    assert flags
    assert flags.flags["new-checkout"].variants == {"on": True, "off": False}
    assert f"{FOLDER}/{FILE}" in PAGE
