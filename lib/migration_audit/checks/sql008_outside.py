"""SQL008: the SQL stays in its database."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.code_scopes import FindingKeys
from migration_audit.checks.phases import preflight_check
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity
from migration_audit.model.preflight import COMMAND, SourceFacts


def run(sources: tuple[SourceFacts, ...]) -> Iterator[CheckOutput]:
    """Read both sources for what reaches out of the database: programs, files, other servers and databases, server settings.

    SQL that writes the system catalog itself counts as well: the server checks none of its rows, and may fail later.

    Why: no comparison of two databases sees it, and it runs with the rights of the server's account. SQL
    that runs a program, touches a file or connects to a server when it is applied is not executed: the source does not apply
    (SQL002). What changes the server or other databases is executed on a private server only, where it
    changes nothing of yours.
    Fix: move it out of the migrations, to where the server is set up.
    Fine when: a person has read it and decided that the runner is to do this in every database. Then waive it, and set
    MIGRATION_AUDIT_ISOLATION=off to execute it where that does no harm.
    Source: docs/trust.md. Statements are read with PostgreSQL's own parser, including DO blocks and routines. Text that they
    put together at run time is not read; it runs on a server that is isolated from the machine.
    """
    files = sum(len(source.files) for source in sources)
    yield Note(text=f"read {files:,} file{'s' * (files != 1)} of {some_of([source.name for source in sources])}")
    keys = FindingKeys("SQL008")
    for source in sources:
        for one in source.outside:
            yield Finding(
                key=keys.key(f"{source.role}:{one.at.path}", one.what),
                summary=f"{source.name}: {one}",
                expected="nothing outside of the database",
                actual=one.kind.value,
                where=str(one.at),
            )
        if source.format == COMMAND:
            yield Note(text=f"{source.name}: a command is a program, and does what its account may do")


CHECK = preflight_check("SQL008", "The SQL of both sources stays in its database", Severity.WARNING, run)
