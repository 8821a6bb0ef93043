"""Execute the notebooks on the demo's prod and keep their outputs, with clean metadata (``make notebooks``)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"


def refresh(path: Path) -> None:
    """The notebook with the outputs that it gives now."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}})
    os.environ.update(MIGRATION_AUDIT_CONFIG="demo", MIGRATION_AUDIT_ENVIRONMENT="prod")
    client.execute()
    for cell in notebook.cells:
        cell.metadata = {name: value for name, value in cell.metadata.items() if name == "tags"}
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for each in sorted(FOLDER.glob("*.ipynb")):
        sys.stderr.write(f"executing {each.name}\n")
        refresh(each)
