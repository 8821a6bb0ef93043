"""What keeps the gate closed for a fleet run, through the command line: signatures, targets, age, SQL, settings."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fix_demo import Ran, run_cli
from fix_fleet import TENANTS, forge, lines_of, made_up_fleet, made_up_plan, restate
from fix_signed import ANN, BOB, EVE, MAL, POLICY, TOML, World, new_world
from migration_audit.fleet.evidence import Direction, TargetOutcome
from migration_audit.fleet.store import RunFolder, open_folder
from migration_audit.fleet.targets import Shard
from migration_audit.project import audited_digest
from migration_audit.review.checkout_files import expected_files

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC).replace(microsecond=0)
MAIN = ("--policy-from", "origin/main")
LISTED = ("--targets", "targets.txt")
GITHUB = {"CI": "true", "GITHUB_BASE_REF": "main", "GITHUB_HEAD_REF": "work"}
ALIAS = "ann@home.example.org"


def fleet_key(world: World, name: str, key: str | None = None) -> str:
    """A line of allowed_signers."""
    return f'{name} namespaces="migration-audit-fleet" {world.public(key or name)}'


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory, signing_keys: Path) -> World:
    """A branch off origin/main, with a list of targets; ann, bob and mal are reviewers, and mal wrote all of it."""
    toml = (TOML + POLICY).replace('name = "trm"', 'name = "trm"\nprelude = ["prelude.sql"]')
    made = new_world(tmp_path_factory.mktemp("fleet") / "repo", signing_keys, toml)
    made.write("prelude.sql", "CREATE SCHEMA x;\n")
    made.write("targets.txt", lines_of(TENANTS))
    made.write(".gitignore", "reports/\n")
    made.allow(*(fleet_key(made, name) for name in (ANN, BOB, MAL)), fleet_key(made, ALIAS, ANN))
    made.commit()
    made.publish()
    made.git("remote", "add", "origin", "https://nowhere.invalid/x.git")
    return made


@dataclass
class Case:
    """A repository, and a fleet run in it."""

    world: World
    folder: RunFolder

    def sign(self, *names: str, **how: str) -> None:
        for name in names:
            key = str(self.world.key(how.get("key", name)))
            place = str(self.folder.path)
            ran = run_cli("fleet", "sign", place, "--as", name, "--key", key, "--yes", *MAIN, cwd=self.world.root)
            assert ran.code == 0, ran

    def gate(self, *arguments: str, **variables: str) -> Ran:
        place = str(self.folder.path.relative_to(self.world.root))
        return run_cli("fleet", "gate", place, *(arguments or (*LISTED, *MAIN)), cwd=self.world.root, **variables)

    def run(self, **how: Any) -> None:
        """Another run in place of this one."""
        shutil.rmtree(self.folder.path)
        self.folder = fleet_run(self.world, **how)


def plan_of(world: World, **how: Any) -> dict[str, Any]:
    project = world.project
    origin = {"people": (MAL,), "commits": {"audit": world.git("rev-parse", "HEAD")}}
    return {
        "names": TENANTS,
        "origin": origin,
        "project": "trm",
        "files": expected_files(project),
        "settings": audited_digest(project.content),
        **how,
    }


def fleet_run(world: World, *, at: datetime = NOW, plan: dict[str, Any] | None = None, **how: Any) -> RunFolder:
    return made_up_fleet(world.root / "reports" / "fleet", made_up_plan(**plan_of(world, **(plan or {}))), at=at, **how)


@pytest.fixture
def case(repository: World, tmp_path: Path) -> Case:
    """An unsigned run of three targets, each of which is as expected."""
    world = repository.copy(tmp_path / "repo")
    return Case(world, fleet_run(world))


def test_a_signed_run_of_every_target_opens_the_gate(case: Case) -> None:
    ran = case.gate()
    assert (ran.code, "0 of 2 required reviewers approve" in ran.out or "is not signed" in ran.out) == (4, True), ran
    case.sign(ANN, BOB)
    ran = case.gate()
    assert (ran.code, "The gate is open, judged by allowed_signers of origin/main" in ran.out) == (0, True), ran
    for line in (
        "2 of 2 required reviewers approve (ann@example.org, bob@example.org)",
        "3 targets, none of which blocks",
        "each of the 3 listed targets is in the run",
        "2 files of the owner's SQL unchanged since the run",
        "it was made with the audit.toml of origin/main",
    ):
        assert line in ran.out
    found = json.loads(case.gate(*LISTED, *MAIN, "--format", "json", **GITHUB).out)
    assert (found["open"], found["phase"], found["environments"][0]["environment"]) == (True, None, "fleet")


def signed_by(*names: str, **how: Any) -> Callable[[Case], None]:
    def do(case: Case) -> None:
        if how:
            case.run(**how)
        case.sign(*names)

    return do


def then(change: Callable[[Case], object], **how: Any) -> Callable[[Case], None]:
    """A change after Ann and Bob signed."""

    def do(case: Case) -> None:
        signed_by(ANN, BOB, **how)(case)
        change(case)

    return do


def first(change: Callable[[Case], object], *, published: bool = False) -> Callable[[Case], None]:
    """A change before they sign; as if it had always been so where it is published."""

    def do(case: Case) -> None:
        change(case)
        if published:
            case.world.commit()
            case.world.publish()
            case.run()
        case.sign(ANN, BOB)

    return do


def policy(line: str) -> Callable[[Case], None]:
    last = 'max_age = "14 days"'
    return first(lambda case: case.world.edit(last, f"{last}\n{line}"), published=True)


def publish(case: Case, name: str, text: str) -> None:
    """A file that only origin/main has."""
    world = case.world
    here = world.git("rev-parse", "HEAD")
    world.write(name, text)
    world.commit()
    world.publish()
    world.git("reset", "-q", "--hard", here)


def commit(case: Case, name: str, text: str) -> None:
    """A file that only this branch has."""
    case.world.write(name, text)
    case.world.commit()


def of_eve(case: Case) -> None:
    """Eve's key in the branch that is proposed, and one reviewer enough."""
    world = case.world
    world.allow(fleet_key(world, EVE))
    world.edit("quorum = 2", "quorum = 1")
    world.commit()
    place = str(case.folder.path)
    ran = run_cli("fleet", "sign", place, "--as", EVE, "--key", str(world.key(EVE)), "--yes", cwd=world.root)
    assert ran.code == 0, ran


