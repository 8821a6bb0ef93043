"""LIV013: rows that prevent the creation of what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.phases import preflight_check
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable
from migration_audit.model.live import Demand, Obstacle
from migration_audit.model.preflight import OriginMap

if TYPE_CHECKING:
    from migration_audit.project import Environment


def run(obstacles: tuple[Obstacle, ...], owner_origins: OriginMap, environment: Environment) -> Iterator[CheckOutput]:
    """Count, for each unique index, key and NOT NULL missing in live, the keys and rows that would make its creation fail.

    Why: the owner's SQL cannot create a unique index while two rows have the same key. Its boot fails on this database; with
    IF NOT EXISTS and an index of another definition under that name, it does nothing. The audit counts rows, and prints no
    key. It reads chunk by chunk, in one process, within the environment's statement_timeout, and groups at most ten million
    rows of a chunk. A count that stopped before it had read all rows, and found nothing, is undecided. Temporary files are
    limited to 1 GB if the role may set temp_file_limit, as a superuser may; otherwise they are not limited.
    Fix: decide which rows to keep, delete the others, then create the object. The query below the finding lists the keys.
    Source: https://www.postgresql.org/docs/current/sql-createindex.html
    """
    name = environment.name
    if not obstacles:
        yield Note(text="no unique index, key or NOT NULL is missing")
    for obstacle in obstacles:
        wanted = obstacle.wanted
        what, least = f"{wanted.kind} {wanted.key}", "at least " * obstacle.is_least
        if obstacle.reason is not None:
            yield Unavailable(reason=f"what prevents {what} in {name}: {obstacle.reason}")
        elif obstacle.keys:
            yield Finding(
                key=f"LIV013:{name}:{wanted.kind}:{wanted.key}",
                summary=f"{name}: {least}{_found(obstacle)}: {what} cannot be created",
                expected="none",
                actual=f"{least}{_counted(obstacle)}",
                where=str(owner_origins[wanted.kind, wanted.key]) if (wanted.kind, wanted.key) in owner_origins else None,
                fix_sql=obstacle.listing,
            )
        else:
            yield Note(text=f"nothing prevents {what}")


def _found(obstacle: Obstacle) -> str:
    many, table = obstacle.keys, f"{obstacle.wanted.schema}.{obstacle.wanted.table}"
    match obstacle.wanted.demand:
        case Demand.UNIQUE:
            keys = f"{_count(many, 'key')} ({obstacle.columns}) of {table} {'is' if many == 1 else 'are'}"
            return f"{keys} duplicated, in {obstacle.rows:,} rows"
        case Demand.NOT_NULL:
            return f"{_count(many, 'row')} of {table} {'has' if many == 1 else 'have'} no {obstacle.columns}"
        case Demand.VALUE:
            return f"{table} has {_count(many, 'row')}, and the column has no default and does not allow NULL"


def _counted(obstacle: Obstacle) -> str:
    if obstacle.wanted.demand is Demand.UNIQUE:
        return f"{_count(obstacle.keys, 'duplicate key')} in {obstacle.rows:,} rows"
    return _count(obstacle.keys, "row")


def _count(number: int | None, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


CHECK = preflight_check(
    "LIV013", "No existing rows prevent the creation of a missing index or constraint", Severity.BLOCKER, run
)
