"""Owners, privileges and comments: what every kind of object may have."""

from __future__ import annotations

import re
from typing import Any

from migration_audit.model.access import DefaultPrivileges
from migration_audit.model.identifiers import literal, parts_of, sql_name
from migration_audit.model.objects import CatalogObject
from migration_audit.model.operators import Aggregate, Language
from migration_audit.model.relations import Column
from migration_audit.model.routines import Extension, Routine, UserType
from migration_audit.model.timescale import ContinuousAggregate
from migration_audit.model.timescale_jobs import Job
from migration_audit.port.names import address, grant_address, owner_address, qualified, role_name, table_of
from migration_audit.port.step import Changes, Rank, Sides, Steps, ask, ask_about, run

Held = dict[str, dict[str, bool]]
"""Grantee to privilege to "with grant option"."""

_LINE = re.compile(
    r"(?s)(?P<who>.*?)(?: \(granted by (?P<grantor>.*)\))?: (?P<what>none|[A-Z][A-Z ]*(?: \(with grant option\))?.*)"
)
_OPTION = " (with grant option)"
_OWNER = "(owner)"
_BY_THEMSELVES = DefaultPrivileges | Job
"""Kinds whose own steps say all of them."""


def new_owner_grants_comment(obj: CatalogObject, sides: Sides) -> Steps:
    """Owner, privileges and comment of an object that the port makes."""
    if isinstance(obj, _BY_THEMSELVES):
        return
    owner = getattr(obj, "owner", None)
    if owner is not None and owner != sides.applied_by:
        yield from _owner(obj, owner)
    yield from _grants(obj, expected=_privileges(obj), actual=_default_privileges(obj))
    comment = getattr(obj, "comment", None)
    if comment is not None and not isinstance(obj, Extension):  # an extension brings its own
        yield from _comment(obj, comment)


def changed_owner_grants_comment(expected: CatalogObject, actual: CatalogObject, changes: Changes, sides: Sides) -> Steps:
    """Owner, privileges and comment of an object that both sides have."""
    if isinstance(expected, _BY_THEMSELVES):
        return
    if "owner" in changes:
        owner = str(getattr(expected, "owner"))  # noqa: B009  only some kinds have one
        if owner == sides.applied_by:
            yield ask_about(expected, changes, "the legacy SQL states no owner", "owner")
        else:
            yield from _owner(expected, owner)
    if "privileges" in changes:
        yield from _grants(expected, expected=_privileges(expected), actual=_privileges(actual))
    if "comment" in changes:
        wanted, has = getattr(expected, "comment", None), getattr(actual, "comment", None)
        if (has is None and wanted is not None) or isinstance(expected, Extension):
            yield from _comment(expected, wanted)
        else:
            suggested = "\n".join(draft.step.sql for draft in _comment(expected, wanted))
            why = "the comments differ" if wanted else "only the owner's SQL has a comment"
            yield ask_about(expected, changes, why, "comment", sql=suggested)


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


def grant(privileges: str, where: str, grantee: str, *, with_option: bool) -> str:
    """``GRANT … ON … TO …``, with the grant option where it is given too."""
    return f"GRANT {privileges} ON {where} TO {grantee}{' WITH GRANT OPTION' if with_option else ''};"


def only_actual(wanted: Held, has: Held) -> list[str]:
    """The privileges that only the actual side grants, each with its grantee."""
    return [f"{who}: {privilege}" for who in has for privilege in has[who] if privilege not in wanted.get(who, {})]


def _grants(obj: CatalogObject, *, expected: tuple[str, ...], actual: tuple[str, ...]) -> Steps:
    """GRANT what is lacking; REVOKE what PostgreSQL gives by itself and the legacy SQL took away; ask about the rest."""
    (wanted, odd), (has, other_odd) = held(expected), held(actual)
    if isinstance(obj, Column):
        yield from _column_grants(obj, wanted, has)
        return
    if (where := grant_address(obj)) is None:
        return
    owner = str(getattr(obj, "owner", ""))
    sql, unclear = _changes(wanted, has, _default_privileges(obj), where=where, owner=owner)
    if sql:
        yield run(obj, Rank.PRIVILEGES, "\n".join(sql))
    if unclear:
        yield ask(obj, "only the owner's SQL grants these privileges", "\n".join(unclear))
    if others := sorted({*odd} ^ {*other_odd}):
        yield ask(obj, "these privileges come from another grantor, or are a column's of a view:\n" + "\n".join(others))


def _changes(wanted: Held, has: Held, defaults: tuple[str, ...], *, where: str, owner: str) -> tuple[list[str], list[str]]:
    sql: list[str] = []
    unclear: list[str] = []
    given = held(defaults)[0]
    for who in sorted(wanted.keys() | has.keys()):
        want, have = wanted.get(who, {}), has.get(who, {})
        grantee = sql_name(owner) if who == _OWNER else role_name(who)
        if who == _OWNER and want != have:
            if who not in wanted:
                sql.append(grant("ALL", where, grantee, with_option=False))
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
                sql.append(grant(", ".join(lacking), where, grantee, with_option=with_option))
        unclear += [
            f"REVOKE GRANT OPTION FOR {p} ON {where} FROM {grantee};"
            for p, option in have.items()
            if option and want.get(p) is False
        ]
    return sql, unclear


def _column_grants(column: Column, wanted: Held, has: Held) -> Steps:
    """The same for a column, whose privileges name it in brackets."""
    bracket = f"({sql_name(column.name)})"
    sql = [
        grant(f"{privilege} {bracket}", table_of(column), role_name(who), with_option=with_option)
        for who in sorted(wanted.keys() - {_OWNER})
        for privilege, with_option in wanted[who].items()
        if has.get(who, {}).get(privilege) in {None, False if with_option else None}
    ]
    if sql:
        yield run(column, Rank.PRIVILEGES, "\n".join(sql))
    if extra := only_actual(wanted, has):
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
        return f"CONSTRAINT {sql_name(part)} ON DOMAIN {qualified(obj)}"
    return f"COLUMN {sql_name(obj.schema, obj.name, part)}"
