"""JupyterLab as a person uses it, in a real browser: notebooks run on real databases, outputs can be read in any theme."""

from __future__ import annotations

import os
from importlib.util import find_spec

import nbformat
import pytest

from fix_chromium import CONTRAST, needs_chromium
from fix_devtools import browser
from fix_jupyterlab import OpenNotebook, lab, page
from migration_audit.runner.rendering import packaged_notebooks

pytestmark = [needs_chromium, pytest.mark.server, pytest.mark.timescale, pytest.mark.slow]
__all__ = ["browser", "lab", "page"]

MISSING, BY_HAND = "public.positions_device_ts", "public.positions_speed_by_hand"
DIFFERENT = ["public.positions.device_id", "public.positions.ts", MISSING, BY_HAND]
SORT_BY_KEY = "outputs('browse')[0]?.querySelector('.dataTable [aria-label^=\"key: \"]')"
KEYS = f"""window.keys = () => {{
  const column = {SORT_BY_KEY}?.closest('th').cellIndex;
  const rows = outputs("browse")[0]?.querySelectorAll(".dataTable tbody tr") ?? [];
  return [...rows].map(row => row.cells[column]?.textContent);
}}"""
"""JavaScript: the keys of the objects in the table, in its order."""
LOW = f"""(() => {{
  const view = window;
  {CONTRAST}
  const texts = [];
  for (const output of outputs()) {{
    const walker = document.createTreeWalker(output, 4);
    while (walker.nextNode()) if (walker.currentNode.data.trim()) texts.push(walker.currentNode.parentElement);
  }}
  const low = texts.filter(e => e.checkVisibility() && !e.closest("[aria-disabled=true]") && contrast(e) < 4.5);
  return [texts.length, low.map(e => e.outerHTML.slice(0, 150))];
}})()"""


def assert_readable(page):
    count, low = page.evaluate(LOW)
    assert count > 20
    assert low == []


def test_a_live_catalog_is_read_and_judged(lab, page):
    notebook = OpenNotebook(lab, page, "20_live_catalog.ipynb")
    assert page.evaluate("outputs().length") == 0
    notebook.run_all()
    notebook.shows("show_audit", "trm_prod")
    notebook.shows("show_checks", "LIV004")
    (failed,) = page.evaluate(
        "[...outputs('show_checks')[0].querySelectorAll('tr')].map(e => e.textContent).filter(t => t.includes('LIV004'))"
    )
    assert "✕" in failed
    notebook.shows("show_findings", f"index {MISSING} is in the owner's SQL and missing in prod")
    assert_readable(page)


def test_stage_is_compared_with_prod_filtered_sorted_and_searched(lab, page):
    notebook = OpenNotebook(lab, page, "90_explore_drift.ipynb", theme="JupyterLab Dark")
    notebook.run_all()
    notebook.run('found = workbook.compare("stage", "prod")\nfound', instead_of='workbook.compare("owner", "live")')
    assert MISSING in notebook.shows("workbook.compare", "stage (expected) looked up in prod (actual)")
    notebook.run('found.filter(verdict="unexpected")', instead_of="found.filter")
    assert MISSING not in notebook.shows("found.filter", BY_HAND)
    notebook.run("workbook.browse(found)", instead_of="found.differences.groupby")
    page.evaluate(KEYS)
    for order in (DIFFERENT, DIFFERENT[::-1]):
        notebook.wait("keys().length > 0 && keys().every(Boolean)")
        notebook.click(SORT_BY_KEY)
        notebook.wait(f"JSON.stringify(keys()) === JSON.stringify({order})")
    notebook.click("outputs('browse')[0].querySelector('input[type=search]')")
    page.call("Input.insertText", text="by_hand")
    notebook.wait(f"JSON.stringify(keys()) === JSON.stringify({[BY_HAND]})")
    if find_spec("ipywidgets") is not None or os.environ.get("CI"):
        choose_in_lists(notebook)
    assert_readable(page)


def choose_in_lists(notebook):
    """The widgets of ``workbook.pick``; ``tests/notebooks/test_picker.py`` has every list of it."""
    notebook.run('workbook.pick("stage", "prod")', instead_of='workbook.frame("column", "live")')
    notebook.shows("workbook.pick", MISSING)
    notebook.click("outputs('workbook.pick')[0].querySelector('input[type=text]')")
    notebook.page.call("Input.insertText", text="*by_hand")
    notebook.press("Enter")
    notebook.wait(f"!outputs('workbook.pick')[0].textContent.includes({MISSING!r})")
    notebook.shows("workbook.pick", BY_HAND)


@pytest.mark.parametrize("name", ["20_live_catalog.ipynb", "90_explore_drift.ipynb"])
def test_outputs_of_someone_else_can_be_read_light_and_dark(lab, page, name):
    """JupyterLab does not trust them: it drops style elements, scripts and pictures that are SVG."""
    committed = nbformat.read(packaged_notebooks() / name, as_version=4)
    count = sum(len(cell.outputs) for cell in committed.cells if cell.cell_type == "code")
    notebook = OpenNotebook(lab, page, f"shown/{name}")
    notebook.wait(f"outputs().length === {count}")
    assert_readable(page)
    notebook.switch_theme("JupyterLab Dark")
    assert_readable(page)
