"""The pipeline for GitLab: it has GitLab's keys, runs what there is, and keeps what the workflows promise."""

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from teal.cli.app import app
from tests.unit.workflows.reading import ROOT, WORKFLOWS, read

PAGE = (ROOT / "docs/gitlab.md").read_text()
PIPELINE = read(ROOT / "docs/gitlab/gitlab-ci.yml")
GLOBAL = {"variables", "stages", "workflow", "default"}
KEYS = {
    *("extends", "stage", "image", "services", "tags", "timeout", "interruptible", "needs", "environment"),
    *("resource_group", "rules", "variables", "id_tokens", "before_script", "script", "after_script", "artifacts"),
}
JOBS: Mapping[str, Mapping[str, Any]] = {
    name: {**PIPELINE.get(str(job.get("extends")), {}), **job}
    for name, job in PIPELINE.items()
    if name not in GLOBAL and not name.startswith(".")
}
TWINS = {
    "test": "test/test",
    "preview": "preview/preview",
    "comment": "preview/comment",
    "image": "release/image",
    "propose": "release/propose",
    "canary": "deploy/canary",
    "promote": "deploy/promote",
    "rollback": "rollback/rollback",
}
"""What each job is on GitHub."""

every_job = pytest.mark.parametrize("name", JOBS)


def lines(job: Mapping[str, Any]) -> Iterator[str]:
    """All that a job runs."""
    for part in ("before_script", "script", "after_script"):
        yield from (line for line in job.get(part, ()) if not line.startswith("ap"))  # what installs make


def minutes(said: str) -> int:
    """A deadline, as GitLab writes it."""
    return int(said[:-1]) * (60 if said[-1] == "h" else 1)


@every_job
def test_a_job_has_keys_that_gitlab_knows(name: str) -> None:
    """It begins from what there is, in a stage that there is, after jobs that there are, and by some rule."""
    job = JOBS[name]
    assert job.keys() <= KEYS
    assert str(job.get("extends", ".stack")) in PIPELINE
    assert job["stage"] in PIPELINE["stages"]
    assert {each["job"] if isinstance(each, Mapping) else each for each in job.get("needs", ())} <= JOBS.keys()
    assert job["rules"]
    assert job["script"]


def test_what_is_run_is_there() -> None:
    """Targets of make, and commands of teal."""
    makefiles = (ROOT / "Makefile").read_text() + (ROOT / ".github/delivery.mk").read_text()
    targets = set(re.findall(r"^([.\w/-]+):", makefiles, re.MULTILINE))
    ran = [line for job in JOBS.values() for line in lines(job)]
    made = {each for line in ran for each in re.findall(r"\bmake (?:--silent )?([.\w/-]+)", line)}
    assert made <= targets
    assert {"preview", "note", "canary", "promote", "rollback", "settle", "propose-merge"} <= made
    shown = [*ran, *re.findall(r"^\$ (.+)$", PAGE, re.MULTILINE), *re.findall(r"`((?:teal|make) [^`]+)`", PAGE)]
    assert {each for line in shown for each in re.findall(r"\bteal ([a-z-]+)", line)} <= {*app}
    assert {each for line in shown for each in re.findall(r"\bmake ([a-z][a-z-]*)", line)} <= targets


@every_job
def test_it_does_what_the_workflow_does(name: str) -> None:
    """With the same target of make, and for as long."""
    workflow, _, job = TWINS[name].partition("/")
    twin = read(WORKFLOWS[workflow])["jobs"][job]
    assert minutes(JOBS[name]["timeout"]) >= int(twin["timeout-minutes"])
    theirs = {
        found[1] for each in twin["steps"] if (found := re.match(r"make (?:--silent )?(\S+)", each.get("run", "")))
    }
    ours = {each for line in lines(JOBS[name]) for each in re.findall(r"\bmake (?:--silent )?(\S+?);?(?:\s|$)", line)}
    renamed = {"comment": "note", "propose": "propose-merge"}
    its_own = {".venv/ready", "current"}  # GitLab prevents outdated deployment jobs itself
    assert {renamed.get(each, each) for each in theirs - its_own} <= ours


@pytest.mark.parametrize("name", ["canary", "promote", "rollback"])
def test_updates_wait_for_each_other_and_leave_no_lock(name: str) -> None:
    """And live traffic moves only where somebody begins it who may deploy to the protected environment."""
    job = JOBS[name]
    assert job["resource_group"] == "update-production"
    assert any("make unlock" in line for line in job["after_script"])
    if name != "canary":
        assert job["environment"] == "production"
        assert all(rule["when"] == "manual" for rule in job["rules"])


@pytest.mark.parametrize("name", ["promote", "rollback"])
def test_what_an_update_left_is_gone_on_with_whatever_became_of_its_lock(name: str) -> None:
    """A shell of GitLab's ends with what fails first: traffic would stay where nobody watches it."""
    ended = [f'set -e\nmake() {{ echo "$@"; [ "$1" = --silent ]; }}\n{each}' for each in JOBS[name]["after_script"]]
    environ = {"CI_JOB_STATUS": "failed", "PATH": os.environ["PATH"]}
    for script in ended:
        seen = subprocess.run(["bash", "-c", script], env=environ, capture_output=True, text=True, check=False)  # noqa: S607 - GitLab's own
        assert (seen.returncode, seen.stdout.splitlines()) == (0, ["unlock", "settle", "--silent verdict"])


def test_a_check_holds_up_no_way_back() -> None:
    """A release that was confirmed has fewer gates than a check asks."""
    steps = read(WORKFLOWS["deploy"])["jobs"]["canary"]["steps"]
    assert [each["if"] for each in steps if each.get("run") == "make check"] == ["steps.left.outputs.word == 'FLIP'"]
    checks = [line for line in JOBS["canary"]["script"] if "make check" in line]
    assert checks == ["if grep -qx word=FLIP word.env; then make check; fi"]


def test_pulumi_is_the_one_that_the_program_is_locked_to() -> None:
    """As on GitHub."""
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    (sdk,) = [each["version"] for each in locked if each["name"] == "pulumi"]
    assert PIPELINE["default"]["image"] == f"pulumi/pulumi:{sdk}"


def test_what_has_to_be_set_up_is_written_down() -> None:
    """Every environment, and every variable that neither GitLab nor the pipeline sets."""
    text = (ROOT / "docs/gitlab/gitlab-ci.yml").read_text() + (ROOT / ".github/delivery.mk").read_text()
    used = {each for each in re.findall(r"\$\$?\{?([A-Z][A-Z0-9_]+)", text) if not each.startswith("CI_")}
    ours = {"EKS_CLUSTER", "GITLAB_TOKEN", "REGISTRY_USER", "REGISTRY_PASSWORD", "REPOSITORY_PREFIX", "DEPLOY_BRANCH"}
    assert ours <= used
    environments = {
        str(its["name"] if isinstance(its, Mapping) else its) for its in map(_environment, JOBS.values()) if its
    }
    named = {*ours, *environments, "AWS_ROLE_ARN", "AWS_REGION", "PULUMI_BACKEND_URL", "VERSION", "SERVICE", "COLOUR"}
    assert [each for each in named if f"`{each}`" not in PAGE] == []


def _environment(job: Mapping[str, Any]) -> Mapping[str, str] | str | None:
    return job.get("environment")
