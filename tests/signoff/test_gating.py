"""The gate: a deletion may be merged when every required environment's evidence is signed, and still the evidence."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from datetime import timedelta

import pytest

from fix_signed import ANN, BOB, NOW
from migration_audit.artifacts.git.command import each_line_once, line_of_git
from migration_audit.audit.inputs.artifact_digests import artifact_digests
from migration_audit.model.errors import AuditError, UsageError
from migration_audit.model.finding import Phase
from migration_audit.review.gating import required_environments
from migration_audit.signoff import openssh


def signed(world, **how):
    return world.sign(world.sign(world.run(**how), ANN), BOB)


def missing(gate):
    return {r.need.value: r.text for r in gate.requirements if r.ok is False}


def test_a_signed_run_opens_it(world):
    signed(world)
    for how in ({}, {"policy_from": "origin/main"}):
        gate = world.gate(**how)["prod"]
        assert (missing(gate), gate.exit_code) == ({}, 0)


def test_warnings_are_for_the_eye_of_those_who_approved(world):
    signed(world, strange=True)
    assert world.gate()["prod"].exit_code == 0


@pytest.mark.parametrize(
    ("gone", "text"),
    [(["i"], "it is blocked by 1 finding"), (["i", "j", "k", "l", "m"], "it is blocked by 5 findings")],
    ids=["one", "five"],
)
def test_blocking_evidence_is_signed_and_blocks(world, gone, text):
    signed(world, gone=gone)
    gate = world.gate()["prod"]
    assert (gate.exit_code, missing(gate)["nothing blocks"]) == (1, text)
    (blocked,) = [r for r in gate.requirements if r.code]
    assert blocked.details == tuple(
        f"LIV004:index:public.{name} (index public.{name} is in the owner's SQL and missing in prod)" for name in gone
    )


@pytest.mark.slow
def test_each_phase_has_evidence_of_its_own(world):
    signed(world)
    assert world.gate()["prod"].exit_code == 0
    world.git("rm", "-q", "-r", "legacy")
    world.commit()
    gate = world.gate(phase="retired")["prod"]
    assert missing(gate) == {"a signed run": "no run of prod in phase retired is signed"}
    signed(world, phase="retired", legacy=False, at=NOW + timedelta(minutes=1))
    assert [world.gate(phase=p)["prod"].exit_code for p in ("preflight", "retired")] == [0, 0]


def test_after_the_retirement_there_are_no_legacy_files(world):
    run = world.run(phase="retired", legacy=False)
    world.sign(world.sign(run, ANN), BOB)
    assert "legacy: new: legacy/0001_a.sql" in missing(world.gate(phase="retired")["prod"])["the same SQL"]
    world.git("rm", "-q", "-r", "legacy")
    assert world.gate(phase="retired")["prod"].exit_code == 0
    # Before it, evidence without them is no evidence of coverage.
    shutil.rmtree(world.root / "reports")
    run = world.run(legacy=False)
    world.sign(world.sign(run, ANN), BOB)
    assert missing(world.gate()["prod"])["the same SQL"] == "the evidence lists no files of legacy"


def required(world, *names, phase=Phase.PREFLIGHT):
    return [e.name for e in required_environments(world.authority(), names, phase)]


def test_which_environments_are_asked_for(world):
    assert required(world) == ["dev", "prod"]
    assert required(world, "prod", "prod") == ["prod"]
    world.edit("quorum = 2", "quorum = 2\n[policy.environments.dev]\nrequired = false")
    assert required(world) == ["prod"]
    assert required(world, "dev") == ["dev"]
    world.edit('dsn_env = "TRM_PROD"', 'dsn_env = "TRM_PROD"\nphases = ["retired"]')
    assert required(world, phase=Phase.RETIRED) == ["prod"]
    with pytest.raises(UsageError, match="no environment is required in phase preflight"):
        required(world)
    with pytest.raises(UsageError, match="unknown environment stage"):
        required(world, "stage")


def test_outside_git_the_digests_alone_tell(world):
    shutil.rmtree(world.root / ".git")
    signed(world)
    gate = world.gate()["prod"]
    (commit,) = [r for r in gate.requirements if r.need.value == "a clean commit"]
    assert (gate.exit_code, commit.ok) == (0, None)
    world.git("init", "-q")
    world.commit()
    assert "audited outside git" in missing(world.gate()["prod"])["a clean commit"]


def test_uncommitted_changes_are_no_commit(world):
    world.write("owner/notes.md", "x")
    signed(world)
    assert "uncommitted changes" in missing(world.gate()["prod"])["a clean commit"]


def test_reports_are_no_uncommitted_changes(world):
    world.run("dev")
    signed(world)
    assert world.gate()["prod"].exit_code == 0


@pytest.mark.parametrize(
    ("change", "code"), [(None, 0), ("here", 4), ("gone", 4), ("both", 4)], ids=["nothing", "here", "gone", "on main too"]
)
def test_other_files_that_were_judged(world, change, code):
    """What the work list does not name has the audited bytes."""
    path = world.write("compose.yaml", "services: {}\n")
    world.commit()
    world.publish()
    signed(world, artifacts=[{"path": "compose.yaml", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}])
    if change == "gone":
        path.unlink()
    elif change:
        path.write_text("services: {a: {}}\n")
        if change == "both":
            world.commit()
            world.publish()
    assert world.gate(policy_from="origin/main")["prod"].exit_code == code


@pytest.mark.parametrize(
    ("path", "code"),
    [("app/new.ts", 4), ("app/main.ts", 4), ("other/new.ts", 0), ("app/.env.ts", 0)],
    ids=["new", "changed", "not asked about", "a file of variables"],
)
def test_after_the_deletion_a_new_file_that_a_rule_is_about_was_not_judged(world, path, code):
    world.write("app/main.ts", "export {}\n")
    world.write("audit.toml", world.toml + '[[rule]]\ncheck = "RET005"\nddl = true\nin = ["app/**/*.ts"]\n')
    world.git("rm", "-q", "-r", "legacy")
    world.commit()
    files = [{"path": name, "sha256": sha256} for name, sha256 in artifact_digests(world.project)]
    assert [file["path"] for file in files] == ["app/main.ts"]
    signed(world, artifacts=files, phase="retired", legacy=False)
    assert world.gate(phase="retired")["prod"].exit_code == 0
    world.write(path, "await sql`CREATE TABLE t ()`\n")
    assert world.gate(phase="retired")["prod"].exit_code == code


def test_a_certificate_of_an_authority_is_a_key_of_its_principal(world, tmp_path):
    ca, key = tmp_path / "ca", tmp_path / "carol"
    for path in (ca, key):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    who, public = "carol@example.org", key.with_suffix(".pub")
    subprocess.run(["ssh-keygen", "-q", "-s", str(ca), "-I", "id", "-n", who, str(public)], check=True)
    authority = f'*@example.org cert-authority,namespaces="migration-audit" {ca.with_suffix(".pub").read_text().strip()}'
    world.allow(ANN, authority)
    run = world.sign(world.run(), ANN)
    world.sign(run, who, key=f"{key}-cert.pub")
    found = world.verify(run)
    assert found.exit_code == 0
    assert found.run.signoffs[1].fingerprint == openssh.fingerprint(public.read_text())


def test_without_openssh_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AuditError, match="signatures need OpenSSH's ssh-keygen"):
        openssh.fingerprint("x")


def test_a_gate_asks_git_for_each_line_once_and_sees_one_head(world):
    def head() -> str | None:
        return line_of_git(world.root, "rev-parse", "HEAD")

    with each_line_once():
        before = head()
        world.commit("while the gate is asked")
        assert head() == before
    assert head() != before
