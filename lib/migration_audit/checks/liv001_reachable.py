"""LIV001: the live database is the one it is meant to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable
from migration_audit.model.snapshot import Snapshot

if TYPE_CHECKING:
    from migration_audit.project import Environment


def run(live: Snapshot, environment: Environment) -> Iterator[CheckOutput]:
    """Connect, read the catalog, and compare the database's name and system identifier with audit.toml's pins.

    Why: if a variable points at the wrong server, all other results are worthless.
    Fix: correct the variable or service. Change a pin only if the database was really moved.
    Fine when: nothing is pinned; the report then names the server that answered.
    Source: https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CONTROLDATA
    """
    server = live.server
    for what, wanted, actual in (
        ("database", environment.database, server.database),
        ("system identifier", environment.system_identifier, server.system_identifier),
    ):
        if wanted is None:
            continue
        if actual is None:
            yield Unavailable(
                reason=f"audit.toml pins the {what}, and {server.read_as} may not read it: GRANT EXECUTE "
                "ON FUNCTION pg_catalog.pg_control_system() TO the role, or remove the pin"
            )
        elif wanted != actual:
            yield Finding(
                key=f"LIV001:{environment.name}:{what}",
                summary=f"{environment.name} is not the database that audit.toml pins: {what} is {actual}, not {wanted}",
                expected=wanted,
                actual=actual,
                where=str(environment.at),
            )
    standby = ", a standby" if server.in_recovery else ""
    yield Note(text=f"read database {server.database} as role {server.read_as}{standby}")


CHECK = check_of_both_phases(
    "LIV001", "The live database is reachable, readable and the intended one", Severity.BLOCKER, run
)
