"""TimescaleDB's jobs: what is scheduled, and apart from it how the runs go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from migration_audit.model.identifiers import dotted
from migration_audit.model.objects import CatalogObject, Key, shown_only
from migration_audit.model.timescale import interval_text

POLICIES: Final[Mapping[str, str]] = {
    "_timescaledb_functions.policy_compression": "compression policy",
    "_timescaledb_functions.policy_retention": "retention policy",
    "_timescaledb_functions.policy_reorder": "reorder policy",
    "_timescaledb_functions.policy_refresh_continuous_aggregate": "refresh policy",
    "_timescaledb_functions.policy_compaction": "compaction policy",
    "_timescaledb_functions.policy_telemetry": "TimescaleDB's own telemetry",
    "_timescaledb_functions.policy_job_stat_history_retention": "TimescaleDB's own retention of the jobs' history",
}
"""What people call the jobs that run these procedures."""

_INTERVALS = frozenset(
    {
        *("compress_after", "compress_created_before", "recompress_after", "drop_after", "drop_created_before"),
        *("start_offset", "end_offset"),
    }
)
"""Settings of policies that are intervals: TimescaleDB keeps them as the text that the session's IntervalStyle gave."""

_ANY_BUILTIN: Final = {"scheduled": True, "max_retries": -1, "retry_period": "01:00:00", "check_function": None}
_HISTORY: Final = {**_ANY_BUILTIN, "max_runtime": "01:00:00", "fixed_schedule": True, "timezone": None}
_BUILTIN: Final[Mapping[str, tuple[Mapping[str, Any], ...]]] = {
    "_timescaledb_functions.policy_telemetry": (
        {**_ANY_BUILTIN, "schedule": "24:00:00", "max_runtime": "00:01:40", "config": ()},
    ),
    "_timescaledb_functions.policy_job_stat_history_retention": tuple(
        {**_HISTORY, "schedule": schedule, "starts_at": starts_at, "config": ("drop_after=1 mon", *limits)}
        for schedule, starts_at in (("1 mon", "day 1 00:00:00"), ("06:00:00", "00:00:00"))
        for limits in ((), ("max_failures_per_job=1000", "max_successes_per_job=1000"))
    ),
}
"""What the versions of TimescaleDB give the jobs that come with it."""

SETTINGS: Final = frozenset(
    {
        *("compression settings", "continuous aggregate", "job", "hypertable tablespaces", "chunk skipping"),
        "granular refresh",
    }
)
"""The kinds that two checks look up together, coverage and live: all settings beyond the dimensions."""


def _job_name(procedure: str, schema: str, table: str | None) -> str:
    """What a job is called: by what it does and to which table, never by its number.

    >>> _job_name("_timescaledb_functions.policy_retention", "fleet", "positions")
    'retention policy on fleet.positions'
    >>> _job_name("fleet.tidy", "fleet", None)
    'fleet.tidy'
    """
    name = POLICIES.get(procedure, procedure)
    return f"{name} on {dotted(schema, table)}" if table is not None else name


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(CatalogObject, kind="job", identity=("schema", "table", "procedure", "number")):
    """A policy or a user-defined job; one that comes with TimescaleDB only where it was altered."""

    schema: str
    """The schema of the table, or of the procedure where the job has no table."""
    table: str | None
    """The hypertable, or the continuous aggregate, that a policy is about."""
    procedure: str
    """The procedure that it runs, ``schema.name``."""
    number: int
    """1, and counted on only where one procedure has several jobs on the same table, in the order of name and settings."""
    name: str | None
    """Its own name; None where TimescaleDB gave it."""
    schedule: str
    """``12:00:00``, ``1 day``."""
    fixed_schedule: bool
    """False: the time to the next run counts from the end of the last one."""
    starts_at: str | None
    """Where in the schedule the runs begin, ``03:00:00`` of a day; None if not set (the clock did)."""
    timezone: str | None
    """The time zone in which a fixed schedule counts; None for UTC."""
    config: tuple[str, ...]
    """``drop_after=90 days``. Of what TimescaleDB does not define only the names are shown: a value may be a secret (see
    ``redacted``)."""
    scheduled: bool
    """False: it is disabled."""
    max_runtime: str
    """After which a run is stopped, ``00:00:00`` for never."""
    max_retries: int
    """How often a run that fails is tried again; -1 for always."""
    retry_period: str
    """The time between two tries."""
    check_function: str | None
    """The function that looks at the settings, ``schema.name``; None for TimescaleDB's own."""
    owner: str
    relation: str | None = shown_only()
    """The kind of the table: ``hypertable`` or ``continuous aggregate``."""

    def __post_init__(self) -> None:
        """Spell the intervals of the configuration in one way, regardless of who wrote it."""
        if any(setting.partition("=")[0] in _INTERVALS for setting in self.config):
            object.__setattr__(self, "config", tuple(map(_spelled, self.config)))

    @property
    def unaltered(self) -> Job | None:
        """The job as TimescaleDB has it of itself, in the version that is nearest; None for one that a user made."""
        known = [replace(self, **given) for given in _BUILTIN.get(self.procedure, ())]
        return max(known, key=self.similarity, default=None)

    def similarity(self, other: Job) -> int:
        """How many attributes two jobs have in common."""
        return sum(getattr(self, name) == getattr(other, name) for name in Job.compared())

    def _spelled_key(self) -> str:
        """``retention policy on schema.table``, ``schema.procedure``; a second one of the same ends in ``#2``."""
        name = _job_name(self.procedure, self.schema, self.table)
        return name if self.number == 1 else f"{name} #{self.number}"

    @property
    def in_words(self) -> str:
        """In one line, for people."""
        return ", ".join([f"every {self.schedule}", *self.config, *([] if self.scheduled else ["switched off"])])

    @property
    def belongs_to(self) -> Key:
        """The hypertable or continuous aggregate, else the schema."""
        if self.table is None:
            return ("schema", dotted(self.schema))
        return (self.relation or "hypertable", dotted(self.schema, self.table))


def _spelled(setting: str) -> str:
    name, _, value = setting.partition("=")
    return f"{name}={interval_text(value)}" if name in _INTERVALS else setting


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatus:
    """How a job of a running database goes; never part of a comparison."""

    job_id: int
    """Its number on this one server: ``CALL run_job(…)`` takes it."""
    schema: str
    table: str | None
    procedure: str
    scheduled: bool
    runs: int
    failures: int
    last_run_failed: bool
    last_run: str | None
    """Start of the last run, ISO 8601 UTC; None where it never ran."""
    next_run: str | None
    is_overdue: bool
    """It is late by more than an hour and its own interval, or the scheduler never took it up."""

    @property
    def name(self) -> str:
        """As ``Job.key`` calls it, without a counter."""
        return _job_name(self.procedure, self.schema, self.table)
