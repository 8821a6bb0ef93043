"""What reviewers decide, take back and decide again; whose time counts; which keys are revoked; who may not sign."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from fix_demo import run_cli
from fix_signed import ANN, BOB, EVE, MAL, NOW, World, restate, said
from migration_audit.model.errors import AuditError, SignoffError

LATER = NOW + timedelta(hours=6)
HOUR = timedelta(hours=1)


def gate(world: World, *, policy_from: str | None = "origin/main", now: datetime = LATER) -> tuple[int, str]:
    found = world.gate(policy_from=policy_from, now=now)["prod"]
    return found.exit_code, "\n".join(r.text for r in found.requirements if r.ok is False)


def approved(world: World, **how) -> None:
    world.sign(world.sign(world.run(**how), ANN), BOB)
    world.commit("approved")


@pytest.fixture
def proposed(world: World) -> World:
    """A signed run on a branch off origin/main."""
    approved(world)
    assert gate(world) == (0, "")
    return world


# A no that was seen once.


def rejects_later(world: World) -> None:
    run = world.run(at=NOW + HOUR)
    world.sign(run, ANN, decision="reject", comment="not yet", at=NOW + 2 * HOUR)
    world.commit("rejected")


def reverted(world: World) -> None:
    world.git("revert", "--no-edit", "HEAD")


def removed(world: World) -> None:
    world.git("checkout", "-q", "HEAD~1", "--", "reports")
    for path in (world.root / "reports/signed/prod").iterdir():
        if path.name not in world.git("ls-tree", "--name-only", "HEAD~1", "reports/signed/prod/"):
            world.git("rm", "-q", "-r", "-f", str(path))
    world.commit("tidy")


def merged_away(world: World) -> None:
    world.git("checkout", "-q", "-b", "other", "HEAD~1")
    world.commit("other")
    world.git("merge", "-q", "-s", "ours", "-m", "merge", "work")


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["origin/main", None])
@pytest.mark.parametrize("how", [reverted, removed, merged_away])
def test_a_rejection_that_is_undone_in_the_proposal(proposed: World, how, policy: str | None) -> None:
    rejects_later(proposed)
    assert gate(proposed, policy_from=policy)[0] == 1
    how(proposed)
    code, reported = gate(proposed, policy_from=policy)
    assert (code, "ann@example.org rejected 20261123T130000Z-abcdef0 in commit" in reported, "not yet" in reported) == (
        1,
        True,
        True,
    ), reported


@pytest.mark.slow
def test_a_newer_approved_run_answers_an_undone_rejection(proposed: World) -> None:
    rejects_later(proposed)
    reverted(proposed)
    run = proposed.run(at=NOW + 3 * HOUR)
    proposed.sign(proposed.sign(run, ANN, at=NOW + 4 * HOUR), BOB, at=NOW + 4 * HOUR)
    proposed.commit()
    assert gate(proposed) == (0, "")


@pytest.mark.slow
def test_the_rejection_of_a_stranger_that_is_undone(proposed: World) -> None:
    proposed.allow(ANN, BOB, EVE)
    run = proposed.run(at=NOW + HOUR)
    proposed.sign(run, EVE, decision="reject", at=NOW + 2 * HOUR)
    proposed.allow(ANN, BOB)
    proposed.commit()
    reverted(proposed)
    assert gate(proposed) == (0, "")


@pytest.mark.slow
def test_the_time_of_the_evidence_counts_and_not_the_name_of_the_folder(world: World) -> None:
    folder = world.run()
    newest = folder.rename(folder.with_name("20991231T000000Z-abcdef0"))
    restate(newest)
    world.sign(world.sign(newest, ANN), BOB)
    assert gate(world, policy_from=None) == (0, "")
    world.sign(world.run(at=NOW + HOUR), ANN, decision="reject", at=NOW + 2 * HOUR)
    code, reported = gate(world, policy_from=None)
    assert (code, f"{ANN} rejects it" in reported) == (1, True)


# Taking back, and deciding again.


@pytest.mark.slow
def test_an_approval_is_withdrawn_and_given_again(world: World) -> None:
    run = world.sign(world.sign(world.run(), ANN), BOB)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    world.sign(run, ANN, decision="withdraw", at=NOW + 2 * HOUR)
    found = world.verify(run, now=LATER)
    assert (found.exit_code, said(found.about_policy)) == (4, f"1 of 2 required reviewers approve ({BOB})")
    assert gate(world, policy_from=None)[0] == 4
    assert f"withdrawn by {ANN}" in (run / "signed-off.html").read_text("utf-8")
    world.sign(run, ANN, at=NOW + 3 * HOUR)
    assert world.verify(run, now=LATER).exit_code == 0
    assert gate(world, policy_from=None) == (0, "")
    changed = [p.name for p, content in before.items() if p.read_bytes() != content]
    assert changed == ["signed-off.html"]
    assert {p.name for p in (run / "signoff").glob("ann*.json")} == {f"{ANN}.json", f"{ANN}~2.json", f"{ANN}~3.json"}


def test_a_rejection_is_withdrawn(world: World) -> None:
    run = world.sign(world.sign(world.run(), ANN), BOB, decision="reject")
    assert gate(world, policy_from=None)[0] == 1
    world.sign(run, BOB, decision="withdraw", at=NOW + 2 * HOUR)
    assert gate(world, policy_from=None)[0] == 4
    world.sign(run, BOB, at=NOW + 3 * HOUR)
    assert gate(world, policy_from=None) == (0, "")


def test_a_withdrawal_that_is_undone_in_the_proposal(proposed: World) -> None:
    (run,) = (proposed.root / "reports/signed/prod").iterdir()
    proposed.sign(run, ANN, decision="withdraw", at=NOW + 2 * HOUR)
    proposed.commit("withdrawn")
    reverted(proposed)
    code, reported = gate(proposed)
    assert (code, f"{ANN} withdrew an approval" in reported) == (1, True)


def test_nothing_is_withdrawn_that_was_not_decided(world: World) -> None:
    run = world.sign(world.run(), ANN)
    with pytest.raises(SignoffError, match="has not decided about this run"):
        world.sign(run, BOB, decision="withdraw")
    with pytest.raises(SignoffError, match="has signed this run already"):
        world.sign(run, ANN)


def test_withdraw_on_the_command_line(world: World) -> None:
    at = datetime.now(UTC)
    run = world.sign(world.run(at=at), ANN, at=at)
    ran = run_cli("sign", str(run), "--as", ANN, "--key", str(world.key(ANN)), "--withdraw", "--yes", cwd=world.root)
    assert (ran.code, f"{ANN}: withdraw" in ran.out) == (0, True), ran
    for decision in ("reject", "withdraw"):
        ran = run_cli(
            *("sign", str(run), "--as", ANN, "--key", str(world.key(ANN)), "--yes"),
            *("--decision", decision, "--expires", "2099-01-01"),
            cwd=world.root,
        )
        assert (ran.code, "only an approval expires" in ran.err) == (2, True), ran


def test_a_rejection_does_not_expire(world: World) -> None:
    """Not even one that says so: it was signed by another program."""
    run = world.sign(world.sign(world.run(), BOB), ANN, decision="reject", expires=NOW + 2 * HOUR)
    code, reported = gate(world, policy_from=None)
    assert (code, f"{ANN} rejects it" in reported) == (1, True)
    assert run.is_dir()


@pytest.mark.parametrize("at", [NOW - HOUR, LATER + HOUR], ids=["before the run", "in the future"])
@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_time_that_cannot_be(world: World, at: datetime, decision: str) -> None:
    """It makes no approval, and takes no rejection away."""
    run = world.sign(world.run(), BOB)
    if decision == "approve":
        with pytest.raises(SignoffError, match="its evidence is dated in the future"):
            world.sign(run, ANN, at=NOW - HOUR)
        with pytest.raises(SignoffError, match="is before the audit"):
            world.sign(run, ANN, at=NOW - HOUR, anyway=True)
        return
    world.sign(run, ANN, decision="reject", at=at, anyway=True)
    assert gate(world, policy_from=None)[0] == 1


# Keys that end, are rotated, are revoked.


def ends(world: World, day: str) -> None:
    """ann's line in allowed_signers of main ends then."""
    line = f'{ANN} valid-before="{day}",namespaces="migration-audit" {world.public(ANN)}'
    world.allow(line, BOB)
    world.commit("rotation")


