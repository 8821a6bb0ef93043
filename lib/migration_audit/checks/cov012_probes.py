"""COV012: the writer's statements run on the owner's schema alone."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.phases import preflight_check
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable
from migration_audit.model.preflight import ProbeResult


def run(probes: tuple[ProbeResult, ...]) -> Iterator[CheckOutput]:
    """Run each probe of audit.toml on the owner's shadow, rolled back, and ask the planner which index ON CONFLICT uses.

    Why: an upsert without a matching unique index fails at its first row. If ON CONFLICT uses a different index, the upsert
    silently does something else. The check runs the probe as a role that has SELECT, INSERT and UPDATE and nothing more.
    Fix: create what the server's error names in the owner's SQL.
    Source: https://www.postgresql.org/docs/current/sql-insert.html#SQL-ON-CONFLICT
    """
    if not probes:
        yield Unavailable(reason="audit.toml names no [[probe]]", required=False)
    for probe in probes:
        key = f"COV012:probe:{probe.name}"
        if probe.error is not None:
            yield Finding(
                key=key,
                summary=f'probe "{probe.name}" fails on the owner\'s schema: {probe.error}',
                expected="runs",
                actual=probe.error,
                where=probe.where,
            )
        elif probe.expected_arbiter and set(probe.arbiters) != {probe.expected_arbiter}:
            actual = ", ".join(probe.arbiters) or "no index"
            yield Finding(
                key=f"{key}:arbiter",
                summary=f'probe "{probe.name}": ON CONFLICT uses '
                f"{some_of(probe.arbiters) or 'no index'}, not {probe.expected_arbiter}",
                expected=probe.expected_arbiter,
                actual=actual,
                where=probe.where,
            )
        else:
            by = f", ON CONFLICT uses {some_of(probe.arbiters)}" if probe.arbiters else ""
            role = f" as {probe.role}" if probe.role else ""
            yield Note(text=f'"{probe.name}" runs{role}{by}')


CHECK = preflight_check(
    "COV012",
    "Every statement of the writer runs on the owner's schema alone, and ON CONFLICT uses the named index",
    Severity.BLOCKER,
    run,
)
