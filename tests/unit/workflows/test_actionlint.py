"""actionlint, compiled from its module, finds nothing in the workflows, and would find something."""

import subprocess
from pathlib import Path

from sandbox.cluster.cache import cache_folder
from sandbox.cluster.progress import Steps
from sandbox.tools import ACTIONLINT
from tests.unit.workflows.reading import ROOT, WORKFLOWS


def lint(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """What it says of files, or of all workflows."""
    with Steps() as steps:
        command = ACTIONLINT.build(cache_folder(), steps) / "actionlint"
    # Without the machine's shellcheck, which runners have and others lack: the answer is the same everywhere.
    argv = [command, "-shellcheck=", "-pyflakes=", *arguments]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_workflows_are_what_github_takes() -> None:
    """Syntax, contexts, types of expressions, inputs of actions, known runners, needs and permissions."""
    seen = lint()
    assert (seen.returncode, seen.stdout) == (0, "")


def test_a_wrong_expression_is_found(tmp_path: Path) -> None:
    """One letter of one need of one job."""
    broken = tmp_path / "deploy.yml"
    broken.write_text(WORKFLOWS["deploy"].read_text().replace("needs.canary.outputs.word", "needs.canary.outputs.wort"))
    seen = lint(broken)
    assert seen.returncode == 1
    assert 'property "wort" is not defined' in seen.stdout