def committed_at(world: World, at: datetime, message: str = "signed") -> None:
    world.git("add", "-A")
    when = at.isoformat()
    world.git("commit", "-q", "-m", message, GIT_COMMITTER_DATE=when, GIT_AUTHOR_DATE=when)


def test_a_clock_that_is_set_back_does_not_make_a_key_valid(world: World) -> None:
    ends(world, "20261124")
    world.publish()
    run = world.run()
    world.sign(world.sign(run, ANN), BOB)  # as the signer's own clock has it
    now = NOW + timedelta(days=3)
    code, reported = gate(world, now=now)
    assert (code, "1 of 2 required reviewers approve" in reported) == (4, True)
    with pytest.raises(SignoffError, match="is not valid on 2026-11-26"):
        from migration_audit import signoff
        from migration_audit.model.signoff import Decision
        from migration_audit.review import signing

        authority = world.authority()
        proposal = signoff.propose(world.run(at=NOW + HOUR), authority, reviewer=ANN, now=now)
        what = signing.decision_of(
            proposal, reviewer=ANN, decision=Decision.APPROVE, comment="", expires=None, now=NOW + 2 * HOUR
        )
        signoff.add_signature(proposal, what, authority, key=str(world.key(ANN)), page_of=signing.signed_page, now=now)


