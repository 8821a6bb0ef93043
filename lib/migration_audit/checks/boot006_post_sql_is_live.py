"""BOOT006: the objects of [boot] post_sql exist in the live database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.boot import PostObject
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable
from migration_audit.model.identifiers import identifiers_in, parts_of
from migration_audit.model.objects import CatalogObject
from migration_audit.model.relations import Constraint, Index
from migration_audit.model.snapshot import Snapshot

if TYPE_CHECKING:
    from migration_audit.project import Environment


def run(post_objects: tuple[PostObject, ...], live: Snapshot, environment: Environment) -> Iterator[CheckOutput]:
    """Read what the files of ``[boot] post_sql`` create, and look up each object in the live database.

    Why: constraints on tables that the owner's program manages are not in its snapshot: only this SQL creates them. A boot
    that stopped before this step leaves a database that accepts duplicates.
    Fix: run the owner's boot to its end in this environment. If the SQL fails, look for rows that violate the constraint.
    Source: the files of ``post_sql``, read with PostgreSQL's own parser, and the catalog of the live database.
    """
    there = 0
    for made in post_objects:
        if made.kind == "undecided":
            yield Unavailable(reason=f"{made.at}: what this creates is only known at run time: {made.reason}")
            continue
        found = [each for each in live.objects if each.kind == made.kind and _is_meant(each, made)]
        key = f"BOOT006:{environment.name}:{made.kind}:{_key(made)}"
        if not found:
            yield Finding(
                key=key,
                summary=f"{environment.name} lacks the {made.shown}: the files of [boot] post_sql did not run to their end "
                f"here, or the {made.kind} was removed later",
                expected=made.definition or made.shown,
                where=str(made.at),
            )
        else:
            there += 1
            yield from _faults(key, made, found[0], environment)
    yield Note(text=f"{there} of {len(post_objects)} objects of this SQL exist")


def _key(made: PostObject) -> str:
    parts = (made.schema, made.table, made.name or ",".join(made.columns))
    return ".".join(part for part in parts if part)


def _is_meant(found: CatalogObject, made: PostObject) -> bool:
    """Where the SQL leaves the schema to the search path, a thing of this name in any schema will do."""
    schema = getattr(found, "schema", None)
    if made.schema is not None and schema != made.schema:
        return False
    table = getattr(found, "table", None)
    if isinstance(found, Index):
        table = parts_of(found.table)[-1]
    if made.table is not None and table is not None and table != made.table:
        return False
    if made.name is not None:
        return getattr(found, "name", None) == made.name
    return _is_defined_as(getattr(found, "definition", ""), made)


def _is_defined_as(definition: str, made: PostObject) -> bool:
    """Whether a definition begins as what the SQL writes; each version of PostgreSQL quotes the keywords that it has."""
    wanted = identifiers_in(made.definition or "")
    return bool(wanted) and identifiers_in(definition)[: len(wanted)] == wanted


def _faults(key: str, made: PostObject, found: CatalogObject, environment: Environment) -> Iterator[Finding]:
    """Faults of an object that has the right name."""
    actual: str | None = None
    if isinstance(found, Constraint):
        if made.definition is not None and not _is_defined_as(found.definition, made):
            actual = found.definition
        elif not found.validated:
            actual = f"{found.definition}, not validated"
    elif isinstance(found, Index):
        if not (found.valid and found.ready):
            actual = "an invalid index"
        elif made.unique and not found.unique:
            actual = "a non-unique index"
    if actual is not None:
        yield Finding(
            key=f"{key}:definition",
            summary=f"the {made.shown} of {environment.name} is {actual}",
            expected=made.definition or made.shown,
            actual=actual,
            where=str(made.at),
        )


CHECK = check_of_both_phases("BOOT006", "The objects of [boot] post_sql exist in this database", Severity.BLOCKER, run)
