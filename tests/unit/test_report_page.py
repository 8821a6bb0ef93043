"""The report's own form of what notebooks show: every thing once, what is the same folded, classes instead of styles."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import pytest
from tests.report_example import HOSTILE, LEGACY, OWNER, PROD, SIDES, code_cell, evidence, notebook, prose, result, results
from tests.unit.test_report_html import Page

from migration_audit.model.evidence import EarlierRun, EarlierRuns, RepositoryState
from migration_audit.model.finding import Finding, Outcome, Phase, Verdict
from migration_audit.report.banner import Banner
from migration_audit.report.boot_tables import rehearsal_table
from migration_audit.report.check_tables import check_table, findings_table
from migration_audit.report.findings_page import see_again
from migration_audit.report.html import render_report
from migration_audit.report.listings import unavailable
from migration_audit.report.object_tables import index_table
from migration_audit.report.outputs import ReplayedNotebook
from migration_audit.report.setting_tables import column_table, hypertable_table


def replayed(name, *parts):
    """A notebook of headings and values."""
    cells = [prose(part) if isinstance(part, str) else code_cell("f()") for part in parts]
    held = ReplayedNotebook(
        notebook(name, *cells)[1] if isinstance(notebook(name, *cells), tuple) else notebook(name, *cells)
    )
    held.shown += [part for part in parts if not isinstance(part, str)]
    return name, held


def text(html):
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html.replace("<wbr>", ""))))


def page(*notebooks, **more):
    return render_report(notebooks=list(notebooks), evidence=evidence(**more))


def test_checks_findings_and_verdict_are_shown_once():
    held = results()
    alone = page(replayed("40_x", "# Sign-off"))
    whole = page(
        replayed(
            "40_x",
            "# Sign-off",
            Banner(verdict=Verdict.BLOCKED, environment="prod"),
            "## Every check of this environment",
            check_table(held),
            "## What blocks",
            findings_table(held),
        )
    )
    assert whole == alone


def test_what_is_the_same_is_folded_once_with_its_number():
    html = page(replayed("20_x", "# Live", column_table(OWNER, PROD)))
    live = html.partition('id="20_x"')[2]
    folded = re.findall(r'<details class="same"><summary>(.*?)</summary>(.*?)</details>', live, re.DOTALL)[0]
    assert folded[0] == "7 columns that are the same on both sides"
    assert folded[1].count("double precision") == 2
    assert "character varying(64)" not in folded[1]


def test_a_caption_that_repeats_the_heading_is_not_seen_twice():
    html = page(replayed("20_x", "# Live", "## Column types", column_table(OWNER, PROD)))
    assert '<caption><b class="hid">Column types</b> <span>' in html
    assert "<caption><b>Column types</b>" in page(replayed("20_x", "# Live", "## Types", column_table(OWNER, PROD)))


def test_checks_that_found_nothing_are_folded_and_the_others_are_not():
    held = (*results(), result("LIV002", "Versions", Outcome.ERRORED, reason="no rights"))
    html = page(checks=held).partition('id="checks"')[2]
    shown, _, folded = html.partition('<details class="same">')
    assert all(f">{name}<" in shown for name in ("LIV002", "LIV003"))
    assert "Not due in this phase" in shown
    assert "RET001" not in re.sub(r"RET001: due in phase retired", "", text(shown))
    assert ">COV002<" in folded
    assert "8 checks that passed or do not apply" in folded


def test_a_table_without_differences_is_not_shown_twice():
    first = replayed("10_x", "# Before", index_table({"legacy": LEGACY, "owner": OWNER}))
    html = page(first, replayed("20_x", "# Live", index_table(SIDES)))
    before, _, live = html.partition('id="20_x"')
    assert 'positions_ts_idx</code></th><td data-h="Definition">' not in before
    assert "positions_ts_idx" in live


def test_parts_that_are_not_shown_for_one_reason_are_one_line():
    gone, down = (unavailable(why, errored=why == "down") for why in ("gone", "down"))
    parts = ("## Types", gone, "## Sets", check_table(results()), gone, "## Chunks", down, down, "## Rows", gone)
    html = page(replayed("10_x", "# Before", *parts)).partition('id="10_x"')[2]
    assert "– not checked : Types · Sets · Rows gone" in text(html)
    assert [title for title in ("Types", "Sets", "Chunks", "Rows") if f">{title}</h" in html] == ["Chunks"]
    assert text(html.partition(">Chunks</h")[2]).count("! could not be read : down") == 1


def test_a_report_has_no_inline_styles_of_ours():
    html = page(replayed("20_x", "# Live", column_table(OWNER, PROD), hypertable_table(SIDES)))
    assert " style=" not in html


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_no_name_breaks_out_of_a_page(name):
    rehearsed = rehearsal_table([(name, name, name, name)])
    found = Page(page(replayed("30_x", "# Boot", rehearsed)))
    assert not {"script", "img"} & set(found.tags)
    assert len(set(found.ids)) == len(found.ids)


def test_each_finding_says_what_differs_why_what_to_do_and_how_to_see_it_again():
    said = text(page())
    for part in (
        "Required text In prod character varying(64) Defined at directus/db-init/002_positions_hypertable.sql:4",
        "Why it matters CREATE TABLE IF NOT EXISTS does nothing",
        "What to do: Write a migration of the owner that alters the column",
        r"To reproduce: psql -d trm_prod -c '\d+ public.positions'",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("LIV004:index:public.i", r"psql -d trm_prod -c '\d+ public.i'"),
        ("LIV003:column:public.t.c:type", r"psql -d trm_prod -c '\d+ public.t'"),
        ('LIV003:column:public."`id`".c:type', "migration-audit run --env prod"),
        (
            "LIV006:dimension:public.t.ts:chunk_interval",
            "psql -d trm_prod -c \"SELECT * FROM timescaledb_information.dimensions WHERE hypertable_name = 't'\"",
        ),
        ("PRV001:prod:create:schema:public", r"psql -d trm_prod -c '\dn+ public'"),
        ("WVR001:x", "migration-audit run --env prod"),
    ],
)
def test_a_command_shows_the_finding_again(key, command):
    finding = Finding(key=key, summary="x")
    held = result(key.partition(":")[0], "x", Outcome.FAILED, findings=(finding,))
    assert see_again(held, finding, evidence()) == command


def test_a_finding_of_a_file_is_seen_at_its_line():
    finding = Finding(key="BOOT001:x", summary="x", where="it's/a file.sh:7")
    held = result("BOOT001", "x", Outcome.FAILED, findings=(finding,))
    assert see_again(held, finding, evidence()) == """sed -n 7,+4p 'it'"'"'s/a file.sh'"""


@pytest.mark.parametrize(
    ("verdict", "step"),
    [
        (Verdict.CLEAN, "migration-audit sign RUN"),
        (Verdict.REVIEW, "Read each warning"),
        (Verdict.BLOCKED, "[[waiver]]"),
        (Verdict.INCOMPLETE, "migration-audit run --env prod"),
    ],
)
def test_the_next_step_is_under_the_verdict(verdict, step):
    checks = results() if verdict is Verdict.BLOCKED else ()
    assert step in text(page(verdict=verdict, checks=checks).partition("<nav")[0])


def test_the_command_that_audits_again_names_the_phase_after_the_deletion():
    head = text(page(verdict=Verdict.INCOMPLETE, phase=Phase.RETIRED).partition("<nav")[0])
    assert "migration-audit run --env prod --phase retired" in head


def test_a_tree_outside_git_is_named_as_such():
    states = {"audit": RepositoryState(commit=None, clean=None, remote=None, path=None, files=1)}
    assert "Commit (not in a git repository)" in text(page(commit=states))


def test_values_that_are_the_same_on_every_side_are_not_under_the_name_of_one_side():
    live = page(replayed("20_x", "# Live", hypertable_table(SIDES))).partition('id="20_x"')[2]
    (head, *_) = re.findall(r'<details class="same">.*?<thead>(.*?)</thead>', live, re.DOTALL)
    assert text(head).split() == ["Setting", "Value"]


def test_what_changed_since_earlier_runs_is_on_the_first_screen():
    before = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    found = {f.key: f.summary for r in results() for f in r.findings if r.id != "LIV003"}
    last = EarlierRun(
        run="20261122T060000Z-abc",
        generated_at=before,
        signed=False,
        verdict=Verdict.REVIEW,
        findings={**found, "LIV004:index:public.gone": "<b>it was missing</b>"},
    )
    signed = replace(last, signed=True, verdict=Verdict.CLEAN, findings={})
    html = render_report(notebooks=[], evidence=evidence(), earlier=EarlierRuns(compared=(last, signed)))
    head = html.partition("<nav")[0]
    assert "Since the last run (2026-11-22 06:00 UTC, ▲ review): 1 new, 1 no longer found, 6 still found" in text(head)
    assert "Since the last signed run (2026-11-22 06:00 UTC, ✓ clean): 7 new, 0 no longer found, 0 still found" in text(head)
    assert "<b>no longer found</b> &lt;b&gt;it was missing&lt;/b&gt;" in head
    assert '<a href="#finding-LIV003-column-public.positions.device_id">' in head
    assert html.count('<span class="p info">new</span>') == 1
    assert "Since the" not in text(page())


def test_a_finding_that_could_not_be_checked_in_one_of_two_runs_is_neither_new_nor_gone():
    found = {f.key: f.summary for r in results() for f in r.findings}
    down = replace(results()[0], id="LIV005", outcome=Outcome.ERRORED, reason="the database is down", findings=())
    last = EarlierRun(
        run="20261122T060000Z-abc",
        generated_at=datetime(2026, 11, 22, 6, 0, tzinfo=UTC),
        signed=False,
        verdict=Verdict.INCOMPLETE,
        findings={**{key: what for key, what in found.items() if not key.startswith("LIV")}, "LIV005:a": "<b>x</b>"},
        undecided=("LIV003", "LIV004"),
    )
    checks = (*(r for r in results() if r.id != "LIV005"), down)
    html = render_report(notebooks=[], evidence=evidence(checks=checks), earlier=EarlierRuns(compared=(last,)))
    head = html.partition("<nav")[0]
    then = sum(key.startswith(("LIV003:", "LIV004:")) for key in found)
    others = sum(key.startswith("LIV") for key in found) - then
    still = len(found) - then - others
    assert f"{others} new, 0 no longer found, {still} still found, 1 could not be checked again" in text(head)
    assert f"checked again, {then} could not be checked then" in text(head)
    assert then
    assert "<b>could not be checked again</b> &lt;b&gt;x&lt;/b&gt;" in head
    assert html.count('<span class="p info">new</span>') == others
