"""What people see in a notebook of their own: where a database cannot be read, where only SQL is there, with %sql."""

from __future__ import annotations

import os
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from fix_pages import blocks
from migration_audit.runner.rendering import packaged_notebooks

pytestmark = [pytest.mark.server, pytest.mark.timescale, pytest.mark.slow]

START = "from migration_audit import workbook"
NOTEBOOKS = sorted(packaged_notebooks().glob("*.ipynb"))


def outputs(folder: Path, *cells: str, **variables: str) -> list[str]:
    """What each cell shows, as text on one line; an error stops nothing, as where a person executes the next cell."""
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    known = {name: value for name, value in os.environ.items() if not name.startswith(("TRM_", "MIGRATION_AUDIT_C"))}
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", allow_errors=True, resources=resources)
    client.execute(env={**known, "PLOOMBER_STATS_ENABLED": "false", **variables})
    return [" ".join(" ".join(map(text_of, cell.outputs)).split()) for cell in notebook.cells]


def text_of(output: nbformat.NotebookNode) -> str:
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}"
    return str(output.text if output.output_type == "stream" else output.data["text/plain"])


UNREADABLE = {
    "a variable that is not set": ({}, "environment prod: variable TRM_PROD_DSN is not set → set it to the URL"),
    "a database that is down": ({"TRM_PROD_DSN": "host=127.0.0.1 port=1 dbname=x"}, "127.0.0.1"),
}


@pytest.mark.parametrize(("variables", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_database_that_cannot_be_read_stops_nothing_else(trm, demo_variables, variables, reason):
    others = {name: value for name, value in demo_variables.items() if name != "TRM_PROD_DSN"}
    compared, framed, show, sides, dev, sql, checks = outputs(
        trm,
        f'{START}\nworkbook.compare("owner", "prod")',
        'workbook.frame("column", "prod")',
        'workbook.show("public.positions.ts")',
        "workbook.sides()",
        'workbook.compare("dev", "stage").differences["key"].tolist()',
        'workbook.coverage()["verdict"].unique().tolist()',
        'checks = workbook.checks("prod")\nchecks.loc[checks["id"].str.startswith("LIV"), "outcome"].unique().tolist()',
        **others,
        **variables,
    )
    for seen in (compared, framed):
        assert "DatabaseError" in seen
        assert reason in seen
    assert "prod could not be read" in show
    assert "prod · could not be read" in sides
    assert dev.startswith("[")
    assert sql == "['same']"
    assert "passed" not in checks
    assert "errored" in checks or "skipped" in checks


def test_where_only_sql_is_there(tmp_path):
    (tmp_path / "before.sql").write_text("create table t (x int not null);\n")
    (tmp_path / "after").mkdir()
    (tmp_path / "after" / "1.sql").write_text("create table t (x bigint not null);\n")
    found, empty, no_project, no_side = outputs(
        tmp_path,
        f'{START}\nworkbook.compare("before.sql", "after").differences[["key", "attribute"]].values.tolist()',
        'frame = workbook.frame("view", "after")\nlen(frame), "definition" in frame.columns',
        'workbook.checks("prod")',
        'workbook.side("prod")',
    )
    assert found == "[['public.t.x', 'type']]"
    assert empty == "(0, True)"
    assert "no audit.toml here or in a parent folder" in no_project
    assert "unknown side prod" in no_side


def test_sql_magic_as_the_page_shows_it(trm, demo_variables):
    (block,) = blocks("docs/explore.md", "", heading="Tables and queries")
    *setup, query = block.text.strip().splitlines()
    *_, counted, refused, read = outputs(
        trm,
        START,
        *setup,
        f"counted = {query}\nbool(counted.DataFrame().iloc[0, 0] > 0)",
        "%sql delete from public.positions",
        'import pandas\nbool(pandas.read_sql("select count(*) as n from public.positions", engine)["n"][0] > 0)',
        **demo_variables,
    )
    assert counted.endswith("True")
    assert "cannot execute DELETE in a read-only transaction" in refused
    assert read.endswith("True")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_survive_jupytext(path):
    """As a script in the percent format and back: the same cells, and papermill still finds the parameters."""
    notebook = nbformat.read(path, as_version=4)
    back = jupytext.reads(jupytext.writes(notebook, fmt="py:percent"), fmt="py:percent")
    assert cells_of(back) == cells_of(notebook)
    assert sum("parameters" in cell.metadata.get("tags", []) for cell in back.cells) == 1


def cells_of(notebook: nbformat.NotebookNode) -> list[tuple[str, str, list[str]]]:
    return [(cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in notebook.cells]
