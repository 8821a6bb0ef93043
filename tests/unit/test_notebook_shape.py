"""A notebook is prose and calls: everything else has its place in the library."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import nbformat
import pytest

from migration_audit import workbook
from migration_audit.runner.rendering import packaged_notebooks

NOTEBOOKS = sorted(packaged_notebooks().glob("*.ipynb"))
MOST_LINES = 12


@pytest.fixture(params=NOTEBOOKS, ids=lambda p: p.name)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_the_notebooks_that_the_map_names():
    index = json.loads((packaged_notebooks() / "00_index.ipynb").read_text("utf-8"))
    prose = "".join("".join(cell["source"]) for cell in index["cells"])
    assert [p.name for p in NOTEBOOKS if p.name not in prose] == ["00_index.ipynb"]


def test_it_is_valid(notebook):
    nbformat.validate(notebook)


def test_cells_are_short(notebook):
    assert max(len(cell.source.splitlines()) for cell in code_cells(notebook)) <= MOST_LINES


def test_nothing_is_defined_and_only_the_workbook_is_imported(notebook):
    forbidden = (
        ast.Import,
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.ClassDef,
        ast.Lambda,
        ast.For,
        ast.While,
        ast.If,
        ast.Try,
    )
    for cell in code_cells(notebook):
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, forbidden), f"{type(node).__name__} in: {cell.source}"
            if isinstance(node, ast.ImportFrom):
                assert (node.module, [n.name for n in node.names]) == ("migration_audit", ["workbook"])


def test_it_holds_no_sql(notebook):
    words = {"select", "insert", "update", "delete", "create", "alter", "drop"}
    for cell in code_cells(notebook):
        strings = [n.value for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Constant)]
        assert not [s for s in strings if isinstance(s, str) and s.lower().split(" ")[0] in words]


def test_every_verb_that_it_uses_exists(notebook):
    for cell in code_cells(notebook):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "workbook":
                assert node.attr in dir(workbook)


def test_parameters_are_literals_in_one_tagged_cell(notebook):
    tagged = [c for c in code_cells(notebook) if "parameters" in c.metadata.get("tags", [])]
    assert len(tagged) == 1
    for statement in ast.parse(tagged[0].source).body:
        assert isinstance(statement, ast.Assign)
        assert isinstance(statement.value, ast.Constant)


def test_metadata_are_clean(notebook):
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}


def test_it_was_executed_from_top_to_bottom_without_an_error(notebook):
    cells = code_cells(notebook)
    assert [c.execution_count for c in cells] == list(range(1, len(cells) + 1))
    assert not [o for c in cells for o in c.outputs if o.output_type in {"error", "stream"}]


def test_outputs_name_no_folder_of_the_machine_that_made_them(notebook):
    text = nbformat.writes(notebook)
    assert str(Path.home()) not in text
    assert str(packaged_notebooks().parent) not in text
    assert "/tmp/" not in text


def test_every_table_cell_has_a_heading_before_it(notebook):
    for before, cell in zip(notebook.cells, notebook.cells[1:], strict=False):
        if cell.cell_type == "code" and "show_" in cell.source:
            assert before.cell_type == "markdown" or "show_" in before.source or "open_audit" in before.source


def test_workbook_lists_what_it_offers():
    for name in dir(workbook):
        assert callable(getattr(workbook, name))
        assert getattr(workbook, name).__doc__
