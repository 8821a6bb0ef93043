"""JupyterLab as a person uses it, in a real browser: notebooks run on real databases, outputs can be read in any theme."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from fix_chromium import CONTRAST, chromium, needs_chromium
from fix_outside import Started, wait_until
from migration_audit.audit.demo import demo_root
from migration_audit.runner.rendering import packaged_notebooks

pytestmark = [needs_chromium, pytest.mark.server, pytest.mark.timescale, pytest.mark.slow]
LIMIT = 300
"""Seconds that anything may take: a kernel starts, reads a database and applies SQL."""
expect.set_options(timeout=LIMIT * 1000)
EXECUTED = """() => {
  const prompts = [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")].map(e => e.textContent);
  return prompts.length > 3 && prompts.every(text => /\\[\\d+\\]/.test(text));
}"""
LOW = f"""() => {{
  const view = window;
  {CONTRAST}
  const texts = [];
  for (const output of document.querySelectorAll(".jp-OutputArea-output")) {{
    const walker = document.createTreeWalker(output, 4);
    while (walker.nextNode()) if (walker.currentNode.data.trim()) texts.push(walker.currentNode.parentElement);
  }}
  return [texts.length, texts.filter(e => e.checkVisibility() && contrast(e) < 4.5).map(e => e.outerHTML.slice(0, 150))];
}}"""


@dataclass(frozen=True)
class Lab:
    address: str
    settings: Path
    """Which theme it has."""


@pytest.fixture(scope="module")
def lab(demo_variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a user's project; ``shown`` has the notebooks as they are committed, with outputs."""
    home = tmp_path_factory.mktemp("lab")
    project = shutil.copytree(demo_root(), home / "trm")
    folders = {
        name: str(home / name) for name in ("XDG_DATA_HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    }
    variables = {**folders, **demo_variables, "BROWSER": "true"}
    started = Started(home, "lab", "--env", "prod", cwd=project, variables=variables)
    try:
        wait_until(lambda: "token=" in started.err or started.process.poll() is not None, limit=LIMIT)
        address = re.search(r"http://127\.0\.0\.1:\S+", started.err)
        assert address, started.err
        (folder,) = (home / "XDG_DATA_HOME" / "migration-audit").iterdir()
        shutil.copytree(packaged_notebooks(), folder / "shown")
        settings = (
            home / "JUPYTER_CONFIG_DIR" / "lab/user-settings/@jupyterlab/apputils-extension/themes.jupyterlab-settings"
        )
        yield Lab(address[0], settings)
    finally:
        started.process.terminate()
        started.process.wait(timeout=60)
        for stream in (started.process.stdout, started.process.stderr):
            stream.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(browser: Any, lab: Lab) -> Iterator[Page]:
    """A page that may ask JupyterLab and nothing else."""
    base, foreign = lab.address.partition("/lab")[0], []
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(LIMIT * 1000)
    context.on(
        "request", lambda asked: foreign.append(asked.url) if not asked.url.startswith((base, "data:", "blob:")) else None
    )
    yield context.new_page()
    context.close()
    assert foreign == []


def open_notebook(page: Page, lab: Lab, name: str, *, theme: str = "JupyterLab Light") -> None:
    lab.settings.parent.mkdir(parents=True, exist_ok=True)
    lab.settings.write_text(json.dumps({"theme": theme}))
    page.goto(lab.address.replace("/lab?", f"/lab/workspaces/of-a-test/tree/{name}?"), wait_until="domcontentloaded")
    page.locator(f"body[data-jp-theme-name='{theme}']").wait_for(state="attached")
    page.locator(".jp-NotebookPanel:visible .jp-CodeCell").first.wait_for()


def run_all(page: Page) -> None:
    page.locator(".jp-StatusBar-Item").get_by_text("| Idle").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.wait_for_function(EXECUTED)


def output_of(page: Page, source: str) -> Any:
    """What is shown below the cell with this in its source."""
    return (
        page.locator(".jp-CodeCell")
        .filter(has=page.locator(".jp-InputArea", has_text=source))
        .locator(".jp-OutputArea-output")
    )


def low_contrast(page: Page) -> list[str]:
    """Text in outputs that can hardly be read; there is some text."""
    count, low = page.evaluate(LOW)
    assert count > 20
    return low


def test_a_live_catalog_is_read_and_judged(page, lab):
    open_notebook(page, lab, "20_live_catalog.ipynb")
    assert page.locator(".jp-OutputArea-output").count() == 0, "outputs of the example would be shown as the user's"
    run_all(page)
    expect(output_of(page, "show_audit")).to_contain_text("trm_prod")
    failed = output_of(page, "show_checks").get_by_role("row").filter(has_text="LIV004")
    expect(failed).to_contain_text("✕")
    expect(output_of(page, "show_findings")).to_contain_text(
        "index public.positions_device_ts is in the owner's SQL and missing in prod"
    )
    assert low_contrast(page) == []


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
@pytest.mark.parametrize("name", ["20_live_catalog.ipynb", "90_explore_drift.ipynb"])
def test_outputs_of_someone_else_can_be_read(page, lab, name, theme):
    """JupyterLab does not trust them: it drops style elements, scripts and pictures that are SVG."""
    open_notebook(page, lab, f"shown/{name}", theme=theme)
    expect(page.locator(".jp-OutputArea-output")).to_have_count(outputs(name))
    assert low_contrast(page) == []


def outputs(name: str) -> int:
    notebook = nbformat.read(packaged_notebooks() / name, as_version=4)
    return sum(len(cell.outputs) for cell in notebook.cells if cell.cell_type == "code")
