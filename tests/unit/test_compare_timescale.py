"""Jobs: several of one procedure, and those that come with TimescaleDB; what a version chooses by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fix_inputs import SCHEMA
from fix_model import snapshot
from migration_audit.compare import compare
from migration_audit.model.finding import Severity
from migration_audit.model.redaction import unmarked
from migration_audit.model.snapshot import Snapshot
from migration_audit.model.timescale import CompressionSettings
from migration_audit.model.timescale_jobs import Job

HISTORY = "_timescaledb_functions.policy_job_stat_history_retention"


def job(number: int = 1, **given: Any) -> Job:
    base: dict[str, Any] = {
        "schema": "fleet", "table": None, "procedure": "fleet.tidy", "name": None, "schedule": "1 day",
        "fixed_schedule": True, "starts_at": None, "timezone": None, "config": (), "scheduled": True,
        "max_runtime": "00:00:00", "max_retries": -1, "retry_period": "00:05:00", "check_function": None, "owner": "o",
    }  # fmt: skip
    return Job(number=number, **{**base, **given})


def jobs(*schedules: str) -> Snapshot:
    """A snapshot with a job for each of these schedules, numbered as the catalog numbers them."""
    return snapshot(*(job(number, schedule=schedule) for number, schedule in enumerate(sorted(schedules), 1)))


def reported(expected: Snapshot, actual: Snapshot) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for one in compare(expected=expected, actual=actual).differences:
        if not one.fields:
            found.append((one.key, one.verdict.value))
        found += [(one.key, f.name, f"{f.expected} → {f.actual}") for f in one.fields]
    return found


CASES: dict[str, tuple[Snapshot, Snapshot, list[tuple[str, ...]]]] = {
    "equal": (jobs("1", "2", "3"), jobs("1", "2", "3"), []),
    "the first is gone": (jobs("1", "2", "3"), jobs("2", "3"), [("fleet.tidy", "missing")]),
    "the middle one is gone": (jobs("1", "2", "3"), jobs("1", "3"), [("fleet.tidy #2", "missing")]),
    "all but the last are gone": (
        jobs("1", "2", "3"),
        jobs("3"),
        [("fleet.tidy", "missing"), ("fleet.tidy #2", "missing")],
    ),
    "one more, in front": (jobs("2", "3"), jobs("1", "2", "3"), [("fleet.tidy #3", "unexpected")]),
    "two alike, one is gone": (jobs("1", "1", "2"), jobs("1", "2"), [("fleet.tidy #2", "missing")]),
    "one is changed to come last": (
        jobs("1", "2", "3"),
        jobs("2", "3", "9"),
        [("fleet.tidy", "schedule", "1 → 9")],
    ),
    "the most alike are paired": (
        snapshot(job(1, schedule="1", config=("a",)), job(2, schedule="2", config=("b",))),
        snapshot(job(1, schedule="3", config=("b",)), job(2, schedule="4", config=("a",))),
        [("fleet.tidy", "schedule", "1 → 4"), ("fleet.tidy #2", "schedule", "2 → 3")],
    ),
    "secrets tell them apart": (
        snapshot(*(job(n, config=(unmarked(f"k: (redacted)\x1e{h}"),)) for n, h in ((1, "x"), (2, "y")))),
        snapshot(*(job(n, config=(unmarked(f"k: (redacted)\x1e{h}"),)) for n, h in ((1, "y"), (2, "x")))),
        [],
    ),
    "another procedure": (jobs("1"), snapshot(job(procedure="fleet.other")), [
        ("fleet.other", "unexpected"), ("fleet.tidy", "missing"),
    ]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_one_change_is_one_difference(case: tuple[Snapshot, Snapshot, list[tuple[str, ...]]]) -> None:
    expected, actual, differences = case
    assert reported(expected, actual) == differences


def test_the_actual_side_keeps_its_own_key() -> None:
    [one] = compare(expected=jobs("1", "2", "3"), actual=jobs("2", "3", "9")).differences
    assert (one.key_on("expected"), one.key_on("actual")) == ("fleet.tidy", "fleet.tidy #3")


def builtin(**given: Any) -> Job:
    unaltered = job(schema="_timescaledb_functions", procedure=HISTORY).unaltered
    assert unaltered
    return replace(unaltered, **given)


def test_a_job_that_comes_with_timescaledb_says_what_was_altered() -> None:
    plain, altered = snapshot(job()), snapshot(job(), builtin(scheduled=False, config=("drop_after=1 year",)))
    key = "TimescaleDB's own retention of the jobs' history"
    change = [(key, "config", "drop_after=1 mon → drop_after=1 year"), (key, "scheduled", "yes → no")]
    assert reported(plain, altered) == change
    assert compare(expected=plain, actual=altered).covered
    back = compare(expected=altered, actual=plain)
    assert [d.severity for d in back.differences] == [Severity.BLOCKER]
    newer = snapshot(job(), builtin(schedule="06:00:00", starts_at="00:00:00", scheduled=False))
    assert reported(plain, newer) == [(key, "scheduled", "yes → no")]


def test_an_altered_job_makes_no_empty_side_full() -> None:
    assert compare(expected=snapshot(), actual=snapshot(builtin(scheduled=False))).compared_nothing


def compressed(order_by: str | None, segment_by: str | None = None) -> Snapshot:
    settings = CompressionSettings(
        schema="public", table="positions", enabled=True, direct_compress=False, segment_by=segment_by, order_by=order_by,
        compress_interval=None, sparse_indexes=(), relation="hypertable",
    )  # fmt: skip
    return snapshot(*SCHEMA, settings)


@pytest.mark.parametrize(
    ("order_by", "severity"),
    [
        ("ts DESC", Severity.INFO),
        ("device_id ASC, ts DESC", Severity.INFO),
        ("ts DESC, device_id ASC", Severity.INFO),
        ("ts ASC", Severity.BLOCKER),
        ("ts DESC NULLS LAST", Severity.BLOCKER),
        ("device_id DESC, ts DESC", Severity.BLOCKER),
        ("speed ASC, ts DESC", Severity.BLOCKER),
        ("device_id ASC", Severity.BLOCKER),
    ],
)
@pytest.mark.parametrize("is_older", [True, False])
def test_an_order_that_timescaledb_chose_itself_is_no_blocker(order_by: str, severity: Severity, is_older: bool) -> None:
    """Until 2.21 it is written down when compression is turned on, since 2.22 it is not."""
    sides = {"expected": compressed(order_by), "actual": compressed(None)}
    if not is_older:
        sides = {"expected": sides["actual"], "actual": sides["expected"]}
    [one] = compare(**sides).differences
    assert [(f.name, f.severity) for f in one.fields] == [("order_by", severity)]
    assert one.severity is severity


def test_another_difference_next_to_it_keeps_its_weight() -> None:
    [one] = compare(expected=compressed("ts DESC"), actual=compressed(None, "device_id")).differences
    assert one.severity is Severity.BLOCKER
