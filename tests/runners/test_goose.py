"""goose and our reading of its files, where MIGRATION_AUDIT_GOOSE names its program.

No registry that tests install from has it. Version 3.27.3 agreed on all that follows.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from fix_runners import CASES, SEED, Outcome, Proof, Ran, Target, ledger_rows, migration, ran, reading, write
from migration_audit.formats import EntryState, find_format

PROGRAM = os.environ.get("MIGRATION_AUDIT_GOOSE", "")
pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not PROGRAM, reason="MIGRATION_AUDIT_GOOSE does not name goose's program"),
]

Hold = Callable[..., Outcome]

UP = "-- +goose Up\n"
DOWN = "-- +goose Down\n"
BEGIN = "-- +goose StatementBegin\n"
END = "-- +goose StatementEnd\n"
ALONE = "-- +goose NO TRANSACTION\n"
ON, OFF = "-- +goose ENVSUB ON\n", "-- +goose ENVSUB OFF\n"
VALUES = {"NAME": "app", "EMPTY": "", "LONG": "abcdef", "Größe": "l"}


def migrated(root: Path, target: Target, command: str = "up") -> Ran:
    arguments = ["-dir", root, "-no-color", "-env", "none", "postgres", target.url(), command]
    return ran([PROGRAM, *arguments], cwd=root.parent, more=VALUES)


@pytest.fixture
def hold(proof: Proof, tmp_path: Path) -> Hold:
    """Write files, let goose and our format apply them, and hold one against the other."""

    def run(files: dict[str, str | bytes], rng: Random | None = None) -> Outcome:
        root = write(tmp_path / "migrations", files, rng)
        return proof.hold("goose", root, lambda target: migrated(root, target), placeholders=VALUES)

    return run


BODY = "create function f() returns integer language plpgsql as $$\nbegin\n{}  return 1;\nend\n$$;\n"

APPLIED = {
    "up and down": {"1_a.sql": UP + "create table a ();\n" + DOWN + "drop table a;\n"},
    "no down": {"1_a.sql": UP + "create table a ();\n"},
    "windows line ends": {
        "1_a.sql": (UP + BEGIN + BODY.format("") + END + DOWN + "drop function f();\n").replace("\n", "\r\n")
    },
    "by number": {
        "10_c.sql": UP + "create table c as select * from b;\n",
        "9_b.sql": UP + "create table b as select * from a;\n",
        "0008_a.sql": UP + "create table a ();\n",
        "+7_z.sql": UP + "select 1;\n",
        "20240131120000_d.sql": UP + "create table d as select * from c;\n",
    },
    "annotations in any case": {"1_a.sql": "--  +goose up\ncreate table a ();\n--+GOOSE DOWN\ndrop table a;\n"},
    "comments and blank lines around": {"1_a.sql": "\n -- hello\n" + UP + "\n-- a\n\ncreate table a ();\n--x\n" + DOWN},
    "a block": {"1_a.sql": UP + BEGIN + BODY.format("-- one;\n") + END + "create table a ();\n" + DOWN + "drop table a;\n"},
    "a block without a semicolon": {"1_a.sql": UP + BEGIN + "create table a ()\n" + END + "create table b ();\n"},
    "two statements in a block": {"1_a.sql": UP + BEGIN + "create table a ();\ncreate table b ();\n" + END},
    "an empty block loses the next line": {"1_a.sql": UP + BEGIN + END + "\n-- x\ncreate table a ();\ncreate table b ();\n"},
    "two empty blocks": {
        "1_a.sql": UP + BEGIN + END + BEGIN + END + DOWN + "drop table b;\n",
        "2_b.sql": UP + "create table b ();\n",
    },
    "a statement that goes on in a block": {"1_a.sql": UP + "create table a (\n" + BEGIN + "i integer);\n" + END},
    "only up": {"1_a.sql": UP, "2_b.sql": UP + "create table b ();\n"},
    "an unfinished down section": {"1_a.sql": UP + "create table a ();\n" + DOWN + "drop table a\n"},
    "comments within a statement": {
        "1_a.sql": UP + "create table a (\n-- one;\n  i integer, --two;\n  j integer -- 3;\n);\n"
    },
    "several statements in a line": {"1_a.sql": UP + "create table a (); create table b ();\n"},
    "a comment behind the semicolon": {
        "1_a.sql": UP + "create table a (); /* a */\ncreate table b (); -- c\ncreate table c ();\n"
    },
    "without a transaction": {
        "1_a.sql": UP + "create table a (i integer);\n",
        "2_b.sql": ALONE + UP + "create index concurrently x on a (i);\nvacuum a;\n" + DOWN,
        "3_c.sql": UP + "vacuum a;\n" + DOWN + ALONE + "vacuum a;\n",
    },
    "an own transaction in a block": {"1_a.sql": ALONE + UP + BEGIN + "begin;\ncreate table a ();\ncommit;\n" + END},
    "one session": {
        "1_a.sql": UP + "create temp table t (i integer);\n",
        "2_b.sql": UP + "create table b as select * from t;\n",
        "3_c.sql": ALONE + UP + "create table c as select * from t;\n",
    },
    "a commit": {
        "1_a.sql": UP + "create table a ();\ncommit;\nvacuum a;\ncreate table b ();\n",
        "2_b.sql": UP + "select 1;\n",
    },
    "begin and commit": {"1_a.sql": UP + "begin;\ncreate table a ();\ncommit;\n", "2_b.sql": UP + "create table b ();\n"},
    "a rollback": {"1_a.sql": UP + "create table a ();\nrollback;\ncreate table b ();\n"},
    "variables": {
        "1_a.sql": (
            UP
            + "create table x (t text default '$NAME ${NAME}');\n"
            + ON
            + "create table a (t text default '$NAME ${NAME} ${EMPTY} ${EMPTY:-none} ${EMPTY-none} ${NAME?no}');\n"
            + "create table b (t text default '${LONG:2} ${LONG:1:3} ${LONG:-2} ${LONG: -2:1} ${LONG:9} ${LONG:0:-1}');\n"
            + "create table c (t text default '\\\\ \\$NAME $$NAME $(NAME) $Größe.'); -- $\n"
            + "create table d (t text default '${EMPTY:-${NAME}-$NAME}'); create table e ();\n"
            + OFF
            + "create table f (t text default '$NAME ${NAME}');\n"
        )
    },
    "names": {
        "1_a.sql": UP + "create table a ();\n",
        "2_.sql": UP + "create table b ();\n",
        "3_c.SQL": UP + "create table c ();\n",
        "4_d.sql.bak": "x",
        "sub/5_e.sql": UP + "create table e ();\n",
        "helper.go": "package migrations",
        "6_f_test.go": "package migrations",
    },
    "a search_path with public": {
        "1_a.sql": UP + "create schema app;\nset search_path = app, public;\ncreate table a ();\n",
        "2_b.sql": UP + "create table b ();\n",
    },
}


@pytest.mark.parametrize("files", APPLIED.values(), ids=APPLIED)
def test_both_apply_the_same(hold: Hold, files: dict[str, str | bytes]) -> None:
    outcome = hold(files)
    assert outcome.ran.code == 0, outcome
    assert outcome.agrees, outcome
    assert {verdict.state for verdict in reading("goose", outcome).verdicts} == {EntryState.APPLIED}
    assert reading("goose", outcome).beyond == ()


REFUSED = {
    "` is not an annotation of goose, which rejects the file": {"1_a.sql": "create table a ();\n"},
    "an empty file": {"1_a.sql": ""},
    "SQL before Up": {"1_a.sql": "select 1;\n" + UP + "create table a ();\n"},
    "only down": {"1_a.sql": DOWN + "drop table a;\n"},
    "two ups": {"1_a.sql": UP + "create table a ();\n" + UP + "create table b ();\n"},
    "two downs": {"1_a.sql": UP + "create table a ();\n" + DOWN + DOWN},
    "down within a block": {"1_a.sql": UP + BEGIN + "select 1;\n" + DOWN + END},
    "an end without a beginning": {"1_a.sql": UP + END},
    "two ends": {"1_a.sql": UP + BEGIN + "select 1;\n" + END + END},
    "two beginnings": {"1_a.sql": UP + BEGIN + BEGIN + END},
    "a beginning before Up": {"1_a.sql": BEGIN + UP},
    "no end": {"1_a.sql": UP + BEGIN + "select 1;\n"},
    "no end in down": {"1_a.sql": UP + "select 1;\n" + DOWN + BEGIN + "select 1;\n"},
    "an indented annotation": {"1_a.sql": UP + "create table a ();\n  -- +goose Down\n"},
    "an unknown annotation": {"1_a.sql": UP + "-- +goose Upp\ncreate table a ();\n"},
    "an empty annotation": {"1_a.sql": UP + "-- +goose\ncreate table a ();\n"},
    "a comment about annotations": {"1_a.sql": UP + "-- see +goose\ncreate table a ();\n"},
    "two annotations in a line": {"1_a.sql": UP + "-- +goose +goose Down\ncreate table a ();\n"},
    "more spaces in an annotation": {"1_a.sql": "-- +goose NO  TRANSACTION\n" + UP + "create table a ();\n"},
    "an annotation in a body": {"1_a.sql": UP + BEGIN + BODY.format("-- +goose Down\n") + END},
    "no semicolon": {"1_a.sql": UP + "create table a ()\n"},
    "no semicolon before down": {"1_a.sql": UP + "create table a ()\n" + DOWN},
    "a body without a block": {"1_a.sql": UP + BODY.format("")},
    "a string with a semicolon at the line's end": {"1_a.sql": UP + "create table a (t text default 'x;\ny');\n"},
    "a comment with a semicolon at the line's end": {"1_a.sql": UP + "/* one;\n two */ create table a ();\n"},
    "a byte order mark": {"1_a.sql": "\ufeff" + UP + "create table a ();\n"},
    "Latin 1": {"1_a.sql": (UP + "create table a ();\ncomment on table a is 'é';\n").encode("latin-1")},
    "a version twice": {"1_a.sql": UP + "select 1;\n", "1_b.sql": UP + "select 1;\n"},
    "a version twice as a number": {"1_a.sql": UP + "select 1;\n", "01_b.sql": UP + "select 1;\n"},
    "no version": {"1_a.sql": UP + "select 1;\n", "b.sql": UP + "select 1;\n"},
    "no underscore": {"1-a.sql": UP + "select 1;\n"},
    "version 0": {"0_a.sql": UP + "select 1;\n"},
    "a version beyond 64 bits": {f"{2**63}_a.sql": UP + "select 1;\n"},
    "a migration in Go": {"1_a.sql": UP + "select 1;\n", "2_b.go": "package migrations"},
    "concurrently in a transaction": {
        "1_a.sql": UP + "create table a (i integer);\ncreate index concurrently x on a (i);\n"
    },
    "concurrently in one message": {
        "1_a.sql": UP + "create table a (i integer);\n",
        "2_b.sql": ALONE + UP + BEGIN + "select 1; create index concurrently x on a (i);\n" + END,
    },
    "the data of COPY": {"1_a.sql": UP + "create table a (i integer);\ncopy a from stdin;\n1\n\\.\n"},
    "a dollar and a digit": {"1_a.sql": UP + ON + "create table a (t text default '$5');\n"},
    "a brace that is not closed": {"1_a.sql": UP + ON + "create table a (t text default '${NAME');\n"},
    "an unknown operator": {"1_a.sql": UP + ON + "create table a (t text default '${NAME+x}');\n"},
    "a slice that is no number": {"1_a.sql": UP + ON + "create table a (t text default '${LONG:x}');\n"},
    "a body with variables": {"1_a.sql": UP + ON + BEGIN + BODY.format("") + END},
    "variables in down": {"1_a.sql": UP + "create table a ();\n" + ON + DOWN + "drop table a$5;\n"},
}


@pytest.mark.parametrize("files", REFUSED.values(), ids=REFUSED)
def test_both_refuse(hold: Hold, files: dict[str, str | bytes]) -> None:
    outcome = hold(files)
    assert outcome.ran.code != 0, outcome
    assert outcome.refused is not None, outcome


def test_a_begin_alone_is_refused_although_goose_runs_on_without_a_transaction(hold: Hold) -> None:
    outcome = hold({"1_a.sql": ALONE + UP + "begin;\ncreate table a ();\nvacuum a;\ncommit;\n"})
    assert outcome.ran.code == 0, outcome
    assert outcome.refused is not None
    assert "1_a.sql:3: goose's driver drops a connection with an open transaction" in outcome.refused


def test_a_variable_that_no_one_gave_is_refused_although_goose_takes_it_for_empty(hold: Hold) -> None:
    outcome = hold({"1_a.sql": UP + ON + "create table a (t text default '$NOBODY');\n"})
    assert outcome.ran.code == 0, outcome
    assert outcome.refused is not None
    assert "1_a.sql:3: the value of $NOBODY is not known" in outcome.refused


def test_a_search_path_without_public_is_a_note(hold: Hold) -> None:
    outcome = hold({"1_a.sql": UP + "create schema app;\nset search_path = app;\ncreate table a ();\n"})
    assert outcome.ran.code != 0
    assert "goose_db_version" in outcome.ran.output
    assert outcome.source is not None
    assert [note.partition(" sets ")[0] for note in outcome.source.notes] == ["migrations/1_a.sql:3"]


def test_a_version_that_was_taken_back_is_absent(proof: Proof, tmp_path: Path) -> None:
    files = {f"{n}_x.sql": UP + f"create table t{n} ();\n" + DOWN + f"drop table t{n};\n" for n in (1, 2, 3)}
    root = write(tmp_path / "migrations", files)
    outcome = proof.hold("goose", root, lambda target: migrated(root, target))
    target = proof.database()
    assert migrated(root, target).code == migrated(root, target, "down").code == 0
    ledger = find_format("goose").ledger
    assert ledger is not None
    found = reading("goose", outcome, rows=ledger_rows(target, ledger))
    assert [verdict.state for verdict in found.verdicts] == [EntryState.APPLIED, EntryState.APPLIED, EntryState.ABSENT]


@pytest.mark.parametrize("number", range(CASES))
def test_generated_folders(hold: Hold, number: int) -> None:
    rng = Random(f"goose {SEED} {number}")
    outcome = hold(_folder(rng), rng=rng)
    assert outcome.agrees, outcome


def _folder(rng: Random) -> dict[str, str | bytes]:
    width = rng.choice((1, 1, 5, 14))
    first = rng.choice((1, 8, 98, 20240131120000))
    files: dict[str, str | bytes] = {}
    for number in range(first, first + rng.randint(2, 6)):
        version = str(number if rng.random() < 0.98 else first).zfill(width)
        name = rng.choice(("init", "add index", "Größe", "x.up", ""))
        files[f"{version}_{name}.sql"] = _file(rng, number % 1000)
    if rng.random() < 0.3:
        files[rng.choice(("README.md", "sub/1_x.sql", "1_x.SQL"))] = "drop table journal;"
    return files


def _file(rng: Random, number: int) -> str:
    up, down = migration(rng, number)
    head = rng.choice(("", "", "-- generated\n\n", ALONE, "  -- x\n"))
    text = head + UP + _blocks(rng, up) + (DOWN + _blocks(rng, down) if rng.random() < 0.8 else "")
    if rng.random() < 0.04:
        text = text.replace(";", "", 1)
    return text.replace("\n", "\r\n") if rng.random() < 0.2 else text


def _blocks(rng: Random, text: str) -> str:
    """The SQL, with a block around what needs one, or around all of it, and comments between."""
    if "$" not in text and "\n\n" not in text:
        return BEGIN + text + END if rng.random() < 0.3 else text.replace("\n", "\n-- between\n", 1)
    return BEGIN + text + END if rng.random() < 0.95 else text
