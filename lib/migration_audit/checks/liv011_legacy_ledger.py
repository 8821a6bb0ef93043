"""LIV011: the orphaned legacy ledger."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.model.drift import Severity
from migration_audit.model.finding import Check, Finding, Phase, Said, Told, Unavailable
from migration_audit.model.ledger import Ledger as LiveLedger
from migration_audit.model.ledger import LedgerState
from migration_audit.model.preflight import SourceFacts
from migration_audit.project import Environment, Ledger, Project


def run(
    legacy_ledger: LiveLedger,
    legacy_source: SourceFacts,
    owner_source: SourceFacts,
    project: Project,
    environment: Environment,
) -> Iterator[Said]:
    """Tell whether the legacy runner's ledger is still here, and show the one-off clean-up SQL.

    Why: after the retirement the table is unused: orphaned but harmless. Nobody should take it for the owner's.
    Fix: nothing has to be done. An operator may run the clean-up by hand; its guard refuses when the table does not look
    like the legacy ledger, since both runners' tables may have one name. Where both share one table, only rows go.
    Source: seed, "Don't drop it from existing databases" and "Existing prod databases".
    """
    settings = project.legacy.ledger
    if settings is None:
        yield Unavailable(reason="audit.toml names no [legacy.ledger]", required=False)
    elif legacy_ledger.state is LedgerState.UNREADABLE:
        yield Unavailable(reason=legacy_ledger.reason or f"{legacy_ledger.table} may not be read")
    elif legacy_ledger.state is LedgerState.ABSENT:
        yield Told(text=f"there is no {legacy_ledger.table}")
    elif legacy_ledger.state is LedgerState.OTHER_SHAPE:
        yield Told(text=f"{legacy_ledger.table} is not the legacy ledger: {legacy_ledger.reason}; nothing to clean up")
    else:
        yield _present(legacy_ledger, settings, legacy_source, owner_source, project, environment)


def _present(
    ledger: LiveLedger,
    settings: Ledger,
    legacy: SourceFacts,
    owner: SourceFacts,
    project: Project,
    environment: Environment,
) -> Finding:
    entries = {settings.entry(path.rsplit("/", 1)[-1]) for path, _ in legacy.files}
    others = [name for name in ledger.names if name not in entries]
    shared = project.owner.ledger is not None and project.owner.ledger.key == settings.key
    owners = {project.owner.ledger.entry(p.rsplit("/", 1)[-1]) for p, _ in owner.files} if project.owner.ledger else set()
    mixed = shared or bool(owners.intersection(others))
    rows = len(ledger.names)
    if mixed:
        summary = (
            f"{environment.name}: {ledger.table} is shared by both runners ({rows - len(others)} rows are the legacy "
            f"runner's, {len(others)} are not): never drop the table; only the legacy rows are orphaned"
        )
        # A name that both sources use may be the owner's row: without it the owner would apply the file again.
        orphaned = entries - owners
        fix = settings.cleanup or (_delete_rows(ledger.table, settings.name_column, orphaned) if orphaned else None)
    else:
        summary = f"{environment.name}: the legacy ledger {ledger.table} is still here ({rows} rows), orphaned but harmless"
        fix = settings.cleanup or _guarded_drop(ledger.table, settings.name_column, entries)
    return Finding(key=f"LIV011:{environment.name}:{ledger.table}", summary=summary, actual=f"{rows} rows", fix_sql=fix)


def _literals(entries: set[str]) -> str:
    return ", ".join("'" + entry.replace("'", "''") + "'" for entry in sorted(entries))


def _column(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _delete_rows(table: str, column: str, entries: set[str]) -> str:
    return f"DELETE FROM {table} WHERE {_column(column)} IN ({_literals(entries)});"  # noqa: S608  shown to a person, never run


def _guarded_drop(table: str, column: str, entries: set[str]) -> str:
    """A clean-up that refuses when a row is not the legacy runner's (a missing column fails by itself)."""
    return (
        "DO $cleanup$\nBEGIN\n"
        f"  IF EXISTS (SELECT FROM {table} WHERE {_column(column)} NOT IN ({_literals(entries)})) THEN\n"
        f"    RAISE EXCEPTION 'the table holds rows that the legacy runner did not write: not dropped';\n"
        f"  END IF;\n  DROP TABLE {table};\nEND\n$cleanup$;"
    )


CHECK = Check(
    id="LIV011",
    title="The legacy ledger is gone, or known to be orphaned",
    severity=Severity.INFO,
    phases=tuple(Phase),
    run=run,
)
