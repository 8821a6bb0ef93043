"""Which objects a comparison is about; what is left out is counted by the rule that left it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from migration_audit.model.objects import CatalogObject, dotted
from migration_audit.model.scope import Excluded
from migration_audit.model.snapshot import Snapshot
from migration_audit.project import Ledger, Project

Key = tuple[str, str]


def in_scope(snapshot: Snapshot, project: Project) -> tuple[Snapshot, tuple[Excluded, ...]]:
    """The snapshot without what is out of scope, and how many objects each rule took out.

    An object follows the object that it belongs to: the index of an excluded table is excluded by the same rule.
    """
    by_key = snapshot.by_key
    decided: dict[Key, str | None] = {}
    kept, counts = [], Counter[str]()
    for obj in snapshot.objects:
        pattern = _excluded_by(obj, by_key, project, decided)
        if pattern is None:
            kept.append(obj)
        else:
            counts[pattern] += 1
    told = tuple(Excluded(pattern=p, reason=reason, objects=counts[p]) for p, reason in _reasons(project).items())
    return replace(snapshot, objects=tuple(kept)), told


def _excluded_by(
    obj: CatalogObject, by_key: Mapping[Key, CatalogObject], project: Project, decided: dict[Key, str | None]
) -> str | None:
    key = (obj.kind, obj.key)
    if key not in decided:
        decided[key] = _own_rule(obj, project)
        owner = by_key.get(obj.belongs_to) if obj.belongs_to else None
        if decided[key] is None and owner is not None and owner.kind != "schema":
            decided[key] = _excluded_by(owner, by_key, project, decided)
    return decided[key]


def _own_rule(obj: CatalogObject, project: Project) -> str | None:
    for ledger in _ledgers(project):
        if (obj.kind, obj.key) in {("table", ledger.key), ("schema", dotted(ledger.schema))}:
            return ledger.key
    for rule in project.scope.exclude:
        if rule.matches(kind=obj.kind, key=obj.key):
            return rule.pattern
    schemas = project.scope.schemas
    schema = getattr(obj, "name" if obj.kind == "schema" else "schema", None)
    if schemas is not None and schema is not None and obj.kind != "extension" and schema not in schemas:
        return _OTHER_SCHEMAS
    return None


_OTHER_SCHEMAS = "(other schemas)"


def _reasons(project: Project) -> dict[str, str]:
    reasons = {ledger.key: "a runner's ledger (see LIV010 and LIV011)" for ledger in _ledgers(project)}
    reasons |= {rule.pattern: rule.reason for rule in project.scope.exclude}
    if project.scope.schemas is not None:
        reasons[_OTHER_SCHEMAS] = "not in a schema that audit.toml lists"
    return reasons


def _ledgers(project: Project) -> list[Ledger]:
    found = [source.ledger for source in (project.legacy, project.owner) if source.ledger is not None]
    return list({ledger.key: ledger for ledger in found}.values())
