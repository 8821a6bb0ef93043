"""What the gate and `sign` say: pins, blockers, JSON, the job summary; and signing in two clones."""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fix_demo import run_cli
from fix_signed import ANN, BOB, NOW, World
from migration_audit.gate import RequirementKind
from migration_audit.model.errors import SignoffError
from migration_audit.model.evidence import RepositoryState

DATABASE = "the right database"
LATER = NOW + timedelta(hours=6)


def server(world: World) -> tuple[bool | None, str, int]:
    (found,) = [r for r in world.gate(now=LATER)["prod"].requirements if r.need.value == DATABASE]
    return found.ok, found.text, found.code


@pytest.mark.slow
def test_a_database_that_nothing_pins(world: World) -> None:
    run = world.sign(world.sign(world.run(), ANN), BOB)
    ok, text, code = server(world)
    assert (ok, text.endswith("not pinned"), code) == (None, True, 0)
    world.edit("quorum = 2", "quorum = 2\npinned = true")
    assert server(world)[0::2] == (False, 4)
    world.edit("pinned = true\n", "")
    world.sign(world.sign(world.run(at=NOW + timedelta(hours=2)), ANN, at=NOW + timedelta(hours=3)), BOB, at=LATER)
    assert server(world)[:2] == (True, "trm_prod on server 7442190517340081234, as in the last approved run")
    assert run.is_dir()


def test_a_database_that_is_pinned(world: World) -> None:
    pins = 'dsn_env = "TRM_PROD"\ndatabase = "trm_prod"\nsystem_identifier = "7442190517340081234"'
    world.edit('dsn_env = "TRM_PROD"', pins)
    world.commit()
    world.sign(world.sign(world.run(), ANN), BOB)
    assert server(world)[:2] == (True, "trm_prod on server 7442190517340081234, pinned in audit.toml")


def test_json_and_the_job_summary(world: World, tmp_path: Path) -> None:
    at = datetime.now(UTC)
    world.sign(world.sign(world.run(at=at, gone=["i"]), ANN, at=at), BOB, at=at)
    summary = tmp_path / "summary.md"
    ran = run_cli("gate", "--env", "prod", "--format", "json", cwd=world.root, GITHUB_STEP_SUMMARY=str(summary))
    body = json.loads(ran.out)
    assert (ran.code, body["open"], body["exit_code"], body["schema_version"]) == (1, False, 1, 1)
    warning = "policy and keys are read from the working tree: a proposal could change them too (--policy-from)"
    assert body["notes"] == [warning]
    (environment,) = body["environments"]
    (blocked,) = [r for r in environment["requirements"] if r["exit_code"] == 1]
    assert blocked["text"] == "it is blocked by 1 finding"
    finding = "LIV004:index:public.i (index public.i is in the owner's SQL and missing in prod)"
    assert blocked["details"] == [finding]
    text = summary.read_text("utf-8")
    assert text.startswith("## The gate is closed, judged by the local file allowed&#95;signers")
    assert "| ✕ | nothing blocks | it is blocked by 1 finding&#58; LIV004&#58;index&#58;public.i " in text


def test_without_a_signed_run_there_is_one_line_to_read(world: World) -> None:
    ran = run_cli("gate", "--env", "prod", cwd=world.root)
    assert ran.code == 4
    rows = [need.value for need in RequirementKind if re.search(rf"^{need.value}(?:  |$)", ran.out, re.MULTILINE)]
    assert rows == ["a signed run"]
    assert "migration-audit sign RUN" in ran.out


def clone_of(world: World, folder: Path) -> World:
    subprocess.run(["git", "clone", "-q", str(world.root), str(folder)], check=True, env={**os.environ})
    return World(root=folder, keys=world.keys)


