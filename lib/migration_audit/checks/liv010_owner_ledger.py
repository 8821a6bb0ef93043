"""LIV010: the owner's runner really put it there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migration_audit.model.drift import Severity
from migration_audit.model.finding import Check, Finding, Phase, Said, Told, Unavailable
from migration_audit.model.ledger import Ledger as LiveLedger
from migration_audit.model.ledger import LedgerState
from migration_audit.model.preflight import SourceFacts
from migration_audit.project import Environment, Project

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


def run(owner_ledger: LiveLedger, owner_source: SourceFacts, project: Project, environment: Environment) -> Iterator[Said]:
    """Look up each file of the owner in the owner's ledger: its name, and its checksum where the ledger keeps one.

    Why: a live database can look right because the legacy runner made it so. Only the ledger says that the owner's runner
    did its part here, and that a fresh file of tomorrow will be applied on top.
    Fix: let the owner's runner run in this environment; never write the row by hand.
    Source: seed, "never delete the processor migration before the equivalent SQL is verified live in directus's runner".
    """
    key = f"LIV010:{environment.name}"
    settings = project.owner.ledger
    if settings is None:
        yield Unavailable(reason="audit.toml names no [owner.ledger]", required=False)
        return
    if owner_ledger.state is LedgerState.UNREADABLE:
        yield Unavailable(reason=owner_ledger.reason or f"{owner_ledger.table} may not be read")
        return
    if owner_ledger.state is not LedgerState.PRESENT:
        yield Finding(key=f"{key}:ledger", summary=_no_ledger(owner_ledger, environment.name), expected=settings.key)
        return
    checksums = dict(zip(owner_ledger.names, owner_ledger.checksums, strict=False))
    for path, sha256 in owner_source.files:
        entry = settings.entry(path.rsplit("/", 1)[-1])
        recorded = checksums.get(entry)
        if entry not in owner_ledger.names:
            yield Finding(
                key=f"{key}:{entry}",
                summary=f"the owner's ledger {owner_ledger.table} of {environment.name} lacks {entry}: "
                "the owner's runner never applied it here",
                expected=entry,
                actual=None,
                where=f"{path}:1",
            )
        elif recorded and _SHA256.match(recorded) and recorded != sha256:
            yield Finding(
                key=f"{key}:{entry}:checksum",
                summary=f"{entry} was applied to {environment.name} with other contents than the file has today",
                expected=f"sha256 {sha256[:12]}…",
                actual=f"sha256 {recorded[:12]}…",
                where=f"{path}:1",
            )
    yield Told(text=f"{owner_ledger.table}: {len(owner_ledger.names)} rows")


def _no_ledger(ledger: LiveLedger, environment: str) -> str:
    if ledger.state is LedgerState.ABSENT:
        return f"{environment} has no table {ledger.table}: the owner's runner never ran here"
    return f"{ledger.table} of {environment} is not the owner's ledger: {ledger.reason}"


CHECK = Check(
    id="LIV010",
    title="The owner's ledger says that each of its files was applied here",
    severity=Severity.BLOCKER,
    phases=tuple(Phase),
    run=run,
)
