"""The tables: what they say, in every form, also about names that somebody chose to do harm."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.fix_boot import service, stack, waits
from tests.report_example import (
    COLUMNS,
    DRIFT,
    HOSTILE,
    INDEXES,
    LEGACY,
    OWNER,
    PROD,
    SIDES,
    chunks,
    column,
    constraint,
    dimension,
    extension,
    index,
    result,
    results,
    snapshot,
)

from migration_audit.model.drift import Difference, DiffVerdict, Drift
from migration_audit.model.finding import Finding, Outcome, Severity, Unavailable, Verdict
from migration_audit.model.image import Boot, StartedCommand, StartOutcome, Undecided
from migration_audit.model.location import Location
from migration_audit.model.preflight import ProbeResult
from migration_audit.model.snapshot import HypertableChunks, Unmodelled
from migration_audit.project import BootStep
from migration_audit.report.banner import Banner
from migration_audit.report.boot_tables import boot_figure, boot_table, rehearsal_table
from migration_audit.report.check_tables import check_table, findings_table, matrix, work_list_table
from migration_audit.report.grid import LazyRows
from migration_audit.report.inline import Text
from migration_audit.report.object_tables import constraint_table, difference_table, index_table
from migration_audit.report.probe_figure import coverage_figure, probe_figure
from migration_audit.report.prose import clean_html
from migration_audit.report.setting_tables import column_table, extension_table, hypertable_table
from migration_audit.report.table import Group, Heading, ReportTable, Row
from migration_audit.report.timeline import chunk_timeline
from migration_audit.report.triage import triage

ROOT = Path(__file__).parents[2]


def example():
    """Every table of prod, by name."""
    held = results()
    blockers = [f for r in held if r.severity is Severity.BLOCKER for f in r.findings]
    return {
        "checks": check_table(held),
        "findings": findings_table(held),
        "matrix": matrix({"dev": held[:3], "prod": held}),
        "columns": column_table(OWNER, PROD),
        "indexes": index_table(SIDES),
        "constraints": constraint_table({"owner": snapshot(constraint("pk", "PRIMARY KEY (id)"))}),
        "hypertables": hypertable_table(SIDES),
        "extensions": extension_table(SIDES),
        "differences": difference_table(DRIFT),
        "coverage": coverage_figure(DRIFT, expected="owner", actual="prod"),
        "stack": boot_figure(stack(), Unavailable(reason="no Dockerfile"), (), owner="directus"),
        "probes": probe_figure(
            [ProbeResult(name="upsert", sql="", role=None, error=None, arbiters=("public.positions_device_ts",))],
            live=PROD,
            environment="prod",
        ),
        "chunks": chunk_timeline(chunks()),
        "banner": Banner(
            verdict=Verdict.BLOCKED, environment="prod", blockers=blockers, incomplete_reasons=["LIV002: no rights"]
        ),
    }


def hostile(name):
    """Every table of a database in which everything is called ``name``."""
    finding = Finding(key=f"LIV003:{name}", summary=name, expected=name, actual=f"{name}x", where=name, fix_sql=name)
    held = [result("LIV003", name, Outcome.FAILED, findings=(finding,), reason=name), result(name, name, reason=name)]
    here = snapshot(
        column(name, name, table=name, default=name),
        index(name, name, table=name),
        constraint(name, name, table=name),
        extension(name, name),
        dimension(name),
    )
    there = snapshot(column(name, f"{name}y", table=name), index(name, f"{name}y", table=name), extension(name, "1"))
    drift = Drift(
        differences=(Difference(verdict=DiffVerdict.MISSING, kind=name, key=name, severity=Severity.BLOCKER, note=name),),
        unmodelled_actual=(Unmodelled(kind=name, identity=name),),
    )
    sides = {name: here, f"{name}2": there}
    at = Location(name, 3)
    command = StartedCommand(words=(name, name), at=at, maybe=name)
    open_ = Undecided(what=name, reason=name, at=at)
    run = StartOutcome(commands=(command,), undecided=(open_,))
    boot = Boot(run=run, test=None, test_at=None, test_disabled=False, ways=())
    held_chunks = HypertableChunks(
        schema=name, table=name, chunks=1, compressed=0, first=name, last=name, widths=((name, 1),), ranges=((name, name),)
    )
    held_probes = [
        ProbeResult(name=name, sql=name, role=name, error=error, arbiters=(name,), expected_arbiter=f"{name}2", where=name)
        for error in (None, name)
    ]
    held_stack = stack(service(name, depends_on=waits(name, name)), files=(name,))
    return {
        "checks": check_table(held),
        "findings": findings_table(held),
        "matrix": matrix({name: held}),
        "columns": column_table(here, there),
        "indexes": index_table(sides),
        "constraints": constraint_table(sides),
        "extensions": extension_table(sides),
        "hypertables": hypertable_table(sides),
        "differences": difference_table(drift),
        "chunks": chunk_timeline(held_chunks),
        "coverage": coverage_figure(drift, expected=name, actual=name),
        "probes": probe_figure(held_probes, live=here, environment=name),
        "stack": boot_figure(held_stack, boot, (BootStep(name=name, command=name, at=at),), owner=name),
        "boot": boot_table(boot, (BootStep(name=name, command=name, at=at),)),
        "rehearsal": rehearsal_table([(name, name, name, name)]),
        "work": work_list_table([replace(held[0], outcome=Outcome.PENDING)]),
        "banner": Banner(
            verdict=Verdict.BLOCKED, environment=name, blockers=[finding], warnings=[finding], incomplete_reasons=[name]
        ),
    }


class Strict(HTMLParser):
    """Fails on anything that none of our tables has."""

    VOID = frozenset({"br", "img", "wbr"})
    TAGS = {
        *VOID,
        *re.findall(
            r"\w+",
            "a b bdi caption code samp del mark details div figcaption figure ins li p pre small span strong summary ul",
        ),
    } | {*("table", "tbody", "td", "th", "thead", "tr")}
    ATTRIBUTES = frozenset(
        re.findall(r"\S+", "style scope colspan rowspan href alt src width height role aria-label aria-hidden title")
    )

    def __init__(self, html):
        super().__init__()
        self.open, self.data = [], []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag in self.TAGS, tag
        for name, value in attrs:
            assert name in self.ATTRIBUTES, name
            assert name != "src" or value.startswith("data:image/svg+xml;base64,")
            assert name != "href" or value.startswith("#")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.data.append(data)


@pytest.mark.parametrize("kind", example())
@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_no_name_breaks_out_of_a_table(kind, name):
    table = hostile(name)[kind]
    Strict(table._repr_html_())
    assert "<script" not in table.markdown()
    assert not re.search(r"[^\n\x20-\x7e\xa0-\U0010ffff]", repr(table) + table.markdown())
    assert (repr(table) + table._repr_html_() + table.markdown()).encode()


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_no_name_adds_a_column_or_a_row_to_markdown(name):
    lines = hostile(name)["findings"].markdown().splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in rows} == {5}
    assert len(rows) == 4


@pytest.mark.parametrize("kind", example())
def test_every_table_has_all_forms(kind):
    table = example()[kind]
    Strict(table._repr_html_())
    assert table.markdown().strip()
    assert " object at 0x" not in repr(table)
    assert all(line == line.rstrip() for line in repr(table).splitlines())
    frame = table.to_frame()
    assert len(frame) > 0
    assert len(set(frame.columns)) == len(frame.columns)


@pytest.mark.parametrize("kind", example())
def test_the_report_keeps_what_a_notebook_shows(kind):
    html = example()[kind]._repr_html_()
    strip = str.maketrans("", "", " ;")
    assert unescape(clean_html(html)).translate(strip) == unescape(html).translate(strip)


@pytest.mark.slow
def test_tables_are_the_same_in_another_process():
    code = (
        "from tests.unit.test_report_tables import example\n"
        "print(''.join(t._repr_html_() + t.markdown() + repr(t) for t in example().values()))"
    )
    ours = "".join(t._repr_html_() + t.markdown() + repr(t) for t in example().values())
    for seed in ("1", "2"):
        env = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / "tests"), "PYTHONIOENCODING": "utf-8", "PATH": ""}
        run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
        assert run.stdout == ours + "\n"


def test_headers_are_marked_up_for_screen_readers():
    html = example()["columns"]._repr_html_()
    assert "<caption" in html
    assert {'scope="col"', 'scope="colgroup"', 'scope="rowgroup"', 'scope="row"'} <= set(re.findall(r'scope="\w+"', html))
    assert 'title="absent"' in example()["indexes"]._repr_html_()


@pytest.mark.parametrize(
    ("outcome", "more", "word"),
    [
        pytest.param(Outcome.PASSED, {}, "✓ passed", id="passed"),
        pytest.param(Outcome.FAILED, {}, "✕ blocker", id="failed blocker"),
        pytest.param(Outcome.FAILED, {"severity": Severity.WARNING}, "▲ warning", id="failed warning"),
        pytest.param(Outcome.FAILED, {"severity": Severity.INFO}, "i info", id="failed info"),
        pytest.param(Outcome.SKIPPED, {"required": False}, "– does not apply", id="does not apply"),
        pytest.param(Outcome.SKIPPED, {}, "! could not check", id="due and undecided is not what does not apply"),
        pytest.param(Outcome.ERRORED, {}, "! could not check", id="errored"),
        pytest.param(Outcome.PENDING, {}, "◌ not due", id="pending"),
    ],
)
def test_outcomes_are_glyph_and_word(outcome, more, word):
    frame = check_table([result("SQL001", "question", outcome, **more)]).to_frame()
    assert frame["Outcome"].tolist() == [word]


def test_checks_are_grouped_by_family_in_the_order_of_the_audit():
    held = [result(i, i) for i in ("ZZZ1", "RET001", "LIV002", "SQL001", "COV010", "COV002")]
    frame = check_table(held).to_frame()
    assert frame["Check"].tolist() == ["SQL001", "COV002", "COV010", "LIV002", "RET001", "ZZZ1"]
    assert frame["Family"].tolist() == ["SQL", "COV", "COV", "LIV", "RET", "ZZZ"]


def test_findings_come_blockers_first_with_words_marked():
    table = findings_table(results())
    assert table.to_frame()["Severity"].tolist() == ["blocker"] * 4 + ["warning"] * 2 + ["info"]
    html = table._repr_html_()
    assert "<mark>text</mark>" in html
    assert "<mark>7 days</mark>" in html
    assert "CREATE UNIQUE INDEX IF NOT EXISTS positions_device_ts" in html


def test_a_check_that_failed_without_a_finding_is_shown():
    table = findings_table([result("SQL002", "applies", Outcome.FAILED, reason="it broke")])
    assert "it broke" in repr(table)


def test_columns_side_by_side():
    frame = column_table(OWNER, PROD).to_frame().set_index(["Table", "Column"])
    verdicts = frame["Verdict"]
    assert verdicts["public.positions", "device_id"] == "✕ type differs"
    assert verdicts["public.positions", "ts"] == "✓ same"
    assert verdicts["public.positions", "note"] == "▲ extra column"
    assert verdicts["directus_ops.migrations_applied", "filename"] == "✕ nullability differs"
    assert frame.loc[("public.positions", "device_id"), "Actual type"] == "character varying(64)"
    assert frame.loc[("public.positions", "attributes"), "Expected attributes"] == "not null, default '{}'::jsonb"


def test_columns_stand_in_the_order_of_the_table():
    frame = column_table(OWNER, PROD).to_frame()
    assert frame[frame["Table"] == "public.positions"]["Column"].tolist() == [*(c.name for c in COLUMNS), "note"]


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        pytest.param({"type": "integer"}, "✕ type differs", id="type"),
        pytest.param({"not_null": True}, "✕ nullability differs", id="nullability"),
        pytest.param({"default": "1"}, "✕ default differs", id="default"),
        pytest.param({"generated": "stored", "default": "1"}, "✕ default and generated differ", id="generated"),
        pytest.param({"identity_kind": "always"}, "✕ identity differs", id="identity"),
        pytest.param({"collation": '"C"'}, "✕ collation differs", id="collation"),
        pytest.param({"storage": "external"}, "✕ storage differs", id="storage"),
        pytest.param({"statistics": 100}, "✕ statistics differs", id="statistics"),
        pytest.param({"comment": "x"}, "i comment differs", id="comment is information"),
        pytest.param({"privileges": ("a=r/b",)}, "▲ privileges differs", id="privileges need an eye"),
        pytest.param({"type": "integer", "default": "1", "not_null": True}, "✕ type and 2 more differ", id="many"),
    ],
)
def test_every_attribute_of_a_column_is_seen(change, verdict):
    here = column("a", "text")
    table = column_table(snapshot(here), snapshot(replace(here, **change)))
    frame = table.to_frame()
    assert frame["Verdict"].tolist() == [verdict]
    row = frame.iloc[0]
    assert (row["Expected type"], row["Expected attributes"]) != (row["Actual type"], row["Actual attributes"])


def test_columns_that_are_missing_are_not_called_the_same():
    frame = column_table(OWNER, snapshot()).to_frame()
    assert set(frame["Verdict"]) == {"✕ missing"}


def many(tables_, columns=4):
    return [column(f"c{c}", "text", table=f"t{t:03}") for t in range(tables_) for c in range(columns)]


def test_above_sixty_columns_equal_tables_fold_to_a_line():
    objects = many(20)
    table = column_table(snapshot(*objects), snapshot(replace(objects[0], type="integer"), *objects[1:]))
    text = repr(table)
    assert text.count("… 4 columns, all the same") == 19
    assert "c0" in text
    assert len(table.to_frame()) == 80


def test_thousands_of_equal_tables_fold_to_one_line():
    objects = many(500, 1)
    text = repr(column_table(snapshot(*objects), snapshot(*objects)))
    assert "… and 460 more without differences" in text
    assert len(text.splitlines()) < 60


def test_of_a_large_table_the_differences_are_shown_first_and_the_rest_is_counted():
    objects = many(400, 1)
    changed = [*objects[:-3], *(replace(each, type="integer") for each in objects[-3:])]
    indexes = [index(f"i{n:03}", "(id)", table=f"public.t{n:03}") for n in range(400)]
    table = column_table(snapshot(*objects), snapshot(*changed))
    lines = repr(table).splitlines()
    assert [line for line in lines if line.startswith("·")][:3] == [f"· public.t{n}" for n in (397, 398, 399)]
    assert lines[-1] == "… and 357 more without differences"
    one_sided = index_table({"legacy": snapshot(), "owner": snapshot(*indexes)})
    assert repr(one_sided).splitlines()[-1].startswith("… 360 more rows are not shown here")
    assert repr(one_sided).count("only in owner") == 40
    assert len(one_sided.to_frame()) == 400


def test_each_group_of_a_large_table_has_its_share():
    results_ = [
        result(
            f"LIV00{c}",
            "x",
            Outcome.FAILED,
            findings=tuple(Finding(key=f"LIV00{c}:{n}", summary=f"{c}-{n}") for n in range(400)),
        )
        for c in (3, 4, 5)
    ]
    table = findings_table(results_)
    assert [repr(table).count(f"{c}-") for c in (3, 4, 5)] == [13, 13, 14]
    assert "… 1,160 more rows are not shown here" in repr(table)


def test_rows_are_made_only_where_they_are_shown():
    made = []

    def make(item):
        made.append(item)
        return Row((Text(str(item)),))

    rows = LazyRows(range(1000), make, [item == 900 for item in range(1000)])
    table = ReportTable(caption="x", headings=(Heading(name="y"),), groups=(Group(title=None, labels=("",), rows=rows),))
    assert "900" in repr(table)
    assert set(made) == {900}


def test_index_sets():
    frame = index_table(SIDES).to_frame().set_index("Index")
    assert frame.loc["positions_device_ts", ["legacy", "owner", "prod"]].tolist() == ["● present", "● present", "○ absent"]
    assert frame.loc["positions_device_ts", "Verdict"] == "✕ missing in prod"
    assert frame.loc["positions_manual_lat", "Verdict"] == "▲ only in prod"
    assert frame.loc["positions_ts", "Verdict"] == "✓ same everywhere"


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        pytest.param({"columns": "(ts)", "definition": "CREATE INDEX x"}, "(ts)", id="definition"),
        pytest.param({"valid": False}, "valid False", id="invalid"),
    ],
)
def test_another_definition_is_half_a_dot_and_shown(change, shown):
    other = snapshot(replace(INDEXES[2], **change))
    frame = index_table({"owner": snapshot(INDEXES[2]), "prod": other}).to_frame()
    assert frame["prod"].tolist() == ["◐ differs"]
    assert f"prod: {shown}" in frame["Definition"][0]
    assert frame["Verdict"].tolist() == ["✕ differs in prod"]


def test_a_comment_makes_no_difference_to_a_dot():
    other = snapshot(replace(INDEXES[2], comment="x"))
    assert index_table({"a": snapshot(INDEXES[2]), "b": other}).to_frame()["Verdict"][0] == "✓ same everywhere"


def test_what_the_owner_adds_is_reported_and_not_flagged():
    sides = {"legacy": snapshot(), "owner": snapshot(INDEXES[0]), "prod": snapshot(INDEXES[0])}
    assert index_table(sides).to_frame()["Verdict"].tolist() == ["i not in legacy"]


def test_hypertable_settings():
    frame = hypertable_table(SIDES).to_frame().set_index("Setting")
    assert frame.loc["ts: chunk interval", ["owner", "prod"]].tolist() == ["1 day", "7 days"]
    assert frame.loc["ts: chunk interval", "Verdict"] == "✕ differs in prod"
    assert frame.loc["dimensions", "Verdict"] == "✓ same everywhere"


def test_a_table_that_is_no_hypertable_on_one_side_is_absent_there():
    frame = hypertable_table({"owner": OWNER, "prod": snapshot()}).to_frame()
    assert set(frame["prod"]) == {"(absent)"}
    assert set(frame["Verdict"]) == {"✕ missing in prod"}


def test_extension_versions_need_an_eye():
    frame = extension_table(SIDES).to_frame().set_index(["Extension", "Setting"])
    assert frame.loc[("timescaledb", "version"), "Verdict"] == "▲ differs in prod"


def test_matrix_has_a_column_per_environment():
    frame = matrix({"dev": results()[:3], "prod": results()}).to_frame().set_index("Check")
    row = frame.loc["LIV004 Indexes are as the owner's SQL builds them"]
    assert (row["dev"], row["prod"]) == ("– not run", "✕ 1 blocker")


def test_differences_of_an_environment():
    frame = difference_table(DRIFT).to_frame()
    assert frame[["Difference", "Attribute"]].values.tolist() == [
        ["✕ changed", "type"],
        ["i changed", "comment"],
        ["✕ changed", "chunk interval"],
        ["✕ missing", ""],
        ["▲ unexpected", ""],
    ]


def test_what_a_missing_table_takes_along_is_counted_not_listed():
    def missing(kind, key, part_of=None):
        return Difference(verdict=DiffVerdict.MISSING, kind=kind, key=key, severity=Severity.BLOCKER, part_of=part_of)

    drift = Drift(
        differences=(
            missing("column", "public.t.a", ("table", "public.t")),
            missing("constraint", "public.t.pk", ("table", "public.t")),
            missing("index", "public.pk", ("constraint", "public.t.pk")),
            missing("table", "public.t"),
        )
    )
    table = difference_table(drift)
    assert len(table) == 1
    assert "with 1 column, 1 constraint, 1 index" in repr(table)


def test_what_could_not_be_compared_is_a_row():
    drift = Drift(unmodelled_expected=(Unmodelled(kind="cast", identity="text as x"),))
    table = difference_table(drift)
    assert "cast text as x" in repr(table)
    assert table.note == "1 not compared"


def test_more_rows_than_a_page_takes_are_reported():
    findings = tuple(Finding(key=f"LIV003:{n}", summary=f"finding {n}") for n in range(1020))
    table = findings_table([result("LIV003", "x", Outcome.FAILED, findings=findings)])
    assert "… 980 more rows are not shown here" in repr(table)
    assert "finding 39" in table._repr_html_()
    assert "finding 40" not in table._repr_html_()
    assert len(table.to_frame()) == 1020


def test_a_cause_is_reported_once_with_all_that_it_stops():
    held = [result(f"LIV{n:03}", "x", Outcome.ERRORED, reason="connection refused\n  → start the server") for n in (1, 2, 3)]
    held.append(result("PRV001", "y", Outcome.SKIPPED, reason="no rights"))
    assert [str(cause) for cause in triage(held).causes] == [
        "LIV001–LIV003 (3 checks): connection refused → start the server",
        "PRV001 y: no rights",
    ]
    shown = check_table(held).to_frame().set_index("Check")["What was found or looked at"]
    assert shown["LIV001"] == "connection refused → start the server"
    assert shown["LIV003"] == "stopped by the same cause as LIV001"


def test_what_was_found_is_counted_by_weight_and_checks_by_how_they_ended():
    held = [*results(), result("LIV002", "x", Outcome.ERRORED, reason="no rights")]
    assert triage(held).summary == (
        "4 blockers, 2 warnings, 1 info. 17 checks: 1 could not be checked, 7 passed, 7 found something, "
        "1 does not apply, 1 is not due"
    )


def test_checks_of_the_other_phase_are_one_line():
    pending = [result(f"COV{n:03}", "x", Outcome.PENDING, reason="only due in the phase preflight") for n in range(1, 15)]
    table = check_table([result("LIV001", "y"), *pending])
    assert "COV001–COV014: only due in the phase preflight" in repr(table)
    assert "COV007 " not in repr(table)
    assert len(table.to_frame()) == 15


def test_banner_says_the_verdict_and_what_led_to_it():
    text = repr(example()["banner"])
    assert text.startswith("✕ prod is blocked\n")
    assert "LIV004  public.positions_device_ts is missing in prod" in text
    assert "What could not be checked (1)\n  LIV002: no rights" in text


def test_a_banner_counts_what_it_does_not_show():
    findings = [Finding(key=f"LIV003:{n}", summary=f"no {n}") for n in range(40)]
    banner = Banner(verdict=Verdict.BLOCKED, environment="prod", blockers=findings)
    assert "What blocks (40)" in repr(banner)
    assert "… and 28 more" in repr(banner)
    assert len(banner.to_frame()) == 40


def test_nothing_is_reported_where_there_is_nothing():
    assert "No checks were run." in repr(check_table([]))
    assert "No side has indexes." in index_table({"owner": snapshot()})._repr_html_()
    assert "No differences." in difference_table(Drift()).markdown()


def test_coverage_of_the_example_is_whole():
    frame = column_table(LEGACY, OWNER).to_frame()
    assert "✕ missing" not in set(frame["Verdict"])


@pytest.mark.slow
def test_importing_the_tables_loads_nothing_heavy():
    code = (
        "import sys, migration_audit.report.html, migration_audit.workbook.verbs\n"
        "print([m for m in ('pandas', 'jinja2', 'nh3', 'markdown_it', 'nbformat', 'nbconvert') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
