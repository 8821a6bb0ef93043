"""One notebook, executed by plain papermill in a user's folder: it audits what was named, or ends with an error."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import run_kernel

from fix_outside import with_environments
from fix_pages import blocks
from migration_audit.model.errors import UsageError
from migration_audit.runner.rendering import packaged_notebooks
from migration_audit.workbook.session import open_audit, unknown_parameters

pytestmark = pytest.mark.slow

ONE = {"only": 'dsn_env = "TRM_STAGE_DSN"'}


@pytest.fixture
def home(trm: Path) -> Path:
    """A user's folder: an audit.toml that is not the example's, and copies of the notebooks."""
    shutil.copytree(packaged_notebooks(), trm / "notebooks")
    path = trm / "audit.toml"
    path.write_text(path.read_text("utf-8").replace('name = "trm"', 'name = "ours"'), "utf-8")
    return trm


def papermill(notebook: str, *arguments: str, cwd: Path, variables: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Exit code, what its cells printed, and the error that ended it (one line)."""
    unset = {name: value for name, value in os.environ.items() if not name.startswith("MIGRATION_AUDIT_CONFIG")}
    done = subprocess.run(
        [sys.executable, "-m", "papermill", notebook, "out.ipynb", *arguments, "--no-progress-bar"],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=cwd,
        env={**unset, "PYDEVD_DISABLE_FILE_VALIDATION": "1", **(variables or {})},
        check=False,
    )
    cells = nbformat.read(cwd / "out.ipynb", as_version=4).cells
    outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    printed = "".join(output.text for output in outputs if output.output_type == "stream")
    errors = [f"{output.ename}: {output.evalue}" for output in outputs if output.output_type == "error"]
    assert bool(errors) == (done.returncode != 0), done.stderr
    return done.returncode, printed, re.sub(r"\s+", " ", " ".join(errors))


LIVE, INDEX, PREFLIGHT = (f"notebooks/{n}.ipynb" for n in ("20_live_catalog", "00_index", "10_preflight_diff"))
SEVERAL = "no environment was named, but there are several: dev, stage, prod"

REFUSED = {
    "no environment": (LIVE, [], SEVERAL),
    "a misspelt environment": (
        LIVE,
        ["-p", "enviroment", "stage"],
        "has no parameter enviroment → did you mean environment? it has: config, environment, phase, run_folder",
    ),
    "a misspelt phase": (
        LIVE,
        ["-p", "environment", "dev", "-p", "phse", "retired"],
        "this notebook has no parameter phse → did you mean phase?",
    ),
    "two unknown parameters of a file": (LIVE, ["-y", "{a: 1, Phase: retired}"], "this notebook has no parameter a, Phase"),
    "a parameter of another notebook": (PREFLIGHT, ["-p", "environment", "stage"], "no parameter environment → it has:"),
    "what papermill takes for None": (
        LIVE,
        ["-p", "environment", "None"],
        "the parameter environment is None, not a string",
    ),
}


@pytest.mark.parametrize(("notebook", "arguments", "error"), REFUSED.values(), ids=REFUSED)
def test_what_was_not_named_rightly_is_an_error(home, notebook, arguments, error):
    code, _, said = papermill(notebook, *arguments, cwd=home)
    assert code != 0
    assert error in said


def test_a_cell_whose_tag_was_lost_does_not_hide_a_parameter(home):
    """papermill then sets parameters before the cell with the defaults, which sets them back."""
    path = home / LIVE
    path.write_text(re.sub(r'"tags": \[\s*"parameters"\s*\]', "", path.read_text("utf-8")), "utf-8")
    code, _, said = papermill(LIVE, "-p", "environment", "stage", cwd=home)
    assert code != 0
    assert "this notebook has no parameter environment → tag its first cell `parameters`" in said


def test_the_nearest_audit_toml_is_taken_and_said(home):
    below = home / "notebooks"
    code, printed, _ = papermill("00_index.ipynb", cwd=below)
    assert code == 0
    assert printed == "· no config was named: using the nearest one, ../audit.toml\n"


def test_without_an_audit_toml_the_example_is_opened_by_name_only(tmp_path):
    shutil.copytree(packaged_notebooks(), tmp_path / "notebooks")
    code, _, said = papermill(INDEX, cwd=tmp_path)
    assert code != 0
    assert "no audit.toml here or in a parent folder" in said
    assert 'the bundled example is opened by its name, config = "demo"' in said
    assert papermill(INDEX, "-p", "config", "demo", cwd=tmp_path)[:2] == (0, "")


