"""axe-core finds nothing in reports and the index, on a phone and on a screen, light and dark; no table scrolls the page."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from html import escape, unescape

import pytest
from tests.browser.test_report_in_chromium import QUIET
from tests.fix_boot import service, stack
from tests.fix_runners import from_npm
from tests.report_example import SIDES, chunks, evidence, result, results
from tests.unit.test_report_html import CSP
from tests.unit.test_report_page import replayed
from tests.unit.test_report_tables import example

from fix_chromium import chromium, needs_chromium
from migration_audit.model.drift import Drift
from migration_audit.model.evidence import EarlierRuns, PastVerdict
from migration_audit.model.finding import Finding, Outcome, Phase, Unavailable, Verdict
from migration_audit.model.preflight import ProbeResult
from migration_audit.report.boot_tables import boot_figure
from migration_audit.report.html import render_report
from migration_audit.report.object_tables import index_table
from migration_audit.report.page import IndexedRun, render_index
from migration_audit.report.probe_figure import coverage_figure, probe_figure
from migration_audit.report.timeline import chunk_timeline

pytestmark = [needs_chromium, pytest.mark.slow]
AXE = "axe-core@4.14.1"
MEASURE = """
onload = async () => {
  const frame = document.querySelector("iframe"), view = frame.contentWindow, page = frame.contentDocument;
  const found = await view.axe.run(page, {resultTypes: ["violations"]});
  const said = {
    violations: found.violations.map(v => v.id + ": " + v.nodes.map(n => n.html.slice(0, 200)).join(" | ")),
    rules: found.passes.length,
    width: page.documentElement.scrollWidth,
    dark: view.matchMedia("(prefers-color-scheme: dark)").matches,
  };
  document.body.textContent = "MEASURED" + JSON.stringify(said) + "END";
};
"""


def whole_report():
    """A report with every table that a notebook can show, and names as long as they may be."""
    tables = example()
    long = Finding(
        key=f"LIV012:prod:index:public.{'x' * 63}", summary=f"index public.{'x' * 63} is in prod", actual="y" * 300
    )
    checks = (
        *results(),
        result("LIV014", "Others", Outcome.FAILED, findings=(long,)),
        *(result(f"BOOT{n:03}", "x", Outcome.ERRORED, reason="no route to host\n  → open the port") for n in range(1, 5)),
    )
    shown = [part for name, table in tables.items() for part in (f"## About {name}", table)]
    chart = chunk_timeline(chunks(), setting="1 day")
    book = replayed("20_live", "# Live catalog", *shown, "## Chunks", chart, index_table(SIDES))
    wide = [
        coverage_figure(Drift(looked_up=(("x" * 63, 2),)), expected="o" * 63, actual="p" * 63),
        boot_figure(stack(service("s" * 63)), Unavailable(reason="r" * 99), (), owner="s" * 63),
        probe_figure([ProbeResult(name="n" * 63, sql="", role=None, error="e", arbiters=())], live=None, environment="p"),
    ]
    pictures = replayed("30_boot", "# Boot", *(part for each in wide for part in ("## Of long names", each)))
    return render_report(
        notebooks=[book, pictures],
        evidence=evidence(checks=checks),
        earlier=EarlierRuns(
            verdicts=tuple(
                PastVerdict(run=f"202611{20 - n:02}T060000Z-abc", signed=n == 1, verdict=verdict)
                for n, verdict in enumerate([*Verdict, None] * 2)
            )
        ),
    )


def whole_index():
    """An index of four environments in both phases, with earlier runs."""
    runs = [
        IndexedRun(
            environment=verdict.value,
            evidence=evidence(verdict=verdict, generated_at=datetime(2026, 11, day, 6, 40, 12, tzinfo=UTC)),
            report=f"{verdict.value}/{day}/report.html",
        )
        for verdict in Verdict
        for day in (23, 24)
    ]
    return render_index([*runs, replace(runs[0], evidence=evidence(phase=Phase.RETIRED))])


PAGES = {"report": whole_report, "index": whole_index}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_no_table_scrolls_the_page(name, width, scheme, tmp_path):
    html = PAGES[name]()
    assert CSP in html
    axe = (from_npm(AXE) / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
    policy = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')  # the page has no script; the test has one
    page = policy.sub(lambda _: f"<script>{axe}</script>", html, count=1)
    frame = f'<iframe style="border:0" width="{width}" height="900" srcdoc="{escape(page, quote=True)}"></iframe>'
    held = tmp_path / "frame.html"
    held.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><script>{MEASURE}</script><body style="margin:0">{frame}', "utf-8"
    )
    command = [chromium(), *QUIET.split(), "--virtual-time-budget=60000", f"--user-data-dir={tmp_path / 'profile'}"]
    command += [f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}", "--dump-dom", held.as_uri()]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    found = re.search(r"MEASURED(\{.*\})END", unescape(run.stdout))
    assert found, run.stdout[-2000:] + run.stderr[-2000:]
    seen = json.loads(found[1])
    assert seen["dark"] == (scheme == "dark")
    assert seen["rules"] > 10
    assert seen["violations"] == []
    assert seen["width"] <= width
