"""A fleet from outside: real databases, some changed, one down, one closed; resumed, killed, in parts."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from fix_fleet import CHANGED, EQUAL, LOCKED, READER, SCHEMA, Fleet, evidence_in, folders, load
from fix_outside import Started, wait_until

pytestmark = pytest.mark.server

Start = Callable[..., Started]


@pytest.mark.slow
def test_targets_with_the_same_difference_are_one_finding(fleet: Fleet, place: Path) -> None:
    lines = fleet.lines(*EQUAL, *CHANGED, LOCKED) + "down = env:DOWN\nunset = env:NOT_SET\n"
    (place / "targets.txt").write_text(f"# all of them\n\n{lines}", "utf-8")
    ran = fleet.run("run", "--targets", "targets.txt", "--expected", "schema.sql", "--retry-after", "0", cwd=place)
    assert ran.code == 3, ran.err
    assert "33 targets against schema.sql: 24 equal, 1 covered, 5 blocked, 3 could not check\n" in ran.out
    (folder,) = folders(place)
    summary = load(folder / "summary.json")
    assert [(g["outcome"], g["targets"], g["examples"]) for g in summary["groups"]] == [
        ("blocked", 3, ["drift_a1", "drift_a2", "drift_a3"]),
        ("blocked", 2, ["drift_b1", "drift_b2"]),
        ("covered", 1, ["drift_c1"]),
    ]
    assert [(d["verdict"], d["kind"], d["key"]) for g in summary["groups"] for d in g["differences"]] == [
        ("missing", "index", "public.invoice_customer"),
        ("changed", "column", "public.customer.name"),
        ("unexpected", "table", "public.scratch"),
    ]
    reasons = {each["target"]: each["reason"] for each in summary["unchecked"]}
    assert reasons.keys() == {"down", LOCKED, "unset"}
    assert "cannot connect" in reasons["down"]
    assert "permission denied for database" in reasons[LOCKED]
    assert "variable NOT_SET is not set" in reasons["unset"]
    assert "\n    unset: env:NOT_SET: variable NOT_SET is not set → set it to the URL of this database\n" in ran.out
    evidence = evidence_in(folder)
    assert len(evidence) == 33
    assert {name: evidence[name]["attempts"] for name in ("down", LOCKED, "unset", EQUAL[0])} == {
        "down": 3,
        LOCKED: 1,
        "unset": 1,
        EQUAL[0]: 1,
    }
    assert evidence[EQUAL[0]]["comparison"]["server"]["read_as"] == READER
    page = (folder / "index.html").read_text("utf-8")
    assert "<script" not in page
    assert "Difference 1: 3 targets" in page
    for name in (*reasons, "public.scratch", "drift_b2"):
        assert name in page


def run_on(fleet: Fleet, place: Path, side: Path, *names: str, more: tuple[str, ...] = ()) -> tuple[int, str, str]:
    (place / "targets.txt").write_text(fleet.lines(*names), "utf-8")
    ran = fleet.run("run", "--targets", "targets.txt", "--expected", str(side), "--workers", "1", *more, cwd=place)
    return ran.code, ran.out, ran.err


@pytest.mark.slow
def test_exit_codes_are_those_of_compare(fleet: Fleet, place: Path, saved_side: Path) -> None:
    assert run_on(fleet, place, saved_side, *EQUAL[:2], "drift_c1")[0] == 0
    assert run_on(fleet, place, saved_side, *EQUAL[:2], "drift_c1", more=("--direction", "equal"))[0] == 1
    assert run_on(fleet, place, saved_side, EQUAL[0], "drift_a1")[0] == 1
    assert len(folders(place)) == 3, "another direction, or other targets, are another fleet run"


def test_a_database_under_two_names_leaves_another_one_unread(fleet: Fleet, place: Path, saved_side: Path) -> None:
    (place / "targets.txt").write_text(fleet.lines(*EQUAL[:2]) + f"zoo = env:FLEET/{EQUAL[0]}\n", "utf-8")
    ran = fleet.run("run", "--targets", "targets.txt", "--expected", str(saved_side), "--workers", "1", cwd=place)
    assert ran.code == 3, ran.err
    assert "3 targets against" in ran.out
    assert "! 1 target with the database of another target: the one that was meant was not read" in ran.out
    assert f"    zoo: {EQUAL[0]}\n" in ran.out
    (folder,) = folders(place)
    assert load(folder / "summary.json")["repeated"] == [{"target": "zoo", "same_as": EQUAL[0]}]
    assert "The same database twice" in (folder / "index.html").read_text("utf-8")
    assert fleet.run("verify", str(folder), "--intact", cwd=place).code == 0


@pytest.mark.slow
def test_a_second_start_reads_what_is_missing(fleet: Fleet, place: Path, saved_side: Path) -> None:
    code, out, _ = run_on(fleet, place, saved_side, *EQUAL[:3], LOCKED)
    assert (code, "1 could not check" in out) == (3, True)
    (folder,) = folders(place)
    before = {path: path.read_bytes() for path in folder.glob("targets/*/*.json")}
    fleet.execute("postgres", f"grant connect on database {LOCKED} to {READER}")
    try:
        code, out, err = run_on(fleet, place, saved_side, *EQUAL[:3], LOCKED)
    finally:
        fleet.execute("postgres", f"revoke connect on database {LOCKED} from {READER}")
    assert (code, "4 equal" in out) == (0, True)
    assert "3 of 4 targets have their evidence already" in err
    assert [path.name.partition("-")[0] for path, content in before.items() if path.read_bytes() != content] == [LOCKED]
    statement = (folder / "statement.json").read_bytes()
    assert (
        "every target of this fleet run has its evidence already" in run_on(fleet, place, saved_side, *EQUAL[:3], LOCKED)[2]
    )
    assert (folder / "statement.json").read_bytes() == statement
    assert folders(place) == [folder]
    (place / "other.sql").write_text(SCHEMA + "create table public.more (id int);", "utf-8")
    assert run_on(fleet, place, place / "other.sql", *EQUAL[:3], LOCKED)[0] == 3, "nothing of it is known yet"
    assert len(folders(place)) == 2, "another expected side is another fleet run"


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_stopped(fleet: Fleet, place: Path, saved_side: Path, start: Start) -> None:
    names = EQUAL[:6]
    (place / "targets.txt").write_text(fleet.lines(*names), "utf-8")
    arguments = ("fleet", "run", "--targets", "targets.txt", "--expected", str(saved_side), "--per-server", "1")
    with psycopg.connect(fleet.cluster.conninfo(names[3])) as lock:
        lock.execute("lock table pg_catalog.pg_trigger in access exclusive mode")
        started = start(*arguments, cwd=place, **fleet.variables)
        wait_until(lambda: len(list(place.glob("reports/fleet/*/targets/*/*.json"))) == 3)
        started.stop(signal.SIGKILL)
        wait_until(lambda: started.processes() == [])
    (folder,) = folders(place)
    assert not (folder / "statement.json").exists()
    before = evidence_in(folder)
    assert before.keys() == set(names[:3])
    ran = fleet.run(*arguments[1:], cwd=place)
    assert ran.code == 0, ran.err
    assert "3 of 6 targets have their evidence already" in ran.err
    after = evidence_in(folder)
    assert after.keys() == set(names)
    assert {name: after[name] for name in before} == before
    assert folders(place) == [folder]


def test_two_starts_do_not_work_in_one_folder(fleet: Fleet, place: Path, saved_side: Path, start: Start) -> None:
    (place / "targets.txt").write_text(fleet.lines(EQUAL[0]), "utf-8")
    arguments = ("fleet", "run", "--targets", "targets.txt", "--expected", str(saved_side), "--workers", "1")
    with psycopg.connect(fleet.cluster.conninfo(EQUAL[0])) as lock:
        lock.execute("lock table pg_catalog.pg_trigger in access exclusive mode")
        started = start(*arguments, cwd=place, **fleet.variables)
        wait_until(lambda: list(place.glob("reports/fleet/*/plan.json")))
        ran = fleet.run(*arguments[1:], cwd=place)
        assert ran.code == 3
        assert "another process works on this fleet run" in ran.err
        lock.rollback()
        assert started.process.wait(timeout=60) == 0, started.err
    (folder,) = folders(place)
    assert evidence_in(folder).keys() == {EQUAL[0]}


@pytest.mark.slow
def test_the_owners_sql_is_the_expected_side_and_scope_counts(fleet: Fleet, place: Path) -> None:
    (place / "audit.toml").write_text(
        '[project]\nname = "tenants"\n[legacy]\nsql = ["none/*.sql"]\n[owner]\nsql = ["schema.sql"]\n'
        '[environments.one]\ndsn_env = "FLEET"\n'
        '[[scope.exclude]]\npattern = "public.invoice_customer"\nreason = "made by the tenant"\n',
        "utf-8",
    )
    sql = "select datname from pg_catalog.pg_database where datname ~ '^drift_'"
    ran = fleet.run("run", "--from-query", "env:ADMIN", sql, "--workers", "1", cwd=place)
    assert ran.code == 1, ran.err
    assert "6 targets against the owner's SQL: 3 equal, 1 covered, 2 blocked" in ran.out
    (folder,) = folders(place)
    assert load(folder / "summary.json")["project"] == "tenants"
    assert evidence_in(folder)["drift_a1"]["reference"] == "env:ADMIN/drift_a1"


REFUSED = {
    "a = env:FLEET/a\nb = postgresql://u:secret@db/x\n": (2, "targets.txt:2: contains a password"),
    "# host=db password=secret\n": (2, "targets.txt:1: contains a password"),
    "a = env:FLEET/a\na = env:FLEET/b\n": (2, "targets.txt:2: target a is listed twice: first at targets.txt:1"),
    "a = host=db\n": (2, "targets.txt:1: is not a reference to a database"),
    "service:tenant-*\n": (2, "targets.txt:1: no service matches tenant-*"),
    "\n": (3, "there are no targets: nothing was audited"),
}


@pytest.mark.parametrize(("text", "expected"), REFUSED.items(), ids=[*map(repr, REFUSED)])
def test_what_is_no_list_of_targets_is_refused(
    text: str, expected: tuple[int, str], place: Path, fleet: Fleet, saved_side: Path
) -> None:
    (place / "targets.txt").write_text(text, "utf-8")
    ran = fleet.run("run", "--targets", "targets.txt", "--expected", str(saved_side), cwd=place)
    assert (ran.code, expected[1] in ran.err) == (expected[0], True), ran.err
    assert "secret" not in ran.err + ran.out
    assert not (place / "reports").exists()


def test_services_are_targets_by_pattern(fleet: Fleet, place: Path, saved_side: Path) -> None:
    settings = psycopg.conninfo.conninfo_to_dict(fleet.variables["FLEET"])
    file = "".join(
        f"[{name}]\nhost={settings['host']}\nport={settings['port']}\nuser={READER}\ndbname={name}\n"
        for name in (*EQUAL[:2], "drift_a1")
    )
    (place / "services.conf").write_text(file, "utf-8")
    arguments = ("--targets", "service:tenant_*", "--expected", str(saved_side), "--workers", "1")
    ran = fleet.run("run", *arguments, cwd=place, PGSERVICEFILE=str(place / "services.conf"))
    assert ran.code == 0, ran.err
    (folder,) = folders(place)
    assert {name: each["reference"] for name, each in evidence_in(folder).items()} == {
        "tenant_00": "service:tenant_00",
        "tenant_01": "service:tenant_01",
    }


def test_a_query_that_fails_or_writes_is_an_error(fleet: Fleet, place: Path, saved_side: Path) -> None:
    for sql, why in {
        "select nothing": "the query failed",
        "create table x (i int)": "read-only",
        "select 1": "is not a target",
        "select datname from pg_catalog.pg_database where false": "there are no targets",
    }.items():
        ran = fleet.run("run", "--from-query", "env:FLEET", sql, "--expected", str(saved_side), cwd=place)
        assert ran.code in (2, 3)
        assert why in ran.err
