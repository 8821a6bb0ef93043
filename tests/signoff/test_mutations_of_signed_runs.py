"""From a valid signed run, every single change makes verify or the gate refuse, and say what it was.

The valid state: prod is audited with one waived finding, signed by ann (until 5 December) and bob, and committed on a
branch off origin/main, which has the policy. Each case changes one thing.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from fix_signed import ANN, BOB, EVE, NOW, POLICY, SERVER, TOML, World, new_world, restate
from migration_audit.model.errors import SignoffError
from migration_audit.signoff import openssh
from migration_audit.signoff.decisions import read_decision

WAIVER = """
[[waiver]]
finding = "LIV004:index:public.i"
environment = "prod"
reason = "made again in December"
owner = "ann@example.org"
expires = 2026-12-03
"""
LATER = NOW + timedelta(hours=2)
FILES = (
    "evidence.json",
    "report.html",
    "statement.json",
    "40_signoff.ipynb",
    "facts/live.json.gz",
    "summary.md",
    "junit.xml",
    "results.sarif",
    "signed-off.html",
    f"signoff/{ANN}.json",
    f"signoff/{BOB}.json",
    f"signoff/{ANN}.json.sig",
    f"signoff/{BOB}.json.sig",
)


def waived_run(world: World, **how) -> Path:
    return world.run(gone=["i"], **how)


@pytest.fixture(scope="module")
def template(tmp_path_factory, signing_keys) -> World:
    """Made once; every case gets a copy."""
    world = new_world(tmp_path_factory.mktemp("signed") / "repo", signing_keys, TOML + POLICY + WAIVER)
    world.write(".gitattributes", "reports/** -text\n")
    world.allow(ANN, BOB)
    world.commit()
    world.publish()
    until = datetime(2026, 12, 5, 23, 59, 59, tzinfo=UTC)
    world.sign(world.sign(waived_run(world), ANN, expires=until, policy_from="origin/main"), BOB, policy_from="origin/main")
    world.commit()
    return world


@pytest.fixture
def signed(template, tmp_path) -> World:
    return template.copy(tmp_path / "repo")


def folder(world: World) -> Path:
    return next((world.root / "reports/signed/prod").iterdir())


def outcome(world: World, *names: str, now=LATER, policy_from="origin/main", **how):
    """Exit code of the gate, everything that it holds against the run, and the same of verify."""
    try:
        gates = world.gate(*names, now=now, policy_from=policy_from, **how)
    except SignoffError as error:  # a link in place of what was signed
        return error.exit_code, str(error)
    reported = [r.text for gate in gates.values() for r in gate.requirements if r.code or r.ok is None]
    return max(gate.exit_code for gate in gates.values()), "\n".join(reported)


def verified(world: World, *, now=LATER):
    found = world.verify(folder(world), now=now, policy_from="origin/main")
    sentences = (*found.about_run, *(s for o in found.run.signoffs for s in o.sentences), *found.about_policy)
    return found.exit_code, "\n".join(s.text for s in sentences if s.ok is False)


def test_nothing_changed(signed):
    assert outcome(signed)[0] == 0, outcome(signed)
    assert verified(signed) == (0, "")
    assert signed.gate(policy_from="origin/main")["prod"].run.name == folder(signed).name


# A byte, or a whole file.


@pytest.mark.parametrize("name", [name for name in FILES if name != "signed-off.html"])
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_one_bit_of_a_file(signed, name, place):
    path = folder(signed) / name
    content = bytearray(path.read_bytes())
    # The last byte of a signature's armor is a line end, which OpenSSH does not mind and neither do we: one before it.
    at = {"first": 0, "middle": len(content) // 2, "last": len(content) - 2}[place]
    content[at] ^= 1
    path.write_bytes(content)
    refused(signed, 4, reason_of(name))


def test_one_bit_of_the_page_which_git_ignores(signed):
    path = folder(signed) / "signed-off.html"
    path.write_bytes(path.read_bytes().replace(b"approve", b"approvf", 1))
    assert verified(signed)[0] == 4
    assert "signed-off.html does not match" in verified(signed)[1]
    assert outcome(signed)[0] == 0
    signed.git("add", "-f", str(path))
    signed.git("commit", "-q", "-m", "a page")
    refused(signed, 4, "signed-off.html")


@pytest.mark.parametrize("name", [name for name in FILES if name != "signed-off.html"])
def test_a_file_is_gone(signed, name):
    (folder(signed) / name).unlink()
    refused(signed, 4, reason_of(name))


def reason_of(name: str) -> str:
    return name.removesuffix(".sig").removeprefix("signoff/").removesuffix(".json") if name.startswith("signoff/") else name


def refused(world: World, code: int, *reasons: str, now=LATER, both: bool = True):
    found, reported = outcome(world, now=now)
    assert found == code, reported
    for reason in reasons:
        assert reason in reported
    if both:
        found, reported = verified(world, now=now)
        assert found == code, reported
        for reason in reasons:
            assert reason in reported


def resign(world: World, who: str, *, key: str, namespace: str = "migration-audit", **changes) -> None:
    """A sign-off by hand, past all that `sign` refuses."""
    path = folder(world) / f"signoff/{who}.json"
    there = path if path.exists() else folder(world) / f"signoff/{ANN}.json"
    decision = replace(read_decision(there.read_bytes()), **{"reviewer": who, "expires": None, **changes})
    path.write_bytes(decision.to_bytes())
    path.with_name(f"{path.name}.sig").unlink(missing_ok=True)
    openssh.sign_file(path, key=world.key(key), namespace=namespace)


def drop(world: World, who: str) -> None:
    for path in (folder(world) / "signoff").glob(f"{who}.*"):
        path.unlink()


def page(world: World) -> None:
    """The signed-off page as these sign-offs give it, so that it is not what is refused."""
    from migration_audit.review.signing import signed_page

    authority = world.authority(policy_from="origin/main")
    from migration_audit.signoff import read_signed_run

    run = read_signed_run(folder(world), authority, now=LATER)
    (folder(world) / "signed-off.html").write_bytes(signed_page(folder(world), run))


def publish(world: World, *, toml: tuple[str, str] | None = None, **files: str) -> None:
    """origin/main says something else; the branch has it too."""
    if toml:
        world.edit(*toml)
    for name, text in files.items():
        world.write(f".audit/{name}", text)
    world.commit()
    world.publish()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["evidence.json", "statement.json", f"signoff/{ANN}.json"])
@pytest.mark.parametrize("value", [None, 7, "x", [7], {"a": 7}], ids=["null", "number", "text", "list", "object"])
def test_a_value_of_another_type_is_refused_like_any_other(signed, name, value):
    path = folder(signed) / name
    whole = json.loads(path.read_text())
    for key in [*whole, ""]:
        path.write_text(json.dumps({**whole, key: value} if key else value))
        if not key or whole[key] != value:
            assert outcome(signed)[0] == 4, key
            assert verified(signed)[0] == 4, key


# Files and signatures of something else.


def a_file_more(world):
    (folder(world) / "note.txt").write_text("trust me")


def a_link_to_the_same_bytes(world):
    path = folder(world) / "evidence.json"
    shutil.move(path, world.root / "elsewhere.json")
    path.symlink_to(world.root / "elsewhere.json")


def a_stray_signature(world):
    shutil.copy(folder(world) / f"signoff/{ANN}.json.sig", folder(world) / f"signoff/{EVE}.json.sig")


def another_run_of_prod(world, **how) -> Path:
    return waived_run(world, at=NOW - timedelta(days=1), **how)


def the_report_of_another_run(world):
    shutil.copy(another_run_of_prod(world) / "report.html", folder(world) / "report.html")


def the_statement_of_another_run(world):
    shutil.copy(another_run_of_prod(world) / "statement.json", folder(world) / "statement.json")


def a_sign_off_of_an_older_run(world):
    older = world.sign(another_run_of_prod(world), BOB, policy_from="origin/main")
    for name in (f"{BOB}.json", f"{BOB}.json.sig"):
        shutil.copy(older / "signoff" / name, folder_of_newest(world) / "signoff" / name)
    shutil.rmtree(older)


def folder_of_newest(world) -> Path:
    return max((world.root / "reports/signed/prod").iterdir())


def a_sign_off_of_another_environment(world):
    dev = world.sign(world.run("dev"), BOB, policy_from="origin/main")
    for name in (f"{BOB}.json", f"{BOB}.json.sig"):
        shutil.copy(dev / "signoff" / name, folder(world) / "signoff" / name)


def the_run_of_another_environment(world):
    dev = world.sign(world.sign(world.run("dev"), ANN, policy_from="origin/main"), BOB, policy_from="origin/main")
    shutil.rmtree(folder(world))
    shutil.copytree(dev, world.root / "reports/signed/prod" / dev.name)


def the_folder_under_a_newer_name(world):
    folder(world).rename(folder(world).with_name("20261124T120000Z-abcdef0"))


def signatures_swapped(world):
    ann, bob = (folder(world) / f"signoff/{who}.json.sig" for who in (ANN, BOB))
    one, two = ann.read_bytes(), bob.read_bytes()
    ann.write_bytes(two)
    bob.write_bytes(one)


def a_sign_off_under_another_name(world):
    for end in (".json", ".json.sig"):
        (folder(world) / f"signoff/{BOB}{end}").rename(folder(world) / f"signoff/{EVE}{end}")


def forged_evidence(world):
    """Everything is consistent again but for what was signed."""
    path = folder(world) / "evidence.json"
    evidence = json.loads(path.read_text())
    evidence["checks"] = [c for c in evidence["checks"] if c["id"] == "LIV001"]
    path.write_text(json.dumps(evidence))
    restate(folder(world))
    page(world)


def a_signature_of_a_commit(world):
    resign(world, BOB, key=BOB, namespace="git")
    page(world)


def the_key_of_somebody_else(world):
    resign(world, BOB, key=ANN)
    page(world)


def a_stranger(world):
    drop(world, BOB)
    resign(world, EVE, key=EVE)
    page(world)


def a_stranger_under_a_reviewers_name(world):
    resign(world, BOB, key=EVE)
    page(world)


def a_decision_about_another_verdict(world):
    resign(world, BOB, key=BOB, verdict="clean")
    page(world)


def signed_before_the_audit(world):
    resign(world, BOB, key=BOB, signed_at=NOW - timedelta(days=2))
    page(world)


def signed_tomorrow(world):
    resign(world, BOB, key=BOB, signed_at=LATER + timedelta(days=1))
    page(world)


def no_json(world):
    resign(world, BOB, key=BOB)
    (folder(world) / f"signoff/{BOB}.json").write_text("approve!")


THINGS = [
    (a_file_more, 4, "note.txt does not belong to the run"),
    (a_link_to_the_same_bytes, 4, "evidence.json"),
    (a_stray_signature, 4, f"signoff/{EVE}.json.sig does not belong to a sign-off"),
    (the_report_of_another_run, 4, "report.html has changed since the run ended: its SHA-256 differs"),
    (the_statement_of_another_run, 4, "the statement is about the run 20261122T120000Z-abcdef0"),
    (a_sign_off_of_an_older_run, 4, "it is about a different statement.json"),
    (a_sign_off_of_another_environment, 4, "it is about environment dev, not prod"),
    (the_run_of_another_environment, 4, "the run is of environment dev, but is in the folder prod"),
    (the_folder_under_a_newer_name, 4, "the statement is about the run 20261123T120000Z-abcdef0"),
    (signatures_swapped, 4, "the signature does not match signoff/ann@example.org.json"),
    (a_sign_off_under_another_name, 4, f"signoff/{EVE}.json names the reviewer {BOB}"),
    (forged_evidence, 4, "it is about a different statement.json"),
    (a_signature_of_a_commit, 4, "was made for 'git' and not for 'migration-audit'"),
    (the_key_of_somebody_else, 4, f"was not valid for {BOB}"),
    (a_stranger, 4, f"{EVE} is not a reviewer: not in"),
    (a_stranger_under_a_reviewers_name, 4, f"does not belong to {BOB}"),
    (a_decision_about_another_verdict, 4, "it is about verdict clean, not review"),
    (signed_before_the_audit, 4, "is before the audit"),
    (signed_tomorrow, 4, "is in the future"),
    (no_json, 4, "it is not JSON that can be read"),
]


@pytest.mark.parametrize(("change", "code", "reason"), [pytest.param(*t, id=t[0].__name__) for t in THINGS])
def test_what_was_signed_is_something_else(signed, change, code, reason):
    change(signed)
    refused(signed, code, reason)


# Who signed.


def without_bob(world):
    drop(world, BOB)
    page(world)


def ann_twice_with_one_key(world):
    twin = "ann.two@example.org"
    lines = [f'{ANN},{twin} namespaces="migration-audit" {world.public(ANN)}', f"{BOB} {world.public(BOB)}"]
    publish(world, allowed_signers="\n".join(lines) + "\n")
    drop(world, BOB)
    resign(world, twin, key=ANN)
    page(world)


def ann_twice_by_another_spelling(world):
    twin = "Ann@example.org"
    lines = [f"{ANN} {world.public(ANN)}", f"{twin} {world.public(EVE)}", f"{BOB} {world.public(BOB)}"]
    publish(world, allowed_signers="\n".join(lines) + "\n")
    drop(world, BOB)
    resign(world, twin, key=EVE)
    page(world)


def bob_rejects(world):
    from migration_audit.model.signoff import Decision

    resign(world, BOB, key=BOB, decision=Decision.REJECT, comment="not yet")
    page(world)


def bob_is_revoked(world):
    publish(world, revoked=world.public(BOB) + "\n")


def bob_is_revoked_by_a_krl(world):
    import subprocess

    krl = world.root / ".audit/revoked"
    subprocess.run(["ssh-keygen", "-q", "-k", "-f", str(krl), str(world.key(BOB).with_suffix(".pub"))], check=True)
    world.commit()
    world.publish()


def bob_is_no_reviewer_any_more(world):
    publish(world, allowed_signers=f"{ANN} {world.public(ANN)}\n")


def bobs_key_had_expired(world):
    lines = [f"{ANN} {world.public(ANN)}", f'{BOB} valid-before="20261101" {world.public(BOB)}']
    publish(world, allowed_signers="\n".join(lines) + "\n")


def bobs_key_was_not_valid_yet(world):
    lines = [f"{ANN} {world.public(ANN)}", f'{BOB} valid-after="20261124" {world.public(BOB)}']
    publish(world, allowed_signers="\n".join(lines) + "\n")


def bobs_key_is_for_commits(world):
    lines = [f"{ANN} {world.public(ANN)}", f'{BOB} namespaces="git" {world.public(BOB)}']
    publish(world, allowed_signers="\n".join(lines) + "\n")


def three_are_needed(world):
    publish(world, toml=("quorum = 2", "quorum = 3"))


def a_role_is_needed(world):
    needs = '[policy.environments.prod]\nroles = ["dba"]\n[[policy.role]]\nname = "dba"\n'
    publish(world, toml=(WAIVER, f'{WAIVER}{needs}members = ["{EVE}"]\n'))


def ann_made_the_commit(world):
    """The evidence says so, and both sign that."""
    shutil.rmtree(folder(world))
    publish(world, toml=("quorum = 2", "quorum = 2\nauthor_may_sign = true"))
    run = waived_run(world, author={"commit": ANN.upper(), "ran_by": None})
    world.sign(world.sign(run, ANN, policy_from="origin/main"), BOB, policy_from="origin/main")
    publish(world, toml=("author_may_sign = true", "author_may_sign = false"))


def bob_may_not_sign_for_prod(world):
    publish(world, toml=(WAIVER, WAIVER + f'[policy.environments.prod]\nquorum = 2\nsigners = ["{ANN}", "{EVE}"]\n'))


PEOPLE = [
    (without_bob, 4, "1 of 2 required reviewers approve"),
    (
        ann_twice_with_one_key,
        4,
        "1 of 2 required reviewers approve: sign-offs with the same key or name count as one person's",
    ),
    (ann_twice_by_another_spelling, 4, "1 of 2 required reviewers approve"),
    (bob_rejects, 1, f"{BOB} rejects it: not yet"),
    (bob_is_revoked, 4, f"of {BOB} is revoked"),
    (bob_is_revoked_by_a_krl, 4, f"of {BOB} is revoked"),
    (bob_is_no_reviewer_any_more, 4, f"{BOB} is not a reviewer: not in"),
    (bobs_key_had_expired, 4, f"was not valid for {BOB} on 2026-11-23"),
    (bobs_key_was_not_valid_yet, 4, f"was not valid for {BOB} on 2026-11-23"),
    (bobs_key_is_for_commits, 4, f"was not valid for {BOB} on 2026-11-23"),
    (three_are_needed, 4, "2 of 3 required reviewers approve"),
    (a_role_is_needed, 4, "no reviewer of role dba approves"),
    (ann_made_the_commit, 4, "1 of 2 required reviewers approve"),
    (bob_may_not_sign_for_prod, 4, "1 of 2 required reviewers approve"),
]


@pytest.mark.parametrize(("change", "code", "reason"), [pytest.param(*t, id=t[0].__name__) for t in PEOPLE])
def test_who_signed(signed, change, code, reason):
    change(signed)
    refused(signed, code, reason)


# The clock.


@pytest.mark.parametrize(
    ("now", "code", "reason"),
    [
        pytest.param(NOW - timedelta(hours=1), 4, "is in the future", id="before it was signed"),
        pytest.param(datetime(2026, 12, 6, tzinfo=UTC), 4, "it expired on 2026-12-05", id="past ann's expiry"),
    ],
)
def test_the_clock_of_a_decision(signed, now, code, reason):
    refused(signed, code, reason, now=now)


@pytest.mark.parametrize(
    ("now", "code", "reason"),
    [
        pytest.param(datetime(2026, 12, 4, 0, 1, tzinfo=UTC), 1, "it is blocked by 1 finding", id="past the waiver"),
        pytest.param(datetime(2026, 12, 9, tzinfo=UTC), 4, "15 days old, but the policy allows 14 days", id="past the age"),
    ],
)
def test_the_clock_of_the_evidence(signed, now, code, reason):
    refused(signed, code, reason, now=now, both=False)


# The working tree alone says otherwise: it has no say.


def an_easier_quorum(world):
    without_bob(world)
    world.edit("quorum = 2", "quorum = 1")


def a_stranger_among_the_signers(world):
    a_stranger(world)
    world.allow(ANN, BOB, EVE)


def nobody_revoked(world):
    bob_is_revoked(world)
    world.write(".audit/revoked", "")


def no_such_environment(world):
    without_bob(world)
    world.edit('[environments.prod]\ndsn_env = "TRM_PROD"\n', "")
    world.edit('environment = "prod"', 'environment = "dev"')


def evidence_may_be_old(world):
    world.edit('max_age = "14 days"', 'max_age = "52 weeks"')


TREE = [
    (an_easier_quorum, 4, "1 of 2 required reviewers approve", LATER),
    (a_stranger_among_the_signers, 4, f"{EVE} is not a reviewer: not in", LATER),
    (nobody_revoked, 4, f"of {BOB} is revoked", LATER),
    (no_such_environment, 4, "1 of 2 required reviewers approve", LATER),
    (evidence_may_be_old, 4, "the policy allows 14 days", datetime(2026, 12, 9, tzinfo=UTC)),
]


@pytest.mark.parametrize(("change", "code", "reason", "now"), [pytest.param(*t, id=t[0].__name__) for t in TREE])
def test_the_policy_of_the_working_tree_does_not_count(signed, change, code, reason, now):
    change(signed)
    refused(signed, code, reason, now=now, both=False)


def test_the_revision_cannot_be_edited_away(signed):
    publish(signed, toml=("quorum = 2", 'quorum = 2\npolicy_from = "origin/main"'))
    signed.edit('policy_from = "origin/main"\n', "")
    signed.edit("quorum = 2", "quorum = 1")
    with pytest.raises(SignoffError, match="policy_from differs from the committed value origin/main"):
        signed.gate()
    signed.edit("quorum = 1", 'quorum = 1\npolicy_from = "HEAD~1"')
    with pytest.raises(SignoffError, match="policy_from differs from the committed value origin/main"):
        signed.gate()


def test_the_key_file_of_a_machine_is_no_way_around_the_revision(signed):
    with pytest.raises(SignoffError, match="the keys are read from origin/main"):
        signed.gate(policy_from="origin/main", allowed_signers=signed.root / ".audit/allowed_signers")


# The tree is not the one that was audited.


def owner_sql_changed(world):
    world.write("owner/001_a.sql", "CREATE TABLE a (id bigint);\n")


def owner_sql_added(world):
    world.write("owner/002_b.sql", "CREATE TABLE b ();\n")


def owner_sql_removed(world):
    owner_sql_added(world)
    (world.root / "owner/001_a.sql").unlink()


def legacy_sql_changed(world):
    world.write("legacy/0001_a.sql", "CREATE TABLE a (id bigint);\n")


def legacy_sql_added(world):
    world.write("legacy/0002_b.sql", "CREATE TABLE b ();\n")


def legacy_removed_and_main_had_more(world):
    world.git("checkout", "-q", "-b", "side", "origin/main")
    world.write("legacy/0002_b.sql", "CREATE TABLE b ();\n")
    world.commit()
    world.publish()
    world.git("checkout", "-q", "work")
    world.git("merge", "-q", "side", "-m", "merge")
    world.git("rm", "-q", "-r", "legacy")


def another_scope(world):
    world.edit("[environments.dev]", '[scope]\nschemas = ["none"]\n[environments.dev]')


def a_signed_file_was_left_out(world):
    """A rejection that is on main already, and that the branch would rather not have."""
    bob_rejects(world)
    world.commit()
    world.publish()
    drop(world, BOB)
    resign(world, BOB, key=BOB)
    page(world)


def a_whole_run_was_left_out(world):
    newer = waived_run(world, at=NOW + timedelta(hours=1))
    newer = world.sign(newer, BOB, decision="reject", policy_from="origin/main")
    world.commit()
    world.publish()
    shutil.rmtree(newer)


def a_newer_run_blocks(world):
    world.run(gone=["j"], at=NOW + timedelta(hours=1))


def a_newer_run_could_not_be_audited(world):
    world.run(unread=True, at=NOW + timedelta(hours=1))


def a_newer_signed_run_is_rejected(world):
    world.sign(waived_run(world, at=NOW + timedelta(hours=1)), BOB, decision="reject", policy_from="origin/main")


def a_newer_signed_run_lacks_a_signature(world):
    world.sign(waived_run(world, at=NOW + timedelta(hours=1)), BOB, policy_from="origin/main")


def a_newer_signed_run_cannot_be_read(world):
    newer = world.root / "reports/signed/prod/20261123T125959Z-abcdef0"
    newer.mkdir()
    (newer / "evidence.json").write_text("{")


def a_newer_rejected_run_is_called_older(world):
    newer = waived_run(world, at=NOW + timedelta(hours=1))
    newer = world.sign(newer, BOB, decision="reject", policy_from="origin/main")
    newer.rename(newer.with_name("20200101T000000Z-abcdef0"))


def a_newer_rejected_run_is_of_another_phase(world):
    newer = world.sign(waived_run(world, at=NOW + timedelta(hours=1)), BOB, decision="reject", policy_from="origin/main")
    evidence = newer / "evidence.json"
    evidence.write_text(evidence.read_text().replace('"phase": "preflight"', '"phase": "retired"'))
    restate(newer)


def main_pins_another_server(world):
    publish(world, toml=('dsn_env = "TRM_PROD"', 'dsn_env = "TRM_PROD"\nsystem_identifier = "1"'))


def main_pins_another_database(world):
    publish(world, toml=('dsn_env = "TRM_PROD"', 'dsn_env = "TRM_PROD"\ndatabase = "other"'))


def main_is_of_another_project(world):
    publish(world, toml=('name = "trm"', 'name = "other"'))


STATES = [
    (owner_sql_changed, 4, "owner: changed: owner/001_a.sql"),
    (owner_sql_added, 4, "owner: new: owner/002_b.sql"),
    (owner_sql_removed, 4, "gone: owner/001_a.sql"),
    (legacy_sql_changed, 4, "legacy: changed: legacy/0001_a.sql"),
    (legacy_sql_added, 4, "legacy: new: legacy/0002_b.sql"),
    (
        legacy_removed_and_main_had_more,
        4,
        "origin/main has files that differ from the audited ones: legacy/0002_b.sql (new)",
    ),
    (a_signed_file_was_left_out, 4, f"signoff/{BOB}.json was signed, but is missing or changed"),
    (a_whole_run_was_left_out, 4, "was signed, but is missing or changed"),
    (a_newer_run_blocks, 1, "is signed, but a newer run is not signed and is blocked"),
    (a_newer_run_could_not_be_audited, 3, "is signed, but a newer run is not signed and is incomplete"),
    (a_newer_signed_run_is_rejected, 1, f"{BOB} rejects it"),
    (a_newer_signed_run_lacks_a_signature, 4, "1 of 2 required reviewers approve"),
    (a_newer_signed_run_cannot_be_read, 4, "statement.json is missing"),
    (a_newer_rejected_run_is_called_older, 4, ", but this folder is named 20200101T000000Z-abcdef0"),
    (a_newer_rejected_run_is_of_another_phase, 4, "it is about a different statement.json"),
    (main_pins_another_server, 4, "its system identifier is 7442190517340081234, but audit.toml pins 1"),
    (main_pins_another_database, 4, "its database is trm_prod, but audit.toml pins other"),
    (main_is_of_another_project, 4, "the run is of the project trm, not of other"),
]


@pytest.mark.parametrize(("change", "code", "reason"), [pytest.param(*t, id=t[0].__name__) for t in STATES])
def test_the_tree_or_its_runs_are_others(signed, change, code, reason):
    change(signed)
    found, reported = outcome(signed)
    assert found == code, reported
    assert reason in reported


def test_the_audited_settings_are_those_of_the_policy(signed):
    another_scope(signed)
    code, reported = outcome(signed)
    assert (code, "audit.toml of this tree audits less than that of origin/main" in reported) == (4, True)
    signed.commit()
    signed.publish()
    code, reported = outcome(signed)
    assert (code, "it was audited with different settings than those in origin/main" in reported) == (4, True)


@pytest.mark.slow
def test_evidence_of_one_database_is_not_of_two_environments(signed):
    dev = signed.sign(signed.run("dev"), ANN, policy_from="origin/main")
    signed.sign(dev, BOB, policy_from="origin/main")
    code, reported = outcome(signed, "dev", "prod")
    assert (code, "it audited the same database as the run of prod" in reported) == (4, True)
    # A database of its own is fine.
    shutil.rmtree(dev)
    own = replace(SERVER, database="trm_dev")
    signed.sign(signed.sign(signed.run("dev", server=own), ANN, policy_from="origin/main"), BOB, policy_from="origin/main")
    assert outcome(signed, "dev", "prod")[0] == 0


def test_the_deletion_that_it_is_all_about_passes(signed):
    signed.git("rm", "-q", "-r", "legacy")
    assert outcome(signed)[0] == 0, outcome(signed)
    assert outcome(signed, policy_from=None)[0] == 0


def test_the_mutations_are_many():
    assert len(FILES) * 4 + len(THINGS) + len(PEOPLE) + len(TREE) + len(STATES) > 100


def test_a_waiver_ends_with_its_day(signed):
    last = datetime.combine(date(2026, 12, 3), datetime.max.time(), UTC)
    assert outcome(signed, now=last)[0] == 0
