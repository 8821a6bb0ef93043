"""The files in ``sql/`` keep their own rules: each runs alone, as it stands, and only reads."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib.resources import files
from typing import Any

import psycopg
import pytest

from migration_audit.catalog.connection import open_connection
from migration_audit.catalog.features import read_features
from migration_audit.catalog.queries import KINDS, TIMESCALEDB_KINDS, load_query

pytestmark = [pytest.mark.server, pytest.mark.timescale]

NAMES = sorted(file.name.removesuffix(".sql") for file in (files("migration_audit.catalog") / "sql").iterdir())
OTHER_VERSIONS = {"chunks", "chunks.shared_slices", "jobs", "jobs.in_config", "granular_refresh"}


@pytest.fixture(scope="module")
def with_timescaledb(cluster: Any) -> Any:
    conninfo = cluster.create_database("queries")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create extension timescaledb")
    yield conninfo
    cluster.drop_database("queries")


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OTHER_VERSIONS])
def test_a_file_runs_as_it_is_in_a_read_only_transaction(with_timescaledb: str, name: str) -> None:
    with psycopg.connect(with_timescaledb) as connection:
        connection.execute("set transaction isolation level repeatable read, read only; set local search_path = ''")
        result = connection.execute(load_query(name))
        assert result.description is not None


@pytest.mark.parametrize("name", NAMES)
def test_a_file_begins_with_what_it_gives_and_ends_in_a_total_order(name: str) -> None:
    text = load_query(name).decode()
    assert re.match(r"-- [A-Z].*[.:,]\n", text)
    assert text.endswith(";\n")
    assert text.count(";") - text.count("';'") >= 1
    assert "{" not in re.sub(r"'\{[^']*\}'", "", text), "no template"
    assert max(map(len, text.splitlines())) <= 120
    if name not in {"features", "hidden_relations", "columns"}:  # the reader sorts: a database sorts its columns for longer
        assert re.search(r"\n order by [^\n]+;\n$", text)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_reads_qualified_catalogs_only(name: str) -> None:
    text = re.sub(r"--[^\n]*|'[^']*'|\bdistinct\s+from\b", "", load_query(name).decode())
    own = set(
        re.findall(r"(?:with(?: recursive)?|,|\))\s*([a-z_]+)(?: \([a-z, ]+\))? as (?:not )?(?:materialized )?\(", text)
    )
    sources = re.findall(r"\b(?:from|join)\s+(?!lateral\b)([a-z_.]+)", text)
    foreign = {
        source
        for source in sources
        if not re.match(r"(pg_catalog|_timescaledb_catalog|_timescaledb_config|timescaledb_information)\.", source)
        and source not in own
    }
    assert not foreign
    assert "information_schema." not in text.replace("timescaledb_information.", "")


@pytest.mark.parametrize(("name", "cls"), [*KINDS.items(), *TIMESCALEDB_KINDS.items()])
def test_columns_are_the_fields_of_the_class(with_timescaledb: str, name: str, cls: type[Any]) -> None:
    with open_connection(with_timescaledb) as connection:
        features = read_features(connection)
        if name in TIMESCALEDB_KINDS and name not in features.timescaledb_kinds:
            pytest.skip("this version has no such table")
        description = connection.execute(load_query(features.query_of(name))).description or []
    *names, last = (column.name for column in description)
    assert (sorted(names), last) == (sorted(f.name for f in fields(cls)), "origin")


def test_the_query_of_a_kind_that_is_absent_has_no_row(with_timescaledb: str) -> None:
    with open_connection(with_timescaledb) as connection:
        absent = read_features(connection).absent_kinds
        assert set(absent) < KINDS.keys()
        assert len(absent) > len(KINDS) / 2
        assert [name for name in absent if connection.execute(load_query(name)).fetchone()] == []


@pytest.mark.parametrize("block", ["hidden_schema", "hidden_relation", "relation", "hypertable"])
def test_what_is_left_out_is_the_same_in_every_file(block: str) -> None:
    found = {}
    for name in NAMES:
        match = re.search(rf"\b{block} as \(\n.*?\n\)", load_query(name).decode(), flags=re.DOTALL)
        if match and name != "unmodelled":
            found[name] = match.group()
    assert len(found) >= 2
    assert len(set(found.values())) == 1
