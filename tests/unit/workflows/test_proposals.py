"""The steps that make an image, propose it, and comment on what merging would do, run here."""

import json
import re

import pytest

from teal.plans.render import MARKER
from tests.unit.workflows.world import OWN, RELEASE, World


def test_an_image_is_known_by_its_digest_in_its_own_repository(world: World) -> None:
    """What a step of GitHub's takes as output is that, and nothing else."""
    assert world.make("image", **RELEASE, FOLDER="shop").stdout == ""
    assert list(world.ran("docker")[0][1:]) == [
        "build",
        "--pull",
        "--tag",
        "registry.example/shop/backend:1.5.0",
        "shop",
    ]
    assert world.make("push", **RELEASE).stdout == "image=registry.example/shop/backend@sha256:22\n"


def test_an_image_without_a_digest_there_is_no_output(world: World) -> None:
    """A release of no image would be prepared by it; docker says another registry's digests alone."""
    seen = world.make("push", **{**RELEASE, "REPOSITORY": "other.example/backend"})
    assert (seen.returncode != 0, seen.stdout) == (True, "")
    assert "docker knows no digest of other.example/backend:1.5.0" in seen.stderr


def test_a_release_is_proposed_on_a_branch_of_its_own(world: World) -> None:
    """The stack file alone is committed, and the pull request is a draft."""
    image = "registry.example/shop/backend@sha256:22"
    seen = world.make("propose", **RELEASE, IMAGE=image, BASE="main", RUN_URL="https://ci.example/1")
    assert seen.returncode == 0, seen.stderr
    assert list(world.ran("teal")[0][1:]) == ["prepare", "--yes", "--stack", "test", "--", "1.5.0", f"backend={image}"]
    switch, _, commit, push = world.ran("git")
    assert switch[-1] == "release/test-1.5.0"
    assert list(commit[-2:]) == ["--", OWN]
    assert push[1] == "push"
    made = world.ran("gh", "pr", "create")[0]
    assert "--draft" in made
    assert made[made.index("--base") + 1 : made.index("--base") + 4] == ["main", "--head", "release/test-1.5.0"]


MARK = "<!-- teal plan of test -->"
"""What a comment is found again by: one of another stack begins otherwise."""

ASKED = {"PR": "7", "COMMIT": "0123abc", "RUN_URL": "https://ci.example/1"}


@pytest.mark.parametrize(
    ("comments", "method", "to"),
    [
        ("", "POST", "repos/{owner}/{repo}/issues/7/comments"),
        ("41\n", "PATCH", "repos/{owner}/{repo}/issues/comments/41"),
        ("41\n42\n", "PATCH", "repos/{owner}/{repo}/issues/comments/41"),
    ],
)
def test_a_pull_request_has_one_comment(world: World, comments: str, method: str, to: str) -> None:
    """The first plan makes it, all later ones change it."""
    world.make("preview", "FLIP")
    seen = world.make("comment", **ASKED, COMMENTS=comments)
    assert seen.returncode == 0, seen.stderr
    written = world.ran("gh")[-1]
    assert list(written[2:]) == ["--silent", "--method", method, to, "--field", "body=@.delivery/test/comment.md"]
    body = (world.folder / ".delivery/test/comment.md").read_text()
    assert body == f"{MARK}\n**test**\n{MARKER}\n**FLIP**\n\n0123abc, https://ci.example/1\n"
    assert "startswith(env.MARK)" in world.ran("gh")[0][-1]
    assert (world.folder / "mark").read_text() == MARK


def test_a_comment_without_a_plan_says_so(world: World) -> None:
    """The plan of an older commit would be read as this one's."""
    seen = world.make("comment", **ASKED, COMMENTS="41\n")
    assert seen.returncode == 0, seen.stderr
    body = (world.folder / ".delivery/test/comment.md").read_text()
    assert body.startswith(f"{MARK}\n**test**\nNo plan could be made")
    assert body.endswith("\n0123abc, https://ci.example/1\n")


GITLAB = {
    "COMMIT": "0123abc",
    "RUN_URL": "https://ci.example/1",
    "CI_API_V4_URL": "https://gitlab.example/api/v4",
    "CI_PROJECT_ID": "9",
    "CI_PROJECT_URL": "https://gitlab.example/shop/delivery",
    "CI_MERGE_REQUEST_IID": "7",
    "DEPLOY_BRANCH": "main",
    "GITLAB_TOKEN": "hush-hush",
}


def noted(author: int, body: str, number: int = 41) -> str:
    """Notes as GitLab lists them."""
    return json.dumps([{"id": number, "author": {"id": author}, "body": body}])


@pytest.mark.parametrize(
    ("notes", "method", "to"),
    [
        ("[]", "POST", "notes"),
        (noted(5, "something else"), "POST", "notes"),
        (noted(6, f"{MARK} of somebody else"), "POST", "notes"),
        (noted(5, "<!-- teal plan of staging -->\n**FLIP**"), "POST", "notes"),
        (noted(5, f"{MARK}\n**FLIP**"), "PUT", "notes/41"),
    ],
)
def test_a_merge_request_has_one_note(world: World, notes: str, method: str, to: str) -> None:
    """It is known by who wrote it, and by how it begins; the token stands in no command."""
    world.make("preview", "FLIP")
    seen = world.make("note", **GITLAB, NOTES=notes)
    assert seen.returncode == 0, seen.stderr
    written = world.ran("curl")[-1]
    assert written[written.index("--request") + 1] == method
    assert written[-1] == f"https://gitlab.example/api/v4/projects/9/merge_requests/7/{to}"
    assert "body@.delivery/test/comment.md" in written
    assert (world.folder / ".delivery/test/comment.md").read_text().endswith("\n0123abc, https://ci.example/1\n")
    assert "hush-hush" not in (world.folder / "log").read_text()


def test_a_release_is_proposed_on_gitlab_by_a_push(world: World) -> None:
    """The token is asked for by git, of a helper, and stands in no command either."""
    seen = world.make("propose-merge", **GITLAB, **RELEASE, IMAGE="registry.example/shop/backend@sha256:22")
    assert seen.returncode == 0, seen.stderr
    push = world.ran("git")[-1]
    assert {"push", "merge_request.create", "merge_request.target=main"} <= {*push}
    assert list(push[-2:]) == ["https://gitlab.example/shop/delivery.git", "HEAD"]
    assert "hush-hush" not in (world.folder / "log").read_text()


def test_an_image_is_scanned_on_this_machine(world: World) -> None:
    """By a scanner of a named release."""
    assert world.make("scan", **RELEASE).returncode == 0
    (ran,) = world.ran("docker", "run")
    assert ran[-1] == "docker:registry.example/shop/backend:1.5.0"
    assert any(re.fullmatch(r"anchore/grype:v\d+\.\d+\.\d+", each) for each in ran)
