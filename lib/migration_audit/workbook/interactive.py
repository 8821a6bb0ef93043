"""Tables to sort and to search where itables is installed (the extra ``explore``); plain frames everywhere else."""

from __future__ import annotations

import base64
import gzip
import re
import sys
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from migration_audit.workbook.comparing import Comparison

if TYPE_CHECKING:
    import pandas as pd


class InteractiveTable:
    """A frame as a table with a search field and sortable columns; as text, the frame."""

    def __init__(self, frame: pd.DataFrame) -> None:
        """Nothing is loaded from the network: the script is part of the table."""
        self.frame = frame

    def _repr_html_(self) -> str:
        from itables import to_html_datatable  # noqa: PLC0415  an extra

        table = str(
            to_html_datatable(
                self.frame.fillna(dict.fromkeys(self.frame.select_dtypes("str"), "")),
                connected=False,
                allow_html=False,
                showIndex=False,
                classes="display compact",  # long texts are wrapped
                columnDefs=[{"className": "dt-left", "targets": "_all"}],
                # Without a layout of its own a short table has no search field.
                layout={"topStart": "search", "topEnd": "pageLength"},
            )
        )
        return _script(re.findall(r"window\.(_itables_\w+)", table)[0]) + table

    def __repr__(self) -> str:
        """The frame as text."""
        return repr(self.frame)


def browse(what: pd.DataFrame | Comparison) -> Any:
    """A frame, or the differences of a comparison, to sort and to search in JupyterLab; works offline.

    Without itables (``pip install 'migration-audit[explore]'``), and outside of a notebook, it is the frame as it is.
    """
    frame = what.differences if isinstance(what, Comparison) else what
    return InteractiveTable(frame) if find_spec("itables") is not None and in_notebook() else frame


def in_notebook() -> bool:
    """Whether a kernel, and not a terminal or a program, shows what a cell returns."""
    ipython: Any = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


_LOAD: Final = """<script>
window.%(name)s ??= (async () => {
  const unpacked = text => new Response(
    new Blob([Uint8Array.from(atob(text), c => c.charCodeAt(0))]).stream().pipeThrough(new DecompressionStream("gzip"))
  ).text();
  const style = document.createElement("style");
  style.textContent = await unpacked("%(css)s");
  document.head.append(style);
  const module = await unpacked("%(js)s");
  return import(URL.createObjectURL(new Blob([module], {type: "text/javascript"})));
})();
window.%(name)s.then(itables => itables.set_or_remove_dark_class());
</script>
"""


@cache
def _script(name: str) -> str:
    """What every table starts with: it loads the script of itables into the page unless it is there.

    itables itself puts it, 1 MB, into the output of another cell: where the page is loaded again and that cell is not there,
    tables have no rows. Packed it is small enough for every table: JupyterLab drops what exceeds 3 MB in three seconds.
    """
    folder = files("itables") / "html"
    js, css = (
        base64.b64encode(gzip.compress((folder / f"dt_bundle.{suffix}").read_bytes(), mtime=0)).decode()
        for suffix in ("js", "css")
    )
    return _LOAD % {"name": name, "css": css, "js": js}
