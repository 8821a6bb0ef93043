"""LIV002: versions of PostgreSQL and its extensions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity
from migration_audit.model.snapshot import Snapshot

if TYPE_CHECKING:
    from migration_audit.project import Environment


def run(live: Snapshot, owner: Snapshot, environment: Environment) -> Iterator[CheckOutput]:
    """Compare the versions and the edition of the live server with those of the server that executed the SQL.

    Why: the audit sees what the SQL does on the versions of its own throw-away server, the shadow. On another major version,
    or another edition of TimescaleDB, defaults differ (the edition decides whether compression and policies exist at all).
    Fix: let the audit execute the SQL on a server of the live versions (``[server]`` in audit.toml).
    Fine when: only minor versions differ; waive it.
    Source: https://www.postgresql.org/support/versioning/
    """
    wanted, actual = _versions(owner), _versions(live)
    both = sorted(wanted.keys() & actual.keys())
    yield Note(text=f"compared {some_of([f'{name} {actual[name]}' for name in both])}")
    for name in both:
        if wanted[name] != actual[name]:
            yield Finding(
                key=f"LIV002:{environment.name}:{name}",
                summary=f"{name} is {actual[name]} in {environment.name}, {wanted[name]} in the shadow",
                expected=wanted[name],
                actual=actual[name],
            )


def _versions(snapshot: Snapshot) -> dict[str, str]:
    server = snapshot.server
    versions = {"PostgreSQL": server.postgres_version, **dict(server.extension_versions)}
    if server.timescaledb_license:
        versions["TimescaleDB edition"] = server.timescaledb_license
    return versions


CHECK = check_of_both_phases(
    "LIV002", "The live server has the versions and editions of the server that executed the SQL", Severity.WARNING, run
)
