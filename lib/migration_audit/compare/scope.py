"""Which objects a comparison is about; what is left out is counted by the rule that left it out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from fnmatch import translate
from typing import TYPE_CHECKING

from migration_audit.compare.fresh import beyond_fresh
from migration_audit.model.identifiers import dotted
from migration_audit.model.objects import CatalogObject
from migration_audit.model.relations import Sequence, Table
from migration_audit.model.rule_use import Excluded
from migration_audit.model.snapshot import SERVER_WIDE, Snapshot

if TYPE_CHECKING:
    from migration_audit.project import LedgerSettings, Project

Key = tuple[str, str]
Scoped = tuple[Snapshot, tuple[Excluded, ...]]

_OTHER_SCHEMAS = "(other schemas)"


def in_scope(snapshot: Snapshot, project: Project) -> Scoped:
    """The snapshot without what is out of scope, and how many objects each rule took out.

    An object follows the object that it belongs to: the index of an excluded table is excluded by the same rule. The answer
    is remembered with the snapshot, since each table of a report asks for it.
    """
    for known, kept, excluded in snapshot.scopes:
        if known is project:
            return kept or snapshot, excluded
    kept, excluded = _in_scope(snapshot, project)
    snapshot.scopes.append((project, None if kept is snapshot else kept, excluded))  # itself would never be let go
    return kept, excluded


def _in_scope(snapshot: Snapshot, project: Project) -> Scoped:
    scope = _Scope(snapshot.by_key, project)
    kept, counts = [], Counter[str]()
    for obj in snapshot.objects:
        pattern = scope.excluded_by((obj.kind, obj.key), obj)
        if pattern is None:
            kept.append(obj)
        else:
            counts[pattern] += 1
    excluded = tuple(Excluded(pattern=p, reason=reason, objects=counts[p]) for p, reason in _reasons(project).items())
    return snapshot.keeping(kept), excluded


def rows_out_of_scope(snapshot: Snapshot, project: Project) -> dict[str, str]:
    """The tables and sequences whose rows are not the audit's business, by key, each with the reason."""
    scope, reasons = _Scope(snapshot.by_key, project), _reasons(project)
    taken = {
        obj.key: scope.excluded_by((obj.kind, obj.key), obj) for obj in snapshot.objects if isinstance(obj, Table | Sequence)
    }
    return {key: reasons[rule] for key, rule in taken.items() if rule is not None}


def left_out_by_scope(snapshot: Snapshot, project: Project) -> int:
    """How many objects of the database ``[scope]`` leaves out where it leaves none of them; 0 where some stay.

    Extensions, the database itself and what belongs to the whole server stay in every scope that does not exclude them by
    name, and are no reason to call the rest compared. A ledger is not left out by ``[scope]``.
    """
    scope = _Scope(snapshot.by_key, project)
    taken_by = [scope.excluded_by((obj.kind, obj.key), obj) for obj in beyond_fresh(snapshot) if _is_scopes(obj)]
    ledgers = {ledger.key for ledger in _ledgers(project)}
    return 0 if None in taken_by else sum(rule not in ledgers for rule in taken_by)


def _is_scopes(obj: CatalogObject) -> bool:
    return obj.kind not in SERVER_WIDE and obj.kind not in {"extension", "database"}


class _Scope:
    """The rules of a project, ready for many objects of one snapshot."""

    def __init__(self, by_key: Mapping[Key, CatalogObject], project: Project) -> None:
        self._by_key = by_key
        self._project = project
        self._decided: dict[Key, str | None] = {}
        self._ledgers: dict[Key, str] = {}
        for ledger in reversed(_ledgers(project)):
            self._ledgers |= {("table", ledger.key): ledger.key, ("schema", dotted(ledger.schema)): ledger.key}
            self._ledgers |= dict.fromkeys(ledger.companions, ledger.key)
        schemas = project.scope.schemas
        self._schemas = None if schemas is None else frozenset(schemas)
        self._globs: dict[str, re.Pattern[str] | None] = {}

    def excluded_by(self, key: Key, obj: CatalogObject) -> str | None:
        """The rule that takes the object out, by itself or with what it belongs to; None for one that stays."""
        if key not in self._decided:
            decided = self._own_rule(key, obj)
            owner_key = obj.belongs_to if decided is None else None
            if owner_key is not None and owner_key[0] != "schema" and owner_key in self._by_key:
                decided = self.excluded_by(owner_key, self._by_key[owner_key])
            self._decided[key] = decided
        return self._decided[key]

    def _own_rule(self, key: Key, obj: CatalogObject) -> str | None:
        if key in self._ledgers:
            return self._ledgers[key]
        kind = key[0]
        if kind not in self._globs:
            self._globs[kind] = self._compiled(kind)
        globs = self._globs[kind]
        if globs is not None and (found := globs.match(key[1])) and found.lastgroup:
            return self._project.scope.exclude[int(found.lastgroup[1:])].pattern
        schema = getattr(obj, "name" if kind == "schema" else "schema", None)
        if self._schemas is not None and schema is not None and kind != "extension" and schema not in self._schemas:
            return _OTHER_SCHEMAS
        return None

    def _compiled(self, kind: str) -> re.Pattern[str] | None:
        """One expression for all globs on objects of a kind; its group tells which rule it was, the first that matches."""
        rules = enumerate(self._project.scope.exclude)
        parts = [f"(?P<r{number}>{translate(rule.pattern)})" for number, rule in rules if rule.kind in {None, kind}]
        return re.compile("|".join(parts)) if parts else None


def _reasons(project: Project) -> dict[str, str]:
    reasons = {ledger.key: "a runner's ledger (see LIV010 and LIV011)" for ledger in _ledgers(project)}
    reasons |= {rule.pattern: rule.reason for rule in project.scope.exclude}
    if project.scope.schemas is not None:
        reasons[_OTHER_SCHEMAS] = "not in a schema that audit.toml lists"
    return reasons


def _ledgers(project: Project) -> list[LedgerSettings]:
    found = [source.ledger for source in (project.legacy, project.owner) if source.ledger is not None]
    return list({ledger.key: ledger for ledger in found}.values())
