"""Ledgers as Flyway, golang-migrate and Prisma leave them in a live database: no false finding, and none missed.

The tables are those that the runners create: flyway-database-postgresql (PostgreSQLDatabase.getRawCreateScript),
golang-migrate (database/postgres, ensureVersionTable), Prisma (schema-engine, apply_migration_table).
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migration_audit.audit.audit import Audit
from migration_audit.model.finding import Phase
from migration_audit.project import load_project

pytestmark = pytest.mark.slow

A, B = "create table if not exists a (i int primary key);\n", "create index if not exists a_i on a (i);\n"


def crc32(text: str) -> int:
    """Flyway's checksum: the bytes of all lines without their ends, as a signed number of 32 bits."""
    found = zlib.crc32("".join(text.splitlines()).encode())
    return found - (1 << 32) if found >= 1 << 31 else found


FLYWAY = """create table flyway_schema_history (installed_rank int not null primary key, version varchar(50),
 description varchar(200) not null, type varchar(20) not null, script varchar(1000) not null, checksum integer,
 installed_by varchar(100) not null, installed_on timestamp not null default now(), execution_time integer not null,
 success boolean not null)"""
PRISMA = """create table _prisma_migrations (id varchar(36) primary key not null, checksum varchar(64) not null,
 finished_at timestamptz, migration_name varchar(255) not null, logs text, rolled_back_at timestamptz,
 started_at timestamptz not null default now(), applied_steps_count integer not null default 0)"""
GOLANG = "create table schema_migrations (version bigint not null primary key, dirty boolean not null)"


def flyway_row(rank: int, script: str, text: str) -> str:
    version, description = script.removesuffix(".sql").removeprefix("V").split("__")
    return (
        "insert into flyway_schema_history (installed_rank, version, description, type, script, checksum,"
        f" installed_by, execution_time, success) values ({rank}, '{version}', '{description}', 'SQL', '{script}',"
        f" {crc32(text)}, 'me', 1, true)"
    )


def prisma_row(number: int, name: str, text: str) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return (
        "insert into _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count) "
        f"values ('{number}', '{digest}', now(), '{name}', 1)"
    )


CASES = {
    "flyway": (
        {"V1__a.sql": A, "V1.1__b.sql": B},
        [FLYWAY, flyway_row(1, "V1__a.sql", A), flyway_row(2, "V1.1__b.sql", B)],
        {
            "failed": "update flyway_schema_history set success = false where installed_rank = 2",
            "changed": "update flyway_schema_history set checksum = checksum + 1 where installed_rank = 2",
            "absent": "delete from flyway_schema_history where installed_rank = 2",
        },
    ),
    "golang-migrate": (
        {"1_a.up.sql": A, "1_a.down.sql": "drop table a;", "2_b.up.sql": B, "2_b.down.sql": "drop index a_i;"},
        [GOLANG, "insert into schema_migrations values (2, false)"],
        {"dirty": "update schema_migrations set dirty = true", "behind": "update schema_migrations set version = 1"},
    ),
    "prisma": (
        {
            "migration_lock.toml": 'provider = "postgresql"\n',
            "20260101120000_a/migration.sql": A,
            "20260201120000_b/migration.sql": B,
        },
        [PRISMA, prisma_row(1, "20260101120000_a", A), prisma_row(2, "20260201120000_b", B)],
        {
            "not finished": "update _prisma_migrations set finished_at = null where id = '2'",
            "rolled back": "update _prisma_migrations set rolled_back_at = now() where id = '2'",
            "changed": "update _prisma_migrations set checksum = 'x' where id = '2'",
        },
    ),
}


@pytest.fixture
def databases(cluster: Any) -> Iterator[Any]:
    made: list[str] = []

    def make(name: str, statements: list[str]) -> str:
        conninfo: str = cluster.create_database(f"ledgers_{name}")
        made.append(f"ledgers_{name}")
        with psycopg.connect(conninfo, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())
        return conninfo

    yield make
    for name in made:
        cluster.drop_database(name)


@pytest.mark.server
@pytest.mark.parametrize("form", CASES)
def test_a_ledger_as_its_runner_leaves_it(
    tmp_path: Path, databases: Any, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, ledger, tampered = CASES[form]
    for name, text in files.items():
        (tmp_path / "owner" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "owner" / name).write_text(text)
    (tmp_path / "legacy.sql").write_text(A)
    states = {"good": "", **tampered}
    names = {state: f"e{number}" for number, state in enumerate(states)}
    (tmp_path / "audit.toml").write_text(
        f'[project]\nname = "x"\n[legacy]\nsql = ["legacy.sql"]\n[owner]\nroot = "owner"\nsql = ["."]\nformat = "{form}"\n'
        + "".join(f'[environments.{name}]\ndsn_env = "DSN_{name.upper()}"\n' for name in names.values())
    )
    variables = {
        f"DSN_{names[state].upper()}": databases(names[state], [A, B, *ledger, *([change] if change else [])])
        for state, change in states.items()
    }
    monkeypatch.setattr(os, "environ", {**os.environ, **variables})
    project = load_project(tmp_path / "audit.toml")
    audit = Audit(project, environment=None, phase=Phase.PREFLIGHT, folder=None)
    assert audit.shared  # what the sources give is the same for all
    outcomes = {}
    for state, name in names.items():
        one = copy(audit)
        one.environment = project.environment(name)
        checks = {result.id: result for result in one.results}
        outcomes[state] = (checks["LIV010"].outcome, checks["LIV010"].reason, checks["LIV012"].outcome)
    assert {state: outcome for state, (outcome, *_) in outcomes.items()} == {
        state: "passed" if state == "good" else "failed" for state in states
    }, outcomes
    assert {ledger_is for *_, ledger_is in outcomes.values()} == {"passed"}, "the ledger itself is no drift"
