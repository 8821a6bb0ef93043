"""LIV011: the legacy ledger, unused after the retirement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.liv010_owner_ledger import entries_of
from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable
from migration_audit.model.identifiers import dollar_tag, in_quotes, literal, sql_name_of
from migration_audit.model.live import Ledger as LiveLedger
from migration_audit.model.live import LedgerState
from migration_audit.model.preflight import COMMAND, SourceFacts

if TYPE_CHECKING:
    from migration_audit.project import Environment, LedgerSettings, Project


def run(
    legacy_ledger: LiveLedger,
    legacy_source: SourceFacts,
    owner_source: SourceFacts,
    project: Project,
    environment: Environment,
) -> Iterator[CheckOutput]:
    """Report whether the legacy runner's ledger still exists, and show the one-off clean-up SQL.

    Why: after the retirement the table is unused and harmless. It must not be mistaken for the owner's.
    Fix: nothing is required. An operator may run the clean-up by hand; its guard stops if the table does not look like the
    legacy ledger, since both runners' tables may have the same name. If both share one table, only rows are deleted.
    Source: the ledger's format; the table may stay in existing databases.
    """
    settings = project.legacy.ledger
    if settings is None:
        yield Unavailable(reason="audit.toml names no [legacy.ledger]", required=False)
    elif legacy_ledger.state is LedgerState.UNREADABLE:
        yield Unavailable(reason=legacy_ledger.reason or f"{legacy_ledger.table} cannot be read")
    elif legacy_ledger.state is LedgerState.ABSENT:
        yield Note(text=f"{legacy_ledger.table} does not exist")
    elif legacy_ledger.state is LedgerState.OTHER_SHAPE:
        yield Note(text=f"{legacy_ledger.table} is not the legacy ledger: {legacy_ledger.reason}; nothing to clean up")
    elif (own := _owners_column(project, legacy_ledger)) is not None:
        yield Note(
            text=f"{legacy_ledger.table} is not the legacy ledger: it has the owner's column {own}; nothing to clean up"
        )
    else:
        yield _present(legacy_ledger, settings, legacy_source, owner_source, project, environment)


def _owners_column(project: Project, ledger: LiveLedger) -> str | None:
    """The column by which a table of the legacy ledger's name is the owner's; None where both share one table."""
    legacy, owner = project.legacy.ledger, project.owner.ledger
    if legacy is None or owner is None or owner.key == legacy.key or owner.checksum_column == legacy.checksum_column:
        return None
    return owner.checksum_column if owner.checksum_column in ledger.columns else None


def _present(
    ledger: LiveLedger,
    settings: LedgerSettings,
    legacy: SourceFacts,
    owner: SourceFacts,
    project: Project,
    environment: Environment,
) -> Finding:
    owners = _names(ledger, project.owner.ledger, owner)
    entries = _names(ledger, settings, legacy)
    shared = project.owner.ledger is not None and project.owner.ledger.key == settings.key
    is_unnamed = not entries_of(legacy)
    if is_unnamed or (settings.known is not None and not shared):
        # After the deletion, and of a catalog, nothing names the legacy files, and a known runner's table is its own:
        # the rest is theirs.
        entries = set(ledger.names) - (owners if shared or is_unnamed else set())
    others = [name for name in ledger.names if name not in entries]
    mixed = shared or bool(owners.intersection(others))
    rows = len(ledger.names)
    held = f"{rows:,} row{'s' * (rows != 1)}"
    if mixed:
        summary = (
            f"{environment.name}: {ledger.table} is shared by both runners (of {held}, {rows - len(others)} of the "
            f"legacy runner and {len(others)} others): never drop the table; only the legacy runner's rows are unused"
        )
        # A name that both sources use may be the owner's row: without it the owner would apply the file again.
        orphaned = entries - owners
        rows_of = f"{sql_name_of(ledger.table)} WHERE {in_quotes(settings.name_column)} IN ({_literals(orphaned)})"
        fix = settings.cleanup or (f"DELETE FROM {rows_of};" if orphaned else None)  # noqa: S608  shown to a person, never run
    else:
        summary = (
            f"{environment.name}: the legacy ledger {ledger.table} exists ({held}); without the legacy runner it is unused, "
            "and harmless"
        )
        fix = settings.cleanup or _guarded_drop(ledger, settings, entries)
    return Finding(key=f"LIV011:{environment.name}:{ledger.table}", summary=summary, actual=held, fix_sql=fix)


def _names(ledger: LiveLedger, settings: LedgerSettings | None, source: SourceFacts) -> set[str]:
    """What the column of names holds for the files of a source: of a known ledger, only names that are there."""
    if settings is None or not entries_of(source):
        return set()
    if settings.known is None and source.format == COMMAND:
        return set(source.entries)
    if settings.known is None:
        return {settings.entry(path.rsplit("/", 1)[-1]) for path, _ in source.files}
    return set(ledger.names) - set(settings.format.read(ledger.rows, entries_of(source)).beyond)


def _literals(entries: set[str]) -> str:
    return ", ".join(literal(entry) for entry in sorted(entries))


def _guarded_drop(ledger: LiveLedger, settings: LedgerSettings, entries: set[str]) -> str:
    """A clean-up that refuses a table of other columns than were looked at, or a row that is not the legacy runner's."""
    column = settings.name_column
    companions = "".join(f"  DROP {kind.upper()} IF EXISTS {sql_name_of(key)};\n" for kind, key in settings.companions)
    strange = f"({in_quotes(column)}::text IN ({_literals(entries)})) IS NOT TRUE"
    table, columns = sql_name_of(ledger.table), ", ".join(literal(name) for name in ledger.columns)
    block = (
        "BEGIN\n"  # noqa: S608  shown to a person, never run
        f"  LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;\n"
        "  IF (SELECT pg_catalog.array_agg(attname::text ORDER BY attnum) FROM pg_catalog.pg_attribute\n"
        f"       WHERE attrelid = {literal(table)}::pg_catalog.regclass AND attnum > 0 AND NOT attisdropped)\n"
        f"     IS DISTINCT FROM ARRAY[{columns}] THEN\n"
        f"    RAISE EXCEPTION 'the table has other columns than the legacy ledger: not dropped';\n  END IF;\n"
        f"  IF EXISTS (SELECT FROM {table} WHERE {strange}) THEN\n"
        "    RAISE EXCEPTION 'the table holds rows that the legacy runner did not write: not dropped';\n"
        f"  END IF;\n  DROP TABLE {table};\n{companions}END\n"
    )
    tag = dollar_tag(block, word="cleanup")
    return f"DO {tag}\n{block}{tag};"


CHECK = check_of_both_phases("LIV011", "The legacy ledger does not exist, or is reported", Severity.INFO, run)
