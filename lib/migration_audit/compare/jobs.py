"""Several jobs of one procedure: which of them are the same on both sides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from migration_audit.model.snapshot import Snapshot
from migration_audit.model.timescale_jobs import Job

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
    others = [obj for obj in actual.objects if not isinstance(obj, Job)]
    actual = replace(actual, objects=(*others, *jobs))
    return _with_builtin(expected, actual), _with_builtin(actual, expected), renamed


def _with_builtin(snapshot: Snapshot, other: Snapshot) -> Snapshot:
    known = (job.unaltered for job in other.of(Job) if ("job", job.key) not in snapshot.by_key)
    return replace(snapshot, objects=(*snapshot.objects, *filter(None, known)))


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
        one, job = (free[0], left[0]) if many else max(pairs, key=lambda pair: pair[0].likeness(pair[1]))
        free.remove(one)
        left.remove(job)
        found.append((one.number, job))
    next_number = max((job.number for job in wanted), default=0) + 1
    return [*found, *enumerate(left, start=next_number)]
