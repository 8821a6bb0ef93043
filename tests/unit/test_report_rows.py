"""Rows and what is taken away again, in words: for the terminal and in a table."""

from __future__ import annotations

from tests.report_example import HOSTILE

from fix_inputs import position, seeded, source, taken_back, undone
from migration_audit.model.location import Location
from migration_audit.model.rows import RowsComparison
from migration_audit.model.sql import NotApplied
from migration_audit.report.rows import manifest_text, rows_table, rows_text, undone_json, undone_text

IN_USE = "the next row may get a number that is in use"
SAME = seeded(table="public.same", differs=False, actual=2, missing=0)
MORE = seeded(table="public.more", differs=False, actual=5, missing=0, extra=3, left_out=(("at", "it is a time"),))


def test_what_differs_comes_first_and_what_is_the_same_does_not_come() -> None:
    rows = RowsComparison(
        tables=(MORE, SAME, seeded()), sequences=(position(),), notes=("a note",), unread=("public.x: no",)
    )
    assert rows_text(rows).splitlines()[1:] == [
        "  public.price has 2 rows on the expected side, 0 on the actual one (written at migrations/0001_a.sql:7)",
        "  the next value of sequence public.n is 3 on the expected side, 1 on the actual one: " + IN_USE,
        "  public.more has 2 rows on the expected side, 5 on the actual one: 3 only on the actual side",
        "  public.more.at is left out: it is a time",
        "  public.x: no",
        "  a note",
    ]


def test_nothing_to_say_is_no_block() -> None:
    assert rows_text(None) == rows_text(RowsComparison(tables=(SAME,))) == undone_text({"expected": None}) == ""


def test_the_table_marks_what_differs() -> None:
    frame = rows_table(RowsComparison(tables=(seeded(is_there=False), MORE, SAME))).to_frame()
    assert frame["Actual"].tolist() == ["no such table", "5", "2"]
    assert frame["Different"].tolist() == ["all missing", "3 only on the actual side", "–"]
    assert frame["Left out"].tolist() == ["–", "at: it is a time", "–"]


def test_names_of_a_hostile_database_stay_on_their_line() -> None:
    rows = RowsComparison(tables=(seeded(table=HOSTILE),))
    assert len(rows_text(rows).splitlines()) == 2
    assert len(undone_text({"expected": taken_back(undone(name=HOSTILE))[0]}).splitlines()) == 2


def test_a_file_that_takes_back_its_own_comes_first_and_a_long_list_is_cut() -> None:
    later = [undone(name=f"public.t{n}", made=Location("migrations/0001_a.sql", n)) for n in range(1, 25)]
    (source, _) = taken_back(*later, undone(name="public.own"), undone(kind="view", again=Location("c.sql", 1)))
    lines = undone_text({"expected": source}).splitlines()
    assert lines[1].endswith("dropped at migrations/0002_b.sql:9; was a down section applied?")
    assert lines[-1] == "  expected: … 5 more (--format json lists them)"
    assert len(undone_json({"expected": source})) == 26


def test_what_both_sides_create_and_remove_later_is_counted() -> None:
    later = [undone(name=f"public.t{n}", made=Location("migrations/0001_a.sql", n)) for n in range(1, 5)]
    down = undone(name="public.down")
    (expected, _), (actual, _) = taken_back(*later, down), taken_back(*later[:3], undone(name="public.x", made=None), down)
    lines = undone_text({"expected": expected, "actual": actual}).splitlines()[1:]
    assert [line.split(" is ")[0] for line in lines[:-1]] == [
        "  expected: table public.down",
        "  expected: table public.t4",
        "  actual: table public.down",
        "  actual: table public.x",
    ]
    assert lines[-1] == "  the same on both sides: 3 (--format json lists them)"
    assert len(undone_text({"expected": expected, "actual": None}).splitlines()) == 6


def test_files_left_out_by_a_rule_are_counted_by_reason_and_others_are_listed() -> None:
    down = [NotApplied(path=f"{n}.down.sql", reason="down migration") for n in range(1, 4)]
    other = [NotApplied(path=f"{n}.txt", reason="not SQL", by_rule=False) for n in (1, 2)]
    text = manifest_text({"expected": [source(format="golang-migrate", not_applied=(*down, *other))]})
    assert [line.strip() for line in text.splitlines() if "not applied" in line] == [
        "not applied: 1.down.sql: down migration (and 2 more)",
        "not applied: 1.txt: not SQL",
        "not applied: 2.txt: not SQL",
    ]
