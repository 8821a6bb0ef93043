"""Signing a run: what may be signed, where it stands then, and what verify says of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from fix_demo import run_cli
from fix_signed import ANN, BOB, EVE, MAL, NOW, said
from migration_audit.model.errors import AuditError, SignoffError, UsageError
from migration_audit.review import signing
from migration_audit.runner.folders import write_index
from migration_audit.signoff import openssh
from migration_audit.signoff.openssh import read_signature

SOON = NOW + timedelta(hours=1)


def propose(world, folder, who=ANN, **how):
    return signing.propose_recomputed(folder, world.authority(**how), reviewer=who, now=SOON)


def test_two_reviewers_sign_and_it_verifies(world):
    run = world.run()
    signed = world.sign(run, ANN)
    assert signed == world.root / "reports/signed/prod" / run.name
    assert not run.exists()
    found = world.verify(signed)
    assert said(found.about_policy) == "1 of 2 required reviewers approve (ann@example.org)"
    assert found.exit_code == 4
    assert world.sign(signed, BOB) == signed
    assert world.verify(signed).exit_code == 0
    assert {p.name for p in (signed / "signoff").iterdir()} == {f"{w}.json{e}" for w in (ANN, BOB) for e in ("", ".sig")}


def test_a_second_signature_rewrites_nothing_that_was_signed(world):
    signed = world.sign(world.run(), ANN)
    before = {p: p.read_bytes() for p in signed.rglob("*") if p.is_file() and p.name != "signed-off.html"}
    world.sign(signed, BOB)
    assert {p: p.read_bytes() for p in before} == before


def test_the_folder_of_an_environment_is_its_newest_run(world):
    world.run(at=NOW - timedelta(days=1))
    newest = world.run()
    assert world.sign(newest.parent).name == newest.name
    assert [p.name for p in newest.parent.iterdir()] == ["20261122T120000Z-abcdef0"]


def test_a_run_of_the_future_is_neither_listed_nor_signed(world):
    newest = world.run()
    future = world.run(at=datetime.now(UTC) + timedelta(days=400))
    notes: list[str] = []
    write_index(world.root / "reports", order=["prod"], progress=notes.append)
    assert notes == [
        f"{world.root}/reports/index.html leaves out {future}: its evidence is dated in the future",
    ]
    assert newest.name in (world.root / "reports/index.html").read_text()
    with pytest.raises(SignoffError, match="its evidence is dated in the future"):
        world.sign(newest.parent)
    assert world.sign(newest).name == newest.name


def broken_report(world, run):
    (run / "report.html").write_text("all is well")


def another_file(world, run):
    (run / "extra").mkdir()
    (run / "extra" / "x").write_text("")


def incomplete(world, run):
    shutil.rmtree(run)
    world.run(error="the kernel died")


def other_folder(world, run):
    run.parent.rename(run.parent.with_name("dev"))


def unknown(world, run):
    world.allow(BOB)


def twice(world, run):
    world.sign(run, ANN)


def signed_copy(world, run):
    shutil.copytree(run, world.root / "aside")
    world.sign(run, BOB)
    shutil.copytree(world.root / "aside", run)


def broken_sign_off(world, run):
    signed = world.sign(run, BOB)
    (signed / f"signoff/{BOB}.json.sig").unlink()


def not_a_signer(world, run):
    world.edit("quorum = 2", f'quorum = 1\nsigners = ["{BOB}"]')


def ran_it(world, run):
    world.git("config", "user.email", ANN.title())
    shutil.rmtree(run)
    world.run()


def wrote_the_commit(world, run):
    world.git("commit", "-q", "--allow-empty", "-m", "y", GIT_AUTHOR_EMAIL=ANN)
    shutil.rmtree(run)
    world.run()


def other_project(world, run):
    world.edit('name = "trm"', 'name = "other"')


REFUSED = [
    (broken_report, "report.html has changed since the run ended: its SHA-256 differs"),
    (another_file, "extra/x does not belong to the run"),
    (incomplete, "the run did not finish"),
    (other_folder, "the run is of environment prod, but is in the folder dev"),
    (unknown, "ann@example.org is not a reviewer: not in"),
    (twice, "ann@example.org has signed this run already"),
    (signed_copy, "is already signed, and is in the folder of signed runs"),
    (broken_sign_off, "its signature bob@example.org.json.sig is missing"),
    (not_a_signer, "ann@example.org may not sign prod"),
    (ran_it, "ann@example.org started this run, or changed an audited file"),
    (wrote_the_commit, "ann@example.org started this run, or changed an audited file"),
    (other_project, "is a run of the project trm"),
]


@pytest.mark.parametrize(("change", "reason"), [pytest.param(*t, id=t[0].__name__) for t in REFUSED])
def test_what_may_not_be_signed(world, change, reason):
    change(world, world.run())
    reports = world.root / "reports"
    run = (
        next(p for p in sorted(reports.glob("[!s]*/*"), reverse=True) or [None] if p)
        if any(reports.glob("[!s]*/*"))
        else next(reports.glob("signed/*/*"))
    )
    before = sorted(p for p in reports.rglob("*") if p.is_file())
    with pytest.raises(SignoffError, match=re.escape(reason)):
        propose(world, run)
    assert sorted(p for p in reports.rglob("*") if p.is_file()) == before


def test_what_could_not_be_checked_is_rejected_or_audited_again_but_not_approved(world):
    run = world.run(unread=True)
    with pytest.raises(
        SignoffError, match=r"may not be approved: the verdict is incomplete, .*LIV001.* could not be checked"
    ):
        world.sign(run)
    assert run.is_dir()
    signed = world.sign(run, decision="reject")
    assert world.verify(signed).exit_code == 1
    world.sign(signed, decision="withdraw")


def test_the_author_may_sign_where_the_policy_says_so(world):
    world.allow(ANN, MAL)
    world.edit("quorum = 2", "quorum = 2\nauthor_may_sign = true")
    assert world.verify(world.sign(world.sign(world.run(), MAL), ANN)).exit_code == 0


def test_a_run_without_a_commit_has_no_author(world):
    run = world.run(author={"commit": None, "ran_by": None})
    assert propose(world, run).run.evidence.author == {"commit": None, "ran_by": None}


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "ann@example.org,bob@example.org", "*", "a b", "-x", ".x", "ä"])
def test_a_reviewer_is_called_like_a_file_and_like_one_principal(world, name):
    with pytest.raises(UsageError, match="is not a valid reviewer name"):
        propose(world, world.run(), name)


def test_a_key_that_does_not_count_signs_nothing(world):
    run = world.run()
    with pytest.raises(SignoffError, match="nothing was signed: the key"):
        world.sign(run, BOB, key=str(world.key(ANN)))
    assert run.is_dir()
    assert not (world.root / "reports/signed").exists()


def test_a_revoked_key_signs_nothing(world):
    world.write(".audit/revoked", world.public(ANN) + "\n")
    with pytest.raises(SignoffError, match="is revoked"):
        world.sign(world.run(), ANN)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("oops\n", "is not a public key"), ("# none\n\n", None), ("", None)],
    ids=["garbage", "comments", "empty"],
)
def test_the_list_of_revoked_keys_is_read_or_refused(world, text, reason):
    world.write(".audit/revoked", text)
    if reason:
        with pytest.raises(UsageError, match=reason):
            world.authority()
    else:
        assert world.authority().revoked == b""


def test_keys_of_the_agent(world, tmp_path, monkeypatch):
    started = subprocess.run(["ssh-agent", "-s", "-a", str(tmp_path / "a")], capture_output=True, text=True, check=True)
    pid = re.search(r"SSH_AGENT_PID=(\d+)", started.stdout)[1]
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "a"))
    try:
        run = world.run()
        with pytest.raises(AuditError, match="the agent has no keys, or is not running"):
            world.sign(run, ANN, key="agent")
        subprocess.run(["ssh-add", "-q", str(world.key(EVE)), str(world.key(ANN)), str(world.key(BOB))], check=True)
        signed = world.sign(run, ANN, key="agent")
        world.sign(signed, BOB, key=str(world.key(BOB).with_suffix(".pub")))
        assert world.verify(signed).exit_code == 0
        world.allow(ANN, EVE)
        subprocess.run(["ssh-add", "-q", "-d", str(world.key(EVE))], check=True)
        with pytest.raises(AuditError, match="keys, but allowed_signers lists none of them for eve"):
            world.sign(world.run(at=NOW + timedelta(minutes=1)), EVE, key="agent")
    finally:
        os.kill(int(pid), 15)


def test_a_key_that_cannot_be_used_is_reported_with_what_ssh_keygen_says(world, tmp_path):
    key = tmp_path / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret!", "-f", str(key)], check=True)
    with pytest.raises(AuditError, match="ssh-keygen did not sign"):
        world.sign(world.run(), ANN, key=str(key))
    with pytest.raises(UsageError, match="the key does not exist"):
        world.sign(next((world.root / "reports/prod").iterdir()), ANN, key=str(tmp_path / "none"))


def test_the_sheet_of_the_signed_off_page(world):
    signed = world.sign(world.run(), ANN, comment='</table><script>alert(1)</script> "quoted"\nand \u202ea second line')
    page = (signed / "signed-off.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &#34;quoted&#34;<br>and \\u202ea second line" in page
    assert page.count("Content-Security-Policy") == 1
    assert openssh.fingerprint(world.public(ANN)) in page
    assert f"migration-audit verify reports/signed/prod/{signed.name}" in page
    # The report is in it as it was, but for what was added.
    rest = page.replace(re.search(r"<section class=\"signed\".*?</section>\n", page, re.DOTALL)[0], "")
    assert [line for line in (signed / "report.html").read_text().splitlines() if line not in rest.splitlines()] == []


def test_the_page_of_two_branches_is_made_anew(world):
    signed = world.sign(world.sign(world.run(), ANN), BOB)
    (signed / "signed-off.html").write_text("<<<<<<< a merge conflict")
    found = world.verify(signed)
    assert said(found.about_run) == "signed-off.html does not match the report and its sign-offs"
    ran = run_cli("verify", str(signed), "--page", cwd=world.root)
    assert "wrote reports/signed/prod/" in ran.out
    assert world.verify(signed).exit_code == 0


def test_the_documented_way_by_hand(world):
    """What the signed-off page says: coreutils and OpenSSH alone."""
    signed = world.sign(world.sign(world.run(gone=["i"]), ANN), BOB)
    block = re.search(r"<pre>(python3 -c.*?)</pre>", (signed / "signed-off.html").read_text(), re.DOTALL)[1]
    script = block.replace("&#39;", "'").replace("&#34;", '"').replace("&lt;", "<").replace("&gt;", ">")
    script = script.replace("ALLOWED_SIGNERS", str(world.root / ".audit/allowed_signers"))

    def by_hand() -> int:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=signed, capture_output=True, check=False
        ).returncode

    assert by_hand() == 0
    statement = json.loads((signed / f"signoff/{ANN}.json").read_text())["statement"]["sha256"]
    printed = subprocess.run(["sha256sum", "statement.json"], cwd=signed, capture_output=True, text=True, check=True)
    assert printed.stdout.startswith(statement)
    (signed / "summary.md").write_text("fine")
    assert by_hand() != 0


@pytest.mark.parametrize(
    "content", [b"", b"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n", b"\xff" * 300]
)
def test_what_is_no_signature(content):
    with pytest.raises(ValueError, match="it is"):
        read_signature(content)


def test_a_signature_says_who_made_it_and_for_what(world):
    signed = world.sign(world.run(), ANN)
    found = read_signature((signed / f"signoff/{ANN}.json.sig").read_bytes())
    assert (found.namespace, found.key_line) == ("migration-audit", world.public(ANN))


def test_validity_is_that_of_the_time_of_signing(world):
    """A key that had ended when it signed is none; nor is one that has ended since, unless main had the decision in time."""
    at = datetime(2031, 5, 1, tzinfo=UTC)
    world.allow(*(f'{who} valid-after="20310401",valid-before="20310601" {world.public(who)}' for who in (ANN, BOB)))
    run = world.run(at=at)
    signed = world.sign(world.sign(run, ANN, at=at + timedelta(hours=1)), BOB, at=at + timedelta(hours=2))
    assert world.verify(signed, now=at + timedelta(days=3)).exit_code == 0
    assert world.verify(signed, now=at + timedelta(days=90)).exit_code == 4
    world.allow(*(f'{who} valid-after="20310401",valid-before="20310501" {world.public(who)}' for who in (ANN, BOB)))
    assert world.verify(signed, now=at + timedelta(days=90)).exit_code == 4
