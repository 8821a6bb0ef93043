"""The port's SQL for one difference alone: what a finding suggests where no port was made and proven."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from migration_audit.model.drift import Difference, DiffVerdict, FieldChange
from migration_audit.model.identifiers import as_comment
from migration_audit.model.objects import CatalogObject
from migration_audit.model.relations import Column, Constraint, Index
from migration_audit.model.snapshot import ServerIdentity, Snapshot
from migration_audit.model.timescale import Dimension
from migration_audit.port.build import drafts_of
from migration_audit.port.step import Rank, Sides, StepDraft, sides_of

_NO_SERVER: Final = ServerIdentity(database="", system_identifier=None, postgres_version="")
_CHANGES: Final = {(Column, "default"), (Column, "type"), (Dimension, "chunk_interval")}


def suggested_sql(difference: Difference, change: FieldChange | None = None) -> str | None:
    """SQL that makes a missing object, or sets one attribute that differs; None where one statement is not enough.

    What needs a person's decision, as it may lose rows or lock a table for long, is a comment.
    """
    obj = difference.present_object
    if change is None:
        one = difference if difference.verdict is DiffVerdict.MISSING and _is_one_statement(obj) else None
    else:
        one = replace(difference, fields=(change,)) if (type(obj), change.name) in _CHANGES else None
    drafts = drafts_of(one, _alone(obj)) if one is not None else []
    found = [_shown(draft, obj) for draft in drafts if draft.rank < Rank.OWNER or draft.rank is Rank.PERSON]
    return next(iter(found), None)


def _is_one_statement(obj: CatalogObject) -> bool:
    match obj:
        case Index():
            return obj.constraint is None
        case Column():
            return obj.generated is None and obj.identity_kind is None
    return isinstance(obj, Constraint)


def _alone(obj: CatalogObject) -> Sides:
    """Sides of which nothing is known but this object."""
    expected = Snapshot(server=_NO_SERVER, objects=(obj,))
    return sides_of(expected, replace(expected, objects=()))


def _shown(draft: StepDraft, obj: CatalogObject) -> str | None:
    step = draft.step
    if step.for_person is not None:
        return as_comment(f"needs a decision: {step.sql}") if step.sql else None
    return step.sql + ("  -- new chunks only" if isinstance(obj, Dimension) else "")
