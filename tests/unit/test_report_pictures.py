"""Pictures: what is drawn, the words and the table that say the same, and what is never drawn as covered."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from itertools import pairwise

import pytest
from tests.fix_boot import service, stack, waits
from tests.report_example import DRIFT, HOSTILE, PROD, chunks, evidence, snapshot
from tests.unit.test_report_html import CSP, Page
from tests.unit.test_report_page import replayed, text

from migration_audit.model.compose import Condition, Doubt
from migration_audit.model.drift import Difference, DiffVerdict, Drift, NotKnown
from migration_audit.model.evidence import EarlierRuns, PastVerdict
from migration_audit.model.finding import Severity, Unavailable, Verdict
from migration_audit.model.image import Boot, StartedCommand, StartOutcome
from migration_audit.model.location import Location
from migration_audit.model.preflight import ProbeResult
from migration_audit.model.relations import Index
from migration_audit.model.snapshot import Unmodelled
from migration_audit.project import BootStep
from migration_audit.report.boot_tables import boot_figure, start_levels
from migration_audit.report.figure import in_report
from migration_audit.report.html import render_report
from migration_audit.report.probe_figure import counts_by_kind, coverage_figure, probe_figure
from migration_audit.report.strip import BOXES, Look, Mark, Strip, shares
from migration_audit.report.timeline import chunk_timeline, chunk_timelines

AT = Location("compose.yaml", 1)
SAME, OTHER, MISSING, EXTRA, UNKNOWN = Look.SAME, Look.OTHER, Look.MISSING, Look.EXTRA, Look.UNKNOWN


def difference(verdict, kind, key, **more):
    return Difference(verdict=verdict, kind=kind, key=key, severity=Severity.BLOCKER, **more)


def lost(kind, key, **more):
    return difference(DiffVerdict.MISSING, kind, key, **more)


def changed(kind, key):
    return difference(DiffVerdict.CHANGED, kind, key)


def hidden(kind, key):
    return NotKnown(kind=kind, key=key, attribute="options", sides=("actual",))


COUNTS = {
    "nothing": (Drift(), {}),
    "all the same": (Drift(looked_up=(("index", 3),)), {"index": {SAME: 3}}),
    "one of each": (
        Drift(
            looked_up=(("index", 4),),
            differences=(
                changed("index", "a"),
                lost("index", "b"),
                difference(DiffVerdict.RENAMED, "index", "c"),
                difference(DiffVerdict.UNEXPECTED, "index", "x"),
            ),
        ),
        {"index": {SAME: 1, OTHER: 2, MISSING: 1, EXTRA: 1}},
    ),
    "what a missing table takes with it is missing too": (
        Drift(
            looked_up=(("column", 2), ("table", 1)),
            differences=(lost("table", "t"), lost("column", "t.a", part_of=("table", "t")), lost("column", "t.b")),
        ),
        {"column": {SAME: 0, MISSING: 2}, "table": {SAME: 0, MISSING: 1}},
    ),
    "what could not be read is not the same": (
        Drift(looked_up=(("server", 2),), not_known=(hidden("server", "s"),)),
        {"server": {SAME: 1, UNKNOWN: 1}},
    ),
    "a difference that is known outweighs what is not": (
        Drift(looked_up=(("server", 1),), not_known=(hidden("server", "s"),), differences=(changed("server", "s"),)),
        {"server": {SAME: 0, OTHER: 1}},
    ),
    "a kind that cannot be compared": (
        Drift(looked_up=(("index", 1),), unmodelled_expected=(Unmodelled(kind="oddity", identity="o"),)),
        {"index": {SAME: 1}, "oddity": {UNKNOWN: 1}},
    ),
    "one of actual alone": (
        Drift(differences=(difference(DiffVerdict.UNEXPECTED, "view", "v"),)),
        {"view": {EXTRA: 1}},
    ),
}


@pytest.mark.parametrize(("drift", "expected"), COUNTS.values(), ids=COUNTS)
def test_each_object_is_counted_once_and_only_what_was_compared_is_the_same(drift, expected):
    assert {kind: dict(counts) for kind, counts in counts_by_kind(drift).items()} == expected


def coverage(drift):
    return coverage_figure(drift, expected="owner", actual="prod")


def test_bars_words_and_table_have_the_same_numbers():
    drift = COUNTS["one of each"][0]
    found = coverage(drift)
    assert found.summary == "objects of owner, looked up in prod: 1 the same, 2 different, 1 missing in prod, 1 only in prod"
    assert found.alt == "index: 1 the same, 2 different, 1 missing in prod, 1 only in prod"
    [lane] = found.parts
    assert lane.note == "= 1 · ≠ 2 · − 1 · + 1"
    assert found.to_frame().iloc[0].tolist() == ["index", "1", "2", "1", "1"]
    html = in_report(found)
    assert 'role="img" aria-label="index: 1 the same, 2 different' in html
    assert re.findall(r'<rect class="(\w+)" x="[^"]*" width="([^"]*)"', html) == [
        ("eq", "20%"),
        ("ne", "40%"),
        ("no", "20%"),
        ("xt", "20%"),
    ]


def test_a_picture_of_nothing_is_left_out_with_the_reason():
    html = in_report(coverage(Drift()))
    assert "No picture: there are no objects." in html
    assert "<svg" not in html


def test_what_was_not_compared_has_its_own_pattern_and_name():
    html = in_report(coverage(COUNTS["a kind that cannot be compared"][0]))
    assert '<rect class="qm" x="0%" width="100%"' in html
    assert "oddity: 1 not compared" in html


def test_of_many_kinds_those_that_differ_are_drawn_and_the_others_are_counted():
    kinds = tuple((f"kind{n:02}", 2) for n in range(40))
    found = coverage(Drift(looked_up=kinds, differences=(lost("kind39", "k"),)))
    labels = [lane.label for lane in found.parts]
    assert len(labels) == 25
    assert "kind39" in labels
    assert (labels[-1], found.parts[-1].note) == ("16 other kinds", "= 32")
    assert len(found.to_frame()) == 40


SHARES = {
    "none": ([], []),
    "one": ([(SAME, 5)], [(0.0, 1.0)]),
    "none of a look": ([(SAME, 1), (MISSING, 0), (OTHER, 1)], [(0.0, 0.5), (0.5, 1.0)]),
    "one of fifty thousand can be seen": ([(SAME, 49_999), (MISSING, 1)], [(0.0, 0.97), (0.97, 1.0)]),
}


@pytest.mark.parametrize(("parts", "expected"), SHARES.values(), ids=SHARES)
def test_shares(parts, expected):
    assert [(round(m.start, 2), round(m.end, 2)) for m in shares(parts)] == expected


def test_many_marks_are_drawn_without_the_lines_between_them():
    marks = tuple(Mark(n / 400, (n + 1) / 400, SAME) for n in range(400))
    inner = Strip(marks=marks).inner()
    assert inner.count("<rect") == 1
    assert "cut" not in inner
    assert Strip(marks=marks[:100]).inner().count("v1") == 99


def test_chunks_are_drawn_with_a_table_twin():
    timeline = chunk_timeline(chunks())
    html = timeline._repr_html_()
    assert "16 chunks from 2026-10-01 to 2026-11-01, 1 gap" in html
    assert timeline.to_frame()["Number"].tolist() == ["14", "2", "2"]
    assert in_report(timeline).count('<rect class="eq"') == 2  # before and after the gap


def test_chunks_are_held_against_the_setting_not_against_what_is_usual():
    drifted = replace(chunks(), ranges=chunks().ranges[-2:], widths=(("7 days", 2),), chunks=2)
    timeline = chunk_timeline(drifted, setting="1 day")
    assert "0 as the owner's SQL sets it (1 day) and 2 of another width (7 days)" in unescape(timeline._repr_html_())
    assert "the owner's SQL sets 1 day" in repr(timeline)
    drawn = str(in_report(timeline))
    assert '<rect class="ne" x="0%" width="100%" height="20"/>' in drawn
    assert '<rect class="rule" y="22" width="7.14%" height="3"/>' in drawn
    for html in (drawn, timeline._repr_html_()):
        labels = re.findall(r">(\d{4}-\d\d-\d\d)<", html)
        assert len(labels) == len(set(labels)) == 4
    boxes = re.findall('<div style="width:([^;]*);([^"]*)"></div>', timeline._repr_html_())
    assert boxes[:3] == [("50%", BOXES[Look.OTHER])] * 2 + [("7.14%", "margin:2px 0;padding:1px 0;background-color:#3b6ea5")]


def test_a_strip_of_many_marks_is_a_picture_in_a_notebook_too():
    held = chunks()
    bounds = [f"2026-10-{day:02}T00:00:00Z" for day in range(1, 30)]
    many = replace(held, ranges=tuple(pairwise(bounds)), chunks=28)
    assert "base64," in chunk_timeline(many, setting="1 day")._repr_html_()
    assert "base64," not in chunk_timeline(replace(many, ranges=many.ranges[:24]), setting="1 day")._repr_html_()


def test_a_gap_between_boxes_is_as_wide_as_the_time_without_chunks():
    held = chunks()
    gap = replace(held, ranges=(held.ranges[0], held.ranges[2], held.ranges[3]), chunks=3)
    widths = re.findall('<div style="width:([^;]*);([^"]*)"></div>', chunk_timeline(gap)._repr_html_())
    assert widths == [("25%", BOXES[Look.SAME]), ("25%", ""), *[("25%", BOXES[Look.SAME])] * 2]


def test_of_many_hypertables_those_that_differ_are_drawn_and_the_rest_is_counted():
    found = [replace(chunks(), table=f"t{number}", missing_indexes=()) for number in range(80)]
    set_to = {(each.schema, each.table): "1 day" for each in found}
    found = [replace(each, widths=(("1 day", 16),)) for each in found]
    found[20], found[30] = replace(found[20], widths=(("7 days", 16),)), replace(found[30], missing_indexes=(("i", 3),))
    few, many = (chunk_timelines(some, set_to) for some in (found[:12], found))
    assert [part.table.caption for part in few.parts] == [f"Chunks of public.t{number}" for number in range(12)]
    assert [part.table.caption for part in many.parts[:3]] == [f"Chunks of public.t{number}" for number in (20, 30, 0)]
    assert len(many.parts) == 13
    assert "68 more with 1,088 chunks; 0 differ" in repr(many.parts[-1])
    assert "None of them differs" in repr(many.parts[-1])
    rest = chunk_timelines([replace(each, widths=(("7 days", 16),)) for each in found], set_to).parts[-1]
    assert "68 differ from the owner's SQL, the first 50 are listed" in repr(rest)
    assert rest.to_frame()["Widths"].tolist() == ["7 days (16)"] * 50
    assert repr(chunk_timelines([], set_to)) == "There are no chunks."


def test_no_day_is_on_the_axis_twice():
    short = replace(chunks(), ranges=(("2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z"),))
    assert re.findall(r">(\d{4}-\d\d-\d\d)<", in_report(chunk_timeline(short))) == ["2026-10-01", "2026-10-02"]


@pytest.mark.parametrize(
    ("edges", "sentence", "names"),
    [
        pytest.param(
            [f"2026-10-01T{hour:02}:00:00Z" for hour in range(4)],
            "3 chunks from 2026-10-01 00:00 to 2026-10-01 03:00, without a gap",
            ["10-01 00:00", "10-01 01:00", "10-01 02:00", "10-01 03:00"],
            id="hours",
        ),
        pytest.param(
            [f"2026-{month:02}-01T00:00:00Z" for month in (1, 2, 3, 4)],
            "3 chunks from 2026-01-01 to 2026-04-01, without a gap",
            ["2026-01", "2026-03", "2026-04"],
            id="months",
        ),
    ],
)
def test_places_of_the_axis_are_as_precise_as_the_chunks(edges, sentence, names):
    timeline = chunk_timeline(replace(chunks(), ranges=tuple(pairwise(edges)), chunks=3))
    assert sentence in timeline.alt
    assert [name for name in names if f">{name}<" not in in_report(timeline)] == []


def test_chunks_of_the_same_time_are_no_gap():
    days = [f"2026-10-{day:02}T00:00:00Z" for day in (1, 2, 3)]
    twice = replace(chunks(), ranges=((days[0], days[2]), (days[0], days[1]), (days[2], "2026-10-04T00:00:00Z")))
    assert "3 chunks from 2026-10-01 to 2026-10-04, without a gap" in chunk_timeline(twice).alt


@pytest.mark.parametrize(
    "ranges",
    [
        pytest.param((("-infinity", "infinity"),), id="infinite"),
        pytest.param((("294276-01-01", "294277-01-01"),), id="beyond the calendar"),
        pytest.param((("nan", "nan"),), id="not a number"),
        pytest.param((), id="none"),
    ],
)
def test_chunks_that_cannot_be_drawn_leave_the_table(ranges):
    html = chunk_timeline(replace(chunks(), ranges=ranges))._repr_html_()
    assert "<img" not in html
    assert "No picture: no chunk has two dates that can be drawn." in html
    assert "with width 7 days" in html


def test_integer_chunks_are_drawn():
    html = chunk_timeline(replace(chunks(), ranges=(("0", "1000"), ("1000", "2000"))))._repr_html_()
    assert "2 chunks from 0 to 2,000, without a gap; 2 as wide as 1,000; 14 older ones are not drawn" in html


LEVELS = {
    "none": ([], {}),
    "one": ([service("a")], {"a": 0}),
    "a chain, whatever its order in the file": (
        [service("c", depends_on=waits("b")), service("b", depends_on=waits("a")), service("a")],
        {"c": 2, "b": 1, "a": 0},
    ),
    "the longest way counts": (
        [service("a"), service("b", depends_on=waits("a")), service("c", depends_on=(*waits("a"), *waits("b")))],
        {"a": 0, "b": 1, "c": 2},
    ),
    "one that is not started is not waited for": ([service("a", depends_on=waits("gone"))], {"a": 0}),
    "a circle": ([service("a", depends_on=waits("b")), service("b", depends_on=waits("a"))], {"a": 1, "b": 1}),
}


@pytest.mark.parametrize(("services", "expected"), LEVELS.values(), ids=LEVELS)
def test_start_levels(services, expected):
    assert start_levels(services) == expected


def boot(*words):
    commands = tuple(StartedCommand(words=each, at=Location("entrypoint.sh", n)) for n, each in enumerate(words, 1))
    return Boot(run=StartOutcome(commands=commands), test=None, test_at=None, test_disabled=False, ways=())


STEPS = tuple(BootStep(name=name, command=name, at=Location("audit.toml", n)) for n, name in enumerate(("one", "two"), 1))


def rows(figure):
    return [tuple(row) for row in figure.to_frame().itertuples(index=False)]


def test_containers_conditions_and_steps_in_their_order():
    once = service("setup", depends_on=waits("postgres", Condition.STARTED))
    after = service("directus", depends_on=(*waits("postgres"), *waits("setup", Condition.COMPLETED)))
    found = boot_figure(stack(once, after), boot(("two",), ("one",)), STEPS, owner="directus")
    assert [(lane.label, lane.note) for lane in found.parts] == [
        ("postgres", "at once"),
        ("setup", "after postgres is started"),
        ("directus", "after postgres is healthy, setup has ended with success"),
        ("processor", "after directus is healthy"),
    ]
    lanes = {lane.label: lane.strip.marks for lane in found.parts}
    assert [(m.start, m.end) for m in lanes["setup"]] == [(0.25, 0.5)]
    assert [(m.text, m.look) for m in lanes["directus"]] == [("2", SAME), ("1", SAME), ("", SAME)]
    assert lanes["processor"][0].start == 0.75
    assert rows(found)[:6] == [
        ("1", "postgres", "nothing", "–", "deploy/compose.yaml:10"),
        ("2", "setup", "postgres", "service_started", "deploy/compose.yaml:10"),
        ("3", "directus", "postgres", "service_healthy", "deploy/compose.yaml:10"),
        ("", "", "setup", "service_completed_successfully", "deploy/compose.yaml:10"),
        ("", "step 2: two", "the start", "–", "audit.toml:2"),
        ("", "step 1: one", "step 2", "its end", "audit.toml:1"),
    ]


OPEN = {
    "a step that is not among the commands": (boot(("one",)), ["1", "2?"], "not found among the commands"),
    "a boot that cannot be read": (Unavailable(reason="no Dockerfile"), ["1?", "2?"], "no Dockerfile"),
}


@pytest.mark.parametrize(("held", "texts", "why"), OPEN.values(), ids=OPEN)
def test_a_step_that_is_not_known_to_run_is_not_drawn_as_one_that_runs(held, texts, why):
    found = boot_figure(stack(), held, STEPS, owner="directus")
    marks = [mark for lane in found.parts if lane.label == "directus" for mark in lane.strip.marks if mark.text]
    assert [mark.text for mark in marks] == texts
    assert [mark.look is UNKNOWN for mark in marks] == ["?" in mark.text for mark in marks]
    assert "not known from the files" in in_report(found)
    assert why in repr(found)


@pytest.mark.parametrize(
    ("owner", "why"), [(None, "audit.toml names no owner_service"), ("directsu", "directsu is not started")]
)
def test_steps_without_a_container_are_not_left_out_in_silence(owner, why):
    found = boot_figure(stack(), boot(("one",)), STEPS, owner=owner)
    assert found.summary.endswith(f"; no step is drawn: {why}")
    assert why in found.alt
    assert "no step is drawn" not in boot_figure(stack(), boot(), (), owner=owner).summary


def test_a_service_whose_waits_are_not_known_is_drawn_so():
    doubt = Doubt(part="depends_on", path=None, reason="an include cannot be read", at=AT)
    found = boot_figure(stack(service("directus", doubts=(doubt,))), boot(), (), owner=None)
    lane = next(lane for lane in found.parts if lane.label == "directus")
    assert lane.strip.marks[0].look is UNKNOWN
    assert lane.note == "what it waits for is not known: an include cannot be read"


def test_a_stack_that_starts_nothing_has_no_picture():
    resting = replace(stack(), services=tuple(replace(s, active=False) for s in stack().services))
    found = boot_figure(resting, boot(), (), owner="directus")
    assert "No picture: the Compose files start no service." in in_report(found)
    assert rows(found) == []


def probe(name="upsert", **more):
    return ProbeResult(**{"name": name, "sql": "", "role": None, "error": None, "where": "audit.toml:9", **more})


INDEX = "public.positions_device_ts"
PROBES = {
    "one that is used": ([probe(arbiters=(INDEX,))], [("upsert", INDEX, SAME)]),
    "another one than the named": (
        [probe(arbiters=(INDEX,), expected_arbiter="public.x")],
        [("upsert", INDEX, SAME), ("upsert", "public.x", OTHER)],
    ),
    "a statement that fails": ([probe(error="no table", expected_arbiter=INDEX)], [("upsert", INDEX, UNKNOWN)]),
    "a statement that fails, and no name": ([probe(error="no table")], [("upsert", "no index", UNKNOWN)]),
    "two of one index": (
        [probe(arbiters=(INDEX,)), probe("bulk", arbiters=(INDEX,)), probe("read")],
        [("upsert", INDEX, SAME), ("bulk", INDEX, SAME)],
    ),
}


@pytest.mark.parametrize(("probes", "expected"), PROBES.values(), ids=PROBES)
def test_lines_from_probes_to_indexes(probes, expected):
    found = probe_figure(probes, live=PROD, environment="prod")
    names = [[name for name, _ in side] for side in (found.parts.left, found.parts.right)]
    assert [(names[0][line.left], names[1][line.right], line.look) for line in found.parts.lines] == expected
    assert in_report(found).count("<line") == len(expected) + len(found.key)


HAS = "public.positions_ts"
OWNER = snapshot(*PROD.objects)
INVALID = snapshot(*(replace(one, valid=False) if isinstance(one, Index) else one for one in PROD.objects))
THERE = {
    "there": (OWNER, PROD, "prod", HAS, "the same in prod", False),
    "there, and not valid": (OWNER, INVALID, "prod", HAS, "different in prod", True),
    "there, the owner's SQL was not read": (None, PROD, "prod", HAS, "exists in prod, not compared", False),
    "missing": (OWNER, PROD, "prod", INDEX, "missing in prod", True),
    "not read": (OWNER, None, "prod", INDEX, "prod was not read", False),
    "no environment": (OWNER, None, None, INDEX, "on the owner's schema", False),
}


@pytest.mark.parametrize(("owner", "live", "environment", "index", "remark", "is_marked"), THERE.values(), ids=THERE)
def test_whether_the_environment_has_the_index(owner, live, environment, index, remark, is_marked):
    found = probe_figure([probe(arbiters=(index,))], owner=owner, live=live, environment=environment)
    assert found.parts.right == ((index, remark),)
    assert rows(found)[0][3] == remark
    assert found.table.groups[0].rows[0].marked is is_marked
    assert (remark in found.summary) is is_marked


def test_probes_without_on_conflict_have_no_picture_and_are_counted():
    assert "No picture: no probe has ON CONFLICT." in in_report(probe_figure([probe()], live=PROD, environment="prod"))
    assert "No picture: audit.toml names no [[probe]]." in in_report(probe_figure([], live=None, environment=None))
    found = probe_figure(PROBES["two of one index"][0], live=PROD, environment="prod")
    assert found.summary == "1 index, 1 missing in prod; 1 of 3 probes have no ON CONFLICT"


def pictures():
    return {
        "coverage": coverage(DRIFT),
        "chunks": chunk_timeline(chunks(), setting="1 day"),
        "stack": boot_figure(stack(), boot(("one",)), STEPS, owner="directus"),
        "probes": probe_figure(PROBES["two of one index"][0], live=PROD, environment="prod"),
    }


@pytest.mark.parametrize("name", pictures())
def test_a_report_draws_without_styles_of_its_own_and_with_a_folded_table(name):
    html = render_report(notebooks=[replayed("20_x", "# Live", pictures()[name])], evidence=evidence())
    assert CSP in html
    assert " style=" not in html
    assert "<img" not in html
    figure = html.partition("<figure")[2].partition("</figure>")[0]
    assert "<svg" in figure
    assert re.search(r'role="img" aria-label="[^"]{20,}"', figure)
    assert "<summary>The same as a table</summary><table" in figure
    for pattern in re.findall(r"url\(#([\w-]+)\)", html):
        assert html.count(f'id="{pattern}"') == 1


def test_a_report_without_pictures_has_no_patterns():
    assert "<pattern" not in render_report(notebooks=[], evidence=evidence())


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_no_name_breaks_out_of_a_picture(name):
    drift = Drift(looked_up=((name, 2),), differences=(lost(name, name),))
    parts = [
        coverage_figure(drift, expected=name, actual=name),
        boot_figure(stack(service(name)), boot(), (BootStep(name=name, command=name, at=AT),), owner=name),
        probe_figure([probe(name, arbiters=(name,), role=name)], live=PROD, environment=name),
    ]
    found = Page(render_report(notebooks=[replayed("20_x", "# Live", *parts)], evidence=evidence()))
    assert not {"script", "img"} & set(found.tags)
    assert len(set(found.ids)) == len(found.ids)


def verdicts(*given):
    return EarlierRuns(
        verdicts=tuple(
            PastVerdict(run=f"202611{20 - n:02}T060000Z-abc", signed=signed, verdict=verdict)
            for n, (verdict, signed) in enumerate(given)
        )
    )


def test_the_verdicts_of_the_runs_before_are_a_strip_with_this_one_last():
    earlier = verdicts((Verdict.REVIEW, False), (None, False), (Verdict.CLEAN, True))
    html = render_report(
        notebooks=[], evidence=evidence(generated_at=datetime(2026, 11, 23, 6, 40, tzinfo=UTC)), earlier=earlier
    )
    figure = html.partition("<figure")[2].partition("</figure>")[0]
    shown = text(figure)
    assert "The last 4 runs , the oldest first ✓ 11-18 ✎ ? 11-19 ▲ 11-20 ✕ 11-23" in shown
    assert "2026-11-18 06:00 UTC: clean, signed; 2026-11-19 06:00 UTC: no verdict, it did not finish" in unescape(figure)
    assert "2026-11-19 06:00 ? no verdict it did not finish, or cannot be read 2026-11-20 06:00 ▲ review" in shown
    assert "2026-11-23 06:40 ✕ blocked this run" in shown
    assert "Earlier runs" not in html


def test_evidence_that_contradicts_its_verdict_is_not_clean_in_the_strip():
    html = render_report(notebooks=[], evidence=evidence(verdict=Verdict.CLEAN), earlier=verdicts((Verdict.CLEAN, False)))
    assert "! incomplete this run" in text(html.partition("<figure")[2].partition("</figure>")[0])


def test_a_first_run_says_that_there_are_none_before():
    html = render_report(notebooks=[], evidence=evidence())
    assert "<figure" not in html
    assert "Earlier runs none of this environment in this folder" in text(html)
