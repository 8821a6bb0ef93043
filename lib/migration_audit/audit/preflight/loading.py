"""The sources of audit.toml, ready to be applied, and what reports say of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from posixpath import basename
from typing import TYPE_CHECKING

from migration_audit import catalog, shadow, sources
from migration_audit.formats.plain_files import missing_numbers
from migration_audit.model.command import AnySource, CommandSource
from migration_audit.model.errors import SourceError
from migration_audit.model.finding import Unavailable
from migration_audit.model.preflight import COMMAND, SourceFacts
from migration_audit.model.side_effects import Destruction, Outside
from migration_audit.model.sql import SqlSource

if TYPE_CHECKING:
    from migration_audit.project import LedgerSettings, Project, Source

Recorded = tuple[tuple[str, str | None], ...]
"""Names of a command's ledger, each with its checksum where the ledger has one."""


def load(project: Project, source: Source) -> AnySource:
    """One source of audit.toml, ready to be applied: its files in apply order, or its command; raises SourceError."""
    if source.command is not None:
        return sources.load_command(source.name, source.command, root=source.root, shown_from=project.directory)
    if open_ := next((glob for glob in source.sql if glob.startswith("FILL IN")), None):  # as `init --detect` leaves it
        table = "legacy" if source is project.legacy else "owner"
        what = f"[{table}] sql is not filled in yet: {open_!r}"
        raise SourceError(what, where=project.path.name, todo="name its files there, as globs")
    found = sources.load_globs(
        source.name,
        source.root,
        source.sql,
        shown_from=project.directory,
        form=source.format,
        placeholders=source.placeholders,
        variables=source.variables,
    )
    return replace(
        found,
        settings=tuple(source.settings.items()),
        settings_at=source.settings_at,
        statement_timeout=source.statement_timeout,
        file_timeout=source.file_timeout,
    )


def source_facts(role: str, source: AnySource) -> SourceFacts:
    """What the report and the evidence say of a source's files."""
    if isinstance(source, CommandSource):
        return SourceFacts(
            role=role,
            name=source.name,
            files=source.files,
            format=COMMAND,
            notes=(f"{source.at} in {source.shown_directory}", *source.notes),
        )
    return SourceFacts(
        role=role,
        name=source.name,
        files=tuple((file.path, file.sha256) for file in source.files),
        duplicates=source.duplicates,
        gaps=missing_numbers(file.path for file in source.files) if source.format == "files" else (),
        format=source.format,
        session="one transaction for all files" if source.one_transaction else source.session.value,
        transactions=tuple(file.transaction.value for file in source.files),
        entries=tuple(file.entry or basename(file.path) for file in source.files),
        checksums=tuple(file.checksum for file in source.files),
        not_applied=source.not_applied,
        notes=source.notes,
        outside=tuple(one for statement in source.statements for one in statement.outside),
    )


def cluster_for(server: shadow.ShadowServer, *sequence: AnySource) -> AbstractContextManager[shadow.Cluster]:
    """A cluster that these sources can be applied to: one that listens by TCP where one of them is a command."""
    return server.cluster(tcp=any(isinstance(source, CommandSource) for source in sequence))


def destructions_of(owner: AnySource) -> tuple[Destruction, ...]:
    """What the text of the owner's SQL takes away; of a command, which has no text, ``undone`` says that it is not known."""
    return sources.find_destructions(owner) if isinstance(owner, SqlSource) else ()


def no_statements(source: AnySource) -> Unavailable:
    """Why nothing is known about the statements of a command."""
    return Unavailable(reason=f"{source.name} is a command: its statements are not known", required=False)


def ledger_of(source: AnySource, settings: Source) -> LedgerSettings | None:
    """The ledger that has to be read on the shadow, since only the command knows what it records: a command's."""
    return settings.ledger if isinstance(source, CommandSource) else None


def recorded_entries(conninfo: str, ledger: LedgerSettings) -> Recorded:
    """What a command has recorded in its ledger; nothing where the database has no such table.

    Raises DatabaseError where it cannot be read.
    """
    form = ledger.format
    with catalog.open_connection(conninfo) as connection:
        rows = catalog.read_ledger(connection, ledger.key, form).rows
    sums = {row[form.name_column]: row.get(form.checksum_column) if form.checksum_column else None for row in rows}
    return tuple((name, sums.get(name)) for name in form.read(rows, ()).beyond)


def with_outside(facts: SourceFacts, outside: Sequence[Outside]) -> SourceFacts:
    """The facts with what applying the source showed, in addition to what its text says."""
    of_files = {path for path, _ in facts.files}
    more = (one for one in outside if one.at.path in of_files or facts.format == COMMAND)
    return replace(facts, outside=(*facts.outside, *more))


def with_recorded(facts: SourceFacts, recorded: Recorded) -> SourceFacts:
    """The facts of a command with what it recorded; of another source, as they are."""
    if facts.format != COMMAND:
        return facts
    return replace(facts, entries=tuple(name for name, _ in recorded), checksums=tuple(checksum for _, checksum in recorded))
