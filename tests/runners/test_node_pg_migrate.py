"""The real node-pg-migrate and our reading of its SQL files: the same catalog, the same rows, the same refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from fix_runners import (
    CASES,
    SEED,
    Outcome,
    Proof,
    Ran,
    Resident,
    Target,
    from_npm,
    migration,
    node_resident,
    ran,
    reading,
    write,
)
from migration_audit.formats import EntryState, find_format

pytestmark = pytest.mark.server

VERSION = "9.0.0"
NAME = "node-pg-migrate"
Files = dict[str, str | bytes]
Hold = Callable[..., Outcome]

UP = "-- Up Migration\n"
DOWN = "-- Down Migration\n"
PAIRED = """
import {{ runner }} from "{runner}";
await runner({{
  databaseUrl: process.env.DATABASE_URL, dir: "migrations", direction: "up", migrationsTable: "pgmigrations",
  singleTransaction: true, migrationLoaderStrategies: [{{ extensions: [".sql"], loader: "sql" }}],
}});
"""


@pytest.fixture(scope="module")
def modules() -> Path:
    return from_npm(f"{NAME}@{VERSION}", "pg@8.16.3") / "node_modules"


@pytest.fixture(scope="module")
def resident(modules: Path) -> Iterator[Resident]:
    with node_resident(modules / NAME / "bin/node-pg-migrate.js") as running:
        yield running


@pytest.fixture
def hold(modules: Path, resident: Resident, proof: Proof, tmp_path: Path) -> Hold:
    """Write files, let node-pg-migrate and our format apply them, and hold one against the other."""

    def run(files: Files, rng: Random | None = None, *, paired: bool = False) -> Outcome:
        folder = write(tmp_path / "migrations", files, rng)
        script = PAIRED.format(runner=modules / NAME / "dist/bundle/index.js")
        write(tmp_path, {"paired.mjs": script})

        def migrate(target: Target) -> Ran:
            if paired:
                return ran(["node", "paired.mjs"], cwd=tmp_path, more={"DATABASE_URL": target.url()})
            return resident.ask(str(tmp_path), target.url(), "up")

        return proof.hold(NAME, folder, migrate)

    return run


@pytest.mark.slow
def test_the_version_is_the_proven_one(modules: Path) -> None:
    assert f'"version": "{VERSION}"' in (modules / NAME / "package.json").read_text()
    assert find_format(NAME).tested_against == f"{NAME} {VERSION}"


A, B = "create table a ();\n", "create table b ();\n"
BODY = "create function f() returns integer language plpgsql as $$\nbegin\n{}\nreturn 1; end $$;\n"
READS_A = "create table b as select * from a;\n"

APPLIED: dict[str, Files] = {
    "up and down": {"1_a.sql": UP + A + DOWN + "drop table a;\n"},
    "no markers": {"1_a.sql": A},
    "windows line ends": {"1_a.sql": (UP + A + DOWN + "drop table a;\n").replace("\n", "\r\n")},
    "down before up": {"1_a.sql": DOWN + "drop table a;\n" + UP + A},
    "a down line alone": {"1_a.sql": "create table a ();\n" + DOWN + "drop table a;\n", "2_b.sql": B},
    "an up line alone": {"1_a.sql": UP + A},
    "SQL before the up line": {"1_a.sql": B + UP + A + DOWN + "drop table a;\n"},
    "a header before the up line": {"1_a.sql": "/* of a */\n-- made by hand\n\n" + UP + A + DOWN + "drop table a;\n"},
    "rules of dashes": {"1_a.sql": f"{'-' * 20}\n{UP}{'-' * 20}\n{A}---- down   migration ----\ndrop table a;\n"},
    "upper case and no blank": {"1_a.sql": f"--UP MIGRATION\n{A}--DOWN MIGRATION\ndrop table a;\n"},
    "indented markers": {"1_a.sql": f"  -- up migration\n{A}\t--\tdown\tmigration\ndrop table a;\n"},
    "two down lines": {"1_a.sql": UP + A + DOWN + "drop table a;\n" + DOWN + "x\n"},
    "a second up section": {"1_a.sql": UP + A + DOWN + "drop table a;\n" + UP + B},
    "a marker behind a statement": {"1_a.sql": UP + "create table a (); -- Down Migration\n" + B},
    "words that are no marker": {"1_a.sql": "-- Upgrade migration\n-- the up migration\n" + A + "-- down-migration\n" + B},
    "an empty file": {"1_a.sql": "", "2_b.sql": B},
    "an empty section": {"1_a.sql": UP + DOWN, "2_b.sql": B},
    "a last line without an end": {"1_a.sql": A + "create table b () -- b"},
    "one file without a number": {"init.sql": A},
    "numbers as numbers": {"2_a.sql": A, "10_b.sql": READS_A, "1.sql": "select 1;"},
    "zeros in front": {"0002_a.sql": A, "00010_b.sql": READS_A},
    "one number, by name": {"1_b.sql": A, "1_c.sql": READS_A, "1_Bz.sql": "create table c as select * from a;"},
    "one number, numbers in names": {"1_x9.sql": A, "1_x10.sql": READS_A},
    "one number, punctuation": {"1_a-b.sql": A, "1_ac.sql": READS_A},
    "a date among timestamps": {
        "20200513070724505_a.sql": A,
        "1589353644506_b.sql": READS_A,
        "1589353644504_c.sql": "create table c ();",
    },
    "a day that February lacks": {"20210230000000000_b.sql": A, "20210302000000001_c.sql": READS_A},
    "midnight": {"20201231240000000_b.sql": A, "20210101000000001_c.sql": READS_A},
    "upper-case extension": {"1_a.SQL": UP + A + DOWN + "drop table a;"},
    "hidden files": {"1_a.sql": A, ".2_b.sql": B, ".gitkeep": ""},
    "subfolders": {"1_a.sql": A, "sub/2_b.sql": B},
    "one session": {"1_a.sql": "create schema app; set search_path = app;", "2_b.sql": B},
    "a commit of its own": {
        "1_a.sql": "create table a (i integer);\ncommit;",
        "2_b.sql": "create index concurrently i on a (i);",
        "3_c.sql": "begin; create table c ();",
    },
    "an enum value that is used later": {"1_a.sql": "create type m as enum ('a'); create table a (m m);", "2_b.sql": B},
    "braces": {"1_a.sql": "create table a (i text default '{name} ${name} :name');"},
    "only up files": {"1_a.up.sql": A},
}


@pytest.mark.parametrize("files", APPLIED.values(), ids=APPLIED)
def test_both_apply_the_same(hold: Hold, files: Files) -> None:
    outcome = hold(files)
    assert outcome.ran.code == 0, outcome
    assert outcome.agrees, outcome
    found = reading(NAME, outcome)
    assert {verdict.state for verdict in found.verdicts} == {EntryState.APPLIED}
    assert (found.beyond, found.notes) == ((), ())


PAIRS: dict[str, Files] = {
    "a pair": {"1_a.up.sql": A, "1_a.down.sql": "drop table a;"},
    "a pair and whole files": {
        "1_a.up.sql": A,
        "1_a.down.sql": "x",
        "2_b.sql": UP + READS_A + DOWN + "x",
        "3.up.sql": "select 1;",
    },
    "markers in an up file": {"1_a.up.sql": A + DOWN + B, "1_a.down.sql": "x"},
    "an order that the ends would change": {"1_a.up.sql": A, "1_a.down.sql": "x", "1_as.sql": READS_A},
}


@pytest.mark.parametrize("files", PAIRS.values(), ids=PAIRS)
def test_pairs_of_up_and_down_files(hold: Hold, files: Files) -> None:
    outcome = hold(files, paired=True)
    assert outcome.ran.code == 0, outcome
    assert outcome.agrees, outcome
    assert {verdict.state for verdict in reading(NAME, outcome).verdicts} == {EntryState.APPLIED}


REFUSED: dict[str, Files] = {
    "a name without a number": {"1_a.sql": A, "b.sql": B},
    "a text file": {"1_a.sql": A, "2_README.md": "# x"},
    "a date that is none": {"20201301000000000_a.sql": A, "2_b.sql": "select 1; select x;"},
    "an apostrophe": {"1_it's.sql": A},
    "a marker in a body that is cut": {"1_a.sql": UP + BODY.format("-- Down Migration")},
    "a byte order mark": {"1_a.sql": "\ufeff" + A},
    "a byte order mark before the marker": {"1_a.sql": "\ufeff" + UP + A},
    "concurrently": {"1_a.sql": "create table a (i integer);", "2_b.sql": "create index concurrently i on a (i);"},
    "concurrently after a commit in one message": {
        "1_a.sql": "create table a (i integer);",
        "2_b.sql": "commit; create index concurrently i on a (i);",
    },
    "an enum value that is used at once": {
        "1_a.sql": "create type m as enum ('a');\ncommit; begin;",
        "2_b.sql": "alter type m add value 'b';",
        "3_c.sql": "create view v as select 'b'::m;",
    },
    "a failing file": {"1_a.sql": A, "2_b.sql": A},
    "a psql command": {"1_a.sql": "\\set x 1\n" + A},
    "the data of COPY": {"1_a.sql": "create table a (i integer);\ncopy a from stdin;\n1\n\\.\n"},
}


@pytest.mark.parametrize("files", REFUSED.values(), ids=REFUSED)
def test_both_refuse(hold: Hold, files: Files) -> None:
    outcome = hold(files)
    assert outcome.ran.code != 0, outcome
    assert outcome.refused is not None, outcome


REFUSED_PAIRS: dict[str, Files] = {
    "two forms of one migration": {"1_a.up.sql": A, "1_a.down.sql": "x", "1_a.sql": B},
    "a down file alone": {"1_a.up.sql": A, "1_a.down.sql": "x", "2_b.down.sql": "x"},
}


@pytest.mark.parametrize("files", REFUSED_PAIRS.values(), ids=REFUSED_PAIRS)
def test_both_refuse_pairs(hold: Hold, files: Files) -> None:
    outcome = hold(files, paired=True)
    assert outcome.ran.code != 0, outcome
    assert outcome.refused is not None, outcome


def test_a_program_is_refused_although_node_pg_migrate_runs_it(hold: Hold) -> None:
    outcome = hold({"1_a.sql": A, "2_b.js": "export const up = (pgm) => pgm.dropTable('a'); export const down = false;"})
    assert outcome.ran.code == 0, outcome
    assert outcome.refused is not None
    assert "migrations/2_b.js: a migration that is a program" in outcome.refused


def test_rows_that_are_gone_or_in_another_order(hold: Hold) -> None:
    outcome = hold({f"{n}_x.sql": f"create table t{n} ();" for n in (1, 2, 3)})
    first, second, third = outcome.rows
    found = reading(NAME, outcome, rows=[first, third])
    assert [verdict.state for verdict in found.verdicts] == [EntryState.APPLIED, EntryState.ABSENT, EntryState.APPLIED]
    assert found.notes == ("the ledger has 3_x in the place of 2_x: node-pg-migrate does not continue (--check-order)",)
    assert reading(NAME, outcome, rows=[first, second, third, {**third, "name": "9_gone"}]).beyond == ("9_gone",)


@pytest.mark.parametrize("number", range(CASES))
def test_generated_folders(hold: Hold, number: int) -> None:
    rng = Random(f"{NAME} {SEED} {number}")
    outcome = hold(_folder(rng), rng)
    assert outcome.agrees, outcome


def _folder(rng: Random) -> Files:
    files: Files = {}
    for number in range(rng.randint(2, 6)):
        prefix = rng.choice(
            (str(rng.randint(0, 12)), f"{rng.randint(0, 12):04}", str(15e11 + rng.randint(0, 9))[:13], _utc(rng))
        )
        name = "".join(rng.choices("aAbé_-10", k=rng.randint(0, 4)))
        files[f"{prefix}{rng.choice('_-.')}{number}{name}.sql"] = _file(rng, number)
    return files


def _utc(rng: Random) -> str:
    return f"2017071{rng.randint(3, 5)}024000{rng.randint(0, 9):03}"


def _file(rng: Random, number: int) -> str:
    up, down = migration(rng, number)
    dashes = rng.choice(("-- ", "--", "---- ", "--\t", "  -- "))
    up_line = f"{dashes}{rng.choice(('Up', 'up', 'UP'))} {rng.choice(('Migration', 'migration'))}\n"
    down_line = f"{dashes}{rng.choice(('Down', 'down', 'DOWN'))}  migration{rng.choice(('', ' of it'))}\n"
    text = rng.choice(
        (
            up,
            up_line + up,
            up_line + up + down_line + down,
            up_line + up + down_line + down,
            down_line + down + up_line + up,
            "-- header\n\n" + up_line + up + down_line + down,
            up + down_line,
        )
    )
    return text.replace("\n", "\r\n") if rng.random() < 0.2 else text.rstrip("\n") if rng.random() < 0.2 else text
