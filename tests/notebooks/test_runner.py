"""The runner is strict about parameters, papermill works without it, and nothing that stops early looks complete."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from papermill import engines

from fix_demo import evidence_of, run_cli
from migration_audit.model.errors import NotebookError
from migration_audit.runner import notebooks, open_kernels
from migration_audit.runner.notebooks import execute
from migration_audit.runner.rendering import packaged_notebooks

pytestmark = pytest.mark.slow


def write_notebook(path, *sources, parameters="a = 1"):
    cells = [new_code_cell(parameters, metadata={"tags": ["parameters"]})] if parameters else []
    cells += [new_code_cell(source) for source in sources]
    metadata = {"kernelspec": {"name": "python3", "display_name": "x"}, "language_info": {"name": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=metadata), path)
    return path


@pytest.fixture
def kernels():
    with open_kernels() as opened:
        yield opened


@pytest.mark.parametrize(
    ("parameters", "given", "said"),
    [
        ("a = 1", {"b": 1}, "it does not define the parameter b"),
        ("a = 1", {}, "the parameter a was not passed"),
        ("", {"a": 1}, "has no parameters cell"),
    ],
    ids=["unknown", "missing", "no parameters cell"],
)
def test_parameters_are_checked_before_anything_runs(tmp_path, parameters, given, said, kernels):
    source = write_notebook(tmp_path / "n.ipynb", "open('ran', 'w')", parameters=parameters)
    with pytest.raises(NotebookError, match=said):
        execute(source, tmp_path / "out.ipynb", given, kernels=kernels)
    assert not (tmp_path / "out.ipynb").exists()


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import os; os._exit(3)", "its kernel ended unexpectedly"),
        ("import time; time.sleep(60)", "did not end within 5 s, and its kernel was killed"),
        ("import sys; sys.exit(0)", "it stopped before the cell"),
    ],
    ids=["raises", "the kernel dies", "takes too long", "exits early"],
)
def test_a_notebook_that_stops_early_is_an_error(tmp_path, cell, said, kernels):
    source = write_notebook(tmp_path / "n.ipynb", "print('so far')", cell, "print('the end')")
    with pytest.raises(NotebookError, match=said):
        execute(source, tmp_path / "out.ipynb", {"a": 2}, timeout=5, kernels=kernels)
    executed = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    shown = [output.get("text") for each in executed.cells for output in each.get("outputs", ())]
    assert "so far\n" in shown, "the error says to open it"
    assert "the end\n" not in shown


def test_a_notebook_is_not_written_for_each_cell(tmp_path, monkeypatch, kernels):
    written = []
    write = engines.write_ipynb
    monkeypatch.setattr(engines, "write_ipynb", lambda nb, path: (written.append(path), write(nb, path)))
    monkeypatch.setattr(notebooks, "_SAVED_EVERY", 600)
    execute(write_notebook(tmp_path / "n.ipynb", *["1"] * 20), tmp_path / "out.ipynb", {"a": 2}, kernels=kernels)
    assert len(written) == 2, "at its start and at its end"
    executed = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert [len(each.outputs) for each in executed.cells[2:]] == [1] * 20
    timed = [each.metadata.papermill for each in executed.cells if "duration" in each.metadata.get("papermill", {})]
    assert not timed, "two runs differ in no cell"
    assert executed.metadata.papermill.duration


def test_a_notebook_that_takes_long_is_written_on_the_way(tmp_path, monkeypatch, kernels):
    monkeypatch.setattr(notebooks, "_SAVED_EVERY", 0)
    look = f"'first' in open({str(tmp_path / 'out.ipynb')!r}).read().partition('outputs')[2]"
    execute(write_notebook(tmp_path / "n.ipynb", "'fir' + 'st'", look), tmp_path / "out.ipynb", {"a": 2}, kernels=kernels)
    executed = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert executed.cells[-1].outputs[0].data["text/plain"] == "True"


def test_a_kernel_is_used_again_and_the_next_notebook_cannot_tell(tmp_path):
    first = write_notebook(tmp_path / "first.ipynb", "import os; left = os.getpid(); _private = left", "left")
    second = write_notebook(
        tmp_path / "second.ipynb",
        "print([n for n in ('left', '_private', '_2', 'os') if n in globals()])",
        "import os; os.getpid()",
    )
    with open_kernels() as kernels:
        execute(first, tmp_path / "1.ipynb", {"a": 2}, kernels=kernels)
        execute(second, tmp_path / "2.ipynb", {"a": 3}, kernels=kernels)
    one, two = (nbformat.read(tmp_path / name, as_version=4).cells for name in ("1.ipynb", "2.ipynb"))
    pid = one[-1].outputs[0].data["text/plain"]
    assert two[-2].outputs[0].text == "[]\n"
    assert two[-1].outputs[0].data["text/plain"] == pid
    assert [cell.execution_count for cell in two] == [1, 2, 3, 4]
    assert not Path(f"/proc/{pid}").exists()


def test_a_kernel_in_which_a_notebook_failed_is_not_used_again(tmp_path):
    failing = write_notebook(tmp_path / "failing.ipynb", "import os; open('pid', 'w').write(str(os.getpid()))", "1 / 0")
    after = write_notebook(tmp_path / "after.ipynb", "import os; os.getpid()")
    with open_kernels() as kernels, contextlib.chdir(tmp_path):
        with pytest.raises(NotebookError, match="ZeroDivisionError"):
            execute(failing, tmp_path / "1.ipynb", {"a": 2}, kernels=kernels)
        execute(after, tmp_path / "2.ipynb", {"a": 3}, kernels=kernels)
    cells = nbformat.read(tmp_path / "2.ipynb", as_version=4).cells
    assert cells[-1].outputs[0].data["text/plain"] != (tmp_path / "pid").read_text()


def test_braces_in_a_path_are_only_a_path(tmp_path, kernels):
    folder = tmp_path / "{x}"
    folder.mkdir()
    execute(write_notebook(folder / "n.ipynb", "a + 1"), folder / "out.ipynb", {"a": 2}, kernels=kernels)
    assert nbformat.read(folder / "out.ipynb", as_version=4).cells[-1].outputs[0].data["text/plain"] == "3"


@pytest.mark.parametrize(
    "last",
    ["raise RuntimeError('stop here')", "import os; os._exit(1)", "print('no seal')"],
    ids=["raises", "the kernel dies", "never seals"],
)
def test_a_run_whose_last_notebook_stops_early_is_incomplete(small, tmp_path, last):
    own = small.folder / "notebooks"
    own.mkdir()
    write_notebook(
        own / "40_signoff.ipynb",
        last,
        parameters="config = ''\nenvironment = ''\nphase = ''\nrun_folder = ''",
    )
    out = tmp_path / "out"
    ran = run_cli("run", "--config", str(small.folder), "--out", str(out), **small.variables)
    assert ran.code == 3
    evidence = evidence_of(out, "dev")
    assert (evidence["complete"], evidence["verdict"]) == (False, "incomplete")
    assert evidence["error"]
    (report,) = (out / "dev").glob("*/report.html")
    assert "could not be fully audited" in report.read_text("utf-8")


@pytest.mark.parametrize("environment", ["stage", "prod"])
def test_plain_papermill_works(tmp_path, demo_variables, environment):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "papermill", "--no-progress-bar"),
            *(str(packaged_notebooks() / "20_live_catalog.ipynb"), str(tmp_path / "out.ipynb")),
            *("-p", "config", "demo", "-p", "environment", environment),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    text = (tmp_path / "out.ipynb").read_text("utf-8")
    assert f"read database trm_{environment} as role" in text
    assert ("positions_speed_by_hand" in text) is (environment == "prod")


def test_a_user_copy_of_a_notebook_is_preferred_and_it_is_reported(small, tmp_path):
    own = small.folder / "notebooks"
    own.mkdir()
    notebook = nbformat.read(packaged_notebooks() / "20_live_catalog.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_markdown_cell("## A section of our own"))
    nbformat.write(notebook, own / "20_live_catalog.ipynb")
    out = tmp_path / "out"
    ran = run_cli("run", "--config", str(small.folder), "--out", str(out), **small.variables)
    assert ran.code == 0, ran.err
    assert "your copy" in ran.err
    (report,) = (out / "dev").glob("*/report.html")
    assert "A section of our own" in report.read_text("utf-8")


def test_earlier_reports_are_never_overwritten(small, tmp_path):
    out = tmp_path / "out"
    for _ in range(2):
        assert run_cli("run", "--config", str(small.folder), "--out", str(out), **small.variables).code == 0
    runs = sorted((out / "dev").iterdir())
    assert len(runs) == 2
    for run in runs:
        assert json.loads((run / "evidence.json").read_text("utf-8"))["complete"] is True


WITH_OTHER_NOTEBOOKS = """
import pathlib
import migration_audit.runner.notebooks as notebooks
notebooks.packaged_notebooks = lambda: pathlib.Path(FOLDER)
from migration_audit.cli import main
main()
"""


def test_a_demo_that_does_not_reach_its_end_is_an_error(tmp_path, server):
    folder = shutil.copytree(packaged_notebooks(), tmp_path / "notebooks")
    parameters = "config = ''\nenvironment = ''\nphase = ''\nrun_folder = ''"
    write_notebook(folder / "40_signoff.ipynb", "raise RuntimeError('stop here')", parameters=parameters)
    command = [sys.executable, "-c", WITH_OTHER_NOTEBOOKS.replace("FOLDER", repr(str(folder)))]
    done = subprocess.run(
        [*command, "demo", "--out", str(tmp_path / "out")], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 3
    assert "dev, stage, prod, retired/dev: the audit did not finish" in done.stderr
