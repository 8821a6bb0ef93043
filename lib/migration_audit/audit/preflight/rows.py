"""The rows that two sources leave behind: read, compared, and read once more where only time or chance may differ."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from migration_audit import shadow
from migration_audit.audit.preflight.loading import cluster_for
from migration_audit.audit.run_in_parallel import run_in_parallel
from migration_audit.catalog.table_rows import Locate, read_rows
from migration_audit.compare import RowScope, compare_rows, known_ledgers, rows_out_of_scope
from migration_audit.model.command import AnySource
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import Unavailable
from migration_audit.model.identifiers import dotted
from migration_audit.model.relations import Table
from migration_audit.model.rows import RowsComparison, SourceRows, by_table, unstable_columns
from migration_audit.model.snapshot import Snapshot
from migration_audit.shadow.apply import apply_sources

if TYPE_CHECKING:
    from migration_audit.project import Project

Pair = tuple[SourceRows, SourceRows]
"""Of the expected and of the actual side."""
Again = Callable[[Collection[str]], Pair]
"""Applies both sides once more, and reads the tables with these keys."""


def source_rows(conninfo: str, locate: Locate, *, only: Collection[str] | None = None) -> SourceRows:
    """What a shadow holds, or ``only`` these tables of it; where it cannot be read, the reason."""
    try:
        return read_rows(conninfo, locate=locate, only=only)
    except AuditError as error:
        return SourceRows(reason=str(error))


def preflight_rows(
    sides: tuple[Snapshot | Unavailable, Snapshot | Unavailable],
    rows: tuple[SourceRows | None, SourceRows | None],
    *,
    project: Project,
    again: Again,
) -> RowsComparison | Unavailable:
    """The legacy side's rows looked up on the owner's side, or why they cannot be."""
    lacking = next((side for side in sides if isinstance(side, Unavailable)), None)
    (left, right), (expected, actual) = sides, rows
    if isinstance(left, Unavailable) or isinstance(right, Unavailable) or expected is None or actual is None:
        return lacking or Unavailable(reason="the rows of this source are not read", required=False)
    scope = row_scope(project, left, right)
    return compared_rows((expected, actual), there=right, scope=scope, again=again)


def row_scope(project: Project | None, *snapshots: Snapshot) -> RowScope:
    """Which rows count: not those of ledgers, known runners' ones among them, and none that audit.toml leaves out."""
    left_out = {key: "a known runner's ledger" for snapshot in snapshots for key in _known_ledgers(snapshot)}
    if project is None:
        return RowScope(left_out=left_out)
    for snapshot in snapshots:
        left_out |= rows_out_of_scope(snapshot, project)
    return RowScope(rules=project.seeds, left_out=left_out)


def _known_ledgers(snapshot: Snapshot) -> Iterator[str]:
    known = known_ledgers(snapshot)
    schemas = {key for kind, key in known if kind == "schema"}
    for table in snapshot.of(Table):
        if ("table", table.key) in known or dotted(table.schema) in schemas:
            yield table.key


def compared_rows(first: Pair, *, there: Snapshot, scope: RowScope, again: Again) -> RowsComparison:
    """The comparison, without the columns whose values change whenever the SQL is applied.

    Only where rows differ that are on both sides are both sources applied ``again``, to see which columns these are.
    """
    found = compare_rows(expected=first[0], actual=first[1], there=there, scope=scope)
    doubtful = [one.table for one in found.differing if one.actual and not one.counted_because]
    if not doubtful:
        return found
    second = again(doubtful)
    failed = next((rows.reason for rows in second if rows.reason), None)
    if failed:
        note = f"could not check which columns of {', '.join(doubtful)} change whenever the SQL is applied: {failed}"
        return replace(found, notes=(*found.notes, note))
    unstable = {table: _unstable(table, first, second) for table in doubtful}
    return compare_rows(expected=first[0], actual=first[1], there=there, scope=replace(scope, unstable=unstable))


def _unstable(table: str, first: Pair, second: Pair) -> frozenset[str]:
    found: set[str] = set()
    for before, after in zip(first, second, strict=True):
        one, other = by_table(before.tables).get(table), by_table(after.tables).get(table)
        if one and other:
            found |= unstable_columns(one, other)
    return frozenset(found)


def rows_again(
    server: shadow.ShadowServer, sequences: tuple[Sequence[AnySource], Sequence[AnySource]], only: Collection[str]
) -> Pair:
    """What both sides leave in these tables when they are applied to fresh servers once more."""

    def once(sequence: Sequence[AnySource]) -> SourceRows:
        with cluster_for(server, *sequence) as cluster:
            conninfo = cluster.create_database("again")
            application = apply_sources(conninfo, sequence)
            if application.applied.failure:
                return SourceRows(reason=f"{application.applied.failure.at}: {application.applied.failure.message}")
            return source_rows(conninfo, application.trace.locate, only=only)

    expected, actual = run_in_parallel(once, sequences)
    return expected, actual
