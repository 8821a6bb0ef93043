"""BOOT005: the first boot of the writer, rehearsed."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.ddl_ways import ddl_ways
from migration_audit.model.drift import Severity
from migration_audit.model.finding import Check, Finding, Phase, Said, Told
from migration_audit.model.rehearsal import Attempt, Rehearsal


def run(rehearsal: Rehearsal) -> Iterator[Said]:
    """Run each probe as the writer's role on an empty server with the owner's SQL, and then without it.

    Why: after the retirement the writer finds what the owner made, or nothing. With the owner's SQL each statement has to
    run with the documented rights and no DDL, and an upsert that comes twice has to do nothing the second time. Without it
    each statement has to fail, or the probe proves nothing; the message is the one that operators see in the writer's log
    when it is started before the owner.
    Fix: create what the message names in the owner's SQL; put missing grants into the files that [rehearsal] names.
    Source: seed, "it'll fail to find the positions table and crash-loop until directus catches up" and "Stage smoke against
    a fresh DB".
    """
    for attempt in rehearsal.with_owner:
        yield from _with_owner(attempt, rehearsal.role)
    yield from _without_owner(rehearsal.without_owner)
    for way in ddl_ways(rehearsal.access):
        yield Finding(
            key=f"BOOT005:ddl:{way.key}",
            summary=f"after {rehearsal.grants_from or 'the least grants'} the writer's role {rehearsal.role} {way.text}",
            expected="no right to run DDL",
            actual=way.right,
            fix_sql=way.fix_sql,
        )
    how = f"after {rehearsal.grants_from}" if rehearsal.grants_from else f"with {' '.join(rehearsal.grants)}"
    yield Told(text=f"rehearsed as {rehearsal.role} {how}")


def _with_owner(attempt: Attempt, role: str) -> Iterator[Said]:
    key = f"BOOT005:probe:{attempt.name}"
    if attempt.error is not None:
        yield Finding(
            key=key,
            summary=f'on a fresh server with the owner\'s SQL, {role} cannot run probe "{attempt.name}": {attempt.message}',
            expected="runs",
            actual=attempt.message,
            where=attempt.where,
        )
    elif attempt.again:
        yield Finding(
            key=f"{key}:again",
            summary=f'probe "{attempt.name}" is an upsert, and the second time it {attempt.again}',
            expected="the second time it does nothing",
            actual=attempt.again,
            where=attempt.where,
        )
    else:
        twice = ", and nothing the second time" if attempt.again == "" else ""
        yield Told(text=f'"{attempt.name}": {attempt.rows} row{"" if attempt.rows == 1 else "s"}{twice}')


def _without_owner(attempts: tuple[Attempt, ...]) -> Iterator[Said]:
    seen: dict[str, list[str]] = {}
    for attempt in attempts:
        if attempt.error is not None:
            seen.setdefault(attempt.message, []).append(f'"{attempt.name}"')
            continue
        yield Finding(
            key=f"BOOT005:without:{attempt.name}",
            summary=f'probe "{attempt.name}" runs on a server without the owner\'s SQL too: it proves nothing',
            expected="fails without the owner's SQL",
            actual="runs",
            where=attempt.where,
        )
    for message, names in seen.items():
        yield Told(text=f"without the owner's SQL operators see: ERROR: {message} (from {', '.join(names)})")


CHECK = Check(
    id="BOOT005",
    title="On a fresh server the writer can write, and only after the owner",
    severity=Severity.BLOCKER,
    phases=(Phase.PREFLIGHT,),
    run=run,
)
