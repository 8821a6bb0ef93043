"""RET008: the fixture of the integration tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from migration_audit.checks.describe import due_changes, essence, failure_finding, shown, word
from migration_audit.checks.phases import retired_check
from migration_audit.model.boot import FixtureShadow
from migration_audit.model.code import FixtureFacts
from migration_audit.model.drift import Difference, DiffVerdict, Drift
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable
from migration_audit.model.preflight import OriginMap


def run(
    fixture_facts: tuple[FixtureFacts, ...], fixture_shadows: Mapping[str, FixtureShadow], owner_origins: OriginMap
) -> Iterator[CheckOutput]:
    """Check that the fixture exists, names what it is a copy of, is loaded, and creates what the owner's SQL creates.

    Why: without the runner the integration tests take their schema from this file. If it lags behind the owner's SQL, the
    tests pass on a schema that no database has.
    Fix: update the fixture to match the owner's SQL. The finding names each object and where the owner's SQL creates it.
    Source: both files are applied to real servers and their catalogs are compared; the rules of audit.toml name the comment.
    """
    for fixture in fixture_facts:
        key = f"RET008:{fixture.path}"
        yield from _static(fixture, key)
        built = fixture_shadows.get(fixture.path)
        if not fixture.exists:
            continue
        if built is None or (built.drift is None and built.failure is None):
            reason = built.reason if built and built.reason else "it was not applied to a server"
            yield Unavailable(reason=f"{fixture.path} was not compared with the owner's SQL: {reason}")
        elif built.failure is not None:
            yield failure_finding(f"{key}:applies", built.failure, doing="the fixture does not apply")
        elif built.drift is not None:
            yield from _compared(fixture, built.drift, key, owner_origins)


def _static(fixture: FixtureFacts, key: str) -> Iterator[CheckOutput]:
    if not fixture.exists:
        yield Finding(
            key=f"{key}:missing",
            summary=f"{fixture.path} does not exist: without the runner, the integration tests have no schema",
            expected="a SQL file that creates the owner's schema",
            actual="file does not exist",
            where=fixture.where or None,
        )
        return
    if not fixture.head_agrees:
        yield Finding(
            key=f"{key}:head",
            summary=f"the comment at the top of {fixture.path} does not name what it is a copy of",
            expected=fixture.expected_head,
            actual=fixture.head or "no comment",
            where=f"{fixture.path}:1",
        )
    if not fixture.loads and not fixture.unread:
        tests = f"{fixture.looked_at} test file{'' if fixture.looked_at == 1 else 's'}"
        yield Finding(
            key=f"{key}:loaded",
            summary=f"none of the {tests} in {some_of(fixture.loaded_by)} loads {fixture.path}",
            expected="loaded by a test",
            actual=f"not mentioned in any of {tests}",
            where=fixture.where or None,
        )
    for unread in fixture.unread if not fixture.loads else ():
        yield Unavailable(reason=f"{unread.where}: {unread.reason}")


def _compared(fixture: FixtureFacts, drift: Drift, key: str, origins: OriginMap) -> Iterator[CheckOutput]:
    for difference in drift.roots:
        yield from _difference(fixture, difference, key, origins)
    for side, rows in (("the owner's SQL", drift.unmodelled_expected), (fixture.path, drift.unmodelled_actual)):
        for row in rows:
            yield Unavailable(reason=f"{row.kind} {row.identity} of {side} is of a kind that the audit cannot compare")
    if not drift.roots:
        yield Note(text=f"{fixture.path} creates what the owner's SQL creates")


def _difference(fixture: FixtureFacts, difference: Difference, key: str, origins: OriginMap) -> Iterator[CheckOutput]:
    what = f"{difference.kind} {difference.key}"
    name, path = f"{key}:{difference.kind}:{difference.key}", fixture.path
    at = origins.get((difference.kind, difference.key))
    if difference.verdict in {DiffVerdict.CHANGED, DiffVerdict.RENAMED}:
        for change in due_changes(difference):
            yield Finding(
                key=f"{name}:{change.name}",
                summary=f"{path}: {what}: {word(change.name)} is {shown(change.expected)} in the owner's SQL, "
                f"{shown(change.actual)} in the fixture",
                expected=shown(change.expected),
                actual=shown(change.actual),
                where=str(at) if at else None,
            )
        for change in due_changes(difference, weights=(Severity.WARNING, Severity.INFO)):
            yield Note(text=f"{what}: {word(change.name)} differs ({change.severity})")
        return
    missing = difference.verdict is DiffVerdict.MISSING
    yield Finding(
        key=name,
        summary=f"{path} lacks {what}, which the owner's SQL creates"
        if missing
        else f"{path} creates {what}, but the owner's SQL does not",
        expected=essence(difference.present_object) if missing else None,
        actual=None if missing else essence(difference.present_object),
        where=str(at) if at else None,
    )


CHECK = retired_check("RET008", "The integration tests load a fixture that matches the owner's SQL", Severity.BLOCKER, run)
