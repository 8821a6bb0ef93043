"""Which legacy statements stand in the owner's files, by their text alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_audit.model.sql import Similarity
from migration_audit.sources import load_source, match_statements


def matched(tmp_path: Path, legacy: str, owner: str) -> list[tuple[str, int | None]]:
    sources = []
    for name, text in (("legacy", legacy), ("owner", owner)):
        file = tmp_path / f"{name}.sql"
        file.write_text(text, encoding="utf-8")
        sources.append(load_source(name, [file], shown_from=tmp_path))
    return [(m.similarity.name.lower(), m.owner.line if m.owner else None) for m in match_statements(*sources)]


@pytest.mark.parametrize(
    ("legacy", "owner", "reported"),
    [
        ("create table t (a int);", "\ncreate table t (a int);", [("identical", 2)]),
        ("create table t (a int);", "CREATE TABLE t(\n  a int -- why\n);", [("normalised", 1)]),
        ("select 'A  b';", "select 'A b';", [("absent", None)]),
        ('select "A";', 'select "a";', [("absent", None)]),
        ("do $$ begin end $$;", "do $$ begin  end $$;", [("absent", None)]),
        ("select 1; select 1; select 1;", "select 1;\nselect 1;", [("identical", 1), ("identical", 2), ("identical", 2)]),
        ("begin; select 1; commit;", "select 1;", [("identical", 1)]),
        ("copy t from stdin;\n1\n\\.\n", "copy t from stdin;\n2\n\\.\n", [("absent", None)]),
        ("create role a password 'hunter2';", "select 1;", [("absent", None)]),
    ],
)
def test_a_text_is_found_or_not(tmp_path: Path, legacy: str, owner: str, reported: list[tuple[str, int | None]]) -> None:
    assert matched(tmp_path, legacy, owner) == reported


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "a.sql"
    file.write_text("create role a password 'hunter2';", encoding="utf-8")
    source = load_source("a", [file], shown_from=tmp_path)
    [match] = match_statements(source, source)
    assert (match.similarity, "hunter2" in match.text) == (Similarity.IDENTICAL, False)
