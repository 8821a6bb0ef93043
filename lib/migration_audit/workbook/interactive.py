"""Tables to sort and to search where itables is installed (the extra ``explore``); plain frames everywhere else."""

from __future__ import annotations

import sys
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from migration_audit.workbook.comparing import Comparison

if TYPE_CHECKING:
    import pandas as pd


class InteractiveTable:
    """A frame as a table with a search field and sortable columns; as text, the frame."""

    def __init__(self, frame: pd.DataFrame) -> None:
        """Nothing is loaded from the network: the script is part of the notebook."""
        self.frame = frame

    def _repr_html_(self) -> str:
        from itables import to_html_datatable  # noqa: PLC0415  an extra

        _load_script()
        return str(to_html_datatable(self.frame, connected=False, allow_html=False, showIndex=False))

    def __repr__(self) -> str:
        """The frame as text."""
        return repr(self.frame)


def browse(what: pd.DataFrame | Comparison) -> Any:
    """A frame, or the differences of a comparison, to sort and to search in JupyterLab; works offline.

    Without itables (``pip install 'migration-audit[explore]'``), and outside of a notebook, it is the frame as it is.
    """
    frame = what.differences if isinstance(what, Comparison) else what
    return InteractiveTable(frame) if find_spec("itables") is not None and _in_notebook() else frame


def _in_notebook() -> bool:
    ipython: Any = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


@cache
def _load_script() -> None:
    """Put the script into the notebook's page, once for each kernel."""
    from itables import init_notebook_mode  # noqa: PLC0415

    init_notebook_mode(all_interactive=False, connected=False)
