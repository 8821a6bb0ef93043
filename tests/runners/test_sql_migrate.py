"""The real sql-migrate and our reading of its files: the same catalog, the same rows, the same refusals."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from fix_runners import CASES, SEED, Outcome, Proof, Ran, Target, from_debian, migration, ran, reading, write
from migration_audit.formats import EntryState

pytestmark = pytest.mark.server

Hold = Callable[..., Outcome]

UP = "-- +migrate Up\n"
DOWN = "-- +migrate Down\n"
BEGIN = "-- +migrate StatementBegin\n"
END = "-- +migrate StatementEnd\n"


@pytest.fixture(scope="module")
def sql_migrate() -> Path:
    """Debian's, or the one that MIGRATION_AUDIT_SQL_MIGRATE names (sql-migrate 1.8.1 agreed on all that follows)."""
    named = os.environ.get("MIGRATION_AUDIT_SQL_MIGRATE")
    return Path(named) if named else from_debian("sql-migrate") / "usr/bin/sql-migrate"


@pytest.fixture
def hold(sql_migrate: Path, proof: Proof, tmp_path: Path) -> Hold:
    """Write files, let sql-migrate and our format apply them, and hold one against the other."""

    def run(files: dict[str, str | bytes], rng: Random | None = None) -> Outcome:
        root = write(tmp_path / "migrations", files, rng)

        def migrate(target: Target) -> Ran:
            config = tmp_path / "dbconfig.yml"
            source = f"development:\n  dialect: postgres\n  dir: {root}\n  datasource: {target.url()}\n"
            config.write_text(source)
            return ran([sql_migrate, "up", f"-config={config}"], cwd=tmp_path)

        return proof.hold("sql-migrate", root, migrate)

    return run


BODY = "create function f() returns integer language plpgsql as $$\nbegin\n{}  return 1;\nend\n$$;\n"

APPLIED = {
    "up and down": {"1_a.sql": UP + "create table a ();\n" + DOWN + "drop table a;\n"},
    "windows line ends": {
        "1_a.sql": (UP + BEGIN + BODY.format("") + END + DOWN + "drop function f();\n").replace("\n", "\r\n")
    },
    "numbers before names": {
        "a.sql": UP + "create table d as select * from c;\n",
        "10_a.sql": UP + "create table c as select * from b;\n",
        "9_z.sql": UP + "create table b as select * from a;\n",
        "01.sql": UP + "create table a ();\n",
    },
    "a number twice": {"1_b.sql": UP + "create table b as select * from a;\n", "1_a.sql": UP + "create table a ();\n"},
    "one number, other zeros": {
        "1_a.sql": UP + "create table b as select * from a;\n",
        "01_b.sql": UP + "create table a ();\n",
    },
    "a block": {"1_a.sql": UP + BEGIN + BODY.format("") + END + "create table a ();\n" + DOWN + "drop table a;\n"},
    "a block without a semicolon": {"1_a.sql": UP + BEGIN + "create table a ()\n" + END + "create table b ();\n"},
    "a comment within a body is left out": {"1_a.sql": UP + BEGIN + BODY.format("-- one; two\n  -- three;\n") + END},
    "a comment within a string is left out": {
        "1_a.sql": UP + "create table a (t text default 'x\n-- y\n-- +z\n\nz');\ninsert into a default values;\n"
    },
    "comments within a statement": {
        "1_a.sql": UP + "create table a (\n-- one;\n  i integer, --two;\n  j integer -- 3;\n);\n"
    },
    "SQL before the first marker": {"1_a.sql": "create table b ();\n" + UP + "create table a ();\n"},
    "the down section first": {"1_a.sql": DOWN + "drop table a;\n" + UP + "create table a ();\n"},
    "two up sections": {"1_a.sql": UP + "create table a ();\n" + DOWN + "drop table a;\n" + UP + "create table b ();\n"},
    "only down": {"1_a.sql": DOWN + "drop table a;\n", "2_b.sql": UP + "create table b ();\n"},
    "only comments": {"1_a.sql": UP + "-- nothing\n" + DOWN, "2_b.sql": UP + "create table b ();\n"},
    "options that nobody knows": {"1_a.sql": "-- +migrate Up one two\ncreate table a ();\n"},
    "several statements in a line": {"1_a.sql": UP + "create table a (); create table b ();\n"},
    "a comment behind the semicolon": {
        "1_a.sql": UP + "create table a (); /* a */\ncreate table b (); -- c\ncreate table c ();\n"
    },
    "a semicolon in a comment": {"1_a.sql": UP + "create table a ()--;\n;\ncreate table b ();\n"},
    "names and folders": {
        "1_a.SQL": UP + "create table a ();\n",
        ".2_b.sql": UP + "create table b ();\n",
        "3_c.sql.bak": "x",
        "sub/4_d.sql": UP + "create table d ();\n",
    },
    "without a transaction": {
        "1_a.sql": UP + "create table a (i integer);\n",
        "2_b.sql": "-- +migrate Up notransaction\ncreate index concurrently x on a (i);\nvacuum a;\n" + DOWN,
    },
    "notransaction in the second section": {
        "1_a.sql": UP + "create table a (i integer);\n",
        "2_b.sql": UP + "vacuum a;\n" + DOWN + "-- +migrate Up notransaction\nvacuum a;\n",
    },
    "an own transaction without one around": {
        "1_a.sql": "-- +migrate Up notransaction\nbegin;\ncreate table a (i integer);\ncommit;\nvacuum a;\n"
    },
    "one session": {
        "1_a.sql": UP + "create temp table t (i integer);\n",
        "2_b.sql": UP + "create table b as select * from t;\n",
        "3_c.sql": "-- +migrate Up notransaction\ncreate table c as select * from t;\n",
    },
    "a search_path with public": {
        "1_a.sql": UP + "create schema app;\nset search_path = app, public;\ncreate table a ();\n",
        "2_b.sql": UP + "create table b ();\n",
    },
    "a commit and a new transaction": {
        "1_a.sql": UP + "create table a ();\ncommit;\nvacuum a;\nbegin;\ncreate table b ();\n"
    },
    "what looks like placeholders": {"1_a.sql": UP + "create table a (i text default '${HOME} {{ .x }} $HOME');\n"},
}


