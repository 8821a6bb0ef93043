"""LIV010: the owner's ledger records each of its files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from migration_audit.checks.phases import check_of_both_phases
from migration_audit.formats import EntryState, EntryVerdict, LedgerEntry
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable
from migration_audit.model.live import Ledger as LiveLedger
from migration_audit.model.live import LedgerState
from migration_audit.model.preflight import COMMAND, DATABASE, SNAPSHOT, SourceFacts

if TYPE_CHECKING:
    from migration_audit.project import Environment, Project


def run(
    owner_ledger: LiveLedger, owner_source: SourceFacts, project: Project, environment: Environment
) -> Iterator[CheckOutput]:
    """Look up each file of the owner in the owner's ledger: its name or version, and its checksum if the ledger has one.

    The ledger's format defines how a row is read (``migration-audit format explain NAME``): Flyway's ``success``,
    golang-migrate's ``dirty``, the last row of a version for goose, ``rolled_back_at`` for Prisma. If the owner is a
    command, the ledger must contain each row that the command writes on an empty server.

    Why: a live database can look right because the legacy runner created it. Only the ledger shows that the owner's runner
    ran here, and that it will apply the next file on top.
    Fix: run the owner's runner in this environment. Never insert the row by hand.
    Source: the ledger's format.
    """
    key = f"LIV010:{environment.name}"
    settings = project.owner.ledger
    if settings is None:
        yield Unavailable(reason="audit.toml names no [owner.ledger]", required=False)
        return
    if owner_ledger.state is LedgerState.UNREADABLE:
        yield Unavailable(reason=owner_ledger.reason or f"{owner_ledger.table} cannot be read")
        return
    if owner_ledger.state is not LedgerState.PRESENT:
        yield Finding(key=f"{key}:ledger", summary=_no_ledger(owner_ledger, environment.name), expected=settings.key)
        return
    entries = entries_of(owner_source)
    if not entries:
        why = f"the owner's command recorded nothing in {settings.key} on an empty server"
        yield Unavailable(reason=f"{why}: check that [owner.ledger] names its own")
        return
    reading = settings.format.read(owner_ledger.rows, entries)
    for verdict in reading.verdicts:
        if verdict.state is not EntryState.APPLIED:
            found = _finding(key, verdict, owner_ledger.table, environment.name)
            yield replace(found, where=None) if owner_source.format == COMMAND else found
    yield Note(text=f"{owner_ledger.table}: {len(owner_ledger.rows)} rows")
    if reading.beyond:
        yield Note(text=f"the ledger has entries for which the owner has no file: {some_of(list(reading.beyond))}")
    yield from (Note(text=note) for note in reading.notes)


def _finding(key: str, verdict: EntryVerdict, table: str, environment: str) -> Finding:
    entry, where = verdict.entry, f"{verdict.entry.path}:1"
    name = entry.name if entry.name in entry.path else f"{entry.name} ({entry.path})"
    if verdict.state is EntryState.ABSENT:
        what = (
            f"the owner's ledger {table} of {environment} has no entry for {name}: as far as the ledger shows, the owner's "
            "runner has not applied it here"
        )
        return Finding(key=f"{key}:{entry.name}", summary=what, expected=entry.name, where=where)
    if verdict.state is EntryState.FAILED:
        what = f"{name} failed in {environment}: {verdict.why or f'as {table} records'}"
        return Finding(key=f"{key}:{entry.name}:failed", summary=what, expected="applied", actual="failed", where=where)
    return Finding(
        key=f"{key}:{entry.name}:checksum",
        summary=f"{name} was applied to {environment} with different contents than the file has now",
        expected=_short(entry.checksum or f"sha256 {entry.sha256}"),
        actual=_short(verdict.recorded or ""),
        where=where,
    )


def _short(checksum: str) -> str:
    return checksum if len(checksum) <= 24 else f"{checksum[:19]}…"


def _no_ledger(ledger: LiveLedger, environment: str) -> str:
    if ledger.state is LedgerState.ABSENT:
        return f"{environment} has no table {ledger.table}: no ledger shows that the owner's runner ran here"
    return f"{ledger.table} of {environment} is not the owner's ledger: {ledger.reason}"


CHECK = check_of_both_phases(
    "LIV010", "The owner's ledger records that each of its files was applied here", Severity.BLOCKER, run
)


def entries_of(source: SourceFacts) -> tuple[LedgerEntry, ...]:
    """One entry for each file, in apply order; of a command, for each row that it wrote into the ledger of a shadow."""
    if source.format == COMMAND:
        recorded = zip_longest(source.entries, source.checksums)
        return tuple(
            LedgerEntry(name=name, path=name, checksum=checksum, sha256=checksum or "") for name, checksum in recorded
        )
    if source.format in {SNAPSHOT, DATABASE}:
        return ()
    rows = zip_longest(source.files, source.entries[: len(source.files)], source.checksums[: len(source.files)])
    return tuple(
        LedgerEntry(name=name or path.rsplit("/", 1)[-1], path=path, checksum=checksum, sha256=sha256)
        for (path, sha256), name, checksum in rows
    )
