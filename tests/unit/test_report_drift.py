"""A comparison for terminals and for other programs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.report_example import DRIFT, HOSTILE

from migration_audit.cli.answer import _answer
from migration_audit.model.drift import Difference, DiffVerdict, Drift, FieldChange, NotKnown
from migration_audit.model.finding import Severity, Unavailable
from migration_audit.model.snapshot import Unmodelled
from migration_audit.report.drift_text import drift_json, drift_text
from migration_audit.report.object_tables import plural

AGREES = {"method": "pg_dump", "agrees": True, "unexplained": []}
DISAGREES = {"method": "pg_dump", "agrees": False, "unexplained": ["CREATE CAST …"]}


def located(side, kind, key):
    return f"{side}.sql:14" if kind == "index" else None


CANNOT = Unavailable(reason="no pg_dump")
NEED_NOT = Unavailable(reason="one side is live", required=False)
NO_DIFFERENCES = Drift()


@pytest.mark.parametrize(("why", "good"), [(CANNOT, False), (NEED_NOT, True)], ids=["required", "not required"])
def test_what_should_have_been_cross_checked_and_was_not_is_not_good(why: Unavailable, good: bool):
    body = drift_json(NO_DIFFERENCES, defined_at=located, not_cross_checked=why)
    assert (body["equal"], body["covered"], body["not_cross_checked"]) == (good, good, why.reason)
    text = drift_text(NO_DIFFERENCES, located, not_cross_checked=why)
    assert text.startswith("✓ equal") is good
    assert f"Not cross-checked with pg_dump: {why.reason}" in text
    assert ("--no-cross-check" in text) is not good


UNREAD = NotKnown(kind="user mapping", key="FOR app SERVER s", attribute="options", sides=("actual",))
CHANGED = Difference(verdict=DiffVerdict.UNEXPECTED, kind="view", key="public.v", severity=Severity.WARNING)
MISSING = Difference(verdict=DiffVerdict.MISSING, kind="view", key="public.v", severity=Severity.BLOCKER)


@pytest.mark.parametrize(
    ("differences", "direction", "code", "answer"),
    [
        ((), "covers", 3, "✕ could not be checked: 1 not known"),
        ((), "equal", 3, "✕ could not be checked: 1 not known"),
        ((CHANGED,), "covers", 3, "✕ could not be checked: 1 not known"),
        ((CHANGED,), "equal", 1, "✕ not covered: 1 unexpected"),
        ((MISSING,), "covers", 1, "✕ not covered: 1 missing"),
    ],
)
def test_what_could_not_be_read_is_neither_equal_nor_a_difference(differences, direction, code, answer):
    drift = Drift(differences=differences, not_known=(UNREAD,))
    body = drift_json(drift, defined_at=located, cross_check=AGREES)
    assert (body["equal"], body["covered"], len(body["differences"])) == (False, False, len(differences))
    assert body["not_known"] == [
        {"kind": "user mapping", "key": "FOR app SERVER s", "attribute": "options", "sides": ["actual"]}
    ]
    text = drift_text(drift, located, cross_check=AGREES, must_be_equal=direction == "equal")
    assert text.startswith(answer)
    assert "  user mapping FOR app SERVER s: options cannot be read on the actual side" in text
    assert _answer(drift, NEED_NOT, direction) == code


def test_json_is_the_contract():
    body = drift_json(DRIFT, defined_at=located, cross_check=AGREES)
    names = ["schema_version", "equal", "covered", "differences", "unmodelled", "not_known"]
    names += ["cross_check", "not_cross_checked"]
    assert list(body) == [*names, "not_compared", "sources", "nothing_compared", "undone", "rows"]
    assert (body["schema_version"], body["equal"], body["covered"]) == (2, False, False)
    assert body["differences"][2] == {
        "verdict": "missing",
        "severity": "blocker",
        "kind": "index",
        "key": "public.positions_device_ts",
        "fields": [],
        "defined_at": {"expected": "expected.sql:14", "actual": None},
    }
    assert body["differences"][0]["fields"][0] == {
        "name": "type",
        "expected": "text",
        "actual": "character varying(64)",
    }
    assert body["differences"][3]["defined_at"] == {"expected": None, "actual": "actual.sql:14"}
    assert body["cross_check"] == AGREES
    assert json.loads(json.dumps(body)) == body


@pytest.mark.parametrize(
    ("drift", "cross_check", "equal", "covered"),
    [
        pytest.param(Drift(), AGREES, True, True, id="equal"),
        pytest.param(Drift(), None, True, True, id="no cross_check was asked"),
        pytest.param(Drift(), DISAGREES, False, False, id="the cross_check disagrees"),
        pytest.param(Drift(), {**AGREES, "unexplained": ["x"]}, False, False, id="something is unexplained"),
        pytest.param(Drift(differences=DRIFT.differences[3:]), AGREES, False, True, id="only more than expected"),
        pytest.param(Drift(unmodelled_actual=(Unmodelled(kind="cast", identity="x"),)), AGREES, False, False, id="unknown"),
    ],
)
def test_equal_and_covered(drift, cross_check, equal, covered):
    body = drift_json(drift, defined_at=located, cross_check=cross_check)
    assert (body["equal"], body["covered"]) == (equal, covered)
    head = drift_text(drift, located, cross_check=cross_check).splitlines()[0]
    assert head.startswith("✓ equal" if equal else "✓ covered" if covered else "✕ not covered")


def test_unmodelled_is_reported_in_both():
    drift = Drift(unmodelled_expected=(Unmodelled(kind="cast", identity="text as x"),))
    assert drift_json(drift, defined_at=located)["unmodelled"] == [
        {"side": "expected", "kind": "cast", "identity": "text as x"}
    ]
    assert "expected: cast text as x" in drift_text(drift, located)


def test_text_is_aligned_and_has_counts_fields_and_places():
    assert (
        drift_text(DRIFT, located, cross_check=AGREES)
        == """\
