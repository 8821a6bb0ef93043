"""Every check, named in one visible place; adding one is a file and a line here."""

from __future__ import annotations

from migration_audit.checks import (
    cov001_extensions,
    cov002_columns,
    cov003_indexes,
    cov004_constraints,
    cov005_hypertables,
    cov006_timescale_settings,
    cov007_other_objects,
    cov008_privileges,
    cov009_comments,
    cov010_unmodelled,
    cov011_second_witness,
    cov012_probes,
    cov013_duplicate_indexes,
    liv001_reachable,
    liv002_versions,
    liv003_live_columns,
    liv004_live_indexes,
    liv005_live_constraints,
    liv006_live_hypertables,
    liv007_chunks,
    liv008_live_timescale_settings,
    liv009_jobs,
    liv010_owner_ledger,
    liv011_legacy_ledger,
    liv012_unexplained,
    liv014_live_others,
    sql001_apply_order,
    sql002_applies,
    sql003_idempotent,
    sql005_histories_converge,
)
from migration_audit.checks.judge import judge
from migration_audit.model.errors import UsageError
from migration_audit.model.finding import Check

ALL: tuple[Check, ...] = (
    sql001_apply_order.CHECK,
    sql002_applies.CHECK,
    sql003_idempotent.CHECK,
    sql005_histories_converge.CHECK,
    cov001_extensions.CHECK,
    cov002_columns.CHECK,
    cov003_indexes.CHECK,
    cov004_constraints.CHECK,
    cov005_hypertables.CHECK,
    cov006_timescale_settings.CHECK,
    cov007_other_objects.CHECK,
    cov008_privileges.CHECK,
    cov009_comments.CHECK,
    cov010_unmodelled.CHECK,
    cov011_second_witness.CHECK,
    cov012_probes.CHECK,
    cov013_duplicate_indexes.CHECK,
    liv001_reachable.CHECK,
    liv002_versions.CHECK,
    liv003_live_columns.CHECK,
    liv004_live_indexes.CHECK,
    liv005_live_constraints.CHECK,
    liv006_live_hypertables.CHECK,
    liv007_chunks.CHECK,
    liv008_live_timescale_settings.CHECK,
    liv009_jobs.CHECK,
    liv010_owner_ledger.CHECK,
    liv011_legacy_ledger.CHECK,
    liv012_unexplained.CHECK,
    liv014_live_others.CHECK,
)

BY_ID = {check.id: check for check in ALL}


def find_check(check_id: str) -> Check:
    """The check of this id, in any case; raises UsageError when there is none."""
    try:
        return BY_ID[check_id.upper()]
    except KeyError:
        raise UsageError(f"there is no check {check_id}", todo="migration-audit check list names them all") from None


__all__ = ["ALL", "BY_ID", "find_check", "judge"]
