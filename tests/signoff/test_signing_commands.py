"""``sign``, ``verify`` and ``gate`` as a person meets them: what they print, what they ask, their exit codes."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from fix_demo import run_cli
from fix_signed import ANN, BOB, MAL, live_snapshot


@pytest.fixture
def run(world):
    """A run of the real time: commands know no other."""
    return world.run(at=datetime.now(UTC) - timedelta(minutes=10), gone=["i"])


def cli(world, *arguments):
    return run_cli(*arguments, cwd=world.root)


def sign(world, run, who=ANN, *more):
    return cli(world, "sign", str(run), "--as", who, "--key", str(world.key(who)), *more)


def test_it_shows_what_is_signed_and_says_where_it_stands(world, run):
    ran = sign(world, run, ANN, "--yes", "--comment", "seen", "--expires", "2099-12-31")
    assert ran.code == 0, ran.err
    statement = subprocess.run(
        ["sha256sum", "statement.json"],
        cwd=world.root / "reports/signed/prod" / run.name,
        capture_output=True,
        text=True,
        check=True,
    )
    for reported in (
        "prod, phase preflight",
        "1 blocker. ",
        "trm_prod on server 7442190517340081234",
        world.git("rev-parse", "HEAD"),
        live_snapshot(["i"]).digest,
        statement.stdout.split()[0],
        "LIV004  index public.i is in the owner's SQL and missing in prod",
        "It blocks: the gate stays closed even with an approval.",
        "until 2099-12-31",
        f"reports/signed/prod/{run.name}",
        "git add reports/signed\n",
        "add a line reports/** -text, and commit",
    ):
        assert reported in ran.out
    assert "policy and keys are read from the working tree: a proposal could change them too" in ran.err
    assert f"signed/prod/{run.name}/report.html" in (world.root / "reports/index.html").read_text()


def test_no_one_is_there_to_confirm(world, run):
    ran = sign(world, run)
    assert (ran.code, "add --yes" in ran.err) == (2, True)
    assert run.is_dir()


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"n\n", 4)], ids=["yes", "no"])
def test_it_asks_on_a_terminal(world, run, answer, code):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "migration_audit", "sign", str(run), "--as", ANN, "--key", str(world.key(ANN))]
    os.write(ours, answer)
    with subprocess.Popen(command, cwd=world.root, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        out, _ = started.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert b"Approve and sign? [y/N]" in out
    assert started.returncode == code
    assert run.is_dir() == bool(code)


@pytest.mark.parametrize(
    ("arguments", "code", "reported"),
    [
        (["--as", "no/body"], 2, "is not a valid reviewer name"),
        (["--as", MAL], 4, f"{MAL} is not a reviewer: not in"),
        (["--key", "nowhere"], 2, "the key does not exist"),
        (["--expires", "2020-01-01"], 2, "is in the past"),
        (["--policy-from", "nowhere"], 3, "git does not know the revision nowhere"),
        (["--policy-from=--all"], 3, "git does not know the revision --all"),
    ],
)
def test_what_is_refused(world, run, arguments, code, reported):
    ran = sign(world, run, ANN, "--yes", *arguments)
    assert (ran.code, reported in ran.err) == (code, True), ran.err
    assert run.is_dir()


@pytest.mark.slow
def test_verify_and_gate_before_and_after_two_signatures(world, run):
    world.edit("quorum = 2", 'quorum = 2\npolicy_from = "origin/main"')
    world.commit()
    world.publish()
    run = world.run(at=datetime.now(UTC))
    ran = cli(world, "gate", "--env", "prod")
    assert (ran.code, "no run of prod in phase preflight is signed" in ran.out) == (4, True)
    assert cli(world, "verify", str(run)).code == 4
    signed = world.root / "reports/signed/prod" / run.name
    assert sign(world, run, ANN, "--yes").code == 0
    ran = cli(world, "verify", str(signed))
    assert (ran.code, "✕ 1 of 2 required reviewers approve (ann@example.org)" in ran.out) == (4, True)
    assert sign(world, signed, BOB, "--yes").code == 0
    ran = cli(world, "verify", str(signed))
    assert (ran.code, "✕" in ran.out) == (0, False)
    assert "by allowed_signers of origin/main (" in ran.out
    ran = cli(world, "gate", "--env", "prod")
    assert (ran.code, "✕" in ran.out) == (0, False)
    assert "The gate is open, judged by allowed_signers of origin/main (" in ran.out
    ran = cli(world, "gate")
    assert (ran.code, "The gate is closed: dev." in ran.out) == (4, True)
    page = signed / "report.html"
    page.write_bytes(page.read_bytes().replace(b"clean", b"cleam", 1))
    ran = cli(world, "gate", "--env", "prod")
    assert (ran.code, "report.html has changed since the run ended: its SHA-256 differs" in ran.out) == (4, True)
    ran = cli(world, "verify", "reports/signed/prod")
    assert (ran.code, "✕ report.html has changed since the run ended: its SHA-256 differs" in ran.out) == (4, True)


@pytest.mark.slow
def test_a_rejection_is_signed_and_closes_the_gate(world, run):
    assert sign(world, run, ANN, "--yes", "--decision", "reject", "--comment", "look at the index").code == 0
    for command in (["verify", "reports/signed/prod"], ["gate", "--env", "prod"]):
        ran = cli(world, *command)
        assert (ran.code, "ann@example.org rejects it: look at the index" in ran.out) == (1, True), ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "reported"),
    [
        (["gate", "--env", "staging"], 2, "unknown environment staging"),
        (["gate", "--phase", "retired", "--policy-from", "nowhere"], 3, "git does not know the revision nowhere"),
        (["gate", "--env", "prod", "--live"], 3, "variable TRM_PROD is not set"),
        (["verify", "owner"], 2, "is not a run"),
        (["verify", "nowhere"], 2, "does not exist"),
    ],
)
def test_what_cannot_be_asked(world, run, arguments, code, reported):
    sign(world, run, ANN, "--yes")
    ran = cli(world, *arguments)
    assert (ran.code, reported in ran.err) == (code, True), ran.err


@pytest.mark.slow
def test_a_project_without_a_policy(world, run):
    world.write("audit.toml", world.toml.partition("[policy]")[0])
    for command in (["gate"], ["verify", str(run)], ["sign", str(run), "--as", ANN, "--key", "x", "--yes"]):
        ran = cli(world, *command)
        assert (ran.code, "does not name the reviewers' keys" in ran.err) == (2, True)
    keys = ["--allowed-signers", ".audit/allowed_signers"]
    assert sign(world, run, ANN, "--yes", *keys).code == 0
    assert cli(world, "verify", "reports/signed/prod", *keys).code == 0


def test_what_git_would_leave_out_or_change_is_reported(world, run):
    world.write(".gitattributes", "reports/** -text\n")
    world.write(".gitignore", "/reports/*\n")
    ran = sign(world, run, ANN, "--yes")
    assert "git add -f reports/signed\n  .gitignore excludes it: add a line !/reports/signed/" in ran.out
    assert ".gitattributes" not in ran.out


@pytest.mark.slow
def test_the_hook_minds_bytes_and_not_the_quorum(world, run):
    assert sign(world, run, ANN, "--yes", "--decision", "reject").code == 0
    signed = world.root / "reports/signed/prod" / run.name
    files = [str(p.relative_to(world.root)) for p in signed.rglob("*") if p.is_file()]
    ran = cli(world, "verify", "--intact", *files)
    assert (ran.code, ran.out.count("match statement.json byte for byte")) == (0, 1), ran.out
    assert cli(world, "verify", *files).code == 1
    (signed / "facts/live.json.gz").write_bytes(b"[]")
    assert cli(world, "verify", "--intact", *files).code == 4
