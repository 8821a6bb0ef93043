"""LIV014: every other kind of object in the live database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.describe import HAVE_THEIR_OWN_CHECK, live_findings
from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.drift import Drift
from migration_audit.model.finding import CheckOutput, Note, Severity, Unavailable
from migration_audit.model.preflight import OriginMap

if TYPE_CHECKING:
    from migration_audit.project import Environment


def run(live_drift: Drift, owner_origins: OriginMap, environment: Environment) -> Iterator[CheckOutput]:
    """Look up everything else that the owner's SQL creates: schemas, sequences, views, functions, triggers, types, policies.

    A missing extension is a finding of this check; a different version is a finding of LIV002.

    Why: this check compares what no other live check compares, so every kind of object is covered.
    Fix: apply the owner's file that creates the object.
    Source: the object kinds of pg_dump, https://www.postgresql.org/docs/current/app-pgdump.html
    """
    yield from (Note(text=f"not compared: {what}") for what in live_drift.not_compared)
    for hidden in live_drift.not_known:
        todo = "use a role that owns the server, or that may read pg_user_mapping or pg_subscription"
        yield Unavailable(reason=f"not known: {hidden} ({todo})")
    others = sorted(live_drift.kinds - HAVE_THEIR_OWN_CHECK)
    yield from live_findings("LIV014", live_drift, (*others, "extension"), environment, owner_origins)


CHECK = check_of_both_phases(
    "LIV014",
    "All other objects of the owner's SQL exist: extensions, views, functions, triggers, types",
    Severity.BLOCKER,
    run,
)
