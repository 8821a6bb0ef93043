"""The widgets of ``workbook.pick`` in a real kernel: what a browser sends when something is chosen, and gets back."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from migration_audit import workbook
from migration_audit.model.errors import UsageError
from migration_audit.workbook import session

pytestmark = [pytest.mark.server, pytest.mark.timescale, pytest.mark.slow]

needs_widgets = pytest.mark.skipif(
    find_spec("ipywidgets") is None and not os.environ.get("CI"), reason="no ipywidgets: pip install -e '.[dev]'"
)
LIMIT = 120
MISSING, BY_HAND = "public.positions_device_ts", "public.positions_speed_by_hand"


class Frontend:
    """A kernel, and what a browser knows of the widgets in it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.widgets: dict[str, dict[str, Any]] = {}
        """State of each widget, by its id."""

    def execute(self, code: str) -> str:
        """All text that a cell shows; an error fails the test."""
        texts: list[str] = []

        def see(message: dict[str, Any]) -> None:
            content = message["content"]
            self._note(message["msg_type"], content)
            texts.append(content.get("text") or content.get("data", {}).get("text/plain", ""))

        reply = self._client.execute_interactive(code, output_hook=see, timeout=LIMIT)
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(texts)

    def _note(self, kind: str, content: dict[str, Any]) -> None:
        if kind == "comm_open":
            self.widgets[content["comm_id"]] = content["data"]["state"]
        elif kind == "comm_msg" and content["data"]["method"] == "update":
            self.widgets[content["comm_id"]].update(content["data"]["state"])

    def widget(self, label: str) -> dict[str, Any]:
        return next(state for state in self.widgets.values() if state.get("description") == label)

    def choose(self, label: str, value: str) -> str:
        """Choose in a list, or write into a field, as a browser reports it; the table once the kernel is done."""
        state = self.widget(label)
        options = state.get("_options_labels")
        changed = {"index": options.index(value)} if options else {"value": value}
        (comm_id,) = (number for number, known in self.widgets.items() if known is state)
        content = {"comm_id": comm_id, "data": {"method": "update", "state": changed, "buffer_paths": []}}
        message = self._client.session.msg("comm_msg", content)
        self._client.shell_channel.send(message)
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            found = self._client.get_iopub_msg(timeout=LIMIT)
            if found["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                self._note(found["msg_type"], found["content"])
                if found["content"].get("execution_state") == "idle":
                    return self.table
        pytest.fail(f"the kernel is not done with {label} = {value}")

    @property
    def table(self) -> str:
        (html,) = (state["value"] for state in self.widgets.values() if state.get("_model_name") == "HTMLModel")
        return str(html)


@pytest.fixture
def frontend(trm, demo_variables, monkeypatch) -> Iterator[Frontend]:
    for name, value in demo_variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TRM_DEV_DSN", "host=127.0.0.1 port=1 dbname=x")
    manager, client = start_new_kernel(cwd=str(trm), startup_timeout=LIMIT)
    try:
        yield Frontend(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


@needs_widgets
def test_the_table_follows_what_is_chosen(frontend):
    as_text = frontend.execute('from migration_audit import workbook\npicked = workbook.pick("stage", "prod")\npicked')
    assert "stage (expected) looked up in prod (actual)" in as_text
    assert MISSING in frontend.table
    assert BY_HAND in frontend.table
    assert frontend.widget("kind")["_options_labels"] == ["any", "column", "dimension", "index"]

    assert MISSING not in frontend.choose("verdict", "unexpected")
    assert BY_HAND in frontend.table
    assert frontend.execute('print(picked.differences["key"].tolist())').strip() == f"['{BY_HAND}']"
    assert MISSING in frontend.choose("verdict", "any")
    assert "public.positions.device_id" not in frontend.choose("kind", "index")
    assert BY_HAND not in frontend.choose("severity", "blocker")
    assert MISSING in frontend.table
    assert "No difference is one of these." in frontend.choose("name", "*.nothing")
    assert MISSING in frontend.choose("name", "public.*_ts")

    assert "prod (expected) looked up in prod (actual)" in frontend.choose("expected", "prod")
    assert frontend.widget("kind")["_options_labels"] == ["any", "index"], "what is chosen stays, though nothing differs"
    unread = frontend.choose("actual", "dev")
    assert "127.0.0.1" in unread
    assert "<table" not in unread
    assert "stage (actual)" in frontend.choose("actual", "stage")


@needs_widgets
def test_what_is_given_is_chosen_at_first(frontend):
    frontend.execute('from migration_audit import workbook\nworkbook.pick("stage", "prod", kind="view", name="public.*")')
    chosen = {label: frontend.widget(label) for label in ("expected", "actual", "kind")}
    assert {label: state["_options_labels"][state["index"]] for label, state in chosen.items()} == {
        "expected": "stage",
        "actual": "prod",
        "kind": "view",
    }
    assert frontend.widget("name")["value"] == "public.*"
    assert "No difference is one of these." in frontend.table


def test_without_ipywidgets_it_says_how_to_compare(frontend):
    hidden = "import sys\nsys.modules['ipywidgets'] = None\nfrom migration_audit import workbook\n"
    shown = frontend.execute(f'{hidden}workbook.pick("stage", "prod", verdict="missing")')
    install = "pip install 'migration-audit[explore]'"
    how = f"workbook.compare('stage', 'prod', verdict='missing'); to choose with widgets: {install}"
    assert f"· {how}" in shown.splitlines()
    assert MISSING in shown
    assert frontend.widgets == {}


def test_outside_of_a_notebook_it_is_the_comparison(trm, demo_variables, monkeypatch, capsys):
    monkeypatch.setattr(session, "_current", [])
    monkeypatch.chdir(trm)
    for name, value in demo_variables.items():
        monkeypatch.setenv(name, value)
    found = workbook.pick("stage", "prod", severity="blocker")
    assert MISSING in found.differences["key"].tolist()
    assert BY_HAND not in found.differences["key"].tolist()
    assert "pip install" not in capsys.readouterr().err
    with pytest.raises(UsageError, match="did you mean blocker"):
        workbook.pick("stage", "prod", severity="bloker")
