"""Which objects a comparison is about; what is left out is counted by the rule that left it out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import translate
from itertools import groupby
from typing import TYPE_CHECKING

from migration_audit.model.access import Database, Role
from migration_audit.model.finding import Excluded
from migration_audit.model.identifiers import dotted
from migration_audit.model.objects import CatalogObject, Key
from migration_audit.model.relations import Sequence, Table
from migration_audit.model.routines import Extension, Schema
from migration_audit.model.snapshot import SERVER_WIDE, RolesRead, ServerIdentity, Snapshot

if TYPE_CHECKING:
    from migration_audit.project import LedgerSettings, Project


Scoped = tuple[Snapshot, tuple[Excluded, ...]]

_OTHER_SCHEMAS = "(other schemas)"
_PUBLIC = Schema(name="public", owner="pg_database_owner", privileges=("PUBLIC: USAGE",), comment="standard public schema")
_WHAT = "roles, their members and settings, and privileges on parameters"


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
        """One expression for all globs on objects of a kind; the group that matched has the number of its rule."""
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


def beyond_fresh(snapshot: Snapshot) -> Iterator[CatalogObject]:
    """The objects of a snapshot that a new database does not have; none means that its side is empty.

    A new database has the schema ``public``, the extension ``plpgsql``, and itself. In a server that was made for the SQL
    alone they count as soon as anything of them was changed. In any other server their owner and what everybody may do was
    settled by its administrator: there they count when a named role got a privilege on them, or the database a setting; and
    what belongs to the whole server does not count.

    Source: https://www.postgresql.org/docs/current/manage-ag-templatedbs.html, and for the privileges on ``public``
    https://www.postgresql.org/docs/release/15.0/.
    """
    is_own = snapshot.roles is RolesRead.OWN
    for obj in snapshot.objects:
        match obj:
            case Extension(name="plpgsql", schema="pg_catalog"):
                continue
            case Schema(name="public"):
                made = obj != _PUBLIC if is_own else _names_a_role(obj.privileges)
            case Database():
                made = obj != _database(snapshot.server) if is_own else bool(obj.settings) or _names_a_role(obj.privileges)
            case _:
                made = is_own or obj.kind not in SERVER_WIDE
        if made:
            yield obj


def _database(server: ServerIdentity) -> Database:
    return Database(settings=(), connection_limit=None, owner=server.read_as, privileges=(), comment=None)


def _names_a_role(privileges: tuple[str, ...]) -> bool:
    """Whether a line names a role other than PUBLIC and the owner; lines are ``grantee[ (granted by role)]: what``."""
    return any(not line.startswith(("PUBLIC:", "PUBLIC (", "(owner):", "(owner) (")) for line in privileges)


def without_server_wide(expected: Snapshot, actual: Snapshot) -> tuple[Snapshot, Snapshot, tuple[str, ...], tuple[str, ...]]:
    """Both snapshots with what of their servers can be compared; what is treated as equal, and what was not compared."""
    sides = {"expected": expected, "actual": actual}
    blind = [side for side, snapshot in sides.items() if snapshot.roles is RolesRead.NONE]
    if blind:
        why = f"{_WHAT}: not read on {'either' if len(blind) == 2 else f'the {blind[0]}'} side"
        used = _used(expected) | _used(actual)
        return _without_server(expected, used), _without_server(actual, used), (), (why,)
    one, others_one = of_interest(expected, actual)
    other, others_other = of_interest(actual, expected)
    taken = [
        f"{_WHAT} that only exist on the {side} server are not in scope: {count}"
        for side, count in (("expected", others_one), ("actual", others_other))
        if count
    ]
    if RolesRead.SHARED in {expected.roles, actual.roles}:  # there it is not read whether a role has a password
        one, other = _without_passwords(one), _without_passwords(other)
    return one, other, tuple(taken), ()


def _without_passwords(snapshot: Snapshot) -> Snapshot:
    if all(role.password is None for role in snapshot.of(Role)):
        return snapshot
    without = (replace(obj, password=None) if isinstance(obj, Role) else obj for obj in snapshot.objects)
    return replace(snapshot, objects=tuple(without))


def of_interest(shared: Snapshot, other: Snapshot) -> tuple[Snapshot, int]:
    """A snapshot of a server that others use without what ``other`` does not have either, and how many those are.

    On a server that was made for the SQL alone every role counts. On one that others use, what only that side has may be
    anybody's, and is not a difference; what the SQL creates and the server lacks is one.
    """
    if shared.roles is not RolesRead.SHARED:
        return shared, 0
    used = _used(shared) | _used(other)
    kept = [obj for obj in shared.objects if _key(obj) in other.by_key or _is_here(obj, used)]
    return shared.keeping(kept), len(shared.objects) - len(kept)


def _without_server(snapshot: Snapshot, used: frozenset[str]) -> Snapshot:
    return snapshot.keeping(obj for obj in snapshot.objects if _is_here(obj, used))


def _is_here(obj: CatalogObject, used: frozenset[str]) -> bool:
    """Whether it is in the database, or a tablespace that something in a database is in."""
    return obj.kind not in SERVER_WIDE and (obj.kind != "tablespace" or obj.key in used)


def _used(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(_spaces(snapshot.objects))


def _spaces(objects: Iterable[CatalogObject]) -> Iterable[str]:
    for cls, same in groupby(objects, key=type):
        if hasattr(cls, "tablespace") or hasattr(cls, "tablespaces"):
            for obj in same:
                if (space := getattr(obj, "tablespace", None)) is not None:
                    yield space
                yield from getattr(obj, "tablespaces", ())


def _key(obj: CatalogObject) -> Key:
    return obj.kind, obj.key
