"""What a version of TimescaleDB decides by itself, and which of several jobs of one procedure are the same on both sides."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from migration_audit.model.drift import Difference, DiffVerdict, heaviest
from migration_audit.model.finding import Severity
from migration_audit.model.identifiers import bare
from migration_audit.model.objects import CatalogObject, Key
from migration_audit.model.relations import Index
from migration_audit.model.snapshot import Snapshot
from migration_audit.model.timescale import CompressionSettings, Hypertable
from migration_audit.model.timescale_jobs import Job

Objects = Mapping[Key, CatalogObject]
_MOST_PAIRS = 10_000
"""Up to so many pairs of jobs are looked at for the most alike; beyond, they are paired in their order."""


def matched_jobs(expected: Snapshot, actual: Snapshot) -> tuple[Snapshot, Snapshot, Mapping[str, str]]:
    """Both snapshots with jobs that can be compared by key, and the old key of each job of ``actual`` that has a new one.

    Where a procedure has several jobs on a table, equal ones are matched first and then the most alike, so that one job
    more, less or changed is one difference. A job that comes with TimescaleDB, altered on one side only, is unaltered on the
    other one.
    """
    renamed: dict[str, str] = {}
    jobs: list[Job] = []
    wanted = _groups(expected)
    for group, here in _groups(actual).items():
        for number, job in _numbered(wanted.get(group, ()), here):
            jobs.append(replace(job, number=number))
            if jobs[-1].key != job.key:
                renamed[jobs[-1].key] = job.key
    if jobs:
        others = [obj for obj in actual.objects if not isinstance(obj, Job)]
        actual = replace(actual, objects=(*others, *jobs))
    return _with_builtin(expected, actual), _with_builtin(actual, expected), renamed


def _with_builtin(snapshot: Snapshot, other: Snapshot) -> Snapshot:
    known = [job.unaltered for job in other.of(Job) if ("job", job.key) not in snapshot.by_key]
    return replace(snapshot, objects=(*snapshot.objects, *filter(None, known))) if any(known) else snapshot


def _groups(snapshot: Snapshot) -> Mapping[tuple[str, str | None, str], list[Job]]:
    found: defaultdict[tuple[str, str | None, str], list[Job]] = defaultdict(list)
    for job in snapshot.of(Job):
        found[job.schema, job.table, job.procedure].append(job)
    return found


def _numbered(wanted: Sequence[Job], here: Sequence[Job]) -> list[tuple[int, Job]]:
    """Each job with the number of the one that it is compared with, or with one that no other has."""
    if len(wanted) <= 1 and len(here) <= 1:
        return [(job.number, job) for job in here]
    free, left, found = list(wanted), [], []
    for job in here:
        same = next((one for one in free if replace(job, number=one.number) == one), None)
        if same is None:
            left.append(job)
        else:
            free.remove(same)
            found.append((same.number, job))
    while free and left:
        pairs = ((one, job) for one in free for job in left)
        many = len(free) * len(left) > _MOST_PAIRS
        one, job = (free[0], left[0]) if many else max(pairs, key=lambda pair: pair[0].similarity(pair[1]))
        free.remove(one)
        left.remove(job)
        found.append((one.number, job))
    next_number = max((job.number for job in wanted), default=0) + 1
    return [*found, *enumerate(left, start=next_number)]


def weighed_by_version(
    found: Difference,
    expected: Snapshot,
    renamed: Mapping[str, str],
    sides: tuple[Objects, Objects],
    unexpected: Severity,
) -> Difference:
    """The difference, with less weight where a version of TimescaleDB decides; a job with its key on the actual side.

    A job that comes with TimescaleDB, altered on the actual side alone, weighs as an ``unexpected`` one.
    """
    left, right = found.expected, found.actual
    if found.kind == Job.kind:
        if found.verdict is DiffVerdict.CHANGED and (Job.kind, found.key) not in expected.by_key:
            fields = tuple(replace(change, severity=unexpected) for change in found.fields)
            found = replace(found, severity=unexpected, fields=fields)
        return replace(found, actual_key=renamed.get(found.key))
    if not (isinstance(left, CompressionSettings) and isinstance(right, CompressionSettings)):
        return found
    # An order that one version chose and wrote down, and another one chooses later, is for information.
    named, objects = (left, sides[0]) if right.order_by is None else (right, sides[1])
    if None not in (left.order_by, right.order_by) or not _is_chosen_order(named, objects):
        return found
    fields = tuple(replace(c, severity=Severity.INFO) if c.name == "order_by" else c for c in found.fields)
    return replace(found, fields=fields, severity=heaviest(fields))


_COLUMN = re.compile(r'("(?:[^"]|"")+"|[^\s,()]+)( DESC| ASC)?( NULLS \w+)?')


def _is_chosen_order(settings: CompressionSettings, objects: Objects) -> bool:
    """Whether an order of compressed rows looks like one that TimescaleDB chose itself, which it does not record since 2.22.

    Until then it wrote down its choice: the dimensions descending, and before or behind them columns of indexes ascending.
    Source: _timescaledb_functions.get_orderby_defaults
    """
    table = objects.get(("hypertable", settings.key))
    dimensions = table.dimensions if isinstance(table, Hypertable) else ()
    columns = [(bare(name), way, nulls) for name, way, nulls in _COLUMN.findall(settings.order_by or "")]
    if any(nulls for *_, nulls in columns):
        return False
    if not dimensions:  # a continuous aggregate, by its bucket
        return [way for _, way, _ in columns] == [" DESC"]
    indexed = {
        bare(name)
        for index in objects.values()
        if isinstance(index, Index) and index.table == settings.key
        for name, *_ in _COLUMN.findall(index.columns or "")
    }
    ways = {name: way for name, way, _ in columns}
    segments = {bare(name) for name, *_ in _COLUMN.findall(settings.segment_by or "")}
    has_time = dimensions[0] in {*ways, *segments}
    return (
        has_time
        and all(way == (" DESC" if name in dimensions else " ASC") for name, way in ways.items())
        and all(name in dimensions or name in indexed for name in ways)
    )
