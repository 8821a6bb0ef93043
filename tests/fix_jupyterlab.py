"""JupyterLab as ``migration-audit lab`` opens it, and a person who clicks and types in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from fix_devtools import LIMIT, Connection, Page
from fix_outside import wait_until
from fix_signals import default_signals
from migration_audit.audit.demo import demo_root
from migration_audit.runner.rendering import packaged_notebooks

PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
HELPERS = f"""
window.cells = () => [...document.querySelectorAll("{PANEL} .jp-CodeCell")];
window.cellWith = source => cells().findLast(c =>
  [...c.querySelectorAll(".jp-InputArea .cm-line")].map(e => e.textContent).join("\\n").includes(source));
window.outputs = source => (source ? [cellWith(source)] : cells()).flatMap(
  c => [...(c?.querySelectorAll(".jp-OutputArea-output") ?? [])]);
window.middle = element => {{
  element.scrollIntoView({{block: "center", inline: "nearest"}});
  const {{x, y, width, height}} = element.getBoundingClientRect(), at = [x + width / 2, y + height / 2];
  return width && height && element.contains(document.elementFromPoint(...at)) ? at : null;
}};
window.named = (selector, text) => [...document.querySelectorAll(selector)].find(e => e.textContent.trim() === text);
"""
"""JavaScript: what is looked for in a notebook; ``outputs()`` has those of all cells."""
CONTROL = 2  # of the modifiers of a key
STATE = f"""({{
  prompts: cells().map(c => c.querySelector(".jp-InputPrompt").textContent),
  kernel: document.querySelector("{PANEL} .jp-Notebook-ExecutionIndicator")?.dataset.status,
  dialogs: [...document.querySelectorAll(".jp-Dialog")].map(e => e.textContent),
  errors: [...document.querySelectorAll("{PANEL} [data-mime-type='application/vnd.jupyter.stderr']")]
    .map(e => e.textContent.slice(-500)),
}})"""
"""What the page shows of a notebook, for whoever reads why a test failed."""


class Lab:
    """A server on the user's copies of the notebooks, in a project with three databases, opened for prod."""

    def __init__(self, home: Path, variables: dict[str, str]) -> None:
        """Start it; nothing of the account that runs the tests is read or written."""
        project = shutil.copytree(demo_root(), home / "trm")
        own = ("XDG_DATA_HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
        folders = {name: str(home / name) for name in own}
        self._settings = home / "JUPYTER_CONFIG_DIR" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
        self._log = home / "log"
        self._opened = 0
        program = str(Path(sys.executable).parent / "migration-audit")
        with default_signals(), self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [program, "lab", "--env", "prod"],
                stdout=log,
                stderr=log,
                cwd=project,
                env={**os.environ, **folders, **variables, "BROWSER": "true"},
            )
        self._copies = home / "XDG_DATA_HOME" / "migration-audit"
        self.base = self._token = ""

    def wait_until_ready(self) -> None:
        """Wait for its address; the folder ``shown`` has the notebooks as they are committed, with outputs."""
        wait_until(lambda: "token=" in self.log or self.process.poll() is not None, limit=LIMIT)
        found = re.search(r"(http://127\.0\.0\.1:\d+)/lab\?token=(\w+)", self.log)
        assert found, self.log
        self.base, self._token = found.groups()
        (copies,) = self._copies.iterdir()
        shutil.copytree(packaged_notebooks(), copies / "shown")

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def ask(self, path: str, *, method: str = "GET") -> Any:
        """The answer of the server's REST API."""
        request = Request(f"{self.base}/api/{path}", headers={"Authorization": f"token {self._token}"}, method=method)
        with urlopen(request, timeout=LIMIT) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def address(self, notebook: str) -> str:
        """Where a notebook is opened, alone: a workspace opens again what was open in it."""
        self._opened += 1
        return f"{self.base}/lab/workspaces/test-{self._opened}/tree/{notebook}?token={self._token}"

    def use_theme(self, theme: str) -> None:
        self._settings.mkdir(parents=True, exist_ok=True)
        (self._settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=LIMIT)


