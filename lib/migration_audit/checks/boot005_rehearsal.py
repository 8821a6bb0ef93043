"""BOOT005: the first boot of the writer, rehearsed."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.ddl_ways import ddl_ways
from migration_audit.checks.phases import preflight_check
from migration_audit.model.boot import Attempt, Rehearsal, RehearsalRole, RightsFrom
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable


def run(rehearsal: Rehearsal) -> Iterator[CheckOutput]:
    """Run each probe as the writer's role on an empty server with the owner's SQL, and then without it.

    Why: after the retirement the writer finds what the owner created, or nothing. With the owner's SQL, each statement must
    run with the documented rights and without DDL, and an upsert that runs twice must change nothing the second time.
    Without it, each statement must fail, otherwise the probe proves nothing; the error is what operators see in the writer's
    log when it starts before the owner.
    The rights are those that the files of [rehearsal] grant the writer. Without such files they are the rights that the
    owner's SQL gives it (GRANT, default privileges, membership, ownership), or else the least that the probes need.
    Fix: create what the error names in the owner's SQL. Put missing grants there, or into the files that [rehearsal] names.
    Source: the probes of audit.toml, run on a real server; task 3.5 of the first user, for example, asked for a smoke test
    against a fresh database.
    """
    for attempt in rehearsal.with_owner:
        yield from _with_owner(attempt, rehearsal.role(attempt.role))
    yield from _without_owner(rehearsal.without_owner)
    writer = rehearsal.writer
    for way in ddl_ways(rehearsal.access):
        yield Finding(
            key=f"BOOT005:ddl:{way.key}",
            summary=f"after {_giver(writer)} the writer's role {writer.name} {way.text}",
            expected="no right to run DDL",
            actual=way.right,
            fix_sql=way.fix_sql,
        )
    for role in (writer, *rehearsal.others):
        yield Note(text=f"rehearsed as {role.name} {_rights(role)}")


def _giver(role: RehearsalRole) -> str:
    if role.source is RightsFrom.AUDIT:
        return some_of(role.files)
    return "the owner's SQL" if role.source is RightsFrom.OWNER else "the least grants"


def _rights(role: RehearsalRole) -> str:
    match role.source:
        case RightsFrom.AUDIT:
            return f"after {some_of(role.files)}"
        case RightsFrom.OWNER:
            return f"with the rights that the owner's SQL gives it: {some_of(role.rights, between='; ')}"
        case RightsFrom.NOBODY:
            rights = some_of([right.removesuffix(";") for right in role.rights], between="; ")
            return f"with {rights or 'no rights'}, because the owner's SQL grants it nothing"


def _with_owner(attempt: Attempt, role: RehearsalRole) -> Iterator[CheckOutput]:
    key = f"BOOT005:probe:{attempt.name}"
    if attempt.lacks and role.makers and role.source is RightsFrom.OWNER:
        yield Unavailable(
            reason=f'probe "{attempt.name}" lacks rights ({some_of(attempt.lacks)}), but the owner\'s SQL gives {role.name} '
            f"default privileges on what {some_of(role.makers)} creates, and here another role ran that SQL: "
            "name the files with the writer's grants in [rehearsal]"
        )
    elif attempt.error is not None:
        lacks = f" ({some_of(attempt.lacks)})" if attempt.lacks else ""
        yield Finding(
            key=key,
            summary=f'on a fresh server with the owner\'s SQL, {role.name} cannot run probe "{attempt.name}": '
            f"{attempt.message}{lacks}",
            expected="runs",
            actual=attempt.message,
            where=attempt.where,
            fix_sql="\n".join(attempt.fixes) or None,
        )
    elif attempt.again:
        yield Finding(
            key=f"{key}:again",
            summary=f'probe "{attempt.name}" is an upsert, but the second time it {attempt.again}',
            expected="the second time it does nothing",
            actual=attempt.again,
            where=attempt.where,
        )
    else:
        twice = ", and nothing the second time" if attempt.again == "" else ""
        yield Note(text=f'"{attempt.name}": {attempt.rows} row{"" if attempt.rows == 1 else "s"}{twice}')


def _without_owner(attempts: tuple[Attempt, ...]) -> Iterator[CheckOutput]:
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
        yield Note(text=f"without the owner's SQL operators see: ERROR: {message} (from {some_of(list(names))})")


CHECK = preflight_check(
    "BOOT005", "On a fresh server the writer's statements need the owner's SQL and nothing more", Severity.BLOCKER, run
)
