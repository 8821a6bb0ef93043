"""SNAP008: what would stop Directus from dropping a raw table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.phases import check_of_both_phases
from migration_audit.directus.postgres import DatabaseState
from migration_audit.directus.statement import PgError
from migration_audit.model.directus import DirectusLive, DirectusRuntime, RawTable
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable

if TYPE_CHECKING:
    from migration_audit.project import Environment


def run(
    raw_tables: tuple[RawTable, ...],
    directus_live: DirectusLive,
    directus_runtime: DirectusRuntime,
    environment: Environment,
) -> Iterator[CheckOutput]:
    """Look for a guard of each raw table: another owner than Directus's role, DB_EXCLUDE_TABLES, ignore rules, dependants.

    Why: without a guard, a wrong snapshot or one click in the admin app leads to DROP TABLE. Each of these guards was seen
    to work: PostgreSQL refuses the drop (`must be owner of table …`, a dependent view, an event trigger; exit code 1, the
    data remain), or apply reports No changes.
    Fix: name the tables in DB_EXCLUDE_TABLES of the Directus service, or transfer them to another role.
    Fine when: the snapshot names the table itself; then DB_EXCLUDE_TABLES does not help either (see SNAP001).
    Source: run on Directus 11.17.4.
    """
    unknown: list[str] = []
    for table in raw_tables:
        if not table.visible or (table.is_ledger and directus_live.has(table.key) is False):
            continue
        guard = directus_runtime.guard_of(table.name)
        rights = directus_live.rights_on(table.key)
        if guard:
            yield Note(text=f"{table.name} is guarded by {guard}")
        elif rights is not None and rights.may_drop is False:
            yield Note(text=f"{table.name}: role {directus_live.role} does not own it ({rights.owner} does)")
        elif rights is None or rights.may_drop is None:
            unknown.append(table.name)
        else:
            refused, doubts = _refused(table, directus_live)
            if refused:
                yield Note(text=f"{table.name}: {refused}")
            elif doubts:
                yield Unavailable(reason=f"{table.name}: a condition that was not read decides whether {some_of(doubts)}")
            else:
                yield _finding(table, rights.owner, directus_live, directus_runtime, environment)
    if unknown:
        yield Unavailable(reason=f"no guard of {some_of(unknown)} was seen: {_why(directus_live, directus_runtime)}")


def _refused(table: RawTable, live: DirectusLive) -> tuple[str | None, list[str]]:
    """What PostgreSQL answers to DROP TABLE, or what it may answer; nothing where it would do it, or it is unknown."""
    if live.database is None:
        return None, []
    state = DatabaseState(live.database)
    if table.name not in state.tables:
        return None, []
    try:
        state.drop_table(table.name)
    except PgError as error:
        return str(error), []
    return None, state.guesses


def _finding(table: RawTable, owner: str, live: DirectusLive, runtime: DirectusRuntime, environment: Environment) -> Finding:
    as_what = "owns it" if owner == live.role else f"has the rights of its owner {owner}"
    return Finding(
        key=f"SNAP008:{environment.name}:{table.key}",
        summary=f"{environment.name}: nothing would stop schema apply from dropping table {table.name}: role {live.role} "
        f"{as_what}, "
        + (
            f"and DB_EXCLUDE_TABLES and --ignoreRules are not known ({runtime.reason})"
            if runtime.reason
            else "and neither DB_EXCLUDE_TABLES nor --ignoreRules names it"
        ),
        expected="another owner, DB_EXCLUDE_TABLES, or --ignoreRules",
        actual=f"owner {owner}",
        where=table.where,
    )


def _why(live: DirectusLive, runtime: DirectusRuntime) -> str:
    reasons = [runtime.reason] if runtime.reason else []
    if live.role is None:
        reasons.append("audit.toml names no role of Directus ([snapshot] role or [owner] role)")
    elif live.tables is None:
        reasons.append(live.reason or "the database could not be read")
    elif not live.role_exists:
        reasons.append(f"the server has no role {live.role}")
    else:
        reasons.append("not all of the tables are in this database")
    return "; ".join(reasons)


CHECK = check_of_both_phases("SNAP008", "Each raw table is protected from being dropped by Directus", Severity.WARNING, run)