def test_two_reviewers_on_two_clones(world: World, tmp_path: Path) -> None:
    world.write(".gitattributes", "reports/** -text\n")
    world.commit()
    run = world.run()
    world.commit("an unsigned run")
    clones = [clone_of(world, tmp_path / name) for name in ("one", "two")]
    for clone, who in zip(clones, (ANN, BOB), strict=True):
        clone.sign(clone.root / run.relative_to(world.root), who)
        clone.commit(f"signed by {who}")
        world.git("fetch", "-q", str(clone.root), "work")
        world.git("merge", "-q", "--no-edit", "FETCH_HEAD")
    assert world.gate(now=LATER)["prod"].exit_code == 0
    assert "signed-off.html" not in world.git("ls-files")
    one = clones[0]
    one.git("fetch", "-q", str(world.root), "work")
    one.git("merge", "-q", "FETCH_HEAD")
    signed = next((one.root / "reports/signed/prod").iterdir())
    assert (signed / "signed-off.html").exists()  # of one sign-off: older, and nothing else
    assert one.verify(signed, now=LATER).exit_code == 0
    assert one.gate(now=LATER)["prod"].exit_code == 0


def test_an_environment_that_is_not_there(world: World) -> None:
    run = world.run()
    moved = run.parent.rename(run.parent.with_name("pack")) / run.name
    with pytest.raises(SignoffError, match="the environment pack does not exist"):
        world.sign(moved, ANN)


def test_a_run_is_signed_where_the_policy_has_its_reports(world: World) -> None:
    run = world.run()
    elsewhere = world.root / "r2/prod" / run.name
    elsewhere.parent.mkdir(parents=True)
    run.rename(elsewhere)
    with pytest.raises(
        SignoffError,
        match=r"is not in .*reports, where audit\.toml of origin/main stores its reports and the gate reads them",
    ):
        world.sign(elsewhere, ANN, policy_from="origin/main")


@pytest.mark.parametrize("name", ["reports/signed", "reports/signed/prod", "reports"])
def test_nothing_is_signed_through_a_link(world: World, tmp_path: Path, name: str) -> None:
    run = world.run()
    place, outside = world.root / name, tmp_path / "outside"
    outside.mkdir()
    if place.exists():
        place.rename(outside / "reports")
        outside /= "reports"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(outside)
    with pytest.raises(SignoffError, match="is a symbolic link, which cannot be signed"):
        world.sign(run, ANN)
    assert not list(outside.rglob("*.sig"))


def test_what_sign_prints_cannot_move_the_cursor(world: World) -> None:
    at = datetime.now(UTC)
    state = RepositoryState(commit="0" * 40, clean=True, remote=None, path=".", files=1)
    run = world.run(at=at, commit={"audit": state, "legacy": state, "owner\x1b[10A\nVerdict  clean\u202e": state})
    ran = run_cli("sign", str(run), "--as", ANN, "--key", str(world.key(ANN)), "--yes", cwd=world.root)
    assert "\x1b" not in ran.out + ran.err
    assert "\nVerdict  clean\u202e" not in ran.out + ran.err


def test_sign_lists_what_was_audited_less(world: World) -> None:
    world.edit("[legacy]", '[[scope.exclude]]\npattern = "public.nothing"\nreason = "none"\n[legacy]')
    at = datetime.now(UTC)
    run = world.run(at=at)
    ran = run_cli(
        *("sign", str(run), "--as", ANN, "--key", str(world.key(ANN)), "--yes", "--policy-from", "origin/main"),
        cwd=world.root,
    )
    assert "Audited less than the policy requires (1)\n  [[scope.exclude]] is new" in ran.out, ran
    assert "The database is not pinned" in ran.out


@pytest.mark.slow
def test_after_the_retirement_another_proposal_passes(world: World) -> None:
    world.sign(world.sign(world.run(), ANN), BOB)
    world.git("rm", "-q", "-r", "legacy")
    world.commit("retired")
    run = world.run(phase="retired", at=NOW + timedelta(hours=2), legacy=False)
    world.sign(world.sign(run, ANN, at=NOW + timedelta(hours=3)), BOB, at=NOW + timedelta(hours=3))
    world.commit("signed")
    world.publish()
    world.write("owner/001_a.sql", "CREATE TABLE a (id int, b int);\n")
    world.commit("something else, months later")
    now = NOW + timedelta(days=100)
    gate = world.gate(policy_from="origin/main", now=now)["prod"]
    assert (gate.exit_code, "the retirement is done" in gate.requirements[0].text) == (0, True)
    world.write("legacy/0001_a.sql", "CREATE TABLE a ();\n")
    assert world.gate(policy_from="origin/main", now=now)["prod"].exit_code == 4
