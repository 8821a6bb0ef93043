"""The clean-up SQL of the orphaned ledger: shown, run by nobody, and safe in the hands of whoever runs it."""

from __future__ import annotations

import psycopg
import pytest

from fix_inputs import environment, project, source
from migration_audit.catalog import open_connection, read_ledger
from migration_audit.checks import BY_ID, judge
from migration_audit.model.finding import CheckResult, Phase

pytestmark = pytest.mark.server

LEGACY = """
create table processor.migrations_applied (id serial primary key, filename text not null unique, applied_at timestamptz)
"""
OWNERS = """
create table processor.migrations_applied (filename text primary key, checksum text not null, applied_at timestamptz)
"""
ROWS = "insert into processor.migrations_applied (filename) values ('0001_a.sql')"


def make(conninfo: str, *statements: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in ("create schema if not exists processor", *statements):
            connection.execute(statement.encode())


def liv011(conninfo: str) -> CheckResult:
    with open_connection(conninfo) as connection:
        ledger = read_ledger(connection, "processor.migrations_applied", project().legacy.ledger.format)
    inputs = {
        "legacy_ledger": ledger,
        "legacy_source": source("legacy"),
        "owner_source": source("owner"),
        "project": project(),
        "environment": environment(),
    }
    (result,) = judge([BY_ID["LIV011"]], inputs, Phase.PREFLIGHT)
    return result


def cleanup(conninfo: str) -> str:
    (finding,) = liv011(conninfo).findings
    return str(finding.fix_sql)


def is_there(conninfo: str) -> bool:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("select pg_catalog.to_regclass('processor.migrations_applied') is not null").fetchone()
    return bool(row and row[0])


def test_the_cleanup_drops_the_legacy_ledger_and_no_one_ran_it_before(database: str) -> None:
    make(database, LEGACY, ROWS)
    text = cleanup(database)
    assert is_there(database)
    make(database, text)
    assert not is_there(database)


@pytest.mark.parametrize(
    ("since", "said"),
    [
        (["drop table processor.migrations_applied", OWNERS], "other columns than the legacy ledger"),
        (["alter table processor.migrations_applied add checksum text"], "other columns than the legacy ledger"),
        (
            ["insert into processor.migrations_applied (filename) values ('001_extensions.sql')"],
            "rows that the legacy runner",
        ),
        (
            [
                "alter table processor.migrations_applied alter filename drop not null",
                "insert into processor.migrations_applied (filename) values (null)",
            ],
            "rows that the legacy runner",
        ),
    ],
    ids=["the owner's table of that name", "one column more", "a row of the owner's", "a row without a name"],
)
def test_the_cleanup_refuses_a_table_that_is_not_the_one_that_was_looked_at(
    database: str, since: list[str], said: str
) -> None:
    make(database, LEGACY, ROWS)
    text = cleanup(database)
    make(database, *since)
    with pytest.raises(psycopg.errors.RaiseException, match=said):
        make(database, text)
    assert is_there(database)


def test_for_a_table_of_the_owners_shape_there_is_no_cleanup(database: str) -> None:
    make(database, OWNERS)
    result = liv011(database)
    assert result.findings == ()
    assert "it has the owner's column checksum; nothing to clean up" in str(result.reason)


@pytest.mark.timescale
def test_an_audit_of_the_demo_leaves_the_ledger_where_it_is(demo_variables: dict[str, str]) -> None:
    for name in ("TRM_STAGE_DSN", "TRM_PROD_DSN"):
        with psycopg.connect(demo_variables[name]) as connection:
            row = connection.execute("select count(*) from processor.migrations_applied").fetchone()
        assert row == (2,)
