"""The port as text: no name gets out of its quotes or comments, and what a person decides is never SQL that runs."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from fix_model import (
    aggregate,
    column,
    compression,
    constraint,
    dimension,
    extension,
    hypertable,
    index,
    job,
    routine,
    snapshot,
    table,
    view,
)
from migration_audit.audit.case import with_fixes
from migration_audit.compare import compare
from migration_audit.model.finding import CheckResult, Finding, Outcome, Severity
from migration_audit.model.identifiers import as_comment, literal, mentioned, parts_of
from migration_audit.model.identifiers import sql_name as name
from migration_audit.model.location import Location
from migration_audit.model.port import Port, PortProof, PortStep, ProofOutcome, SavedPort
from migration_audit.port import NOTHING, build_port, nothing_to_port, port_text, running_lines, running_sql
from migration_audit.port.names import guarded
from migration_audit.report.listings import PortBlock

EVIL = [
    "plain",
    'quo"te',
    "apo'strophe",
    "new\nline; drop table t; --",
    "carriage\rreturn; drop table t",
    "*/ drop table t; /*",
    "$$ $port$ $port2$",
    "back\\slash",
    "sep\u2028arator; drop table t",
    "\x85next; drop table t",
]


def port_of(expected, actual, origins=None):
    return build_port(compare(expected=expected, actual=actual), expected=expected, actual=actual, origins=origins)


def comments_of(text: str) -> list[str]:
    return [line for line in re.split(r"[\n\r]", text) if line and not line.startswith("--")]


@pytest.mark.parametrize("evil", EVIL)
def test_a_text_stays_in_its_comment(evil):
    assert comments_of(as_comment(evil)) == []


@pytest.mark.parametrize("evil", EVIL)
def test_a_name_stays_in_its_quotes(evil):
    quoted = name(evil)
    assert parts_of(quoted) == (evil,)
    assert quoted == "plain" or re.fullmatch(r'(?s)"(?:[^"]|"")*"', quoted)


@pytest.mark.parametrize("evil", EVIL)
def test_a_value_stays_in_its_quotes(evil):
    assert re.fullmatch(r"(?s)'(?:[^'\\]|'')*'|E'(?:[^'\\]|''|\\\\)*'", literal(evil))


@pytest.mark.parametrize("evil", EVIL)
def test_a_guard_ends_where_it_ends(evil):
    block = guarded("TRUE", f"CREATE TABLE {name(evil)} ()")
    tag = block.splitlines()[0].removeprefix("DO ")
    assert block.count(tag) == 2
    assert block.endswith(f"{tag};")


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("outcome", list(ProofOutcome))
def test_whatever_objects_are_called_only_steps_that_run_are_sql(evil, outcome):
    expected = snapshot(table(evil, column_order=("a",)), column("a", table=evil, type="bigint", comment=evil))
    actual = snapshot(table(evil, column_order=("a",)), column("a", table=evil, type="integer", comment="x"))
    port = port_of(expected, actual, {("column", f'public."{evil}".a'): Location(evil, 3)})
    proof = PortProof(outcome=outcome, reasons=(evil,), server=evil, failed=())
    assert port.for_person
    assert comments_of(port_text(port, proof, expected=evil, actual=evil)) == []


def test_keywords_are_quoted_and_plain_names_are_not():
    assert name("public", "positions", "user", "Odd") == 'public.positions."user"."Odd"'


def test_names_are_found_where_they_are_mentioned():
    assert mentioned('nextval(\'app.s\'::regclass) + "O""dd".f(x)') == {("app", "s"), ('O"dd', "f")}


@pytest.fixture
def missing_column():
    expected = snapshot(table(), column(), column("ts"))
    return port_of(expected, snapshot(table(), column()), {("column", "public.positions.ts"): Location("legacy.sql", 7)})


def test_a_proven_port_says_so_and_where_each_object_comes_from(missing_column):
    proof = PortProof(outcome=ProofOutcome.PROVEN, server="PostgreSQL 17")
    text = port_text(
        missing_column,
        proof,
        expected="legacy",
        actual="owner",
        origins={("column", "public.positions.ts"): Location("legacy.sql", 7)},
    )
    assert "PROVEN: the owner's SQL and this port were applied to a fresh server (PostgreSQL 17)" in text
    assert "-- column public.positions.ts (legacy.sql:7)\n" in text
    assert [line for line in text.splitlines() if line.startswith("ALTER")] == [
        "ALTER TABLE public.positions ADD COLUMN IF NOT EXISTS ts text NOT NULL;"
    ]


def test_one_that_no_one_could_try_says_that(missing_column):
    proof = PortProof(outcome=ProofOutcome.UNTRIED, reasons=("env:LIVE is a database",))
    text = port_text(missing_column, proof, expected="a", actual="b")
    assert "NOT PROVEN" in text
    assert "- env:LIVE is a database" in text
    assert "\nALTER TABLE" in text


def test_a_refuted_one_is_comments_alone_and_shows_what_was_refused(missing_column):
    proof = PortProof(outcome=ProofOutcome.REFUTED, reasons=("index i is changed",), failed=((0, "no such type\nHINT: x"),))
    text = port_text(missing_column, proof, expected="a", actual="b")
    assert comments_of(text) == []
    assert {"-- - index i is changed", "-- no such type", "-- HINT: x"} <= set(text.splitlines())


def test_a_type_change_and_not_null_are_left_to_a_person_with_both_values():
    expected = snapshot(table(), column(type="bigint", not_null=True))
    port = port_of(expected, snapshot(table(), column(type="integer", not_null=False)))
    assert port.running == ()
    reported = "\n".join(step.for_person + step.sql for step in port.for_person)
    assert "type: expected bigint; actual integer" in reported
    assert "ALTER COLUMN device_id SET NOT NULL;" in reported
    assert running_sql(port) == ""


def test_what_only_the_owner_has_is_not_mentioned():
    port = port_of(snapshot(), snapshot(table(), column(), index(), view(), routine()))
    assert port == Port()


def test_nothing_to_port_is_one_comment():
    text = nothing_to_port(expected="a\nb", actual="c")
    assert NOTHING in text
    assert comments_of(text) == []


def test_lines_of_steps_are_those_of_the_text():
    expected = snapshot(table(), column(), column("ts"), index(), constraint(), routine())
    port = port_of(expected, snapshot(table(), column()))
    text, starts = running_lines(port)
    lines = text.splitlines()
    assert lines[0] == "SET check_function_bodies = off;"
    assert [lines[start - 1].split()[1] for start in starts] == [step.about[0] for step in port.running]


def test_functions_come_before_what_uses_them_and_views_before_views_of_them():
    made = [
        table(column_order=("a",)),
        column("a", default="public.touch()"),
        routine(),
        view("a_last", definition=" SELECT x\n   FROM public.first;"),
        view("first", definition=" SELECT 1 AS x;"),
    ]
    steps = [step.about for step in port_of(snapshot(*made), snapshot()).running]
    assert steps.index(("function", "public.touch()")) < steps.index(("table", "public.positions"))
    assert steps.index(("view", "public.first")) < steps.index(("view", "public.a_last"))


def test_a_circle_of_steps_has_an_end():
    made = [
        view("a", definition=" SELECT x\n   FROM public.b;"),
        view("b", definition=" SELECT x\n   FROM public.a;"),
    ]
    assert len(port_of(snapshot(*made), snapshot()).running) == 2


HYPER = (extension(), table(), column(), hypertable(), dimension())

COMMUNITY = {
    "compression": (
        (
            compression(
                segment_by="device_id", order_by="ts DESC", compress_interval=None, sparse_indexes=(), direct_compress=False
            ),
        ),
        ["timescaledb.compress_segmentby = 'device_id', timescaledb.compress_orderby = 'ts DESC'"],
    ),
    "compression_policy": (
        (job(procedure="_timescaledb_functions.policy_compression", config=("compress_after=7 days",)),),
        ["public.add_compression_policy('public.positions', compress_after => INTERVAL '7 days', if_not_exists => TRUE)"],
    ),
    "refresh": (
        (
            aggregate(),
            job(
                procedure="_timescaledb_functions.policy_refresh_continuous_aggregate",
                config=("start_offset=3 days",),
                relation="continuous aggregate",
                table="hourly",
            ),
        ),
        [
            "add_continuous_aggregate_policy('public.hourly', start_offset => INTERVAL '3 days', end_offset => NULL,",
            "WITH (timescaledb.continuous",
            "WITH NO DATA;",
        ],
    ),
}


@pytest.mark.parametrize("case", COMMUNITY)
def test_settings_of_the_community_edition_are_written_as_its_functions_take_them(case):
    objects, wanted = COMMUNITY[case]
    sql = running_sql(port_of(snapshot(*HYPER, *objects), snapshot(*HYPER)))
    assert [part for part in wanted if part not in sql] == []


def test_a_hypertable_on_a_table_with_rows_says_what_to_add():
    (step,) = port_of(snapshot(*HYPER), snapshot(*HYPER[:3])).running
    assert step.note == "fails without changes on a table with rows: add migrate_data => TRUE, which moves them under a lock"


def test_a_retention_policy_deletes_rows_and_is_left_to_a_person():
    port = port_of(snapshot(*HYPER, job()), snapshot(*HYPER))
    assert port.running == ()
    wanted = "public.add_retention_policy('public.positions', drop_after => INTERVAL '90 days', if_not_exists => TRUE)"
    assert wanted in port.for_person[0].sql


def test_a_job_whose_settings_were_not_read_is_left_to_a_person():
    own = job(procedure="fleet.tidy", config=("token=(redacted)",))
    port = port_of(snapshot(*HYPER, own), snapshot(*HYPER))
    assert port.running == ()
    assert "secret" in port.for_person[0].for_person


FIX = (("column", "public.t:x.a", "ALTER TABLE …;"),)


def result(*keys: str, check: str = "COV002") -> CheckResult:
    return CheckResult(
        id=check,
        title="t",
        severity=Severity.BLOCKER,
        outcome=Outcome.FAILED,
        findings=tuple(Finding(key=key, summary="s", fix_sql="guess") for key in keys),
    )


def test_findings_carry_the_proven_sql_of_their_object():
    port = SavedPort(text="t", sha256="0", proven=True, fixes=FIX)
    keys = ("COV002:column:public.t:x.a", "COV002:column:public.t:x.a:type", "COV002:column:public.other")
    (fixed,) = with_fixes([result(*keys)], port)
    assert [finding.fix_sql for finding in fixed.findings] == ["ALTER TABLE …;", "ALTER TABLE …;", "guess"]


def test_no_other_check_and_no_other_port_changes_a_finding():
    port = SavedPort(text="t", sha256="0", proven=True, fixes=FIX)
    live = result("LIV003:column:public.t:x.a", check="LIV003")
    assert with_fixes([live], port) == (live,)
    assert with_fixes([live], None) == (live,)


def test_the_block_shows_the_text_and_whether_it_is_proven():
    port = SavedPort(text="-- x\nSELECT '<b>` ``` `';\n", sha256="ab", proven=True)
    block = PortBlock(port)
    assert repr(block).startswith("✓ proven")
    assert "&lt;b&gt;" in block._repr_html_()
    assert block.markdown().count("````") == 2
    assert "not usable" in repr(PortBlock(replace(port, proven=False)))
    assert repr(PortBlock(None)) == "Nothing to port: the owner covers the legacy side."


def test_a_step_of_no_one_is_not_lost():
    step = PortStep(about=("subscription", "s"), sql="", for_person="look")
    text = port_text(Port(steps=(step,)), PortProof(outcome=ProofOutcome.UNTRIED), expected="a", actual="b")
    assert "-- subscription s\n-- look\n" in text
