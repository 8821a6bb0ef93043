"""What drops a ledger, in SQL, scripts and documents, and what only speaks of it."""

from __future__ import annotations

import pytest

from migration_audit.artifacts.documents.drops import find_drops

DROPS = {
    "plain": ("x.sql", "DROP TABLE migrations_applied;", 1),
    "with a schema, in lower case": ("x.sql", "\ndrop table if exists processor.migrations_applied cascade;", 2),
    "quoted": ("x.sql", 'DROP TABLE "processor"."migrations_applied"', 1),
    "over lines, with a comment between": (
        "x.sql",
        "select 1;\nDROP TABLE -- all of it\n  IF EXISTS\n  migrations_applied;",
        2,
    ),
    "one of several": ("x.sql", "DROP TABLE a, public.b, processor.migrations_applied;", 1),
    "in a DO block": ("x.sql", "DO $$ BEGIN\n  DROP TABLE migrations_applied;\nEND $$;", 2),
    "in a string for EXECUTE": ("x.sql", "EXECUTE 'DROP TABLE migrations_applied';", 1),
    "as an argument": ("x.sql", "EXECUTE format('DROP TABLE %I.%I', 'processor', 'migrations_applied');", 1),
    "behind a string with dashes": ("x.sql", "select '--'; DROP TABLE migrations_applied;", 1),
    "in a script": ("x.sh", '#!/bin/sh\nset -e\npsql -c "DROP TABLE processor.migrations_applied"\n', 3),
    "in a script, with a schema of its own": ("x.sh", 'psql -c "DROP TABLE ${SCHEMA}.migrations_applied"', 1),
    "in a script, quoted": ("x.sh", 'psql -c "DROP TABLE \\"processor\\".\\"migrations_applied\\""', 1),
    "in a program": ("x.ts", "await pool.query(`\n  DROP TABLE migrations_applied\n`)", 2),
    "with its schema": ("x.sql", "select 1;\nDROP SCHEMA IF EXISTS a, processor CASCADE;", 2),
    "with its schema, quoted": ("x.sh", 'psql -c "drop schema \\"processor\\" cascade"', 1),
    "with its owner": ("x.sql", "drop owned by processor;", 1),
    "in a README to copy": ("x.md", "# Clean\n\n```sql\nDROP TABLE migrations_applied;\n```\n", 4),
}
NO_DROPS = {
    "another schema": ("x.sql", "DROP SCHEMA processor_old CASCADE; drop owned by other;"),
    "its schema in a comment": ("x.sql", "-- DROP SCHEMA processor CASCADE;"),
    "in a comment": ("x.sql", "-- DROP TABLE migrations_applied;"),
    "in a comment of several lines": ("x.sql", "/* do not\nDROP TABLE migrations_applied; */ select 1;"),
    "another table": ("x.sql", "DROP TABLE migrations_applied_old; DROP TABLE old_migrations_applied;"),
    "a table in a schema of that name": ("x.sql", "DROP TABLE migrations_applied.x;"),
    "another statement's table": ("x.sql", "DROP TABLE a; select 'migrations_applied' from migrations_applied;"),
    "another statement": ("x.sql", "CREATE TABLE IF NOT EXISTS migrations_applied (filename text);"),
    "in a script's comment": ("x.sh", "  # never: DROP TABLE migrations_applied"),
    "in a program's comment": ("x.ts", "  // DROP TABLE migrations_applied\n  * DROP TABLE migrations_applied"),
    "in a document's text": ("x.md", "Nobody runs `DROP TABLE migrations_applied` from here.\n"),
    "in a comment of a document's code": ("x.md", "```sql\n-- DROP TABLE migrations_applied;\n```\n"),
}


def drops(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    return list(
        find_drops(
            tmp_path / name,
            ("migrations_applied",),
            shown_from=tmp_path,
            within={"processor": "migrations_applied"},
        )
    )


@pytest.mark.parametrize(("name", "text", "line"), DROPS.values(), ids=DROPS)
def test_a_drop_is_found_with_its_line(tmp_path, name, text, line):
    (drop,) = drops(tmp_path, name, text)
    assert (drop.table, str(drop.at)) == ("migrations_applied", f"{name}:{line}")
    assert drop.text.lower().startswith(("drop table", "drop schema", "drop owned by"))
    assert "migrations_applied" in drop.text or "processor" in drop.text


@pytest.mark.parametrize(("name", "text"), NO_DROPS.values(), ids=NO_DROPS)
def test_what_only_speaks_of_it_is_none(tmp_path, name, text):
    assert drops(tmp_path, name, text) == []


def test_a_long_file_is_searched_in_no_time(tmp_path):
    text = "DROP TABLE " + "a, " * 200_000 + ";\n" + "DROP TABLE x" * 20_000
    assert drops(tmp_path, "x.sql", text) == []
