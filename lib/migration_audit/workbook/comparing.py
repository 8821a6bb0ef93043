"""Two sides compared, by the rules that audits use for such sides; and the part of it that is to be shown."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from migration_audit.audit.coverage import compared, coverage_of, scoped_drift, without
from migration_audit.catalog.queries import CLUSTER_KINDS, KINDS, TIMESCALEDB_KINDS
from migration_audit.compare import AGAINST_LIVE, Rules
from migration_audit.model.drift import Difference, DiffVerdict, Drift
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import Severity, Unavailable
from migration_audit.model.objects import CatalogObject
from migration_audit.model.snapshot import SERVER_WIDE, RolesRead, Snapshot
from migration_audit.project import Project
from migration_audit.report.object_tables import difference_table
from migration_audit.report.table import ReportTable
from migration_audit.workbook import frames
from migration_audit.workbook.catalogs import ReadCatalog, SideOrigin

if TYPE_CHECKING:
    import pandas as pd

CLASSES: Final = {cls.kind: cls for cls in (*KINDS.values(), *TIMESCALEDB_KINDS.values(), *CLUSTER_KINDS.values())}
"""Every kind of object that there is."""
_VERDICTS: Final = (*DiffVerdict, "same", "not compared")
"""What a comparison says of an object; the last two only in ``objects``, where those that do not differ are too."""
Wanted = str | Collection[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What is shown of a comparison; None is everything."""

    kind: Wanted = None
    schema: Wanted = None
    name: Wanted = None
    """Globs, which the object's key or its own name matches: ``public.positions*``."""
    verdict: Wanted = None
    severity: Wanted = None

    def __post_init__(self) -> None:
        """Raise UsageError for a kind, verdict or severity that does not exist: nothing would be found, silently."""
        known = {"kind": CLASSES, "verdict": _VERDICTS, "severity": list(Severity)}
        for name, values in known.items():
            for value in _listed(getattr(self, name)):
                if value not in values:
                    raise frames.unknown_name(name, value, [str(one) for one in values])

    def has(self, difference: Difference) -> bool:
        """Whether the difference is shown."""
        about = (difference.verdict.value, difference.severity.value)
        wanted = (self.verdict, self.severity)
        fits = all(w is None or value in _listed(w) for w, value in zip(wanted, about, strict=True))
        return fits and self.has_object(difference.present_object)

    def has_object(self, obj: CatalogObject) -> bool:
        """Whether kind, schema and name of the object are those that are asked for."""
        of_kind = self.kind is None or obj.kind in _listed(self.kind)
        of_schema = self.schema is None or frames.schema_of(obj) in _listed(self.schema)
        called = (obj.key, frames.name_of(obj))
        return (
            of_kind
            and of_schema
            and (self.name is None or any(fnmatchcase(c, g) for g in _listed(self.name) for c in called))
        )

    @property
    def text(self) -> str:
        """What is shown, in words; empty for everything."""
        names = ("kind", "schema", "name", "verdict", "severity")
        return ", ".join(
            f"{name} {' or '.join(_listed(value))}" for name in names if (value := getattr(self, name)) is not None
        )


