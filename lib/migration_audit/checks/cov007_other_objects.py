"""COV007: every other kind of object."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.describe import HAVE_THEIR_OWN_CHECK, coverage_findings
from migration_audit.checks.phases import preflight_check
from migration_audit.model.drift import Drift
from migration_audit.model.finding import CheckOutput, Note, Severity, Unavailable
from migration_audit.model.preflight import OriginMap


def run(coverage: Drift, legacy_origins: OriginMap) -> Iterator[CheckOutput]:
    """Look up everything else on the owner's side: schemas, sequences, views, functions, triggers, types, policies.

    Why: a comparison of tables alone misses triggers and functions. Every kind of object is covered: this check compares
    what no other coverage check compares.
    Fix: port the object to the owner's SQL.
    Source: the object kinds of pg_dump, https://www.postgresql.org/docs/current/app-pgdump.html
    """
    yield from (Note(text=f"not compared: {what}") for what in coverage.not_compared)
    yield from (Unavailable(reason=f"not known: {hidden}") for hidden in coverage.not_known)
    others = sorted(coverage.kinds - HAVE_THEIR_OWN_CHECK)
    yield from coverage_findings("COV007", coverage, others, legacy_origins)


CHECK = preflight_check(
    "COV007",
    "The owner's SQL creates every other object: views, functions, triggers, types, sequences, policies, schemas",
    Severity.BLOCKER,
    run,
)
