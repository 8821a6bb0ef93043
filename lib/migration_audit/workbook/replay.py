"""A packaged notebook's outputs, computed again from the facts of a run: no kernel, no server, no file of the project.

The packaged notebooks hold prose and calls of ``workbook``, and what those show is a function of the facts. So the report
of a run is made from the replay, and anyone who has the facts can make the same report again.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from migration_audit.audit.facts.codec import to_bytes
from migration_audit.audit.saved import SavedCase
from migration_audit.model.errors import NotebookError
from migration_audit.report.outputs import ReplayedNotebook

replayed: ContextVar[SavedCase | None] = ContextVar("replayed", default=None)
"""What ``workbook.open_audit`` gives while a notebook is replayed."""

_INJECTED = "injected-parameters"
_PARAMETERS = {"config", "environment", "phase", "run_folder"}
_PARTS = {"cells", "metadata", "nbformat", "nbformat_minor"}
_METADATA = {"kernelspec", "language_info", "papermill"}
_CELL_PARTS = {"cell_type", "execution_count", "id", "metadata", "outputs", "source"}
_CELL_METADATA = {"execution", "papermill", "tags"}


def replay(path: Path, case: SavedCase) -> ReplayedNotebook:
    """The notebook with the outputs that these facts give, and their values, which a report shows in its own form.

    Raises NotebookError for a cell that fails on them.
    """
    notebook = ReplayedNotebook(json.loads(path.read_text("utf-8")))
    namespace: dict[str, Any] = {}
    with _replaying(case):
        for number, cell in enumerate(c for c in notebook["cells"] if c["cell_type"] == "code"):
            try:
                value = _run("".join(cell["source"]), namespace, f"{path.name}:{number + 1}")
            except Exception as error:
                what = f"cell {number + 1} fails on the facts of the run: {type(error).__name__}: {error}"
                raise NotebookError(what, where=path.name, todo="run the audit again") from error
            cell["execution_count"] = number + 1
            cell["outputs"] = [] if value is None else [_output(value, number + 1)]
            notebook.shown.append(value)
    return notebook


def source_digest(notebook: Mapping[str, Any]) -> str:
    """SHA-256 (hex) over the cells as they were written: kinds and sources, without outputs and injected parameters."""
    cells = [
        [cell["cell_type"], "".join(cell["source"])]
        for cell in notebook["cells"]
        if _INJECTED not in cell.get("metadata", {}).get("tags", ())
    ]
    return hashlib.sha256(to_bytes(cells)).hexdigest()


def unexpected_parts(notebook: Mapping[str, Any]) -> Iterator[str]:
    """What an executed notebook has besides the sources and outputs that a replay is compared with."""
    injected = 0
    yield from _besides(notebook, _PARTS, "it has")
    yield from _besides(notebook["metadata"], _METADATA, "its metadata has")
    for number, cell in enumerate(notebook["cells"], start=1):
        yield from _besides(cell, _CELL_PARTS, f"cell {number} has")
        metadata = cell.get("metadata", {})
        yield from _besides(metadata, _CELL_METADATA, f"the metadata of cell {number} has")
        for output in cell.get("outputs", ()):
            yield from _besides(output.get("metadata", {}), set(), f"an output of cell {number} has")
        if _INJECTED in metadata.get("tags", ()):
            injected += 1
            if injected > 1 or cell["cell_type"] != "code" or cell.get("outputs") or not _gives_parameters(cell["source"]):
                yield f"cell {number} is not a parameters cell of papermill"


def _besides(found: Mapping[str, Any], known: set[str], what: str) -> Iterator[str]:
    if more := sorted(found.keys() - known):
        yield f"{what} {', '.join(more)}"


def _gives_parameters(source: str | list[str]) -> bool:
    try:
        body = ast.parse("".join(source)).body
    except (SyntaxError, ValueError):
        return False
    return all(
        isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Constant)
        and all(isinstance(target, ast.Name) and target.id in _PARAMETERS for target in statement.targets)
        for statement in body
    )


@contextmanager
def _replaying(case: SavedCase) -> Iterator[None]:
    token = replayed.set(case)
    try:
        yield
    finally:
        replayed.reset(token)


def _run(source: str, namespace: dict[str, Any], name: str) -> Any:
    """Execute the cell of a packaged notebook; what its last expression gives, as a kernel would show it."""
    tree = ast.parse(source, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), namespace)  # noqa: S102  our own notebooks, by their digest
    return eval(compile(ast.Expression(last.value), name, "eval"), namespace) if isinstance(last, ast.Expr) else None  # noqa: S307


def _output(value: Any, number: int) -> dict[str, Any]:
    data = {"text/html": value._repr_html_()} if hasattr(value, "_repr_html_") else {}
    data["text/plain"] = getattr(value, "in_short", value.__repr__)()
    return {"output_type": "execute_result", "execution_count": number, "metadata": {}, "data": data}