def _listed(wanted: Wanted) -> list[str]:
    return [] if wanted is None else [wanted] if isinstance(wanted, str) else list(wanted)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Comparison:
    """What ``expected`` has, looked up in ``actual``; shown as a table, and as frames."""

    expected: ReadCatalog
    actual: ReadCatalog
    drift: Drift
    """All differences, whatever is shown."""
    shown: Filter = Filter()

    def filter(
        self,
        *,
        kind: Wanted = None,
        schema: Wanted = None,
        name: Wanted = None,
        verdict: Wanted = None,
        severity: Wanted = None,
    ) -> Comparison:
        """The same with only these differences shown; each is a value or several, ``name`` a glob (``public.pos*``).

        Raises UsageError for a kind, verdict or severity that does not exist.
        """
        return replace(self, shown=Filter(kind=kind, schema=schema, name=name, verdict=verdict, severity=severity))

    @property
    def found(self) -> tuple[Difference, ...]:
        """The differences that are shown, with those that a missing object takes along."""
        return tuple(d for d in self.drift.differences if self.shown.has(d))

    @property
    def differences(self) -> pd.DataFrame:
        """A row for each object that differs, and for each attribute of it: see ``workbook.columns("differences")``."""
        return frames.difference_frame(self.found, self.expected, self.actual)

    @property
    def objects(self) -> pd.DataFrame:
        """A row for each object of either side, the same or not: see ``workbook.columns("coverage")``."""
        sides = tuple(_in_view(side.snapshot, self.shown) for side in (self.expected, self.actual))
        found = frames.coverage_frame(sides, self.drift, self.expected.origins, self.actual.origins)
        for name in ("verdict", "severity"):
            if (wanted := getattr(self.shown, name)) is not None:
                found = found[found[name].isin(_listed(wanted))]
        return found.reset_index(drop=True)

    def __len__(self) -> int:
        """How many objects differ, of those that are shown."""
        return len(self._table_drift.roots)

    @property
    def _table_drift(self) -> Drift:
        """What is shown; a part of something that is not shown is a row of its own."""
        found = self.found
        there = {(d.kind, d.key) for d in found}
        own = tuple(d if d.part_of in there else replace(d, part_of=None) for d in found)
        if not self.shown.text:
            return replace(self.drift, differences=own)
        return replace(self.drift, differences=own, unmodelled_expected=(), unmodelled_actual=())

    @property
    def _table(self) -> ReportTable:
        drift = self._table_drift
        only = f" (only {self.shown.text})" if self.shown.text else ""
        caption = f"{self.expected.name} (expected) looked up in {self.actual.name} (actual){only}"
        read = "; ".join(frames.read_text(side) for side in (self.expected, self.actual))
        table = difference_table(drift, caption=caption)
        lacks = [f"not compared: {what}" for what in self.drift.not_compared]
        lacks += [f"not known: {unread}" for unread in self.drift.not_known]
        nothing = "No difference is one of these." if self.shown.text else table.nothing
        return replace(table, nothing=nothing, note=". ".join([table.note or "", read, *lacks]))

    def _repr_html_(self) -> str:
        return self._table._repr_html_()

    def __repr__(self) -> str:
        """The differences as text."""
        return repr(self._table)


def _in_view(snapshot: Snapshot, shown: Filter) -> tuple[CatalogObject, ...]:
    """The objects of a side that a filter asks for."""
    return tuple(obj for obj in snapshot.objects if shown.has_object(obj))


def compared_sides(expected: ReadCatalog, actual: ReadCatalog, project: Project | None) -> Comparison:
    """The comparison of two sides; raises AuditError where nothing could be compared."""
    found = _drift(expected, actual, project)
    if isinstance(found, Unavailable):
        raise AuditError(found.reason, where=f"{expected.name} and {actual.name}")
    return Comparison(expected=expected, actual=actual, drift=found)


def _drift(expected: ReadCatalog, actual: ReadCatalog, project: Project | None) -> Drift | Unavailable:
    weights = project.rules if project is not None else {}
    left, right = expected.snapshot, actual.snapshot
    both_sql = expected.origin is actual.origin is SideOrigin.SQL
    if both_sql:
        prelude = [key for key in expected.prelude if key in actual.prelude]
        left, right = without(left, prelude), without(right, prelude)
    if project is not None and (expected.role, actual.role) == ("legacy", "owner"):
        return coverage_of(project, left, right, rules=Rules().override(weights)).drift
    named = (expected.name, left), (actual.name, right)
    if both_sql:
        return compared(expected=named[0], actual=named[1], rules=Rules().override(weights))
    if project is not None and expected.role == "owner" and actual.origin is SideOrigin.ENVIRONMENT:
        left = without(left, expected.prelude)
        return scoped_drift(project, owner=left, live=right, prelude=expected.prelude)[0]
    if SideOrigin.SQL not in (expected.origin, actual.origin):  # roles of two servers say nothing about each other
        named = (expected.name, _of_database(left)), (actual.name, _of_database(right))
    rules = (AGAINST_LIVE if SideOrigin.ENVIRONMENT in (expected.origin, actual.origin) else Rules()).override(weights)
    by = {
        "expected_applied_by": left.server.read_as if expected.origin is SideOrigin.SQL else None,
        "actual_applied_by": right.server.read_as if actual.origin is SideOrigin.SQL else None,
    }
    return compared(expected=named[0], actual=named[1], rules=rules, scope_of=project, **by)


def _of_database(snapshot: Snapshot) -> Snapshot:
    kept = tuple(obj for obj in snapshot.objects if obj.kind not in SERVER_WIDE)
    return replace(snapshot, objects=kept, roles=RolesRead.NONE)
