"""COV012: the writer's statements run on the owner's schema alone."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.model.drift import Severity
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import Check, Finding, Phase, Said, Told, Unavailable
from migration_audit.model.preflight import ProbeResult


def run(probes: tuple[ProbeResult, ...]) -> Iterator[Said]:
    """Run each probe of audit.toml on the owner's shadow, rolled back, and ask the planner what arbitrates ON CONFLICT.

    Why: an upsert without a matching unique index fails at its first row; one that another index arbitrates silently
    does something else. The probe proves it by running, as a role that has SELECT, INSERT and UPDATE and nothing more.
    Fix: create what the server's message names in the owner's SQL.
    Source: seed, "the ON CONFLICT (device_id, ts) DO NOTHING upsert path requires the UNIQUE on (device_id, ts)";
    https://www.postgresql.org/docs/current/sql-insert.html#SQL-ON-CONFLICT
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
                summary=f'probe "{probe.name}": ON CONFLICT is arbitrated by '
                f"{some_of(probe.arbiters) or 'no index'}, not by {probe.expected_arbiter}",
                expected=probe.expected_arbiter,
                actual=actual,
                where=probe.where,
            )
        else:
            by = f", arbitrated by {some_of(probe.arbiters)}" if probe.arbiters else ""
            role = f" as {probe.role}" if probe.role else ""
            yield Told(text=f'"{probe.name}" runs{role}{by}')


CHECK = Check(
    id="COV012",
    title="Every statement of the writer runs on the owner's schema alone, arbitrated by the index it names",
    severity=Severity.BLOCKER,
    phases=(Phase.PREFLIGHT,),
    run=run,
)
