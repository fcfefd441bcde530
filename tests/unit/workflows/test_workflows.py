"""The workflows give nobody more than the job takes, wait for whom they have to, and outlast every deadline."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.unit.workflows.reading import ACTIONS, ROOT, WORKFLOWS, Job, all_steps, jobs, read

RIGHTS: Mapping[str, Mapping[str, str]] = {
    "test/test": {"contents": "read"},
    "preview/preview": {"contents": "read", "id-token": "write"},
    "preview/comment": {"contents": "read", "pull-requests": "write"},
    "deploy/test": {"contents": "read"},
    "deploy/canary": {"contents": "read", "id-token": "write"},
    "deploy/approve": {},
    "deploy/promote": {"contents": "read", "id-token": "write"},
    "release/image": {"contents": "read", "id-token": "write"},
    "release/propose": {"contents": "write", "pull-requests": "write"},
    "rollback/approve": {},
    "rollback/rollback": {"contents": "read", "id-token": "write"},
}
ENVIRONMENTS = {
    "preview/preview": "preview",
    "deploy/canary": "canary",
    "deploy/approve": "production",
    "deploy/promote": "production-update",
    "release/image": "release",
    "rollback/approve": "production",
    "rollback/rollback": "production-update",
}
NO_TARGET = (
    r"apt-get update -qq && apt-get install .*",  # a container's first step: there is no make yet
    r'aws eks update-kubeconfig --name "\$CLUSTER"',
    r'echo ".*"',
    r'cat "\.delivery/\$STACK/plan\.md" >>"\$GITHUB_STEP_SUMMARY"',
)
"""All that steps run beside targets of make."""

JOBS = {str(job): job for job in jobs()}
UPDATES = [job for job in JOBS.values() if any(map(job.runs, ("canary", "promote", "rollback")))]
every_job = pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)


def test_every_workflow_was_read() -> None:
    """What is held below is held of all that there is."""
    assert WORKFLOWS.keys() == {"test", "preview", "deploy", "release", "rollback"}
    assert JOBS.keys() == RIGHTS.keys()
    assert [str(job) for job in UPDATES] == ["deploy/canary", "deploy/promote", "rollback/rollback"]


def test_actions_are_pinned_to_a_commit_with_its_release_beside_it() -> None:
    """A tag can be moved by whoever takes over an action; a commit cannot."""
    pins: dict[str, set[str]] = {}
    for path in [*WORKFLOWS.values(), *ACTIONS.values()]:
        for used in re.findall(r"^\s*(?:- )?uses: (.+)$", path.read_text(), re.MULTILINE):
            if used.startswith("./"):
                continue
            found = re.fullmatch(r"([\w-]+/[\w-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", used)
            assert found, f"{path.name}: {used}"
            pins.setdefault(found[1], set()).add(used)
    assert {name.split("/")[0] for name in pins} == {"actions", "anchore", "aws-actions", "pulumi"}
    assert all(len(each) == 1 for each in pins.values()), pins


@every_job
def test_a_job_has_the_rights_of_the_table_and_no_other(job: Job) -> None:
    """Whatever is not named is denied, by the workflow and again by the job."""
    assert read(WORKFLOWS[job.workflow])["permissions"] == {}
    assert job.permissions == RIGHTS[str(job)]
    assert job.environment == ENVIRONMENTS.get(str(job))


def test_nothing_is_run_for_whom_it_should_not_be() -> None:
    """A fork's pull request can start `pull_request` alone, which has neither secrets nor a token that writes."""
    triggers = {name: set(read(path)["on"]) for name, path in WORKFLOWS.items()}
    assert triggers == {
        "test": {"pull_request", "workflow_call"},
        "preview": {"pull_request"},
        "deploy": {"push"},
        "release": {"workflow_dispatch"},
        "rollback": {"workflow_dispatch"},
    }


DEPLOYED = "vars.DEPLOY_BRANCH || 'main'"


def test_the_branch_that_is_deployed_is_settable_and_no_other_is() -> None:
    """Its first job looks which branch it is, and all others need that one: none would run without it."""
    assert read(WORKFLOWS["deploy"])["on"]["push"] == {"branches": ["**"]}
    ours = {job.name: job.said for job in JOBS.values() if job.workflow == "deploy"}
    assert ours.pop("test")["if"] == f"github.ref == format('refs/heads/{{0}}', {DEPLOYED})"
    for job in ours.values():
        assert {"test", "canary"} & {*([job["needs"]] if isinstance(job["needs"], str) else job["needs"])}
        assert not re.search("always|cancelled|failure", job.get("if", ""))
    assert f"github.base_ref == ({DEPLOYED})" in JOBS["preview/preview"].said["if"]
    checkout, *_, propose = JOBS["release/propose"].steps
    assert checkout["with"]["ref"] == propose["env"]["BASE"] == f"${{{{ inputs.branch || {DEPLOYED} }}}}"


