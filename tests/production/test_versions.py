"""What each version of PostgreSQL lacks of what others have, and that an audit reads it: docs/versions.md, row by row."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from fix_versions import VERSIONS, server_of
from migration_audit.catalog import read_snapshot

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "versions.md"

# What a schema can have, and the statement that makes it.
FEATURES = {
    "`STORAGE` in CREATE TABLE": "create table t (a text storage external)",
    "`GRANT role … WITH INHERIT`": "create role a; create role b; grant a to b with inherit true",
    "the privilege `MAINTAIN`": "create table t (a int); grant maintain on t to public",
    "collations of the provider `builtin`": "create collation c (provider = builtin, locale = 'C.UTF-8')",
    "NOT NULL as a constraint (`NOT VALID`, `NO INHERIT`)": "create table t (a int); alter table t add not null a not valid",
    "virtual generated columns": "create table t (a int, b int generated always as (a + 1) virtual)",
    "`NOT ENFORCED`": "create table t (a int check (a > 0) not enforced)",
    "`WITHOUT OVERLAPS`": "create table t (a int4range, r int4range, primary key (a, r without overlaps))",
}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_page_says_what_a_version_lacks(version: str) -> None:
    lacking = []
    with server_of(version).cluster(fresh=True) as cluster:
        for number, (feature, statement) in enumerate(FEATURES.items()):
            conninfo = cluster.create_database(f"feature_{number}")
            with psycopg.connect(conninfo, autocommit=True) as connection:
                try:
                    connection.execute(statement.encode())
                except psycopg.errors.DatabaseError:
                    lacking.append(feature)
            snapshot = read_snapshot(conninfo).snapshot
            assert snapshot.server.postgres_version.startswith(version)
            assert snapshot.unmodelled == ()
    [row] = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith(f"| PostgreSQL {version} ")]
    assert row.endswith(f"| {', '.join(lacking) or 'nothing of these'} |")