class OpenNotebook:
    """A notebook in a tab of the browser, and what a person does with it."""

    def __init__(self, lab: Lab, page: Page, name: str, *, theme: str = "JupyterLab Light") -> None:
        """Open it, and wait until its cells are shown."""
        self._lab, self.page = lab, page
        lab.use_theme(theme)
        page.open(lab.address(name))
        page.wait("document.body?.dataset.jpThemeName", lambda: lab.log[-2000:])
        page.evaluate(HELPERS)
        self.wait(f"document.body.dataset.jpThemeName === {theme!r} && cells().length > 3")

    def switch_theme(self, theme: str) -> None:
        self.choose("Settings", "Theme", theme)
        self.wait(f"document.body.dataset.jpThemeName === {theme!r} && !document.getElementById('jupyterlab-splash')")

    def wait(self, script: str) -> Any:
        return self.page.wait(script, lambda: self._explain(script))

    def shows(self, source: str, text: str) -> str:
        """All text below the cell with this source, as soon as this text is there."""
        whole = f"outputs({source!r}).map(e => e.textContent).join(' ')"
        self.wait(f"{whole}.includes({json.dumps(text)})")
        return str(self.page.evaluate(whole))

    def _explain(self, script: str) -> list[Any]:
        """What was waited for, and what the page and the server say of notebooks and kernels."""
        sessions = self._lab.ask("sessions")
        kernels = [(s["path"], s["kernel"]["execution_state"], s["kernel"]["connections"]) for s in sessions]
        return [script, self.page.evaluate(STATE), self.page.errors, kernels]

    def click(self, element: str, *, until: str = "true") -> None:
        """Click on what a JavaScript expression gives, as soon as it can be; again until ``until`` is true."""

        def clicked() -> Any:
            at = self.page.evaluate(f"(e => e && middle(e))({element})")
            if at is None:
                return False
            where = {"x": at[0], "y": at[1]}
            self.page.call("Input.dispatchMouseEvent", type="mouseMoved", **where)
            for kind in ("mousePressed", "mouseReleased"):
                self.page.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **where)
            return self.page.evaluate(until)

        wait_until(clicked, limit=LIMIT, explain=lambda: self._explain(element))

    def press(self, key: str, *, modifiers: int = 0) -> None:
        text = {"text": "\r"} if key == "Enter" else {}
        code = 13 if key == "Enter" else ord(key.upper())
        for kind in ("keyDown", "keyUp"):
            self.page.call(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, modifiers=modifiers, **text
            )

    def choose(self, menu: str, *items: str) -> None:
        """Click through a menu and its submenus."""
        self.click(f"named('.lm-MenuBar-itemLabel', {menu!r})")
        for item in items:
            self.click(f"named('.lm-Menu-itemLabel', {item!r})")

    def run_all(self) -> None:
        """By the menu; waits until every cell has run and the kernel waits for more."""
        self.wait(f"""document.querySelector("{PANEL} .jp-Notebook-ExecutionIndicator")?.dataset.status === "idle" """)
        self.choose("Run", "Run All Cells")
        self.wait(r"""cells().every(c => /\[\d+\]/.test(c.querySelector(".jp-InputPrompt").textContent))""")
        assert self.page.evaluate(STATE)["dialogs"] == []

    def run(self, source: str, *, instead_of: str) -> None:
        """Write this into the cell with that source, and run it; waits until it has run."""
        cell, prompt = f"cellWith({instead_of!r})", f"cellWith({source!r}).querySelector('.jp-InputPrompt').textContent"
        self.click(f"{cell}.querySelector('.cm-line')", until=f"{cell}.contains(document.activeElement)")
        self.press("a", modifiers=CONTROL)
        self.page.call("Input.insertText", text=source)
        self.wait(f"Boolean(cellWith({source!r}))")
        before = self.page.evaluate(prompt)
        self.press("Enter", modifiers=CONTROL)
        self.wait(f"(now => now !== {before!r} && /\\[\\d+\\]/.test(now))({prompt})")


@pytest.fixture(scope="module")
def lab(demo_variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    started = Lab(tmp_path_factory.mktemp("lab"), demo_variables)
    try:
        started.wait_until_ready()
        yield started
    finally:
        started.stop()


@pytest.fixture
def page(browser: Connection, lab: Lab) -> Iterator[Page]:
    """A page that may ask JupyterLab and nothing else; its kernels end with it."""
    opened = Page(browser)
    yield opened
    opened.close()
    for session in lab.ask("sessions"):
        lab.ask(f"sessions/{session['id']}", method="DELETE")
    own = (lab.base, lab.base.replace("http:", "ws:"), "data:", "blob:", "about:")
    assert [address for address in opened.requests if not address.startswith(own)] == []
