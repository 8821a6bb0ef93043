"""The Apache edition of TimescaleDB: what it cannot do is refused, also where it would take it and leave it out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migration_audit.model.sql import Applied
from migration_audit.shadow.apply import apply_sources
from migration_audit.sources import load_source

pytestmark = [pytest.mark.server, pytest.mark.timescale]

EXTENSION = "create extension timescaledb;\n"
TABLE = EXTENSION + "create table m (ts timestamptz not null, dev text);\nselect create_hypertable('m', 'ts');\n"
MADE = EXTENSION + "create table w (ts timestamptz not null, dev text) with ({});\n"
HYPER = "tsdb.hypertable, tsdb.partition_column = 'ts'"
POLICY = "perform add_retention_policy('m', interval '1 day')"
CAUGHT = "begin {} exception when others then null; end;"
LEFT_OUT = "accepted this statement but ignored "

ON_NEWEST: dict[str, tuple[str, str | None]] = {
    "a hypertable": (MADE.format(HYPER + ", timescaledb.chunk_interval = '1 day'"), None),
    "a hypertable, the columnstore is off": (MADE.format(HYPER + ", tsdb.columnstore=false"), None),
    "off, in quotes": (MADE.format(HYPER + ", timescaledb.enable_columnstore = 'off', tsdb.create_default_indexes=0"), None),
    "segments": (MADE.format(HYPER + ", tsdb.segmentby='dev'"), LEFT_OUT + "segmentby"),
    "segments and order": (
        MADE.format("timescaledb.hypertable, TimescaleDB.OrderBy = 'ts', timescaledb.segmentby = 'dev'"),
        LEFT_OUT + "orderby, segmentby",
    ),
    "direct compression": (MADE.format(HYPER + ", tsdb.direct_compress"), LEFT_OUT + "direct_compress"),
    "sparse indexes": (MADE.format(HYPER + ", tsdb.sparse_index='bloom(dev)'"), LEFT_OUT + "sparse_index"),
    "within a transaction": (
        TABLE + "begin; create table n (ts timestamptz not null) with (tsdb.hypertable, tsdb.orderby='ts'); commit;",
        LEFT_OUT + "orderby",
    ),
    "by EXECUTE": (
        (
            EXTENSION + "do $$ begin execute 'create table w (ts timestamptz not null, d text) with"
            " (tsdb.hypertable, tsdb.segmentby=''d'')'; end $$;"
        ),
        LEFT_OUT + "segmentby",
    ),
}
ON_BOTH: dict[str, tuple[str, str | None]] = {
    "compression": (TABLE + "alter table m set (timescaledb.compress);", "has TimescaleDB's Apache edition"),
    "a policy": (TABLE + "select add_retention_policy('m', interval '1 day');", "has TimescaleDB's Apache edition"),
    "a refusal that is caught": (TABLE + f"do $$ {CAUGHT.format(POLICY + ';')} $$;", LEFT_OUT + "add_retention_policy"),
    "an option whose refusal is caught": (
        TABLE + f"do $f$ {CAUGHT.format('alter table m set (timescaledb.compress, tsdb.compress_segmentby = $$d$$);')} $f$;",
        LEFT_OUT + "compress, compress_segmentby",
    ),
    "only for the other edition": (
        TABLE + f"do $$ begin if current_setting('timescaledb.license') = 'timescale' then {POLICY}; end if; end $$;",
        LEFT_OUT + "add_retention_policy",
    ),
    "a routine that is called": (
        TABLE
        + f"create function setup() returns void language plpgsql as $$ {CAUGHT.format(POLICY + ';')} $$;select setup();",
        LEFT_OUT + "add_retention_policy",
    ),
    "a routine that is not called": (
        TABLE + f"create function setup() returns void language plpgsql as $$ begin {POLICY}; end $$;",
        None,
    ),
    "a setting of the session": (TABLE + "set timescaledb.enable_compression_indexscan = off;", None),
    "words in a comment and a string": (TABLE + "comment on table m is 'with (tsdb.segmentby = x), add_job(';", None),
    "a policy is taken away where there is one": (
        TABLE + "do $$ begin if exists (select from timescaledb_information.jobs where job_id > 999) then"
        " perform remove_retention_policy('m'); end if; end $$;",
        None,
    ),
    "a namespace of one's own": ("create table t (a int) with (fillfactor = 70);", None),
}


def applied(cluster: Any, folder: Path, sql: str) -> Applied:
    (folder / "a.sql").write_text(sql)
    conninfo = cluster.create_database("editions")
    try:
        return apply_sources(conninfo, [load_source("s", [folder / "a.sql"], shown_from=folder)]).applied
    finally:
        cluster.drop_database("editions")


def failure(cluster: Any, folder: Path, sql: str) -> str | None:
    found = applied(cluster, folder, sql).failure
    return found and found.message


def check(message: str | None, expected: str | None) -> None:
    if expected is None:
        assert message is None
    else:
        assert message
        assert expected in message
        assert "MIGRATION_AUDIT_SERVER=docker, or url" in message


@pytest.mark.parametrize("case", [*ON_NEWEST, *ON_BOTH])
def test_nothing_is_lost_on_the_newest_version(newest_cluster: Any, tmp_path: Path, case: str) -> None:
    sql, expected = (ON_NEWEST | ON_BOTH)[case]
    check(failure(newest_cluster, tmp_path, sql), expected)


@pytest.mark.parametrize("case", ON_BOTH)
def test_nothing_is_lost(server: Any, cluster: Any, tmp_path: Path, case: str) -> None:
    if "Apache" not in server.description:
        pytest.skip("the server has TimescaleDB's Community edition")
    sql, expected = ON_BOTH[case]
    check(failure(cluster, tmp_path, sql), expected)


def test_what_the_other_edition_does_of_itself_is_a_note(newest_cluster: Any, tmp_path: Path) -> None:
    [note] = applied(newest_cluster, tmp_path, MADE.format(HYPER)).notes
    assert note.startswith("a.sql:2: the Community edition would also turn on the hypertable's columnstore")
    assert applied(newest_cluster, tmp_path, MADE.format(HYPER + ", tsdb.columnstore = false")).notes == ()


OLD = {
    "a hypertable by options": (
        MADE.format(HYPER),
        "WITH (timescaledb.hypertable) needs TimescaleDB 2.20 or later, and this is 2.19",
    ),
    "an option": (TABLE + "alter table m set (tsdb.chunk_interval = '2 days');", "2.19.3 does not support it"),
    "an option of nobody": (
        TABLE + "alter table m set (autovacuum.x = 1);",
        'unrecognized parameter namespace "autovacuum"',
    ),
}


@pytest.mark.parametrize("case", OLD.values(), ids=OLD)
def test_what_needs_a_newer_version_names_it(server: Any, cluster: Any, tmp_path: Path, case: tuple[str, str]) -> None:
    if "TimescaleDB 2.19.3" not in server.description:
        pytest.skip(f"these are errors of 2.19.3, and this is {server.description}")
    message = failure(cluster, tmp_path, case[0])
    assert message
    assert case[1] in message
    assert ("debian:sid or docker" in message) is ("autovacuum" not in message)
