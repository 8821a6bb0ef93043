"""Queries of the catalog share blocks: each is as its fragment has it, also in the queries for older layouts."""

from __future__ import annotations

import re

import pytest

import refresh_sql

FRAGMENTS = sorted((refresh_sql.CATALOG / "fragments").glob("*.sql"), key=lambda path: path.name)


def test_every_query_is_as_its_fragments_have_it() -> None:
    assert refresh_sql.outdated() == [], "run `make sql`"


def test_a_change_of_a_block_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "fragments").symlink_to(refresh_sql.CATALOG / "fragments")
    for path in refresh_sql.QUERIES.glob("*.sql"):
        text = path.read_text("utf-8")
        if path.name == "views.sql":
            text = text.replace("when 0 then 'PUBLIC'", "when 0 then 'everybody'")
        if path.name == "jobs.in_config.sql":
            text = text.replace("_timescaledb_config.bgw_job", "_timescaledb_catalog.bgw_job")
        (tmp_path / "sql" / path.name).write_text(text, "utf-8")
    monkeypatch.setattr(refresh_sql, "CATALOG", tmp_path)
    monkeypatch.setattr(refresh_sql, "QUERIES", tmp_path / "sql")
    assert sorted(refresh_sql.outdated()) == ["jobs.in_config.sql", "views.sql"]


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.stem)
def test_a_fragment_is_in_several_queries_and_nowhere_without_its_mark(path) -> None:
    """A copy without a mark would not follow the fragment."""
    body = path.read_text("utf-8").split("\n", 1)[1].rstrip("\n")
    lines = [re.sub(r"\\\$\\\{\w+\\\}", r"[\\w.]+", re.escape(line.strip())) for line in body.split("\n")]
    copies = re.compile(r"\n\s*".join(lines))
    queries = {query.name: query.read_text("utf-8") for query in refresh_sql.QUERIES.glob("*.sql")}
    marked = {name: text.count(f"-- <{path.stem}") for name, text in queries.items() if f"-- <{path.stem}" in text}
    assert len(marked) > 2
    assert {name: len(found) for name, text in queries.items() if (found := copies.findall(text))} == marked
