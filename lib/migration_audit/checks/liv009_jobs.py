"""LIV009: jobs that fail or do not run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.enumeration import plural
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable
from migration_audit.model.identifiers import sql_name
from migration_audit.model.routines import Extension
from migration_audit.model.snapshot import NotRead, Snapshot
from migration_audit.model.timescale_jobs import JobStatus

if TYPE_CHECKING:
    from migration_audit.project import Environment


def run(live: Snapshot, environment: Environment) -> Iterator[CheckOutput]:
    """List the jobs that failed when they last ran, are disabled, or do not run although they are due.

    Why: a retention or compression policy that fails goes unnoticed until the disk is full. The check reads the statistics
    of runs, which every role may read. The list of errors only shows a role its own jobs, so an empty list proves nothing.
    Fix: ``CALL run_job(<number>)`` shows the error; ``SELECT alter_job(<number>, scheduled => true)`` enables the job. If no
    job runs at all, check timescaledb.max_background_workers and max_worker_processes.
    Fine when: the database was restored a moment ago, and its jobs are not due yet.
    Source: measured on TimescaleDB 2.19 to 2.31.
    """
    if isinstance(live.jobs, NotRead):
        yield Unavailable(reason=live.jobs.reason)
        return
    for job in live.jobs:
        fault = _fault(job)
        if fault is not None:
            word, sentence = fault
            yield Finding(
                key=f"LIV009:{environment.name}:{job.name}:{job.job_id}:{word}",
                summary=f"{job.name} (job {job.job_id}) of {environment.name} {sentence}",
                expected="runs without failures",
                actual=f"{job.failures} of {job.runs} runs failed; last run {job.last_run or 'never'}",
                fix_sql=_fix(job, word, _schema(live)),
            )
    number, runs = len(live.jobs), sum(job.runs for job in live.jobs)
    yield Note(text=f"{number} {plural('job', number)}, {runs} runs" if number else "no jobs: nothing to check")


def _fault(job: JobStatus) -> tuple[str, str] | None:
    """What is wrong with a job, as a word and a sentence; the gravest where it is several things."""
    if job.last_run_failed:
        return "failed", f"failed when it last ran; {job.failures} of {job.runs} runs failed"
    if not job.scheduled:
        return "off", "is disabled"
    if job.is_overdue and not job.runs:
        return "never", "never ran, although it is enabled"
    if job.is_overdue:
        return "overdue", f"should have run at {job.next_run} but did not"
    return None


def _schema(live: Snapshot) -> str:
    """Where TimescaleDB's functions are, as SQL."""
    extension = live.by_key.get(("extension", "timescaledb"))
    return sql_name(extension.schema) if isinstance(extension, Extension) else "public"


def _fix(job: JobStatus, word: str, schema: str) -> str | None:
    fixes = {
        "failed": f"CALL {schema}.run_job({job.job_id});",
        "off": f"SELECT {schema}.alter_job({job.job_id}, scheduled => true);",
    }
    return fixes.get(word)


CHECK = check_of_both_phases("LIV009", "Live jobs run and do not fail", Severity.WARNING, run)