def by_hand(case: Case, name: str) -> None:
    """A signature that our command does not make."""
    allowed = case.world.root / "anyone"
    allowed.write_text(fleet_key(case.world, name) + "\n")
    other = case.world.root.parent / f"alone-{name}"
    shutil.copytree(case.folder.path, other)
    arguments = ("--as", name, "--key", str(case.world.key(name)), "--yes", "--allowed-signers", str(allowed))
    ran = run_cli("fleet", "sign", str(other), *arguments, cwd=other.parent)
    assert ran.code == 0, ran
    (case.folder.path / "signatures").mkdir(exist_ok=True)
    shutil.copy2(other / "signatures" / f"{name}.sig", case.folder.path / "signatures")


def newer(**how: Any) -> Callable[[Case], object]:
    return lambda case: fleet_run(case.world, at=NOW + timedelta(seconds=1), **how)


def other_database(case: Case) -> None:
    found = case.folder.evidence("acme")
    assert found is not None
    assert found.comparison is not None
    server = replace(found.comparison.server, database="acme_copy")
    forge(case.folder, "acme", comparison=replace(found.comparison, server=server))
    restate(case.folder, at=NOW)
    case.sign(ANN, BOB)


def same_database(case: Case) -> None:
    found = case.folder.evidence("acme")
    assert found is not None
    forge(case.folder, "globex", comparison=found.comparison)
    restate(case.folder, at=NOW)
    case.sign(ANN, BOB)


def committed(case: Case) -> None:
    """The signed run is on origin/main; the branch has one signature less."""
    case.sign(ANN, BOB)
    case.world.git("add", "-f", "reports")
    case.world.commit()
    case.world.publish()
    (case.folder.path / "signatures" / f"{BOB}.sig").unlink()


def after(case: Case, **server: str) -> None:
    """A later run, in which each target is in such a server."""
    at = NOW + timedelta(seconds=1)
    case.folder = fleet_run(case.world, at=at)
    for name in TENANTS:
        found = case.folder.evidence(name)
        assert found is not None
        assert found.comparison is not None
        forge(case.folder, name, comparison=replace(found.comparison, server=replace(found.comparison.server, **server)))
    restate(case.folder, at=at)


