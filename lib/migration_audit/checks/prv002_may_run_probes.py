"""PRV002: the writer's role may run every probe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable
from migration_audit.model.privileges import ProbeRights

if TYPE_CHECKING:
    from migration_audit.project import Environment


def run(probe_rights: tuple[ProbeRights, ...], environment: Environment) -> Iterator[CheckOutput]:
    """Check in the live catalog whether the writer's role has what each probe needs: tables, columns, sequences, functions.

    Why: on a database that the owner created, the writer no longer owns anything. Without USAGE on the schema, SELECT on
    what ON CONFLICT names, or USAGE on a serial column's sequence, its first statement fails. No probe runs here: the
    privileges that a statement needs are read from its text, and PostgreSQL's own privilege functions answer for the role.
    Fix: run the GRANT shown, as the owner of the object, and add it to the SQL that sets up the next database.
    Source: https://www.postgresql.org/docs/current/ddl-priv.html,
    https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-ACCESS
    """
    if not probe_rights:
        yield Unavailable(reason="audit.toml names no [[probe]]", required=False)
    for probe in probe_rights:
        if probe.lacks:
            yield Finding(
                key=f"PRV002:{environment.name}:probe:{probe.name}",
                summary=f'{environment.name}: {probe.role} cannot run probe "{probe.name}": '
                + some_of(probe.lacks, between="; "),
                expected="every privilege that it needs",
                actual="; ".join(probe.lacks),
                where=probe.where,
                fix_sql="\n".join(probe.fixes) or None,
            )
        elif not probe.undecided:
            yield Note(text=f'{probe.role} may run "{probe.name}"')
        for undecided in probe.undecided:
            yield Unavailable(reason=f'probe "{probe.name}" as {probe.role}: {undecided}')
        for note in probe.notes:
            yield Note(text=f'"{probe.name}": {note}')


CHECK = check_of_both_phases("PRV002", "The writer's role may run every probe", Severity.BLOCKER, run)
