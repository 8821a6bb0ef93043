"""Policies and jobs of TimescaleDB: a policy is named by what it does and to which table, and made with its settings."""

from __future__ import annotations

import re

from migration_audit.model.identifiers import literal, parts_of, sql_name
from migration_audit.model.timescale_jobs import Job
from migration_audit.port.names import may_be_secret
from migration_audit.port.step import Changes, Rank, Sides, Steps, ask, ask_about, run

_FUNCTIONS = {
    "_timescaledb_functions.policy_compression": ("add_compression_policy", ("compress_after", "compress_created_before")),
    "_timescaledb_functions.policy_retention": ("add_retention_policy", ("drop_after", "drop_created_before")),
    "_timescaledb_functions.policy_reorder": ("add_reorder_policy", ("index_name",)),
    "_timescaledb_functions.policy_refresh_continuous_aggregate": (
        "add_continuous_aggregate_policy",
        ("start_offset", "end_offset"),
    ),
}
"""The function that adds a policy, and which of its settings it takes."""

_NUMBER = re.compile(r"-?\d+\Z")
_ALTERED = ("schedule", "max_runtime", "max_retries", "retry_period", "scheduled")


def create_job(job: Job, sides: Sides) -> Steps:
    """A missing policy or job, with its schedule; settings that may be secret are for a person."""
    if may_be_secret(job.config):
        why = "its configuration may contain a secret and was not read:\n" + "\n".join(job.config)
        yield ask(job, why, _add_job(job, sides))
        return
    known = _FUNCTIONS.get(job.procedure)
    if known is None or job.number != 1:
        yield ask(job, "a user-defined job lacks a name, so it would be added twice", _add_job(job, sides))
        return
    function, takes = known
    settings = dict(setting.partition("=")[::2] for setting in job.config)
    left = sorted(settings.keys() - set(takes) - {"hypertable_id", "mat_hypertable_id", "lock_level"})
    if left:
        yield ask(job, f"these settings are written differently by each version of TimescaleDB: {', '.join(left)}")
    table = literal(sql_name(job.schema, job.table or ""))
    arguments = [table, *_settings(settings, takes, job)]
    if job.procedure.endswith("policy_reorder"):
        arguments = [table, literal(settings.get("index_name", ""))]
    elif job.procedure.endswith("continuous_aggregate"):
        arguments.append(f"schedule_interval => INTERVAL {literal(job.schedule)}")
    sql = sides.timescaledb(function, *arguments, "if_not_exists => TRUE")
    if job.procedure.endswith("policy_retention"):
        yield ask(job, f"it deletes rows, from its first run on: {', '.join(job.config)}", sql)
        return
    yield run(job, Rank.JOB, sql)
    if job.starts_at is not None:
        yield ask(job, f"its runs begin at {job.starts_at} {job.timezone or ''}: set next_start with alter_job".rstrip())
    yield from _alter(job, _ALTERED, sides)


def _settings(settings: dict[str, str], takes: tuple[str, ...], job: Job) -> list[str]:
    is_refresh = job.procedure.endswith("continuous_aggregate")
    wanted = takes if is_refresh else tuple(one for one in takes if one in settings)
    return [f"{one} => {_value(settings.get(one))}" for one in wanted]


def _value(value: str | None) -> str:
    if value is None or value in {"null", ""}:
        return "NULL"
    return value if _NUMBER.match(value) else f"INTERVAL {literal(value)}"


def _add_job(job: Job, sides: Sides) -> str:
    return sides.timescaledb("add_job", literal(job.procedure), f"INTERVAL {literal(job.schedule)}", "config => NULL")


def _alter(job: Job, names: tuple[str, ...], sides: Sides) -> Steps:
    """``alter_job`` for the one job that this is, where the table has no other of the procedure."""
    values = {
        "schedule": f"schedule_interval => INTERVAL {literal(job.schedule)}",
        "max_runtime": f"max_runtime => INTERVAL {literal(job.max_runtime)}",
        "max_retries": f"max_retries => {job.max_retries}",
        "retry_period": f"retry_period => INTERVAL {literal(job.retry_period)}",
        "scheduled": f"scheduled => {str(job.scheduled).upper()}",
    }
    arguments = [values[one] for one in names]
    if not arguments:
        return
    schema, procedure = map(literal, parts_of(job.procedure))
    lines = (
        sides.timescaledb("alter_job", "job_id", *arguments).removesuffix(";"),
        "  FROM timescaledb_information.jobs",
        f" WHERE (proc_schema, proc_name) = ({schema}, {procedure})",
        f"   AND {_of_table(job)};",
    )
    yield run(job, Rank.PUBLICATION, "\n".join(lines))


def _of_table(job: Job) -> str:
    """The view of jobs names the hypertable that holds a continuous aggregate by its number: this one goes by its view."""
    if job.table is None:
        return "hypertable_name IS NULL"
    where = f"({literal(job.schema)}, {literal(job.table)})"
    if job.relation != "continuous aggregate":
        return f"(hypertable_schema, hypertable_name) = {where}"
    lines = (
        "(hypertable_schema, hypertable_name) = (",
        "       SELECT materialization_hypertable_schema, materialization_hypertable_name",
        f"         FROM timescaledb_information.continuous_aggregates WHERE (view_schema, view_name) = {where})",
    )
    return "\n".join(lines)


def change_job(job: Job, actual: Job, changes: Changes, sides: Sides) -> Steps:
    """A job that both sides have: its schedule is altered in place, what it does is for a person."""
    if not _is_alone(job, sides):
        yield ask_about(job, changes, "there are several jobs of this procedure: alter the intended one")
        return
    yield from _alter(job, tuple(name for name in changes if name in _ALTERED), sides)
    if asked := [name for name in changes if name not in _ALTERED]:
        how = "remove the policy and add it again" if job.unaltered is None else "it comes with TimescaleDB: use alter_job"
        yield ask_about(job, changes, f"the job differs: {how}", *asked)


def _is_alone(job: Job, sides: Sides) -> bool:
    group = (job.schema, job.table, job.procedure)
    return sum((one.schema, one.table, one.procedure) == group for one in sides.actual.of(Job)) <= 1