OLD = {"read_at": NOW - timedelta(days=15)}

CLOSED: dict[str, tuple[Callable[[Case], None], int, str]] = {
    "no signature": (lambda _: None, 4, "this run is not signed"),
    "too few": (signed_by(ANN), 4, "1 of 2 required reviewers"),
    "one person under two names": (lambda c: (c.sign(ANN), c.sign(ALIAS, key=ANN))[0], 4, "1 of 2 required reviewers"),
    "a key that only the proposal has": (of_eve, 4, "the approval of eve@example.org does not count"),
    "who started the run": (lambda c: (c.sign(ANN), by_hand(c, MAL))[0], 4, "mal@example.org does not count"),
    "another signer than the policy names": (policy(f'signers = ["{ANN}", "{MAL}"]'), 4, "1 of 2 required reviewers"),
    "a role that nobody has": (
        policy(f'roles = ["dba"]\n[[policy.role]]\nname = "dba"\nmembers = ["{MAL}"]'),
        4,
        "no reviewer of role dba approves",
    ),
    "a revoked key": (
        then(lambda c: publish(c, ".audit/revoked", c.world.public(BOB) + "\n")),
        4,
        "the approval of bob@example.org does not count",
    ),
    "a signature that cannot be read": (
        then(lambda c: (c.folder.path / "signatures" / f"{BOB}.sig").write_text("x")),
        4,
        "cannot be read",
    ),
    "a signature that was removed": (committed, 4, "files of origin/main are missing here or differ"),
    "a target that blocks": (signed_by(ANN, BOB, wrong=["globex"]), 1, "1 of 3 targets block"),
    "which one": (signed_by(ANN, BOB, wrong=["globex"]), 1, "globex: blocker: index public.invoice_customer missing"),
    "a target that was not read": (signed_by(ANN, BOB, unread=["hooli"]), 3, "hooli: down"),
    "two targets in one database": (same_database, 4, "with the database of another target"),
    "old evidence, summed up now": (signed_by(ANN, BOB, **OLD), 4, "15 days old, but the policy allows 14 days"),
    "an outcome that was edited": (
        then(lambda c: forge(c.folder, "acme", outcome=TargetOutcome.COVERED)),
        4,
        "does not match its differences",
    ),
    "a target that is not in the run": (
        signed_by(ANN, BOB, plan={"names": TENANTS[:2]}),
        4,
        "not in the run: hooli",
    ),
    "a target that the proposal drops from the list": (
        lambda c: (commit(c, "targets.txt", lines_of(TENANTS[:2])), c.run(plan={"names": TENANTS[:2]}), c.sign(ANN, BOB))[0],
        4,
        "not in the run: hooli",
    ),
    "a target that leads elsewhere": (
        then(lambda c: publish(c, "targets.txt", lines_of(TENANTS).replace("FLEET/acme", "OTHER/acme"))),
        4,
        "read by another reference than listed: acme",
    ),
    "another database than the reference names": (other_database, 4, "acme: acme_copy, but its reference names acme"),
    "SQL that the proposal changes": (
        then(lambda c: commit(c, "owner/001_a.sql", "CREATE TABLE a (id bigint);\n")),
        4,
        "changed: owner/001_a.sql",
    ),
    "SQL that the proposal adds": (
        then(lambda c: commit(c, "owner/002_b.sql", "CREATE TABLE b (id int);\n")),
        4,
        "new: owner/002_b.sql",
    ),
    "SQL that the protected branch adds": (
        then(lambda c: publish(c, "owner/002_b.sql", "CREATE TABLE b (id int);\n")),
        4,
        "origin/main has files that differ from the audited ones: owner/002_b.sql (new)",
    ),
    "SQL that the protected branch changes": (
        then(lambda c: publish(c, "owner/001_a.sql", "CREATE TABLE a (id bigint);\n")),
        4,
        "owner/001_a.sql (changed)",
    ),
    "a prelude that changed": (
        then(lambda c: commit(c, "prelude.sql", "CREATE SCHEMA y;\n")),
        4,
        "changed: prelude.sql",
    ),
    "another expected side": (
        signed_by(ANN, BOB, plan={"files": {}, "expected_named": "schema.sql"}),
        4,
        "does not name the files of the owner's SQL",
    ),
    "no project": (signed_by(ANN, BOB, plan={"project": None}), 4, "the run is of no project"),
    "another project's": (
        lambda c: (c.run(plan={"project": "other"}), by_hand(c, ANN), by_hand(c, BOB))[0],
        4,
        "the run is of the project other, not of trm",
    ),
    "other settings": (signed_by(ANN, BOB, plan={"settings": "0" * 64}), 4, "with other audit settings than those"),
    "a tree that audits less": (
        then(lambda c: commit(c, "audit.toml", c.world.toml.replace("[policy]", '[rules]\nprivileges = "info"\n[policy]'))),
        4,
        "audit.toml of this tree audits less than that of origin/main",
    ),
    "a part": (signed_by(ANN, BOB, plan={"shard": Shard(number=1, of=2)}), 4, "it is part 1/2 of a fleet run"),
    "a newer run that blocks": (then(newer(wrong=["acme"])), 1, "a newer run, "),
    "a newer run that is incomplete": (then(newer(unread=["acme"])), 3, "a newer run, "),
    "a newer run that has not finished": (then(newer(finished=False)), 3, "has not finished"),
    "pins": (policy("pinned = true"), 4, "not known from the last approved run, which the policy asks for: acme, globex"),
    "another server than in the last approved run": (
        lambda c: (c.sign(ANN, BOB), after(c, system_identifier="7"), c.sign(ANN, BOB))[0],
        4,
        "acme: acme on server 7, but acme on server 7442190517340081234 in the last approved run",
    ),
    "producers": (
        policy(f"producers = ['ci namespaces=\"migration-audit-producer\" ssh-ed25519 {'A' * 68}']"),
        4,
        "no producer of the policy signed it",
    ),
}


