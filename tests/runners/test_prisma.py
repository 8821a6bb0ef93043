"""Prisma 7.10.0 migrates an empty database, and our reading of the same folder makes the same.

The command line is the real one; its schema engine is the build of the same commit as WebAssembly, which npm carries
(``prisma_engine.mjs``; the native program is downloaded from elsewhere). The engine hands each file to a driver adapter. The
one here sends it as the native engine does, in one message on one connection (``apply_migration_script`` in prisma-engines'
``flavour/postgres/connector/native``).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from fix_runners import CASES, SEED, Outcome, Proof, Ran, Target, from_npm, ledger_rows, migration, ran, reading, write
from migration_audit.formats import EntryState, find_format

pytestmark = [pytest.mark.server, pytest.mark.slow]

HERE = Path(__file__).parent
VERSION = "7.10.0"
ENGINE = "7.10.0-4.0edf323efd1d98336f3f0a68684b56f689b900d3"
"""What ``@prisma/engines`` of that version asks for."""
CONFIG = """
import { defineConfig } from "prisma/config";
export default defineConfig({
  schema: "schema.prisma",
  migrations: { path: "migrations" },
  datasource: { url: "postgresql://read.from/variables" },
});
"""
SCHEMA = 'datasource db {\n  provider = "postgresql"\n}\n'
LOCK = 'provider = "postgresql"\n'

Files = dict[str, str | bytes]
Deploy = Callable[[Target], Ran]


@pytest.fixture(scope="module")
def modules() -> Path:
    return from_npm(f"prisma@{VERSION}", f"@prisma/adapter-pg@{VERSION}", f"@prisma/schema-engine-wasm@{ENGINE}")


@pytest.fixture
def deploy(modules: Path, tmp_path: Path) -> Deploy:
    """``prisma migrate deploy`` for the folder ``migrations``."""
    engine = f'#!/bin/sh\nexec node "{HERE / "prisma_engine.mjs"}" "$@"\n'
    write(tmp_path, {"schema.prisma": SCHEMA, "prisma.config.ts": CONFIG, "engine": engine})
    (tmp_path / "engine").chmod(0o755)
    (tmp_path / "node_modules").symlink_to(modules / "node_modules")
    more = {
        "PRISMA_SCHEMA_ENGINE_BINARY": str(tmp_path / "engine"),
        "PRISMA_MODULES": str(modules),
        "CHECKPOINT_DISABLE": "1",
    }

    def migrate(target: Target) -> Ran:
        command = ["node", modules / "node_modules/prisma/build/index.js", "migrate", "deploy"]
        return ran(command, cwd=tmp_path, more=more | target.variables())

    return migrate


Hold = Callable[..., Outcome]


@pytest.fixture
def hold(deploy: Deploy, proof: Proof, tmp_path: Path) -> Hold:
    """Write migrations, let Prisma and our format apply them, and hold one against the other."""

    def run(files: Files, rng: Random | None = None) -> Outcome:
        return proof.hold("prisma", write(tmp_path / "migrations", files, rng), deploy)

    return run


def test_the_version_is_the_proven_one(modules: Path) -> None:
    assert find_format("prisma").tested_against == f"Prisma {VERSION}"
    assert f'"{ENGINE}"' in (modules / "node_modules/@prisma/engines/package.json").read_text()


def folders(scripts: dict[str, str]) -> Files:
    """``{"1_a": "select 1"}`` as Prisma's folders, with its lock file."""
    return {"migration_lock.toml": LOCK, **{f"{name}/migration.sql": text for name, text in scripts.items()}}


FUNCTION = "create function f() returns int language plpgsql as $$ begin return 1; -- ;\n end; $$;\n"
APPLIED = {
    "two files": folders(
        {"20260101120000_a": 'create table "A" (id serial primary key);', "20260201120000_b": 'alter table "A" add n text;'}
    ),
    "names as text": folders(
        {"2_b": "create view v as select 2 as n;", "10_a": "create view v as select 1 as n; drop view v;"}
    ),
    "names by locale": folders(
        {
            "10_b": "create or replace function f() returns int language sql return 10;",
            "1_a": "create or replace function f() returns int language sql return 1;",
            "1_B": "create or replace function g() returns int language sql return 1;",
            "1_a-x": "create or replace function g() returns int language sql return 2;",
            "1_a_x": "create or replace function g() returns int language sql return 3;",
            "1_ax": "create or replace function g() returns int language sql return 4;",
        }
    ),
    "a body with semicolons": folders({"1": FUNCTION + "create table t (n int default f());"}),
    "a comment alone": folders({"1": "-- This is an empty migration.", "2": "create table t ()"}),
    "an empty file": folders({"1": "", "2": "create table t ()"}),
    "one statement out of a transaction": folders(
        {"1": "create table t (n int);", "2": "create index concurrently i on t (n);"}
    ),
    "a transaction of its own": folders({"1": "begin; create table t (n int); commit; create table u ();"}),
    "SET outlives the file": folders({"1": "create schema app; set search_path = app, public;", "2": "create table t ();"}),
    "SET LOCAL does not": folders(
        {"1": "create schema app; set local search_path = app; create table t ();", "2": "create table t ();"}
    ),
    "search_path that is set back": folders(
        {"1": "set search_path = pg_catalog; create table public.t (); reset search_path;"}
    ),
    "other files": folders({"1": "create table t ();"})
    | {"1/down.sql": "drop table t;", "1/notes.sql": "x", "README.md": "x", "3.sql": "x"},
    "no lock file": {"1/migration.sql": "create table t ();"},
    "line ends of Windows": folders({"1": "create table t (\r\n n int\r\n);\r\n"})
    | {"migration_lock.toml": '# x\r\nprovider = "postgresql"\r\n'},
    "deeper folders": folders({"1": "create table t ();"}) | {"1/old/migration.sql": "x"},
}