def test_a_notebook_alone_audits_the_environment_that_was_named(home, demo_variables):
    """By the command of the page."""
    (block,) = blocks("docs/explore.md", "", heading="The notebooks")
    program, notebook, out, *arguments = shlex.split(block.text)
    assert (program, out) == ("papermill", "out.ipynb")
    only_stage = {"TRM_STAGE_DSN": demo_variables["TRM_STAGE_DSN"]}
    code, printed, said = papermill(notebook, *arguments, cwd=home, variables=only_stage)
    assert (code, said) == (0, "")
    assert "using the nearest one, audit.toml" in printed
    text = (home / "out.ipynb").read_text("utf-8")
    assert "LIV001" in text
    assert "_DSN is not set" not in text, "the other environments have no variable here"


def test_the_only_environment_is_taken_and_said(home, demo_variables):
    with_environments(home, **ONE)
    code, printed, said = papermill("notebooks/40_signoff.ipynb", cwd=home, variables=demo_variables)
    assert (code, said) == (0, "")
    assert "no environment was named: using the only one in audit.toml, only" in printed


OPENED = {
    "an empty environment": ({"environment": ""}, {}, SEVERAL),
    "an unknown environment": ({"environment": "stag"}, {}, "unknown environment stag\n  → did you mean stage?"),
    "an unknown environment of a variable": (
        {"environment": ""},
        {"MIGRATION_AUDIT_ENVIRONMENT": "nope"},
        "unknown environment nope",
    ),
    "the example without an environment": ({"config": "demo", "environment": ""}, {}, SEVERAL),
    "the example by a variable": ({"environment": ""}, {"MIGRATION_AUDIT_CONFIG": "demo"}, SEVERAL),
    "a config that is not there": ({"config": "nope.toml"}, {}, "nope.toml: the file does not exist"),
    "a config of a variable that is not there": (
        {},
        {"MIGRATION_AUDIT_CONFIG": "nope.toml"},
        "nope.toml: the file does not exist",
    ),
    "an unknown phase": ({"phase": "retried"}, {}, "unknown phase retried"),
    "a number": ({"environment": 1}, {}, "the parameter environment is 1, not a string\n  → put it in quotes"),
    "a number as text": ({"environment": "1"}, {}, "unknown environment 1"),
    "no config": ({"config": None}, {}, "the parameter config is None, not a string"),
}


@pytest.mark.parametrize(("given", "variables", "error"), OPENED.values(), ids=OPENED)
def test_what_open_audit_refuses(home, monkeypatch, given, variables, error):
    monkeypatch.chdir(home)
    for name in ("MIGRATION_AUDIT_CONFIG", "MIGRATION_AUDIT_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError) as refused:
        open_audit(**given)
    assert error in str(refused.value)


@pytest.mark.parametrize("editor", [True, False], ids=["an editor", "papermill"])
def test_cells_of_an_editor_may_be_executed_in_any_order(editor):
    """JupyterLab and VS Code name the cell that they ask to execute."""
    with run_kernel(kernel_name="python3") as client:
        assert execute(client, "# Parameters\nthreshold = 3", editor=editor) == ""
        said = execute(
            client, "from migration_audit import workbook\nworkbook.open_audit(config='nope.toml')", editor=editor
        )
    assert ("the file does not exist" if editor else "has no parameter threshold") in said


def execute(client: Any, code: str, *, editor: bool) -> str:
    """The error of a cell, executed as an editor or as papermill asks for it; empty without one."""
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    message = client.session.msg("execute_request", content, metadata={"cellId": "a1"} if editor else None)
    client.shell_channel.send(message)
    answer = client.get_shell_msg(timeout=60)
    while answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
        answer = client.get_shell_msg(timeout=60)
    return str(answer["content"].get("evalue", ""))


DEFAULTS = 'config = ""  # a path\nphase: str = "preflight"'
OPEN = "from migration_audit import workbook\naudit = workbook.open_audit(config=config)"

CELLS = {
    "no cell of papermill's": (["", DEFAULTS, OPEN], ()),
    "known names": (["", DEFAULTS, '# Parameters\nphase = "retired"\n', OPEN], ()),
    "an unknown name": (["", DEFAULTS, '# Parameters\nphse = "retired"\n', OPEN], ("phse",)),
    "as black writes it": (["", DEFAULTS, "# Parameters\nwindows = [\n    1,\n    2,\n]\n", OPEN], ("windows",)),
    "a parameter of the user's own notebook": (["", f"{DEFAULTS}\nlimit = 3", "# Parameters\nlimit = 4\n", OPEN], ()),
    "set before the defaults": (["", "# Parameters\nphase = 1\n", DEFAULTS, OPEN], ("phase",)),
    "a comment of somebody else": (["", DEFAULTS, "# Parameters of the plot\nlimit = 3", OPEN], ()),
    "a cell that is no Python": (["", "%%bash\nx=1", DEFAULTS, OPEN], ()),
}


@pytest.mark.parametrize(("cells", "unknown"), CELLS.values(), ids=CELLS)
def test_which_parameters_a_notebook_does_not_have(cells, unknown):
    assert unknown_parameters(cells)[0] == unknown
