"""What a database has before anybody runs SQL in it: a side that has nothing else proves nothing."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.model.access import Database
from migration_audit.model.objects import CatalogObject
from migration_audit.model.routines import Extension, Schema
from migration_audit.model.snapshot import SERVER_WIDE, RolesRead, ServerIdentity, Snapshot

_PUBLIC = Schema(name="public", owner="pg_database_owner", privileges=("PUBLIC: USAGE",), comment="standard public schema")


def beyond_fresh(snapshot: Snapshot) -> Iterator[CatalogObject]:
    """The objects of a snapshot that a new database does not have; none means that its side is empty.

    A new database has the schema ``public``, the extension ``plpgsql``, and itself. In a server that was made for the SQL
    alone they count as soon as anything of them was changed. In any other server their owner and what everybody may do was
    settled by whoever runs it: there they count when a named role got a privilege on them, or the database a setting; and
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
    """Whether a line is about anybody but PUBLIC and the owner; lines are ``grantee[ (granted by role)]: what``."""
    return any(not line.startswith(("PUBLIC:", "PUBLIC (", "(owner):", "(owner) (")) for line in privileges)
