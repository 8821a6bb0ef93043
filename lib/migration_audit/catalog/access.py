"""Reads what a role may do in a database, itself and through other roles; any role that can connect may look."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import class_row

from migration_audit.catalog.connection import begin_reading, read_again, sent_at_once
from migration_audit.catalog.queries import load_query
from migration_audit.catalog.server_errors import database_error
from migration_audit.model.identifiers import dotted, sql_name
from migration_audit.model.privileges import Access, Given, Granted, Membership, Owned, RoleFacts

SET_LOCAL = "select pg_catalog.set_config(%s, %s, true)"
_SET_ROLES = "select pg_catalog.set_config('migration_audit.roles', %s::pg_catalog.text[]::pg_catalog.text, true)"


@read_again
def read_access(connection: psycopg.Connection[Any], role: str) -> Access:
    """What follows for ``role`` from attributes, memberships, privileges, default privileges and ownership.

    Of what is owned, only the database and its schemas are here; a snapshot has the owner of every other object. It is read
    in the connection's transaction. Raises DatabaseError when the connection fails.
    https://www.postgresql.org/docs/current/user-manag.html
    """
    try:
        begin_reading(connection)
        with sent_at_once(connection):
            connection.execute(SET_LOCAL, ("migration_audit.role", role))
            known = connection.cursor(row_factory=class_row(RoleFacts)).execute(load_query("access_roles"))
        roles = tuple(known.fetchall())
        if not roles:
            return Access(role=role, exists=False, postgres_number=connection.info.server_version)
        return _of(connection, role, roles)
    except psycopg.Error as error:
        raise database_error(error, connection) from error


def _of(connection: psycopg.Connection[Any], role: str, roles: tuple[RoleFacts, ...]) -> Access:
    with sent_at_once(connection):
        connection.execute(_SET_ROLES, ([each.name for each in roles],))
        memberships = connection.cursor(row_factory=class_row(Membership)).execute(load_query("access_memberships"))
        granted, owned, definers = (
            connection.execute(load_query(name)) for name in ("access_granted", "access_owned", "access_definers")
        )
    return Access(
        role=role,
        exists=True,
        postgres_number=connection.info.server_version,
        roles=roles,
        memberships=tuple(memberships.fetchall()),
        granted=tuple(
            Granted(kind=kind, object=_object(kind, parts), privilege=privilege, grantee=grantee)
            for kind, parts, privilege, grantee in granted.fetchall()
        ),
        owned=_owned(owned),
        definers=_owned(definers),
    )


def _owned(found: psycopg.Cursor[Any]) -> tuple[Owned, ...]:
    return tuple(Owned(kind=kind, object=_object(kind, parts), owner=owner) for kind, parts, owner in found.fetchall())


def _object(kind: str, parts: list[str | None]) -> str:
    if kind == "default privileges":
        objects, maker, schema = parts
        place = f" in {sql_name(schema)}" if schema else ""
        return f"on {objects} that {sql_name(maker or '')} makes{place}"
    return dotted(*(part for part in parts if part is not None))


@read_again
def read_given(connection: psycopg.Connection[Any], role: str, *, with_memberships: bool) -> Given:
    """What the SQL of this database gave to ``role``; not what everybody has, nor what it owns because it ran the SQL.

    ``with_memberships``: the roles of this server are the SQL's own, so that being a superuser, or a member of another role,
    was given by it too. Raises DatabaseError when the connection fails.
    """
    try:
        begin_reading(connection)
        user = connection.execute("select current_user::text").fetchone()
        if user is not None and user[0] == role:
            return Given()
        connection.execute(SET_LOCAL, ("migration_audit.role", role))
        rows = connection.execute(load_query("access_given")).fetchall()
        with connection.cursor(row_factory=class_row(RoleFacts)) as cursor:
            reached = cursor.execute(load_query("access_roles")).fetchall() if with_memberships else []
    except psycopg.Error as error:
        raise database_error(error, connection) from error
    own = {None, *(user or ())}
    given = [_given(*row) for row in rows if row[2] in own]
    given += [f"membership in {sql_name(each.name)}" for each in reached if each.name != role]
    given += ["SUPERUSER" for each in reached if each.name == role and each.superuser]
    return Given(rights=tuple(given), makers=tuple(sorted({maker for _, _, maker, _, _ in rows} - own)))


def _given(kind: str, names: list[str], maker: str | None, privileges: str, grantee: str) -> str:
    """``INSERT, SELECT ON positions TO writer``."""
    what = sql_name(*names)
    if kind == "column":
        what, privileges = sql_name(*names[:-1]), f"{privileges} ({sql_name(names[-1])})"
    elif maker is not None:
        what = f"new {kind}" + (f" in {what}" if names else "")
    elif kind != "table":
        what = f"{kind.upper()} {what}"
    return f"{privileges} ON {what} TO {sql_name(grantee)}"
