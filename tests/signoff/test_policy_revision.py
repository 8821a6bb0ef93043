"""Which revision judges: in a pipeline, none that the proposer could have chosen; elsewhere it is said."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime

import pytest

from fix_demo import Ran, run_cli
from fix_signed import ANN, BOB, World

pytestmark = pytest.mark.slow

GITHUB = {"CI": "true", "GITHUB_BASE_REF": "main", "GITHUB_HEAD_REF": "work"}
GITLAB = {"CI": "true", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "work"}


@pytest.fixture
def proposed(world: World) -> World:
    """A signed run on a branch that was pushed as origin/work, and follows it; main is behind."""
    world.write(".gitattributes", "reports/** -text\n")
    world.commit()
    world.publish()
    world.sign(world.sign(world.run(at=datetime.now(UTC)), ANN, at=datetime.now(UTC)), BOB, at=datetime.now(UTC))
    world.commit()
    world.git("update-ref", "refs/remotes/origin/work", "HEAD")
    world.git("remote", "add", "origin", "https://nowhere.invalid/x.git")
    world.git("config", "branch.work.remote", "origin")
    world.git("config", "branch.work.merge", "refs/heads/work")
    world.git("tag", "mine")
    return world


def gate(world: World, *arguments: str, **variables: str) -> Ran:
    return run_cli("gate", "--env", "prod", *arguments, cwd=world.root, **variables)


@pytest.mark.parametrize("variables", [{}, {"CI": "true"}, GITHUB, GITLAB], ids=["by hand", "ci", "github", "gitlab"])
def test_the_branch_that_it_goes_into(proposed: World, variables: dict[str, str]) -> None:
    ran = gate(proposed, "--policy-from", "origin/main", **variables)
    assert (ran.code, ran.err) == (0, ""), ran


@pytest.mark.parametrize("variables", [{}, GITHUB], ids=["by hand", "ci"])
@pytest.mark.parametrize("named", ["", " "])
def test_an_empty_name_is_a_mistake_everywhere(proposed: World, named: str, variables: dict[str, str]) -> None:
    ran = gate(proposed, "--policy-from", named, **variables)
    assert (ran.code, "--policy-from: is empty" in ran.err) == (2, True), ran


@pytest.mark.parametrize(
    "named",
    [None, "HEAD", "@", "@{u}", "@{upstream}", "HEAD~0", "work", "origin/work", "work@{u}", "mine", "FETCH_HEAD", "id"],
)
def test_what_the_proposer_could_have_chosen(proposed: World, named: str | None) -> None:
    proposed.git("fetch", "-q", str(proposed.root), "work")
    name = proposed.git("rev-parse", "HEAD") if named == "id" else named
    arguments = [] if name is None else ["--policy-from", name]
    ran = gate(proposed, *arguments, **GITHUB)
    assert (ran.code, "--policy-from origin/main" in ran.err, ran.out) == (4, True, ""), ran
    ran = gate(proposed, *arguments)
    assert (ran.code, "(--policy-from)" in ran.err) == (0, True), ran


def test_a_tag_of_an_older_commit(proposed: World) -> None:
    """Whoever may push may set it, and so leave out what was decided on the branch since."""
    proposed.git("tag", "policy", "origin/main")
    ran = gate(proposed, "--policy-from", "policy", **GITHUB)
    assert (ran.code, "policy is a tag, which anyone who may push can set" in ran.err) == (4, True), ran


def test_a_commit_of_the_proposal_that_is_not_its_last(proposed: World) -> None:
    named = proposed.git("rev-parse", "HEAD")
    proposed.commit()
    ran = gate(proposed, "--policy-from", named, **GITHUB)
    assert (ran.code, "is not on origin/main" in ran.err) == (4, True), ran


def test_a_pinned_commit_of_the_branch_that_it_goes_into(proposed: World) -> None:
    ran = gate(proposed, "--policy-from", proposed.git("rev-parse", "origin/main"), **GITHUB)
    assert ran.code == 0, ran


def test_the_branch_of_the_proposal_by_the_name_that_the_pipeline_has_for_it(proposed: World) -> None:
    proposed.git("checkout", "-q", "--detach")
    ran = gate(proposed, "--policy-from", "origin/work", **GITLAB)
    assert (ran.code, "origin/work is the branch that is proposed" in ran.err) == (4, True), ran


def test_a_push_to_the_protected_branch_itself(proposed: World) -> None:
    proposed.publish()
    proposed.git("checkout", "-q", "-B", "main", "--track", "origin/main")
    pushed = {"CI": "true", "GITHUB_REF_NAME": "main", "GITHUB_REF_PROTECTED": "true"}
    assert gate(proposed, "--policy-from", "origin/main", **pushed).code == 0
    assert gate(proposed, "--policy-from", "origin/main", CI="true").code == 4
    proposed.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    assert gate(proposed, "--policy-from", "origin/main", CI="true").code == 0


@pytest.mark.parametrize(("named", "code"), [("origin/main", 0), ("origin/other", 4)])
def test_the_revision_that_audit_toml_of_the_proposal_names(proposed: World, named: str, code: int) -> None:
    proposed.edit("quorum = 2", f'quorum = 2\npolicy_from = "{named}"')
    proposed.commit()
    proposed.git("update-ref", "refs/remotes/origin/other", "HEAD")
    assert gate(proposed, **GITHUB).code == code
    assert gate(proposed).code == 0


def test_verify_in_a_pipeline(proposed: World) -> None:
    for arguments, code in ([], 4), (["--intact"], 0), (["--policy-from", "origin/main"], 0):
        ran = run_cli("verify", "reports/signed/prod", *arguments, cwd=proposed.root, **GITHUB)
        assert ran.code == code, ran


def test_a_clone_as_pipelines_have_it(proposed: World, tmp_path) -> None:
    """One commit deep, detached, the target branch fetched beside it."""
    proposed.git("branch", "main", "origin/main")
    clone = tmp_path / "clone"
    source = f"file://{proposed.root}"
    for command in (
        ["clone", "-q", "--depth", "1", "--branch", "work", source, str(clone)],
        ["-C", str(clone), "checkout", "-q", "--detach"],
        ["-C", str(clone), "fetch", "-q", "--depth", "1", "origin", "+refs/heads/main:refs/remotes/origin/main"],
    ):
        subprocess.run(["git", *command], check=True, capture_output=True, env={**os.environ, "GIT_TERMINAL_PROMPT": "0"})
    ran = run_cli("gate", "--env", "prod", "--policy-from", "origin/main", cwd=clone, **GITHUB)
    assert "a clean commit" in ran.out
