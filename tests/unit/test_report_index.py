"""reports/index.html and the job summary."""

from __future__ import annotations

from datetime import datetime

import pytest
from tests.report_example import HOSTILE, evidence, result, results, state
from tests.unit.test_report_html import CSP, Page, text

from migration_audit.model.evidence import HOME
from migration_audit.model.finding import Finding, Outcome, Phase, Verdict
from migration_audit.report.ci import MOST_BYTES, summary_markdown
from migration_audit.report.page import IndexedRun, render_index


def run(environment, verdict=Verdict.CLEAN, held=(), *, day="2026-11-23", report="", decisions=(), **more):
    """A run of an environment; ``more`` are fields of its evidence."""
    at = datetime.fromisoformat(f"{day}T06:40:12Z")
    return IndexedRun(
        environment=environment,
        evidence=evidence(verdict=verdict, checks=tuple(held), generated_at=at, **more),
        report=report or f"{environment}/{day}-4f2c9e1/report.html",
        decisions=decisions,
    )


def test_index_is_a_matrix_with_links_to_each_report():
    html = render_index([run("dev", held=results()[:3]), run("prod", Verdict.BLOCKED, results())])
    page = Page(html)
    assert "✕ prod: blocked" in text(html)
    assert "prod/2026-11-23-4f2c9e1/report.html" in page.links
    assert "prod/2026-11-23-4f2c9e1/report.html#check-LIV004" in page.links
    assert "not run" in html
    assert page.meta["Content-Security-Policy"].startswith(CSP)
    assert "script" not in page.tags


def test_the_latest_run_of_an_environment_counts():
    html = render_index([run("dev", day="2026-11-23"), run("dev", Verdict.BLOCKED, day="2026-11-24")])
    assert "✕ dev: blocked" in text(html)
    assert html.index("2026-11-24") < html.index("1 earlier run")
    assert '<a href="dev/2026-11-23-4f2c9e1/report.html">2026-11-23 06:40 UTC</a> ✓ clean' in html


def test_the_phase_after_the_deletion_stands_next_to_the_one_before():
    after = run("dev", Verdict.INCOMPLETE, report="retired/dev/x/report.html", phase=Phase.RETIRED)
    said = text(render_index([run("dev"), after]))
    assert "✓ dev, preflight: clean" in said
    assert "! dev, retired: incomplete" in said
    assert "the latest run of each environment in each phase" in said
    assert "in each phase" not in text(render_index([run("dev")]))


def test_the_matrix_shows_what_is_not_passed_and_folds_the_rest():
    html = render_index([run("prod", Verdict.BLOCKED, results())])
    shown, _, folded = html.partition('<details class="same">')
    assert "LIV004" in shown
    assert "COV003" not in shown
    assert "COV003" in folded
    assert "checks that passed, are not due or do not apply, everywhere" in folded


def test_who_decided_is_on_the_card():
    assert "approve by ann" in text(render_index([run("prod", decisions=("approve by ann",))]))
    assert "not signed" in text(render_index([run("prod")]))


@pytest.mark.parametrize("name", [*HOSTILE.values(), "javascript:alert(1)", "//evil.example"])
def test_index_links_stay_below_the_folder(name):
    path = f"{name}/report.html" if "\ud800" not in name else "x"
    page = Page(render_index([run(name, report=path, project=name, commit={HOME: state(name)})]))
    assert "script" not in page.tags
    for link in page.links:
        assert ":" not in link
        assert not link.startswith("/")


def test_index_without_a_run_says_how_to_make_one():
    assert "migration-audit run" in render_index([])


def test_summary_says_the_verdict_first_and_what_blocks():
    markdown = summary_markdown(evidence())
    assert markdown.startswith("## ✕ prod is blocked\n")
    assert markdown.index("What blocks") < markdown.index("What needs review") < markdown.index("Every check")
    assert "LIV010" in markdown


@pytest.mark.parametrize(("limit", "is_cut"), [(MOST_BYTES, False), (5000, True)])
def test_summary_stays_below_its_limit_and_tells(limit, is_cut):
    findings = tuple(Finding(key=f"LIV003:{n}", summary="位置" * 200, expected="x" * 999) for n in range(2000))
    held = (result("LIV003", "x", Outcome.FAILED, findings=findings),)
    markdown = summary_markdown(evidence(checks=held), limit=limit)
    assert len(markdown.encode()) <= limit
    assert ("truncated to fit" in markdown, is_cut or "2,000 blockers" in markdown) == (is_cut, True)
    assert markdown.startswith("## ✕ prod is blocked")


def test_summary_tells_what_could_not_be_checked():
    held = (result("LIV001", "Reachable", Outcome.ERRORED, reason="connection refused"),)
    markdown = summary_markdown(evidence(verdict=Verdict.INCOMPLETE, checks=held, error=None))
    assert "## ! prod could not be fully audited" in markdown
    assert "- LIV001 Reachable&#58; connection refused" in markdown
