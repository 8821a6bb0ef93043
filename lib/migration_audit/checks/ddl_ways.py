"""Every way in which a role can run DDL, from what the catalog says of it: attributes, ownership, privileges, membership."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migration_audit.model.identifiers import sql_name, sql_name_of, sql_signature
from migration_audit.model.privileges import Access, Granted, Owned, Reach, Route, reach

BEFORE_16 = 160000
"""Until PostgreSQL 15, CREATEROLE may grant every role that is not a superuser, to itself too."""

_AS_THE_SERVER = {
    "pg_execute_server_program": "run programs as the server's user",
    "pg_write_server_files": "write files as the server's user",
}
_DDL = {
    ("database", "CREATE"): "may create schemas in database {}",
    ("schema", "CREATE"): "may create objects in schema {}",
    ("table", "TRIGGER"): "may create triggers on {}",
    ("foreign-data wrapper", "USAGE"): "may create foreign servers of {}",
    ("default privileges", "CREATE"): "will be able to create objects: default privileges give it CREATE {}",
    ("default privileges", "TRIGGER"): "will be able to create triggers: default privileges give it TRIGGER {}",
}
_OTHER_RIGHTS = {
    ("database", "TEMPORARY"): "may make temporary tables",
    ("table", "TRUNCATE"): "may TRUNCATE {}",
    ("table", "REFERENCES"): "has REFERENCES on {}",
    ("table", "MAINTAIN"): "may VACUUM, REINDEX and CLUSTER {}",
}


_WORDS = {
    "function": "ROUTINE",
    "aggregate": "ROUTINE",
    "extended statistics": "STATISTICS",
    "continuous aggregate": "MATERIALIZED VIEW",
}
"""What ALTER calls a kind, where it is another word."""
_KEPT = {"job", "large objects", "foreign-data wrapper", "event trigger"}
"""Kinds that no ALTER … OWNER TO gives away, or only to a superuser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to run DDL."""

    key: str
    """Stable: ``owns:table:public.positions``."""
    text: str
    """``owns table public.positions through ops (inherited)``."""
    right: str
    """What the role has, for a table: ``owner of table public.positions``."""
    fix_sql: str | None


def ddl_ways(access: Access, *, owner_role: str | None = None) -> tuple[Way, ...]:
    """The ways, sorted by key; ``owner_role`` is who should own what the role owns."""
    found = reach(access)
    ways = (
        *_attributes(access, found),
        *_predefined(access, found),
        *_owned(access, found, owner_role),
        *_granted(access, found),
    )
    return tuple(sorted(ways, key=lambda way: way.key))


def other_rights(access: Access) -> tuple[str, ...]:
    """What the role may do that weighs something and is not DDL of this database, each a sentence part."""
    found = reach(access)
    notes = [
        _OTHER_RIGHTS[g.kind, g.privilege].format(g.object) + _by(_route(g, found), g.grantee)
        for g in access.granted
        if (g.kind, g.privilege) in _OTHER_RIGHTS and _route(g, found) is not None
    ]
    for role in access.roles:
        route = found.identities.get(role.name)
        if route is None:
            continue
        if role.create_database:
            notes.append("may create other databases" + _through(route))
        if role.bypass_rls:
            notes.append("bypasses row-level security" + _through(route))
    notes += [
        f"may call {definer.object}, which runs as {sql_name(definer.owner)} (SECURITY DEFINER)"
        for definer in access.definers
        if definer.owner not in found.rights
    ]
    unused = sorted({m.role for m in access.memberships} - found.rights.keys())
    notes += [f"is a member of {sql_name(role)} without INHERIT, SET or ADMIN, which gives it nothing" for role in unused]
    return tuple(notes)


def _attributes(access: Access, found: Reach) -> Iterator[Way]:
    for role in access.roles:
        route = found.identities.get(role.name)
        if route is None:
            continue
        name = sql_name(role.name)
        if role.superuser:
            yield Way(
                key=f"superuser:{role.name}",
                text=f"is a superuser{_through(route)}",
                right="SUPERUSER",
                fix_sql=_leave(access, route) or f"ALTER ROLE {name} NOSUPERUSER;",
            )
        if role.create_role:
            more = ", and so grant itself every role but a superuser" if access.postgres_number < BEFORE_16 else ""
            yield Way(
                key=f"createrole:{role.name}",
                text=f"may create and change roles{more}{_through(route)}",
                right="CREATEROLE",
                fix_sql=_leave(access, route) or f"ALTER ROLE {name} NOCREATEROLE;",
            )


def _predefined(access: Access, found: Reach) -> Iterator[Way]:
    for role, what in _AS_THE_SERVER.items():
        if role in found.rights:
            route = found.rights[role]
            yield Way(
                key=f"member:{role}",
                text=f"may {what}, which amounts to superuser,{_through(route)}",
                right=f"member of {role}",
                fix_sql=_leave(access, route),
            )


def _owned(access: Access, found: Reach, owner_role: str | None) -> Iterator[Way]:
    for owned in access.owned:
        route = found.rights.get(owned.owner)
        if route is None:
            continue
        alter = None
        # What a role has as the owner of the database ends with owning the database.
        is_of_database = bool(route.steps) and route.steps[-1][1] == "pg_database_owner"
        if owner_role and owner_role not in found.rights and not is_of_database:
            alter = _give(owned, owner_role)
        if alter and owned.kind == "table":  # what it had by owning goes with the ownership
            alter += f"\nGRANT SELECT, INSERT, UPDATE ON {sql_name_of(owned.object)} TO {sql_name(access.role)};"
        yield Way(
            key=f"owns:{owned.kind}:{owned.object}",
            text=f"owns {owned.kind} {owned.object}{_through(route)}",
            right=f"owner of {owned.kind} {owned.object}",
            fix_sql=_leave(access, route) or alter,
        )


def _give(owned: Owned, role: str) -> str | None:
    """The statement that makes a role the owner; None for what no statement gives away."""
    if owned.kind in _KEPT:
        return None
    word = _WORDS.get(owned.kind, owned.kind.upper())
    return f"ALTER {word} {sql_signature(owned.object)} OWNER TO {sql_name(role)};"


def _granted(access: Access, found: Reach) -> Iterator[Way]:
    for granted in access.granted:
        route = _route(granted, found)
        text = _DDL.get((granted.kind, granted.privilege))
        if text is None or route is None:
            continue
        who = sql_name(granted.grantee) if granted.grantee is not None else "PUBLIC"
        kind = "" if granted.kind == "table" else f"{granted.kind.upper().replace('-', ' ')} "
        revoke = None
        if granted.kind != "default privileges":
            revoke = f"REVOKE {granted.privilege} ON {kind}{sql_name_of(granted.object)} FROM {who};"
        place = f"{granted.kind}:{granted.object}" + (":PUBLIC" if granted.grantee is None else "")
        yield Way(
            key=f"{granted.privilege.lower()}:{place}" + (f":{granted.grantee}" if route.steps else ""),
            text=text.format(granted.object) + _by(route, granted.grantee),
            right=f"{granted.privilege} on {granted.kind} {granted.object}"
            if granted.kind != "default privileges"
            else f"default {granted.privilege} {granted.object}",
            fix_sql=revoke if granted.grantee is None else _leave(access, route) or revoke,
        )


def _route(granted: Granted, found: Reach) -> Route | None:
    """How the role comes to the privilege; None when it does not."""
    return found.rights.get(granted.grantee) if granted.grantee is not None else Route(role="")


def _by(route: Route | None, grantee: str | None) -> str:
    return ", as every role may" if grantee is None else _through(route)


def _through(route: Route | None) -> str:
    return f" {route.text}" if route is not None and route.steps else ""


def _leave(access: Access, route: Route) -> str | None:
    """The statement that ends the membership through which a right comes; None where the role has the right itself."""
    if not route.steps or route.steps[0][1] == "pg_database_owner":
        return None
    return f"REVOKE {sql_name(route.steps[0][1])} FROM {sql_name(access.role)};"
