"""Owners, privileges and comments: what every kind of object may have."""

from __future__ import annotations

import re
from typing import Any

from migration_audit.model.access import DefaultPrivileges
from migration_audit.model.drift import Difference, DiffVerdict
from migration_audit.model.identifiers import literal, parts_of, sql_name
from migration_audit.model.objects import CatalogObject
from migration_audit.model.operators import Aggregate, Language
from migration_audit.model.relations import Column, Index
from migration_audit.model.routines import Extension, Routine, UserType
from migration_audit.model.timescale import ContinuousAggregate
from migration_audit.port.names import address, grant_address, owner_address, role_name
from migration_audit.port.step import Rank, Sides, Steps, ask, differing, run

Held = dict[str, dict[str, bool]]
"""Grantee to privilege to "with grant option"."""

_LINE = re.compile(
    r"(?s)(?P<who>.*?)(?: \(granted by (?P<grantor>.*)\))?: (?P<what>none|[A-Z][A-Z ]*(?: \(with grant option\))?.*)"
)
_OPTION = " (with grant option)"
_OWNER = "(owner)"


def new_owner_grants_comment(obj: CatalogObject, sides: Sides) -> Steps:
    """Owner, privileges and comment of an object that the port makes."""
    owner = getattr(obj, "owner", None)
    if owner is not None and owner != sides.applied_by:
        yield from _owner(obj, owner)
    wanted = getattr(obj, "privileges", None)
    if wanted is not None and not isinstance(obj, DefaultPrivileges):
        yield from grants(obj, expected=wanted, actual=_default_privileges(obj))
    comment = getattr(obj, "comment", None)
    if comment is not None and not isinstance(obj, Extension):  # an extension brings its own
        yield from _comment(obj, comment)


def changed_owner_grants_comment(difference: Difference, sides: Sides) -> Steps:
    """Owner, privileges and comment of an object that both sides have."""
    expected, actual = difference.expected, difference.actual
    changed = {change.name for change in difference.fields}
    if expected is None or actual is None or difference.verdict is not DiffVerdict.CHANGED:
        return
    if "owner" in changed:
        owner = str(getattr(expected, "owner"))  # noqa: B009  only some kinds have one
        if owner == sides.applied_by:
            yield ask(expected, "the legacy SQL states no owner\n" + differing(difference, "owner"))
        else:
            yield from _owner(expected, owner)
    if "privileges" in changed and not isinstance(expected, DefaultPrivileges):
        yield from grants(expected, expected=_privileges(expected), actual=_privileges(actual))
    if "comment" in changed:
        wanted, has = getattr(expected, "comment", None), getattr(actual, "comment", None)
        if has is None and wanted is not None:
            yield from _comment(expected, wanted)
        else:
            suggested = "\n".join(draft.step.sql for draft in _comment(expected, wanted))
            yield ask(expected, "both sides say something\n" + differing(difference, "comment"), suggested)


def _owner(obj: CatalogObject, owner: str) -> Steps:
    if where := owner_address(obj):
        yield run(obj, Rank.OWNER, f"ALTER {where} OWNER TO {sql_name(owner)};")


def _privileges(obj: CatalogObject) -> tuple[str, ...]:
    return tuple(getattr(obj, "privileges", ()))


def _default_privileges(obj: CatalogObject) -> tuple[str, ...]:
    """What PostgreSQL gives to everybody by itself."""
    if isinstance(obj, (Routine, Aggregate)):
        return ("PUBLIC: EXECUTE",)
    return ("PUBLIC: USAGE",) if isinstance(obj, (UserType, Language)) else ()


def held(lines: tuple[str, ...]) -> tuple[Held, tuple[str, ...]]:
    """What a list of privileges says, and the lines of it that no plain GRANT could make."""
    found: Held = {}
    rest = []
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None or match["grantor"] is not None or line.startswith("column "):
            rest.append(line)
            continue
        words = [] if match["what"] == "none" else match["what"].split(", ")
        found[match["who"]] = {word.removesuffix(_OPTION): word.endswith(_OPTION) for word in words}
    return found, tuple(rest)


def grants(obj: CatalogObject, *, expected: tuple[str, ...], actual: tuple[str, ...]) -> Steps:
    """GRANT what is lacking; REVOKE what PostgreSQL gives by itself and the legacy SQL took away; ask about the rest."""
    where = _grant_place(obj)
    if where is None:
        return
    owner = str(getattr(obj, "owner", ""))
    sql, unclear = _changes(held(expected)[0], held(actual)[0], _default_privileges(obj), where=where, owner=owner)
    if sql:
        yield run(obj, Rank.PRIVILEGES, "\n".join(sql))
    if unclear:
        yield ask(obj, "only the owner's SQL grants these privileges", "\n".join(unclear))
    odd = sorted(set(held(expected)[1]) ^ set(held(actual)[1]))
    if odd:
        yield ask(obj, "these privileges come from another grantor, or are a column's of a view:\n" + "\n".join(odd))