def test_what_reached_the_protected_branch_in_time_goes_on_counting(world: World) -> None:
    world.sign(world.sign(world.run(), ANN), BOB)
    committed_at(world, NOW + 3 * HOUR)
    ends(world, "20261124")
    world.publish()
    assert gate(world, now=NOW + timedelta(days=3)) == (0, "")


def test_what_reached_it_too_late_does_not(world: World) -> None:
    world.sign(world.sign(world.run(), ANN), BOB)
    committed_at(world, NOW + timedelta(days=2))
    ends(world, "20261124")
    world.publish()
    code, reported = gate(world, now=NOW + timedelta(days=3))
    assert (code, "1 of 2 required reviewers approve" in reported) == (4, True)


def test_the_time_of_a_merge_counts_and_not_of_what_is_merged(world: World) -> None:
    world.git("checkout", "-q", "-b", "side")
    world.sign(world.sign(world.run(), ANN), BOB)
    committed_at(world, NOW + 3 * HOUR)
    world.git("checkout", "-q", "work")
    when = (NOW + timedelta(days=2)).isoformat()
    world.git("merge", "-q", "--no-ff", "-m", "m", "side", GIT_COMMITTER_DATE=when, GIT_AUTHOR_DATE=when)
    ends(world, "20261124")
    world.publish()
    assert gate(world, now=NOW + timedelta(days=3))[0] == 4


def test_a_rotated_key_signs_again(world: World) -> None:
    run = world.sign(world.sign(world.run(), ANN), BOB)
    assert gate(world, policy_from=None) == (0, "")
    world.allow(f'{ANN} namespaces="migration-audit" {world.public(EVE)}', BOB)
    code, reported = gate(world, policy_from=None)
    assert (code, "1 of 2 required reviewers approve" in reported) == (4, True)
    world.sign(run, ANN, key=str(world.key(EVE)), at=NOW + 2 * HOUR)
    assert gate(world, policy_from=None) == (0, "")


def krl(world: World, *names: str) -> None:
    keys = [str(world.key(name).with_suffix(".pub")) for name in names]
    subprocess.run(["ssh-keygen", "-q", "-k", "-f", str(world.root / ".audit/revoked"), *keys], check=True)


FORMATS = {
    "keys": lambda w: f"{w.public(ANN)}\n",
    "keys with names, and Windows line ends": lambda w: f"# gone\r\n\r\n  {w.public(ANN)} ann's old one\r\n",
    "allowed_signers": lambda w: f"{ANN} {w.public(ANN)}\n",
    "allowed_signers with options": lambda w: f'{ANN},x@y namespaces="migration-audit,git" {w.public(ANN)} old\n',
    "allowed_signers of two": lambda w: f"{ANN} {w.public(ANN)}\n{EVE} {w.public(EVE)}\n",
}


@pytest.mark.parametrize("text", FORMATS.values(), ids=list(FORMATS))
def test_a_list_of_revoked_keys_revokes_these_keys(world: World, text) -> None:
    run = world.sign(world.sign(world.run(), ANN), BOB)
    world.write(".audit/revoked", text(world))
    ok = {s.reviewer: s.counts for s in world.verify(run, now=LATER).run.signoffs}
    assert ok == {ANN: False, BOB: True}


def test_a_krl_revokes_its_keys(world: World) -> None:
    run = world.sign(world.sign(world.run(), ANN), BOB)
    krl(world, ANN)
    assert {s.reviewer: s.counts for s in world.verify(run, now=LATER).run.signoffs} == {ANN: False, BOB: True}


