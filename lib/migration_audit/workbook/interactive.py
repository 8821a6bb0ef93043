"""Tables to sort and to search where itables is installed (the extra ``explore``); plain frames everywhere else."""

from __future__ import annotations

import base64
import gzip
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from html import escape
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from migration_audit.audit.run_in_parallel import on_stderr
from migration_audit.model.drift import DiffVerdict
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import Severity
from migration_audit.workbook.comparing import Comparison
from migration_audit.workbook.explore import compare
from migration_audit.workbook.session import current

if TYPE_CHECKING:
    import pandas as pd

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
_ANY: Final = "any"


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
    return InteractiveTable(frame) if find_spec("itables") is not None and _in_notebook() else frame


def _in_notebook() -> bool:
    """Whether a kernel, and not a terminal or a program, shows what a cell returns."""
    ipython: Any = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


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


def pick(
    expected: str = "legacy",
    actual: str = "owner",
    *,
    kind: str | None = None,
    verdict: str | None = None,
    severity: str | None = None,
    name: str | None = None,
) -> Any:
    """Choose two sides, kind, verdict, severity and name (a glob) in JupyterLab, above the table that ``compare`` gives.

    The arguments are what is chosen at first; ``differences`` and ``objects`` of what is returned are frames of what is
    shown. Without ipywidgets (``pip install 'migration-audit[explore]'``), and outside of a notebook, it is what ``compare``
    returns. Raises as ``compare``.
    """
    shown = {"kind": kind, "verdict": verdict, "severity": severity, "name": name}
    sides = [current().environment(side).name if side == "live" else side for side in (expected, actual)]
    found = compare(sides[0], sides[1], **shown)
    if not _in_notebook():
        return found
    if find_spec("ipywidgets") is None:
        given = ", ".join([*map(repr, sides), *(f"{key}={value!r}" for key, value in shown.items() if value)])
        on_stderr(f"workbook.compare({given}); to choose with widgets: pip install 'migration-audit[explore]'")
        return found
    return Picker(found, shown)


class Picker:
    """Widgets for two sides and a filter, above the comparison of these sides; as text, the comparison."""

    def __init__(self, comparison: Comparison, shown: dict[str, str | None]) -> None:
        """Show this comparison at first."""
        import ipywidgets  # noqa: PLC0415  an extra

        self._found: Comparison | AuditError = comparison
        names = [comparison.expected.name, comparison.actual.name]
        sides = list(dict.fromkeys((*current().names, *names)))
        choices = {"verdict": [*map(str, DiffVerdict)], "severity": [*map(str, Severity)]}
        self._sides = {
            label: ipywidgets.Dropdown(description=label, options=sides, value=side)
            for label, side in zip(("expected", "actual"), names, strict=True)
        }
        self._filters = {
            "kind": ipywidgets.Dropdown(description="kind"),
            **{label: ipywidgets.Dropdown(description=label, options=[_ANY, *named]) for label, named in choices.items()},
            "name": ipywidgets.Text(description="name", placeholder="public.positions*", continuous_update=False),
        }
        self._set_kinds(comparison, shown["kind"])
        for label, value in shown.items():
            if value is not None:
                self._filters[label].value = value
        self._table = ipywidgets.HTML(comparison._repr_html_())
        for widgets, changed in ((self._sides, self._compare), (self._filters, self._filter)):
            for widget in widgets.values():
                widget.observe(changed, names="value")
        rows = [ipywidgets.HBox(list(w.values()), layout={"flex_flow": "row wrap"}) for w in (self._sides, self._filters)]
        self._box = ipywidgets.VBox([*rows, self._table])

    def _set_kinds(self, comparison: Comparison, chosen: str | None) -> None:
        """Offer the kinds of objects that differ, and the one that is chosen."""
        kinds = {d.kind for d in comparison.drift.differences} | ({chosen} if chosen else set())
        self._filters["kind"].options = [_ANY, *sorted(kinds)]
        self._filters["kind"].value = chosen or _ANY

    @property
    def _shown(self) -> dict[str, str | None]:
        return {label: None if widget.value in (_ANY, "") else widget.value for label, widget in self._filters.items()}

    def _compare(self, _: object) -> None:
        expected, actual = (widget.value for widget in self._sides.values())
        self._table.value = f"<p>reading {escape(expected)} and {escape(actual)} …</p>"
        try:
            found = compare(expected, actual)
        except AuditError as error:
            self._found = error
            self._table.value = f"<pre>{escape(str(error))}</pre>"
            return
        self._found = found
        with _silent(self._filters.values(), self._filter):
            self._set_kinds(found, self._shown["kind"])
        self._filter(_)

    def _filter(self, _: object) -> None:
        if isinstance(self._found, Comparison):
            self._found = self._found.filter(**self._shown)
            self._table.value = self._found._repr_html_()

    @property
    def comparison(self) -> Comparison:
        """What is shown. Raises AuditError where a side that was chosen cannot be read."""
        if isinstance(self._found, AuditError):
            raise self._found
        return self._found

    @property
    def differences(self) -> pd.DataFrame:
        """The differences that are shown; raises as ``comparison``."""
        return self.comparison.differences

    @property
    def objects(self) -> pd.DataFrame:
        """Every object that is chosen, the same or not; raises as ``comparison``."""
        return self.comparison.objects

    def _repr_mimebundle_(self, **asked: Any) -> Any:
        return self._box._repr_mimebundle_(**asked) | {"text/plain": repr(self)}

    def __repr__(self) -> str:
        """The comparison as text, or why there is none."""
        return str(self._found) if isinstance(self._found, AuditError) else repr(self._found)


@contextmanager
def _silent(widgets: Iterable[Any], observer: Any) -> Iterator[None]:
    """Change widgets without a call of the observer for each change."""
    changed = list(widgets)
    for widget in changed:
        widget.unobserve(observer, names="value")
    try:
        yield
    finally:
        for widget in changed:
            widget.observe(observer, names="value")