@pytest.mark.parametrize("files", APPLIED.values(), ids=APPLIED)
def test_both_apply_the_same(hold: Hold, files: dict[str, str | bytes]) -> None:
    outcome = hold(files)
    assert outcome.ran.code == 0, outcome
    assert outcome.agrees, outcome
    assert {verdict.state for verdict in reading("sql-migrate", outcome).verdicts} == {EntryState.APPLIED}
    assert reading("sql-migrate", outcome).beyond == ()


REFUSED = {
    "no marker": {"1_a.sql": "create table a ();\n"},
    "an empty file": {"1_a.sql": "", "2_b.sql": UP + "create table b ();\n"},
    "another case of the prefix": {"1_a.sql": "-- +Migrate Up\ncreate table a ();\n"},
    "no space in the marker": {"1_a.sql": "--+migrate Up\ncreate table a ();\n"},
    "an indented marker": {"1_a.sql": " -- +migrate Up\ncreate table a ();\n"},
    "a byte order mark": {"1_a.sql": "\ufeff" + UP + "create table a ();\n"},
    "UTF-16": {"1_a.sql": (UP + "create table a ();\n").encode("utf-16")},
    "Latin 1": {"1_a.sql": (UP + "create table a ();\ncomment on table a is 'é';\n").encode("latin-1")},
    "no semicolon": {"1_a.sql": UP + "create table a ()\n"},
    "no semicolon in up": {"1_a.sql": UP + "create table a ()\n" + DOWN + "drop table a;\n"},
    "no semicolon in down": {"1_a.sql": UP + "create table a ();\n" + DOWN + "drop table a\n"},
    "a comment without a space at the end": {"1_a.sql": UP + "create table a ();\n--done\n"},
    "a block comment at the end": {"1_a.sql": UP + "create table a ();\n/* done */\n"},
    "no end of the block": {"1_a.sql": UP + BEGIN + "create table a ();\n"},
    "a body without a block": {"1_a.sql": UP + BODY.format("")},
    "a string with a semicolon at the line's end": {"1_a.sql": UP + "create table a (t text default 'x;\ny');\n"},
    "a comment with a semicolon at the line's end": {"1_a.sql": UP + "/* one;\n two */ create table a ();\n"},
    "a body of SQL without a block": {
        "1_a.sql": UP + "create function f() returns integer language sql begin atomic\n  select 1;\n  select 2;\nend;\n"
    },
    "a marker in a body": {"1_a.sql": UP + BEGIN + BODY.format(DOWN) + END},
    "a commit": {"1_a.sql": UP + "create table a ();\ncommit;\n"},
    "begin and commit": {"1_a.sql": UP + "begin;\ncreate table a ();\ncommit;\n"},
    "a rollback": {"1_a.sql": UP + "rollback;\ncreate table a ();\n"},
    "concurrently in a transaction": {
        "1_a.sql": UP + "create table a (i integer);\ncreate index concurrently x on a (i);\n"
    },
    "concurrently in one message": {
        "1_a.sql": UP + "create table a (i integer);\n",
        "2_b.sql": "-- +migrate Up notransaction\nselect 1; create index concurrently x on a (i);\n",
    },
    "another case of notransaction": {
        "1_a.sql": UP + "create table a (i integer);\n",
        "2_b.sql": "-- +migrate Up NoTransaction\ncreate index concurrently x on a (i);\n",
    },
    "a transaction that nobody ends": {"1_a.sql": "-- +migrate Up notransaction\nbegin;\ncreate table a ();\n", "2.sql": UP},
    "numbers beyond 64 bits": {"1.sql": UP + "create table a ();\n", f"{2**63}.sql": UP + "create table b ();\n"},
    "the data of COPY": {"1_a.sql": UP + "create table a (i integer);\ncopy a from stdin;\n1\n\\.\n"},
    "a psql command": {"1_a.sql": UP + "\\set x 1\ncreate table a (i integer);\n"},
    "a line of a megabyte": {"1_a.sql": UP + "select '" + "x" * 2**20 + "';\n"},
    "an empty marker": {"1_a.sql": "-- +migrate \n" + UP + "create table a ();\n"},
}