def _changes(wanted: Held, has: Held, defaults: tuple[str, ...], *, where: str, owner: str) -> tuple[list[str], list[str]]:
    sql: list[str] = []
    unclear: list[str] = []
    given = held(defaults)[0]
    for who in sorted(wanted.keys() | has.keys()):
        want, have = wanted.get(who, {}), has.get(who, {})
        grantee = sql_name(owner) if who == _OWNER else role_name(who)
        if who == _OWNER and want != have:
            if who not in wanted:
                sql.append(f"GRANT ALL ON {where} TO {grantee};")
                continue
            sql.append(f"REVOKE ALL ON {where} FROM {grantee};")
            have = {}
        elif extra := sorted(have.keys() - want.keys()):
            statement = f"REVOKE {', '.join(extra)} ON {where} FROM {grantee};"
            (sql if set(extra) <= given.get(who, {}).keys() else unclear).append(statement)
        for with_option in (False, True):
            lacking = [p for p, option in want.items() if option == with_option and have.get(p) != option]
            lacking = [p for p in lacking if with_option or p not in have]
            if lacking:
                option = " WITH GRANT OPTION" if with_option else ""
                sql.append(_grant(lacking, where, grantee) + option + ";")
        unclear += [
            f"REVOKE GRANT OPTION FOR {p} ON {where} FROM {grantee};"
            for p, option in have.items()
            if option and want.get(p) is False
        ]
    return sql, unclear


def _grant(privileges: list[str], where: str, grantee: str) -> str:
    return f"GRANT {', '.join(privileges)} ON {where} TO {grantee}"


def _grant_place(obj: CatalogObject) -> str | None:
    if isinstance(obj, Column):
        return None
    return grant_address(obj)


def column_grants(column: Column, *, actual: tuple[str, ...]) -> Steps:
    """The same for a column, whose privileges name it in brackets."""
    wanted, _ = held(column.privileges)
    has, _ = held(actual)
    table, bracket = sql_name(column.schema, column.table), f"({sql_name(column.name)})"
    sql = []
    for who in sorted(wanted.keys() - {_OWNER}):
        for privilege, with_option in wanted[who].items():
            if has.get(who, {}).get(privilege) in {None, False if with_option else None}:
                option = " WITH GRANT OPTION" if with_option else ""
                sql.append(f"GRANT {privilege} {bracket} ON {table} TO {role_name(who)}{option};")
    if sql:
        yield run(column, Rank.PRIVILEGES, "\n".join(sql))
    extra = [f"{who}: {p}" for who in has for p in has[who] if p not in wanted.get(who, {})]
    if extra:
        yield ask(column, "only the owner's SQL grants these privileges:\n" + "\n".join(extra))


def _comment(obj: CatalogObject, text: Any) -> Steps:
    if isinstance(obj, UserType | ContinuousAggregate) and isinstance(text, str):
        own, parts = _parts_of_comment(obj, text)
        if own is not None:
            yield run(obj, Rank.COMMENT, f"COMMENT ON {address(obj)} IS {literal(own)};")
        for place, comment in parts:
            yield run(obj, Rank.COMMENT, f"COMMENT ON {place} IS {literal(comment)};")
    elif where := address(obj):
        comment = "NULL" if text is None else literal(str(text))
        yield run(obj, Rank.COMMENT, f"COMMENT ON {where} IS {comment};")


_PART = re.compile(r'(attribute|constraint|column) ((?:"(?:[^"]|"")*")|[^\W\d][\w$]*): ')


def _parts_of_comment(obj: UserType | ContinuousAggregate, text: str) -> tuple[str | None, list[tuple[str, str]]]:
    """A comment of its own, and those of attributes, constraints or columns, which are kept in the same text."""
    own: list[str] = []
    parts: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        match = _PART.match(line)
        if match:
            parts.append((_part_place(obj, match[1], parts_of(match[2])[0]), [line[match.end() :]]))
        else:
            (parts[-1][1] if parts else own).append(line)
    return ("\n".join(own) if own else None), [(place, "\n".join(lines)) for place, lines in parts]


def _part_place(obj: UserType | ContinuousAggregate, what: str, part: str) -> str:
    if what == "constraint":
        return f"CONSTRAINT {sql_name(part)} ON DOMAIN {sql_name(obj.schema, obj.name)}"
    return f"COLUMN {sql_name(obj.schema, obj.name, part)}"


def unclear_index(index: Index) -> bool:
    """Whether an index is one that no statement makes as it is: it is not valid, or was being built."""
    return not (index.valid and index.ready)