def test_what_is_released_is_scanned_before_it_is_pushed() -> None:
    """The job has no right to push before that, and none to write to the repository at all."""
    steps = [each.get("run") or each["uses"].partition("@")[0] for each in JOBS["release/image"].steps]
    assert steps[1:] == [
        "make image",
        "anchore/scan-action",
        "aws-actions/configure-aws-credentials",
        "aws-actions/amazon-ecr-login",
        'make --silent push >>"$GITHUB_OUTPUT"',
    ]
    (scan,) = [each["with"] for each in JOBS["release/image"].steps if each.get("uses", "").startswith("anchore")]
    assert scan.get("fail-build", "true") == "true"


def test_what_a_token_of_githubs_proposes_is_previewed_once_somebody_takes_it() -> None:
    """What it opens starts no workflow: it is a draft, and `ready_for_review` does."""
    for name in ("preview", "test"):
        assert "ready_for_review" in read(WORKFLOWS[name])["on"]["pull_request"]["types"]
    assert "gh pr create --draft" in (ROOT / ".github" / "delivery.mk").read_text()


@every_job
def test_forks_get_nothing_but_tests(job: Job) -> None:
    """A job of a pull request that has rights or an environment looks first whose pull request it is."""
    if "pull_request" not in job.triggers or (job.permissions == {"contents": "read"} and not job.environment):
        return
    if job.environment:
        assert "github.event.pull_request.head.repo.full_name == github.repository" in job.said["if"]
    else:  # it follows such a job, and does not run where that one did not
        assert job.said["needs"] == "preview"
        assert "needs.preview.result != 'skipped'" in job.said["if"]


def test_there_are_no_secrets_to_lose() -> None:
    """Rights come from a token for one job (OIDC): no workflow reads a secret that outlives it."""
    for path in [*WORKFLOWS.values(), *ACTIONS.values()]:
        assert not re.search(r"secrets\s*[.:\[]", path.read_text()), path.name