✕ not covered: 1 missing, 1 unexpected, 2 changed (3 blockers, 1 warning)

missing     ✕ blocker  index      public.positions_device_ts   expected: expected.sql:14
changed     ✕ blocker  column     public.positions.device_id
    type     text → character varying(64)
    comment  (not set) → by hand
changed     ✕ blocker  dimension  public.positions.ts
    chunk_interval  1 day → 7 days
unexpected  ▲ warning  index      public.positions_manual_lat  actual: actual.sql:14
    neither source creates it

Cross-check: pg_dump agrees

Treated as equal:
  The automatic index positions_ts_idx is TimescaleDB's own.
"""
    )


TWENTY = "\n".join(f"line {number}" for number in range(1, 21))
LONG = "x" * 60
MANY = ", ".join(f"'LABEL_{number}'" for number in range(100, 150))
"""Labels of an enum."""
KEPT = f"[… 568 characters the same …] {MANY[-80:]}"


@pytest.mark.parametrize(
    ("expected", "actual", "shown"),
    [
        ("a\nb", "a\nc", ["  a", "- b", "+ c"]),
        ("a\nb", "c\nd", ["- a", "- b", "+ c", "+ d"]),
        ("a\n\nb\n", "a\n\nc\n", ["  a", "", "- b", "+ c"]),
        ("a\nb \n", "a\nb\n", ["  a", "- b ", "+ b"]),
        ("a\n", "a", ["  a", "- "]),
        ("a\n\nb", "a\n\nc", ["  a", "", "- b", "+ c"]),
        ("@@ -1\nb", "@@ -1\nc", ["  @@ -1", "- b", "+ c"]),
        ("--- a\nb", "+++ a\nb", ["- --- a", "+ +++ a", "  b"]),
        (TWENTY, TWENTY.replace("line 12\n", "new\n"), ["…", "  line 9", "  line 10", "  line 11", "- line 12", "+ new"]),
        (LONG, LONG + "y", [f"- {LONG}", f"+ {LONG}y"]),
        (MANY, f"{MANY}, 'NEW'", [f"- {KEPT}", f"+ {KEPT}, 'NEW'"]),
        (None, f"a\n{LONG}", ["- (not set)", "+ a", f"+ {LONG}"]),
    ],
)
def test_long_values_are_shown_as_the_lines_that_differ(expected: str | None, actual: str | None, shown: list[str]):
    change = FieldChange(name="definition", expected=expected, actual=actual, severity=Severity.BLOCKER)
    drift = Drift(differences=(replace(DRIFT.differences[0], fields=(change,)),))
    lines = "".join(f"      {line}\n" if line else "\n" for line in shown)
    assert f"    definition\n{lines}" in drift_text(drift, located)


def test_what_the_witness_alone_sees_is_listed():
    assert "Unexplained: pg_dump shows what this comparison does not:\n  CREATE CAST …" in drift_text(
        Drift(), located, cross_check=DISAGREES
    )


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_no_name_reaches_the_terminal_as_a_command_or_a_line(name):
    drift = Drift(
        differences=(Difference(verdict=DiffVerdict.MISSING, kind="table", key=name, severity=Severity.BLOCKER, note=name),),
        assumptions=(name,),
    )
    text = drift_text(drift, lambda *_: name)
    assert all(c == "\n" or c.isprintable() for c in text)
    assert len(text.splitlines()) == 7


@pytest.mark.parametrize(
    ("kind", "many"), [("index", "indexes"), ("policy", "policies"), ("materialized view", "materialized views")]
)
def test_plural(kind, many):
    assert (plural(kind, 1), plural(kind, 2)) == (kind, many)