@pytest.mark.parametrize("what", CLOSED)
def test_the_gate_is_closed(what: str, case: Case) -> None:
    do, code, why = CLOSED[what]
    try:
        do(case)
    except AssertionError as error:  # our own command does not sign what cannot count
        assert "may not " in str(error) or "no producer" in str(error) or "--producer-key" in str(error)
    ran = case.gate()
    text = " ".join(ran.out.split())
    assert (ran.code, why in text) == (code, True), ran
    assert "The gate is closed: fleet" in text


def test_what_the_proposer_could_have_chosen(case: Case) -> None:
    case.sign(ANN, BOB)
    case.world.commit("another one")
    for named in ((), ("--policy-from", "HEAD"), ("--policy-from", "work")):
        ran = case.gate(*LISTED, *named, **GITHUB)
        assert (ran.code, ran.out) == (4, ""), ran
    assert case.gate(*LISTED, *MAIN, **GITHUB).code == 0


def test_the_run_does_not_say_itself_which_targets_there_are(case: Case) -> None:
    ran = case.gate(*MAIN)
    assert (ran.code, "which databases have to be in the run?" in ran.err) == (2, True), ran


def test_equal_has_to_be_compared_so(case: Case) -> None:
    case.sign(ANN, BOB)
    ran = case.gate(*LISTED, *MAIN, "--direction", "equal")
    assert (ran.code, "but equal is required" in ran.out) == (4, True), ran
    case.run(plan={"direction": Direction.EQUAL})
    case.sign(ANN, BOB)
    assert case.gate(*LISTED, *MAIN, "--direction", "equal").code == 0


def test_who_started_or_wrote_it_does_not_sign(case: Case) -> None:
    place, key = str(case.folder.path), str(case.world.key(MAL))
    ran = run_cli("fleet", "sign", place, "--as", MAL, "--key", key, "--yes", *MAIN, cwd=case.world.root)
    assert (ran.code, "started this run, or changed an audited file" in ran.err) == (4, True), ran