def test_no_checkout_leaves_its_token_behind() -> None:
    """What a step runs cannot find the job's token in `.git/config`."""
    checkouts = [step for _, step in all_steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert (
        len(checkouts) == len([job for job in JOBS.values() if job.permissions.get("contents")]) - 1
    )  # a call has none
    assert all(step["with"]["persist-credentials"] == "false" for step in checkouts)


def test_the_comment_is_written_by_what_is_on_main() -> None:
    """The job that may write to the pull request does not run the pull request's own Makefile."""
    checkout = JOBS["preview/comment"].steps[0]
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"


@pytest.mark.parametrize("job", UPDATES, ids=str)
def test_one_update_of_a_stack_at_a_time(job: Job) -> None:
    """Updates wait for each other; none is cut off, and none that waits gives way to one that came later."""
    assert job.said["concurrency"] == {
        "group": f"update-{job.stack}",
        "queue": "max",
        "cancel-in-progress": "false",
    }
    assert "concurrency" not in read(WORKFLOWS[job.workflow])


@pytest.mark.parametrize("job", [job for job in JOBS.values() if job.environment == "production"], ids=str)
def test_who_waits_for_a_reviewer_holds_nobody_up(job: Job) -> None:
    """A waiting job holds its group: a rollback would wait for the reviewer of a promotion."""
    assert "concurrency" not in job.said
    assert job.permissions == {}


@every_job
def test_live_traffic_moves_only_after_a_yes(job: Job) -> None:
    """Whatever runs with the rights to move traffic needs the job that asks for approval."""
    if job.environment == "production-update":
        assert "approve" in job.said["needs"]
        assert "if" not in job.said  # one that said always() would run after a no
        assert JOBS[f"{job.workflow}/approve"].environment == "production"


def test_what_is_promoted_is_what_was_approved() -> None:
    """The promotion is held to the word that the reviewer saw."""
    [step] = [step for step in JOBS["deploy/promote"].steps if step.get("run") == "make promote"]
    assert step["env"] == {"EXPECT": "${{ needs.canary.outputs.word }}"}


def test_what_is_promoted_is_what_the_branch_says_still() -> None:
    """Nothing is between the look and the promotion."""
    runs = [step.get("run") for step in JOBS["deploy/promote"].steps]
    assert runs[runs.index("make current") + 1] == "make promote"


def test_another_repository_has_the_steps_by_the_makefile_of_the_page(tmp_path: Path) -> None:
    """All that the workflows make, beside what is in `.github`."""
    page = (ROOT / "docs" / "workflows.md").read_text()
    (tmp_path / "Makefile").write_text(page.partition("```make\n")[2].partition("```")[0])
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    for name in ("pyproject.toml", "uv.lock"):
        (tmp_path / name).touch()
    runs = "\n".join(step.get("run", "") for _, step in all_steps())
    needed = {*re.findall(r"^make (?:--silent )?([.\w/-]+)", runs, re.MULTILINE)}
    command = ["make", "--print-data-base", "--question"]
    seen = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert needed - {*re.findall(r"^([.\w/-]+):", seen.stdout, re.MULTILINE)} == set(), seen.stderr


@pytest.mark.parametrize("name", ["deploy/promote", "rollback/rollback"])
def test_the_verdict_is_shown_and_counts_whatever_happened(name: str) -> None:
    """The last step runs always, and its status is that of `make verdict`, not of `tee`."""
    job = JOBS[name]
    assert job.steps[-1]["if"] == "always()"
    assert job.steps[-1]["run"] == 'make --silent verdict | tee -a "$GITHUB_STEP_SUMMARY"'
    assert job.said["defaults"]["run"]["shell"] == "bash"  # the default shell has no pipefail
    assert job.steps[-2]["run"] == "make settle"
    assert job.steps[-2]["if"] == "failure() || cancelled()"


@pytest.mark.parametrize("job", UPDATES, ids=str)
def test_an_update_that_is_cut_off_leaves_no_lock(job: Job) -> None:
    """The next job of the queue would be refused; only the job's own lock is taken, so nothing is named."""
    (step,) = [each for each in job.steps if each.get("if") == "failure() || cancelled()" and "unlock" in each["run"]]
    assert step["run"] == "make unlock"
    assert "env" not in step


def test_steps_are_targets_of_make() -> None:
    """What GitHub runs, anybody can run; the few commands that are none are listed."""
    makefiles = (ROOT / "Makefile").read_text() + (ROOT / ".github" / "delivery.mk").read_text()
    targets = set(re.findall(r"^([.\w/-]+):", makefiles, re.MULTILINE))
    made: set[str] = set()
    for whose, step in all_steps():
        for line in step.get("run", "").splitlines():
            if found := re.fullmatch(r"make (?:--silent )?([.\w/-]+)(?: (?:>>|\| tee -a )\"\$\w+\")?", line):
                made.add(found[1])
            elif not any(re.fullmatch(each, line) for each in NO_TARGET):
                pytest.fail(f"{whose}: {line!r} is no target of make")
    assert made <= targets
    assert {"test", "preview", "comment", "canary", "promote", "rollback", "settle", "verdict", "propose"} <= made


def test_no_text_from_outside_becomes_a_command() -> None:
    """Expressions reach a shell by its environment alone."""
    assert [(whose, step["run"]) for whose, step in all_steps() if "${{" in step.get("run", "")] == []


def test_pulumi_is_the_one_that_the_program_is_locked_to() -> None:
    """The command line and the SDK are released together."""
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    [sdk] = [each["version"] for each in locked if each["name"] == "pulumi"]
    [step] = [step for step in read(ACTIONS["stack"])["runs"]["steps"] if step.get("uses", "").startswith("pulumi/")]
    assert step["with"] == {"pulumi-version": sdk}


@every_job
def test_a_job_names_a_stack_that_there_is(job: Job) -> None:
    """A stack's file is what its updates make of it."""
    assert job.stack is None or (ROOT / "stacks" / f"Pulumi.{job.stack}.yaml").exists()


def test_what_has_to_be_set_up_is_written_down() -> None:
    """Every environment and variable, on the page that says how to set them up."""
    page = (ROOT / "docs" / "workflows.md").read_text()
    text = "".join(path.read_text() for path in WORKFLOWS.values())
    variables = set(re.findall(r"vars\.(\w+)", text))
    assert variables
    assert [each for each in {*variables, *ENVIRONMENTS.values()} if f"`{each}`" not in page] == []