@pytest.mark.parametrize(
    "text",
    [
        "ann@example.org\n",
        "serial: 1\n",
        "sha256: SHA256:abc\n",
        '{ann} valid-before="20260101" {key}\n',
        "{ann} ssh-ed25519 AAAA\n",
        "ssh-ed25519 {rest}\n",
        "ssh-rsa {body}\n",
        "\x00\n",
    ],
)
def test_a_list_of_revoked_keys_that_says_something_else_is_refused(world: World, text: str) -> None:
    key = world.public(ANN)
    filled = text.format(ann=ANN, key=key, rest=key.split()[1][:-8], body=key.split()[1])
    world.write(".audit/revoked", filled)
    with pytest.raises(AuditError, match="audit/revoked:1"):
        world.authority()


# Who may not sign.


def by(world: World, who: str, message: str = "x", committer: str = MAL) -> None:
    world.git("add", "-A")
    world.git("commit", "-q", "-m", message, GIT_AUTHOR_EMAIL=who, GIT_COMMITTER_EMAIL=committer)


PEOPLE = {
    "the author of an audited file": lambda w: (w.write("owner/002_b.sql", "SELECT 1;\n"), by(w, ANN)),
    "its committer": lambda w: (w.write("owner/002_b.sql", "SELECT 1;\n"), by(w, MAL, committer=ANN)),
    "a co-author": lambda w: (
        w.write("owner/002_b.sql", "SELECT 1;\n"),
        by(w, MAL, f"x\n\nCo-authored-by: Ann <{ANN.upper()}>"),
    ),
    "a co-author who is named oddly": lambda w: (
        w.write("owner/002_b.sql", "SELECT 1;\n"),
        by(w, MAL, f"x\n\nCO-AUTHORED-BY: <{ANN}> (pair)\n\nThis is not the last paragraph."),
    ),
    "an author whom .mailmap calls otherwise": lambda w: (
        w.write("owner/002_b.sql", "SELECT 1;\n"),
        by(w, ANN),
        w.write(".mailmap", f"Mal <{MAL}> <{ANN}>\n"),
        by(w, MAL),
    ),
    "the author of legacy SQL": lambda w: (w.write("legacy/0002_b.sql", "SELECT 1;\n"), by(w, ANN)),
    "the author of the settings": lambda w: (w.write("audit.toml", w.toml + "# x\n"), by(w, ANN)),
    "who removed an audited file again": lambda w: (w.write("owner/001_a.sql", "SELECT 1;\n"), by(w, ANN)),
}


@pytest.mark.parametrize("change", PEOPLE.values(), ids=list(PEOPLE))
def test_a_commit_on_top_does_not_free_an_author_to_sign(world: World, change) -> None:
    change(world)
    world.git("commit", "-q", "--allow-empty", "-m", "a bot's")
    world.publish()
    with pytest.raises(SignoffError, match="changed an audited file since the last approved run"):
        world.sign(world.run(), ANN)
    world.edit("quorum = 2", "quorum = 2\nauthor_may_sign = true")
    run = world.sign(world.sign(world.run(at=NOW + timedelta(minutes=1)), ANN), BOB)
    world.edit("author_may_sign = true", "author_may_sign = false")
    found = world.verify(run, now=LATER)
    assert (found.exit_code, "1 of 2 required reviewers approve" in said(found.about_policy)) == (4, True)


def test_authors_of_another_repository_may_not_sign(world: World) -> None:
    """HEAD's author there is a bot; the one before it wrote the SQL."""
    other = World(root=world.root.parent / "other", keys=world.keys).start("main")
    other.write("owner/001_a.sql", "CREATE TABLE a (id int);\n")
    by(other, ANN)
    other.git("commit", "-q", "--allow-empty", "-m", "a bot's")
    world.edit('sql = ["owner/*.sql"]', 'sql = ["other:owner/*.sql"]')
    world.write("audit.toml", world.toml + '\n[repository.other]\npath = "../other"\n')
    world.commit()
    run = world.run()
    with pytest.raises(SignoffError, match="changed an audited file since the last approved run"):
        world.sign(run, ANN)
    world.sign(run, BOB)


def test_a_file_that_is_not_audited_makes_nobody_an_author(world: World) -> None:
    world.write("README.md", "hello\n")
    by(world, ANN)
    world.commit("a bot's")
    assert world.sign(world.run(), ANN).is_dir()


def test_what_was_approved_is_nobodys_work_any_more(world: World) -> None:
    world.write("owner/002_b.sql", "SELECT 1;\n")
    by(world, ANN)
    world.commit("a bot's")
    world.edit("quorum = 2", "quorum = 1")
    world.commit()
    world.sign(world.run(), BOB)
    world.commit("approved")
    assert world.sign(world.run(at=NOW + 3 * HOUR), ANN, at=NOW + 4 * HOUR).is_dir()
