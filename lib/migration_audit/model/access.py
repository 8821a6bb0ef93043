"""Who may do what, in addition to an object's own privileges; and what belongs to the whole server.

Roles and their settings live outside a database. They are read when asked for: where a server was made for the SQL alone,
every role in it is the SQL's; in a server that others share, most do not matter to the audit.
"""

from __future__ import annotations

from dataclasses import dataclass

from migration_audit.model.identifiers import quoted
from migration_audit.model.objects import CatalogObject, Named


def _quoted_role(name: str) -> str:
    """A role as a key shows it; ``(superuser)`` is not a name."""
    return name if name == "(superuser)" else quoted(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultPrivileges(CatalogObject, kind="default privileges", identity=("role", "schema", "objects")):
    """What ``ALTER DEFAULT PRIVILEGES`` says of the objects that a role will make."""

    role: str
    """Whose new objects get the privileges."""
    schema: str | None
    """None for all schemas."""
    objects: str
    """``tables``, ``sequences``, ``functions``, ``types``, ``schemas`` or ``large objects``."""
    privileges: tuple[str, ...]

    def _spelled_key(self) -> str:
        """``FOR ROLE role IN SCHEMA schema ON tables``."""
        place = f" IN SCHEMA {quoted(self.schema)}" if self.schema is not None else ""
        return f"FOR ROLE {quoted(self.role)}{place} ON {self.objects}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPrivileges(CatalogObject, kind="changed privileges", identity=("object",)):
    """Privileges on a built-in object or an extension's member that are not what it came with."""

    object: str
    """Its type and name: ``function pg_catalog.pg_ls_dir(text)``."""
    privileges: tuple[str, ...]
    """What it has now, the owner's included."""

    def _spelled_key(self) -> str:
        """The object."""
        return self.object


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityLabel(CatalogObject, kind="security label", identity=("provider", "object")):
    """What a label provider says of an object."""

    provider: str
    """The extension that gave the label, ``selinux``."""
    object: str
    """Type and name of what is labelled: ``table public.positions``."""
    label: str
    """The label's text."""

    def _spelled_key(self) -> str:
        """``FOR provider ON object``."""
        return f"FOR {quoted(self.provider)} ON {self.object}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeObjects(CatalogObject, kind="large objects", identity=("owner",)):
    """The large objects of one role that have privileges or a comment; one without is data, and its number says nothing."""

    owner: str
    privileges: tuple[str, ...]
    """``2 x PUBLIC: SELECT``: how many have which."""
    comment: str | None
    """Each comment on a line."""

    def _spelled_key(self) -> str:
        """``of owner``."""
        return f"of {quoted(self.owner)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionDependency(CatalogObject, kind="extension dependency", identity=("object", "extension")):
    """What ``ALTER … DEPENDS ON EXTENSION`` says: dropped with the extension."""

    object: str
    """Type and name of what is dropped too: ``index public.positions_ts``."""
    extension: str
    """The extension that it depends on."""

    def _spelled_key(self) -> str:
        """``object ON extension``."""
        return f"{self.object} ON {quoted(self.extension)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Database(CatalogObject, kind="database", identity=()):
    """The database itself. Its name is not compared, so that two databases are one object for a comparison.

    Encoding and locale are the server's. No dump has any of this, unless it is asked to create the database.
    """

    settings: tuple[str, ...]
    """What ``ALTER DATABASE … SET`` says: ``name=value``, sorted; values of names with a dot are redacted."""
    connection_limit: int | None
    """Connections that may be open at once; None for no limit."""
    owner: str
    privileges: tuple[str, ...]
    comment: str | None
    is_template: bool = False
    """Whether any role with CREATEDB may copy it."""

    def _spelled_key(self) -> str:
        """``this database``."""
        return "this database"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tablespace(Named, kind="tablespace"):
    """A tablespace; where it is on disk is the server's business.

    Where the whole server is read each is an object, else those that something in the database is in.
    """

    options: tuple[str, ...]
    """``seq_page_cost`` and its like, ``name=value``, sorted."""
    owner: str
    privileges: tuple[str, ...]
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Role(Named, kind="role"):
    """A role that a user made, or ``(superuser)``, the server's own, where it was altered. No password is ever read."""

    attributes: tuple[str, ...]
    """``LOGIN``, ``NOINHERIT``, … where they are not what ``CREATE ROLE`` gives by itself."""
    connection_limit: int | None
    """Connections that it may have open at once; None for no limit."""
    valid_until: str | None
    """``2030-01-01 00:00:00`` in UTC, or ``infinity``."""
    password: bool | None
    """Whether it has one; None where that cannot be seen, or is not the SQL's business: a server that others use."""
    assumed: bool
    """True for one that the SQL alters and does not make: it was made for the SQL, see ``Applied.assumed_roles``."""
    comment: str | None

    def _spelled_key(self) -> str:
        """The name."""
        return _quoted_role(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleMembership(CatalogObject, kind="role membership", identity=("role", "member", "grantor")):
    """A role that is a member of another."""

    role: str
    """The role that others are members of."""
    member: str
    """The role that is a member of it."""
    grantor: str
    """``(superuser)`` for the bootstrap superuser, whose name is the server's."""
    options: tuple[str, ...]
    """``ADMIN``, ``NO INHERIT``, ``NO SET`` where they differ from a plain grant to this member."""

    def _spelled_key(self) -> str:
        """``role TO member``, with the grantor where it is another than the bootstrap superuser."""
        grantor = "" if self.grantor == "(superuser)" else f" GRANTED BY {quoted(self.grantor)}"
        return f"{quoted(self.role)} TO {quoted(self.member)}{grantor}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSettings(CatalogObject, kind="settings", identity=("role", "database")):
    """What ``ALTER ROLE … SET`` says; what holds for all roles in this database is the database's own."""

    role: str | None
    """None for all roles."""
    database: bool
    """True for this database alone."""
    options: tuple[str, ...]
    """``name=value``, sorted; values of names with a dot, which programs make up, are redacted."""

    def _spelled_key(self) -> str:
        """``of role app in this database``, ``of all roles in all databases``."""
        role = "all roles" if self.role is None else f"role {_quoted_role(self.role)}"
        return f"of {role} in {'this database' if self.database else 'all databases'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterPrivileges(Named, kind="parameter privileges"):
    """Who may set a server parameter that is not everybody's to set."""

    privileges: tuple[str, ...]

    def _spelled_key(self) -> str:
        """The parameter."""
        return self.name
