"""golang-migrate and our reading of its files, where MIGRATION_AUDIT_GOLANG_MIGRATE names its program ``migrate``.

No registry that tests install from has it. Version 4.19.1 agreed on all that follows.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from fix_runners import CASES, SEED, Outcome, Proof, Ran, Target, ledger_rows, migration, ran, reading, write
from migration_audit.formats import EntryState, find_format

PROGRAM = os.environ.get("MIGRATION_AUDIT_GOLANG_MIGRATE", "")
pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not PROGRAM, reason="MIGRATION_AUDIT_GOLANG_MIGRATE does not name golang-migrate's program"),
]

Hold = Callable[..., Outcome]


def migrated(root: Path, target: Target) -> Ran:
    return ran([PROGRAM, "-source", f"file://{root}", "-database", target.url(), "up"], cwd=root.parent)


@pytest.fixture
def hold(proof: Proof, tmp_path: Path) -> Hold:
    """Write files, let golang-migrate and our format apply them, and hold one against the other."""

    def run(files: dict[str, str | bytes], rng: Random | None = None) -> Outcome:
        root = write(tmp_path / "migrations", files, rng)
        return proof.hold("golang-migrate", root, lambda target: migrated(root, target))

    return run


APPLIED = {
    "up and down": {"1_a.up.sql": "create table a ();", "1_a.down.sql": "drop table a;"},
    "by number": {
        "10_c.up.sql": "create table c as select * from b;",
        "9_b.up.sql": "create table b as select * from a;",
        "0008_a.up.sql": "create table a ();",
        "0_z.up.sql": "select 1;",
    },
    "names": {
        "1_a.up.sql": "create table a ();",
        "2_.up.sql": "create table b ();",
        "3_c.up.txt": "create table c ();",
        "4_d.up.sql.bak": "create table d ();",
        "5_e.down.up.sql": "create table e ();",
        "6_f.up.down.sql": "create table f ();",
        "7.up.sql": "create table g ();",
        "8_h.sql": "create table h ();",
        "9_i.UP.sql": "create table i ();",
        "x10_j.up.sql": "create table j ();",
        "10 _j.up.sql": "create table j ();",
        f"{2**64}_k.up.sql": "create table k ();",
        "sub/11_l.up.sql": "create table l ();",
    },
    "no up file": {"1_a.up.sql": "create table a ();", "2_b.down.sql": "x", "3_c.up.sql": "create table c ();"},
    "an empty file": {
        "1_a.up.sql": "",
        "2_b.up.sql": " \n",
        "3_c.up.sql": "-- nothing\n",
        "4_d.up.sql": "create table d ();",
    },
    "one statement": {"1_a.up.sql": "create table a (i int);", "2_b.up.sql": "create index concurrently x on a (i);\n"},
    "an own transaction": {"1_a.up.sql": "begin;\ncreate table a ();\ncommit;\n", "2_b.up.sql": "create table b ();"},
    "one session": {
        "1_a.up.sql": "create temp table t (i int); create schema app; set search_path = app;",
        "2_b.up.sql": "create table b as select * from pg_temp.t;",
    },
    "windows line ends": {"1_a.up.sql": "create function f() returns int language sql as $$\r\nselect 1\r\n$$;\r\n"},
    "an empty search_path": {
        "1_a.up.sql": "select pg_catalog.set_config('search_path', '', false);",
        "2_b.up.sql": "create table public.b ();",
    },
}


@pytest.mark.parametrize("files", APPLIED.values(), ids=APPLIED)
def test_both_apply_the_same(hold: Hold, files: dict[str, str | bytes]) -> None:
    outcome = hold(files)
    assert outcome.ran.code == 0, outcome
    assert outcome.agrees, outcome
    assert {verdict.state for verdict in reading("golang-migrate", outcome).verdicts} == {EntryState.APPLIED}


REFUSED = {
    "a version twice": {"1_a.up.sql": "select 1;", "1_b.up.sql": "select 1;"},
    "a version twice as a number": {"1_a.up.sql": "select 1;", "001_b.up.sql": "select 1;"},
    "a down version twice": {"1_a.up.sql": "select 1;", "1_a.down.sql": "", "01_a.down.sql": ""},
    "nothing": {"a.sql": "select 1;"},
    "a version beyond bigint": {f"{2**63}_a.up.sql": "select 1;"},
    "concurrently in one message": {"1_a.up.sql": "create table a (i int); create index concurrently x on a (i);"},
    "concurrently after a commit": {"1_a.up.sql": "create table a (i int); commit; create index concurrently x on a (i);"},
    "an open transaction": {"1_a.up.sql": "begin; create table a ();", "2_b.up.sql": "select 1;"},
    "a byte order mark": {"1_a.up.sql": "\ufeffcreate table a ();"},
    "Latin 1": {"1_a.up.sql": "create table a (); comment on table a is 'é';".encode("latin-1")},
    "the data of COPY": {"1_a.up.sql": "create table a (i int);\ncopy a from stdin;\n1\n\\.\n"},
    "a psql command": {"1_a.up.sql": "\\set x 1\ncreate table a ();"},
    "an error": {"1_a.up.sql": "create table a ();", "2_b.up.sql": "create table a ();"},
}


@pytest.mark.parametrize("files", REFUSED.values(), ids=REFUSED)
def test_both_refuse(hold: Hold, files: dict[str, str | bytes]) -> None:
    outcome = hold(files)
    assert outcome.ran.code != 0, outcome
    assert outcome.refused is not None, outcome


def test_a_failed_version_is_dirty_and_those_after_it_are_absent(proof: Proof, tmp_path: Path) -> None:
    good = {"1_a.up.sql": "create table a ();", "2_b.up.sql": "create table b ();", "3_c.up.sql": "create table c ();"}
    outcome = proof.hold("golang-migrate", root := write(tmp_path / "good", good), lambda target: migrated(root, target))
    target = proof.database()
    failed = migrated(write(tmp_path / "bad", good | {"2_b.up.sql": "create table a ();"}), target)
    ledger = find_format("golang-migrate").ledger
    assert failed.code != 0
    assert ledger is not None
    found = reading("golang-migrate", outcome, rows=ledger_rows(target, ledger))
    assert [verdict.state for verdict in found.verdicts] == [EntryState.APPLIED, EntryState.FAILED, EntryState.ABSENT]


@pytest.mark.parametrize("number", range(CASES))
def test_generated_folders(hold: Hold, number: int) -> None:
    rng = Random(f"golang-migrate {SEED} {number}")
    outcome = hold(_folder(rng), rng=rng)
    assert outcome.agrees, outcome


def _folder(rng: Random) -> dict[str, str | bytes]:
    width = rng.choice((1, 1, 6, 14))
    first = rng.choice((0, 8, 98, 20240131120000))
    files: dict[str, str | bytes] = {}
    for number in range(first, first + rng.randint(2, 6)):
        version = str(number if rng.random() < 0.97 else first).zfill(width)
        title = rng.choice(("init", "add index", "Größe", "x.up", ""))
        up, down = migration(rng, number % 1000)
        if rng.random() < 0.2:
            up = f"begin;\n{up}commit;\n"
        for direction, text in (("up", up), ("down", down)):
            if rng.random() < 0.93 or (number, direction) == (first, "up"):
                files[f"{version}_{title}.{direction}.sql"] = text.replace("\n", "\r\n") if rng.random() < 0.2 else text
    if rng.random() < 0.3:
        files[rng.choice(("README.md", "sub/1_x.up.sql", "1_x.sql"))] = "drop table journal;"
    return files
