"""Foreign data and logical replication. What an option is set to may be a secret (see ``redacted``)."""

from __future__ import annotations

from dataclasses import dataclass

from migration_audit.model.identifiers import dotted, quoted
from migration_audit.model.objects import CatalogObject, Key, Named


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignDataWrapper(Named, kind="foreign-data wrapper"):
    """A foreign-data wrapper that no extension brought."""

    handler: str | None
    """Its handler function; None without one."""
    validator: str | None
    """The function that checks options; None without one."""
    options: tuple[str, ...]
    """``name=value``; ``name=(redacted)`` for every option that is not known to hold no secret."""
    owner: str
    privileges: tuple[str, ...]
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignServer(Named, kind="server"):
    """A foreign server."""

    wrapper: str
    """The foreign-data wrapper that reaches it."""
    type: str | None
    """TYPE of CREATE SERVER; None without one."""
    version: str | None
    """VERSION of CREATE SERVER; None without one."""
    options: tuple[str, ...]
    """``name=value``, sorted; ``name=(redacted)`` for every option that is not known to hold no secret."""
    owner: str
    privileges: tuple[str, ...]
    comment: str | None

    @property
    def belongs_to(self) -> Key:
        """The foreign-data wrapper."""
        return ("foreign-data wrapper", dotted(self.wrapper))


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMapping(CatalogObject, kind="user mapping", identity=("user", "server")):
    """Who a role is on a foreign server."""

    user: str
    """A role, or ``PUBLIC``."""
    server: str
    """The foreign server."""
    options: tuple[str, ...]
    """``(not readable)`` alone where the reading role may not see them."""

    def _spelled_key(self) -> str:
        """``FOR user SERVER server``."""
        user = self.user if self.user == "PUBLIC" else quoted(self.user)
        return f"FOR {user} SERVER {quoted(self.server)}"

    @property
    def belongs_to(self) -> Key:
        """The server."""
        return ("server", dotted(self.server))


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication(Named, kind="publication"):
    """A publication; its tables are objects of their own."""

    all_tables: bool
    """Whether it publishes every table, future ones too."""
    schemas: tuple[str, ...]
    """Schemas all of whose tables are published, sorted."""
    publish: tuple[str, ...]
    """Of ``insert``, ``update``, ``delete``, ``truncate``."""
    via_root: bool
    """Whether changes of partitions are published as the partitioned table's."""
    generated_columns: str
    """``none`` or ``stored`` (PostgreSQL 18 and later)."""
    owner: str
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationTable(CatalogObject, kind="publication table", identity=("publication", "schema", "table")):
    """A table that a publication names."""

    publication: str
    """The publication."""
    schema: str
    table: str
    columns: tuple[str, ...]
    """Sorted; empty for all."""
    filter: str | None
    """The WHERE clause of the rows that are published; None for all rows."""

    def _spelled_key(self) -> str:
        """``publication TABLE schema.table``."""
        return f"{quoted(self.publication)} TABLE {dotted(self.schema, self.table)}"

    @property
    def belongs_to(self) -> Key:
        """The publication."""
        return ("publication", dotted(self.publication))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription(Named, kind="subscription"):
    """A subscription of this database."""

    publications: tuple[str, ...]
    """The publications that it receives, sorted."""
    enabled: bool
    """Whether it is running."""
    options: tuple[str, ...]
    """``name=value`` as ``CREATE SUBSCRIPTION`` names them; the connection string is redacted."""
    owner: str
    comment: str | None
