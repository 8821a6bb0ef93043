"""What belongs to somebody's session is no part of the schema: neither read nor reported as unmodelled."""

from __future__ import annotations

import psycopg
import pytest

from migration_audit.catalog import read_snapshot

pytestmark = pytest.mark.server

TEMPORARY = """
create temp table t (id serial primary key, n int check (n > 0));
create index on t (n);
create rule r as on delete to t do instead nothing;
create statistics s (dependencies) on id, n from t;
create temp view v as select n from t;
create temp sequence q;
create type pg_temp.mood as enum ('ok');
create function pg_temp.f() returns int language sql as 'select 1';
create aggregate pg_temp.total(int) (sfunc = int4pl, stype = int);
create operator pg_temp.=== (function = int4eq, leftarg = int, rightarg = int);
"""


@pytest.mark.parametrize("whose", ["another session's", "its own"])
def test_temporary_objects_are_not_seen(database: str, whose: str) -> None:
    before = read_snapshot(database).snapshot
    with psycopg.connect(database) as session:
        session.execute(TEMPORARY.encode())
        session.commit()
        if whose == "its own":
            session.read_only = True
            session.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            after = read_snapshot(session).snapshot
        else:
            after = read_snapshot(database).snapshot
    assert after.unmodelled == ()
    assert after.digest == before.digest
