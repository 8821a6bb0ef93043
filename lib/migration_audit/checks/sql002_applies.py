"""SQL002: each source applies to an empty server."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.describe import failure_finding
from migration_audit.checks.phases import preflight_check
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Note, Severity
from migration_audit.model.sql import Applied


def run(legacy_applied: Applied, owner_applied: Applied) -> Iterator[CheckOutput]:
    """Apply each source to an empty server, statement by statement.

    Why: SQL that does not run proves nothing. A source that only works on a database that the other one created first does
    not own the schema.
    Fix: the finding names the file, the line, the statement and the server's error.
    Source: both sources, applied to a real server.
    """
    for role, applied in (("legacy", legacy_applied), ("owner", owner_applied)):
        if not applied.sequence:
            yield Note(text=f"{role}: a catalog that was read; there is no SQL to apply")
        elif applied.failure:
            yield failure_finding(
                f"SQL002:{role}", applied.failure, doing=f"applying the {role} SQL to an empty server failed"
            )
            continue
        else:
            yield Note(text=f"{role}: applied to an empty server")
        yield from (Note(text=f"{role}: {note}") for note in applied.notes)
        if applied.assumed_roles:
            yield Note(text=f"{role}: roles that the SQL assumes to exist: {some_of(applied.assumed_roles)}")


CHECK = preflight_check("SQL002", "Each SQL source applies to an empty server", Severity.BLOCKER, run)
