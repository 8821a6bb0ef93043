"""COV013: duplicate indexes on a hypertable."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from migration_audit.checks.phases import preflight_check
from migration_audit.model.enumeration import plural, some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity
from migration_audit.model.identifiers import in_quotes, made_name, parts_of
from migration_audit.model.preflight import OriginMap
from migration_audit.model.relations import Index
from migration_audit.model.snapshot import Snapshot
from migration_audit.model.timescale import Hypertable


def is_default_index(index: Index, dimensions: tuple[str, ...]) -> bool:
    """Whether an index looks like one that create_hypertable makes by itself; no catalog says so.

    That is ``(time DESC)``, and ``(space, time DESC)`` where a hash dimension was given in the same call, under the name
    that PostgreSQL gives to an index without one. ``dimensions`` are the hypertable's columns, the primary one first.
    """
    first, *others = dimensions
    shapes = [([first], "({} DESC)"), *(([other, first], "({}, {} DESC)") for other in others)]
    table = parts_of(index.table)[-1]
    return not index.unique and any(
        index.columns in _spellings(shape, columns) and _is_chosen_name(index.name, table, "_".join(columns))
        for columns, shape in shapes
    )


def _spellings(shape: str, columns: list[str]) -> set[str]:
    """The columns bare and quoted: PostgreSQL quotes keywords too, such as ``time``."""
    mixed = [[column, in_quotes(column)] for column in columns]
    if len(columns) == 1:
        return {shape.format(one) for one in mixed[0]}
    return {shape.format(one, other) for one in mixed[0] for other in mixed[1]}


def _is_chosen_name(name: str, table: str, columns: str) -> bool:
    """Whether PostgreSQL chose the name: ``<table>_<columns>_idx``, the longer part cut until it fits, then counted."""
    match = re.search(r"_(idx\d*)\Z", name)
    return match is not None and name == made_name(table, columns, match[1])


def run(owner: Snapshot, owner_origins: OriginMap) -> Iterator[CheckOutput]:
    """List the indexes of a hypertable that have the same definition.

    Why: the second one slows down every insert and helps no query. create_hypertable adds an index on the time column, so an
    explicit index on that column is often a duplicate. Dropping either is dangerous from TimescaleDB 2.22 on: chunks created
    after both existed share one chunk index, and DROP INDEX also removes it from the remaining index.
    Fix: nothing before the deletion. After it: drop one of the two, then drop the other as well and create it again.
    Fine when: the duplicate existed before and is not to be changed now. Then waive it.
    Source: measured on TimescaleDB 2.19, 2.22, 2.29 and 2.31.
    """
    hypertables = {h.key: h for h in owner.of(Hypertable)}
    groups: dict[str, list[Index]] = defaultdict(list)
    for index in owner.of(Index):
        if index.table in hypertables and index.signature:
            groups[index.signature].append(index)
    indexes, tables = sum(map(len, groups.values())), len(hypertables)
    done = f"compared {indexes:,} {plural('index', indexes)} of {tables:,} {plural('hypertable', tables)}"
    yield Note(text=done if tables else "no hypertables: nothing to compare")
    for twins in groups.values():
        if len(twins) > 1:
            names = [index.key for index in twins]
            dimensions = hypertables[twins[0].table].dimensions
            own = [index.key for index in twins if is_default_index(index, dimensions)]
            origin = owner_origins.get(("index", names[0]))
            yield Finding(
                key=f"COV013:index:{'+'.join(names)}",
                summary=f"indexes {some_of(names)} of {twins[0].table} have the same definition"
                + (f" (create_hypertable names its index {some_of(own)})" if own else "")
                + ". Do not just drop one: from "
                "TimescaleDB 2.22 on, DROP INDEX on a duplicate also removes the chunk indexes of the other one",
                expected="one index",
                actual=f"{len(twins)} indexes on {twins[0].columns}" if twins[0].columns else twins[0].definition,
                where=str(origin) if origin else None,
            )


CHECK = preflight_check("COV013", "No hypertable has two indexes with the same definition", Severity.WARNING, run)