@pytest.mark.parametrize("files", REFUSED.values(), ids=REFUSED)
def test_both_refuse(hold: Hold, files: dict[str, str | bytes]) -> None:
    outcome = hold(files)
    assert outcome.ran.code != 0, outcome
    assert outcome.refused is not None, outcome


LOOKALIKES = {
    "another case": (
        UP + "create table a ();\n-- +migrate down\ndrop table a;\n",
        "`-- +migrate down` is not a marker for sql-migrate, which ignores it",
    ),
    "indented": (
        UP + "create table a ();\n  -- +migrate Down\ndrop table a;\n",
        "`-- +migrate Down` is not a marker for sql-migrate, which ignores it",
    ),
    "more spaces": (
        UP + "create table a ();\n--  +migrate Down\ndrop table a;\n",
        "`--  +migrate Down` is not a marker for sql-migrate, which ignores it",
    ),
    "a space in it": (
        UP + "create table a ();\n-- + migrate Down\ndrop table a;\n",
        "`-- + migrate Down` is not a marker for sql-migrate, which ignores it",
    ),
}


@pytest.mark.parametrize(("text", "reported"), LOOKALIKES.values(), ids=LOOKALIKES)
def test_what_looks_like_a_marker_is_refused_although_sql_migrate_ignores_it(hold: Hold, text: str, reported: str) -> None:
    outcome = hold({"1_a.sql": text})
    assert outcome.ran.code == 0, outcome
    assert outcome.refused is not None
    assert f"1_a.sql:3: {reported}" in outcome.refused


def test_a_search_path_without_public_is_a_note(hold: Hold) -> None:
    outcome = hold({"1_a.sql": UP + "create schema app;\nset search_path = app;\ncreate table a ();\n"})
    assert outcome.ran.code != 0
    assert "gorp_migrations" in outcome.ran.output
    assert outcome.source is not None
    assert [note.partition(" sets ")[0] for note in outcome.source.notes] == ["migrations/1_a.sql:3"]


def test_a_file_that_is_not_in_the_real_ledger_is_absent(hold: Hold) -> None:
    outcome = hold({f"{n}_x.sql": UP + f"create table t{n} ();\n" for n in (1, 2, 3)})
    found = reading("sql-migrate", outcome, rows=[row for row in outcome.rows if row["id"] != "2_x.sql"])
    assert [verdict.state for verdict in found.verdicts] == [EntryState.APPLIED, EntryState.ABSENT, EntryState.APPLIED]
    assert reading("sql-migrate", outcome, rows=[*outcome.rows, {"id": "9.sql"}]).beyond == ("9.sql",)


@pytest.mark.parametrize("number", range(CASES))
def test_generated_folders(hold: Hold, number: int) -> None:
    rng = Random(f"sql-migrate {SEED} {number}")
    outcome = hold(_folder(rng), rng=rng)
    assert outcome.agrees, outcome


def _folder(rng: Random) -> dict[str, str | bytes]:
    width = rng.choice((1, 1, 3, 14))
    first = rng.choice((0, 8, 98))
    files: dict[str, str | bytes] = {}
    for number in range(first, first + rng.randint(2, 6)):
        version = str(number).zfill(width) if rng.random() < 0.9 else rng.choice(("", "x", str(first)))
        name = rng.choice(("init", "add index", "Größe", "x.up"))
        files[f"{version}{rng.choice('_-. ')}{name}.sql"] = _file(rng, number)
    if rng.random() < 0.3:
        files[rng.choice(("README.md", "sub/1_x.sql", "1_x.SQL"))] = "drop table journal;"
    return files


def _file(rng: Random, number: int) -> str:
    parts = [rng.choice(("-- generated\n\n", "select 1;\n", "/* a; */\n"))] if rng.random() < 0.3 else []
    for section in range(rng.choice((1, 1, 1, 2))):
        up, down = migration(rng, 10 * number + section)
        option = rng.choice(("", "", "", " notransaction", " NOTRANSACTION"))
        sections = [f"-- +migrate Up{option}\n" + _blocks(rng, up), DOWN + _blocks(rng, down)]
        if rng.random() < 0.2:
            sections.reverse()
        parts += sections[: rng.choice((1, 2, 2))]
    text = "".join(parts)
    if rng.random() < 0.04:
        text = text.replace(";", "", 1)
    return text.replace("\n", "\r\n") if rng.random() < 0.2 else text


def _blocks(rng: Random, text: str) -> str:
    """The SQL, with a block around what needs one, or around all of it, and comments between."""
    if "$" not in text and "\n\n" not in text:
        return BEGIN + text + END if rng.random() < 0.3 else text.replace("\n", "\n-- between\n", 1)
    return BEGIN + text + END if rng.random() < 0.95 else text
