"""What the pages look like to a real browser: what is on the first screen, contrast, no errors, nothing loaded.

The pages have no script, so a page of the test's own holds them in a frame and measures.
"""

from __future__ import annotations

import json
import re
import subprocess
from html import escape, unescape

import pytest
from tests.report_example import code_cell, evidence, notebook, prose, result
from tests.unit.test_report_html import report
from tests.unit.test_report_sanitize import ATTACKS

from fix_chromium import CONTRAST, chromium, needs_chromium
from migration_audit.model.finding import Finding, Outcome, Verdict
from migration_audit.report.html import render_report
from migration_audit.report.page import IndexedRun, render_index

pytestmark = [needs_chromium, pytest.mark.slow]
QUIET = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-dev-shm-usage --enable-logging=stderr --window-size=1280,900"
)
MEASURE = f"""
const page = document.querySelector("iframe").contentDocument, view = page.defaultView;
{CONTRAST}"""
MEASURE += """
const texts = [], walker = page.createTreeWalker(page.body, 4);
while (walker.nextNode()) if (walker.currentNode.data.trim()) texts.push(walker.currentNode.parentElement);
const bottom = selector => [...page.querySelectorAll(selector)].map(e => Math.round(e.getBoundingClientRect().bottom));
const wide = [...page.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > 1281)
  .filter(e => !e.closest('[style*="overflow-x"], .output, .plain')).map(e => e.outerHTML.slice(0, 80));
const verdict = page.querySelector(".verdict"), box = verdict?.getBoundingClientRect();
const seen = box && page.elementFromPoint(box.left + 20, box.top + 20);
const said = {
  title: page.title,
  verdict: bottom(".verdict h1")[0],
  blocking: bottom("[aria-labelledby=what-blocks] li"),
  low: texts.filter(e => contrast(e) < 4.5).map(e => e.outerHTML.slice(0, 120)),
  scripts: page.scripts.length,
  wide,
  verdictOnTop: Boolean(seen && verdict.contains(seen)),
  loaded: view.performance.getEntriesByType("resource").map(r => r.name).filter(n => !n.startsWith("data:")),
};
document.body.textContent = "MEASURED" + JSON.stringify(said) + "END";
"""


def look(html, tmp_path):
    """What the browser measures of the page at 1280 × 900, and what it logs."""
    frame = (
        f'<iframe style="border:0" width="1280" height="900" srcdoc="{escape(html, quote=True)}"></iframe>'
        f"<script>onload = () => {{ {MEASURE} }};</script>"
    )
    page = tmp_path / "frame.html"
    page.write_text(f'<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">{frame}', "utf-8")
    command = [chromium(), *QUIET.split(), f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = re.search("MEASURED(.*)END", unescape(run.stdout))
    assert found, run.stdout[-2000:] + run.stderr[-2000:]
    return json.loads(found[1]), [line for line in run.stderr.splitlines() if "CONSOLE" in line]


def assert_clean(seen, logged):
    assert logged == []
    assert seen["loaded"] == []
    assert seen["scripts"] == 0
    assert seen["low"] == []
    assert seen["wide"] == []
    assert seen["verdictOnTop"]


def test_the_first_screen_says_that_prod_is_blocked_and_by_what(tmp_path):
    seen, logged = look(report(), tmp_path)
    assert_clean(seen, logged)
    assert seen["title"] == "✕ prod: blocked · trm"
    assert 0 < seen["verdict"] < 200
    assert len(seen["blocking"]) == 4
    assert max(seen["blocking"]) < 900


def test_many_and_long_blockers_still_leave_the_first_screen_to_the_verdict(tmp_path):
    findings = tuple(Finding(key=f"LIV003:{n}", summary=f"{'public.' + 'x' * 120} differs {n}") for n in range(300))
    held = (result("LIV003", "x", Outcome.FAILED, findings=findings),)
    seen, logged = look(report(checks=held, environment="an-environment-with-a-long-name" * 2), tmp_path)
    assert_clean(seen, logged)
    assert len(seen["blocking"]) == 8
    assert max(seen["blocking"]) < 900


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_can_be_read(verdict, tmp_path):
    held = (result("LIV002", "Versions", Outcome.SKIPPED, reason="no rights"),) if verdict is Verdict.INCOMPLETE else ()
    checks = evidence().checks if verdict is Verdict.BLOCKED else held
    seen, logged = look(report(verdict=verdict, checks=checks), tmp_path)
    assert_clean(seen, logged)


def test_hostile_outputs_neither_run_nor_load_nor_cover_the_verdict(tmp_path):
    attacks = [
        *ATTACKS.values(),
        '<div style="margin-top:-99999px;margin-left:-99999px;padding:100000px;background-color:white">clean</div>',
        '<div style="width:99999px;height:5px">wide</div>',
    ]
    outputs = [{"output_type": "display_data", "metadata": {}, "data": {"text/html": a}} for a in attacks]
    held = notebook("x", prose("# x\n\n" + "\n\n".join(attacks)), code_cell("f()", *outputs))
    seen, logged = look(render_report(notebooks=[held], evidence=evidence()), tmp_path)
    assert logged == []
    assert seen["loaded"] == []
    assert seen["scripts"] == 0
    assert seen["verdictOnTop"]
    assert seen["verdict"] < 200


def test_the_index_can_be_read(tmp_path):
    runs = [IndexedRun(environment=v.value, evidence=evidence(verdict=v), report=f"{v}/x/report.html") for v in Verdict]
    seen, logged = look(render_index(runs), tmp_path)
    assert_clean({**seen, "verdictOnTop": True}, logged)