@pytest.mark.parametrize("files", APPLIED.values(), ids=APPLIED)
def test_both_apply_the_same(hold: Hold, files: Files) -> None:
    outcome = hold(files)
    assert outcome.ran.code == 0, outcome
    assert outcome.agrees, outcome
    found = reading("prisma", outcome)
    assert {verdict.state for verdict in found.verdicts} == {EntryState.APPLIED}
    assert (found.beyond, found.notes) == ((), ())


REFUSED = {
    "no migration.sql": folders({"1": "create table t ();"}) | {"2/up.sql": "x"},
    "an empty lock file": folders({"1": "create table t ();"}) | {"migration_lock.toml": ""},
    "another provider": folders({"1": "create table t ();"}) | {"migration_lock.toml": 'provider = "sqlite"'},
    "a provider without spaces": folders({"1": "create table t ();"}) | {"migration_lock.toml": 'provider="postgresql"'},
    "a byte order mark": folders({"1": "\ufeffcreate table t ();"}),
    "a command of psql": folders({"1": "\\set x 1\ncreate table t ();"}),
    "a file that stops half way": folders({"1": "create table t (); create table t ();"}),
    "CONCURRENTLY among others": folders({"1": "create table t (n int); create index concurrently i on t (n);"}),
    "CONCURRENTLY after COMMIT": folders(
        {"1": "begin; create table t (n int); commit; create index concurrently i on t (n);"}
    ),
    "search_path without the ledger": folders(
        {"1": "select set_config('search_path', '', false);\ncreate table public.t ();"}
    ),
    "search_path of another schema": folders({"1": "create schema app; set search_path = app;", "2": "create table t ();"}),
}


@pytest.mark.parametrize("files", REFUSED.values(), ids=REFUSED)
def test_both_refuse(hold: Hold, files: Files) -> None:
    outcome = hold(files)
    assert outcome.ran.code != 0, outcome
    assert outcome.refused is not None, outcome


def states(outcome: Outcome) -> list[EntryState]:
    return [verdict.state for verdict in reading("prisma", outcome).verdicts]


def test_the_ledger_after_a_failure(proof: Proof, deploy: Deploy, tmp_path: Path) -> None:
    migrations = tmp_path / "migrations"
    files = folders({"1": "create table a ();", "2": "create table a ();", "3": "create table c ();"})
    target = proof.database()
    ledger = find_format("prisma").ledger
    assert ledger is not None
    write(migrations, files)
    assert deploy(target).code != 0
    outcome = proof.hold("prisma", migrations, deploy)
    assert states(outcome) == [EntryState.APPLIED, EntryState.FAILED, EntryState.ABSENT]
    target.execute("update _prisma_migrations set rolled_back_at = now() where finished_at is null")
    write(migrations, {"2/migration.sql": "create table b ();"})
    assert deploy(target).code == 0
    found = reading("prisma", proof.hold("prisma", migrations, deploy), rows=ledger_rows(target, ledger))
    assert [verdict.state for verdict in found.verdicts] == [EntryState.APPLIED] * 3
    assert len(ledger_rows(target, ledger)) == 4


def test_the_ledger_after_tampering(hold: Hold) -> None:
    files = folders({"1": "create table a ();\n", "2": "create table b ();\n", "3": "create table c ();\n"})
    rows = hold(files).rows
    outcome = hold(files | {"2/migration.sql": "create table b (n int);\n", "3/migration.sql": "create table c ();\r\n"})
    gone = {**rows[0], "migration_name": "0_gone"}
    found = reading("prisma", outcome, rows=[gone, *rows[1:]])
    assert [verdict.state for verdict in found.verdicts] == [EntryState.ABSENT, EntryState.CHANGED, EntryState.APPLIED]
    assert found.beyond == ("0_gone",)


@pytest.mark.parametrize("number", range(CASES))
def test_generated_folders(hold: Hold, number: int) -> None:
    rng = Random(f"prisma {SEED} {number}")
    outcome = hold(_folder(rng), rng)
    assert outcome.agrees, outcome


def _folder(rng: Random) -> Files:
    scripts: dict[str, str] = {}
    for number in range(rng.randint(2, 7)):
        stamp = "".join(rng.choices("012", k=rng.choice((1, 2, 2, 14))))
        separator = rng.choice("_-. ") if rng.random() < 0.9 else ""
        text, _ = migration(rng, number)
        scripts[f"{stamp}{separator}{''.join(rng.choices('aAbBé_-9', k=rng.randint(0, 3)))}"] = (
            text.replace("\n", "\r\n") if rng.random() < 0.2 else text
        )
    more: Files = {rng.choice(("README.md", "3.sql", "1/down.sql", "1/migration.sql")): ""} if rng.random() < 0.3 else {}
    return folders(scripts) | more