def test_authors_are_those_since_the_last_approved_run(case: Case) -> None:
    """Bob wrote what Ann and somebody else approved in an older run; since then, Ann wrote one file."""
    world = case.world
    shutil.rmtree(case.folder.path)
    origin = {"people": (), "commits": {"audit": world.git("rev-parse", "HEAD")}}
    case.folder = fleet_run(world, at=NOW - timedelta(hours=2), plan={"origin": origin})
    case.sign(ANN, BOB)
    world.write("owner/002_b.sql", "CREATE TABLE b (id int);\n")
    world.git("add", "-A")
    who = {"GIT_AUTHOR_EMAIL": ANN, "GIT_AUTHOR_NAME": "a", "GIT_COMMITTER_EMAIL": ANN, "GIT_COMMITTER_NAME": "a"}
    world.git("commit", "-q", "-m", "x", **who)
    origin = {"people": (), "commits": {"audit": world.git("rev-parse", "HEAD")}}
    case.folder = fleet_run(world, plan={"origin": origin})
    case.sign(BOB, MAL)
    place, key = str(case.folder.path), str(world.key(ANN))
    for name in (ANN, ALIAS):
        ran = run_cli("fleet", "sign", place, "--as", name, "--key", key, "--yes", *MAIN, cwd=world.root)
        if name == ANN:
            assert (ran.code, "changed an audited file" in ran.err) == (4, True), ran
    ran = case.gate()
    assert (ran.code, "ann@home.example.org does not count" in " ".join(ran.out.split())) == (0, True), ran


def test_the_databases_of_the_last_approved_run_are_pinned(case: Case) -> None:
    policy("pinned = true")(case)
    before = case.folder
    after(case)
    case.sign(ANN, BOB)
    ran = case.gate()
    assert (ran.code, "each is the database of the last approved run" in ran.out) == (0, True), ran
    forge(before, "acme", attempts=2)
    ran = case.gate()
    assert (ran.code, "is the last approved run, and its evidence was changed" in ran.err) == (3, True), ran


def test_a_producer_makes_the_run(case: Case) -> None:
    """Two parts of it, joined where the key is; what was joined without the key cannot be signed."""
    world, ci = case.world, "ci@example.org"
    line = f'{ci} namespaces="migration-audit-producer" {world.public(ci)}'
    world.edit('max_age = "14 days"', f"max_age = \"14 days\"\nproducers = ['{line}']")
    world.commit()
    world.publish()
    shutil.rmtree(case.folder.path)
    parts = [
        made_up_fleet(world.root / "reports" / "parts", made_up_plan(**plan_of(world, shard=Shard(number=n, of=2))), at=NOW)
        for n in (1, 2)
    ]
    for out, key in (("fleet", ("--producer-key", str(world.key(ci)))), ("other", ())):
        arguments = (*(str(each.path) for each in parts), "--out", f"reports/{out}")
        assert run_cli("fleet", "merge", *arguments, *key, cwd=world.root).code == 0
    (joined,) = (world.root / "reports" / "other").iterdir()
    how = ("--as", ANN, "--key", str(world.key(ANN)), "--yes", *MAIN)
    ran = run_cli("fleet", "sign", str(joined), *how, cwd=world.root)
    assert (ran.code, "statement.json.sig is missing" in ran.err) == (4, True), ran
    (whole,) = (world.root / "reports" / "fleet").iterdir()
    case.folder = open_folder(whole)
    case.sign(ANN, BOB)
    ran = case.gate()
    assert (ran.code, f"{ci} made it: the statement is signed" in " ".join(ran.out.split())) == (0, True), ran
    (whole / "statement.json.sig").write_bytes(b"x")
    assert case.gate().code == 4


@pytest.mark.server
def test_what_the_sql_makes_is_not_what_the_run_says(case: Case) -> None:
    case.sign(ANN, BOB)
    ran = case.gate(*LISTED, *MAIN, "--apply")
    why = "the owner's SQL, applied here, is not what targets were compared with"
    assert (ran.code, why in " ".join(ran.out.split())) == (4, True), ran


def test_a_list_of_targets_that_the_proposer_could_have_chosen(case: Case, tmp_path: Path) -> None:
    world, few = case.world, lines_of(TENANTS[:2])
    case.run(plan={"names": TENANTS[:2]})
    case.sign(ANN, BOB)
    world.write("service:tenant-*", few)
    world.write("targets.txt", few)
    world.commit()
    other = World(root=tmp_path / "other", keys=world.keys).start()
    other.write("targets.txt", few)
    for named, code, why in (
        ("targets.txt", 4, "not in the run: hooli"),
        ("owner/../targets.txt", 4, "not in the run: hooli"),
        ("service:tenant-*", 2, "no service matches tenant-*"),
        ("../other/targets.txt", 2, "is in another repository than audit.toml"),
    ):
        ran = case.gate("--targets", named, *MAIN)
        assert (ran.code, why in ran.out + ran.err) == (code, True), ran
