"""Foreign data: wrappers, servers and user mappings. What an option is set to may be a secret (see ``redacted``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from migration_audit.model.identifiers import dotted, quoted
from migration_audit.model.objects import CatalogObject


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignDataWrapper(CatalogObject):
    """A foreign-data wrapper that no extension brought."""

    kind: ClassVar[str] = "foreign-data wrapper"
    identity: ClassVar[tuple[str, ...]] = ("name",)

    name: str
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
class ForeignServer(CatalogObject):
    """A foreign server."""

    kind: ClassVar[str] = "server"
    identity: ClassVar[tuple[str, ...]] = ("name",)

    name: str
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
    def belongs_to(self) -> tuple[str, str] | None:
        """The foreign-data wrapper."""
        return ("foreign-data wrapper", dotted(self.wrapper))


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMapping(CatalogObject):
    """Who a role is on a foreign server."""

    kind: ClassVar[str] = "user mapping"
    identity: ClassVar[tuple[str, ...]] = ("user", "server")

    user: str
    """A role, or ``PUBLIC``."""
    server: str
    """The foreign server."""
    options: tuple[str, ...]
    """``(not readable)`` alone where the reading role may not see them."""

    @property
    def key(self) -> str:
        """``FOR user SERVER server``."""
        user = self.user if self.user == "PUBLIC" else quoted(self.user)
        return f"FOR {user} SERVER {quoted(self.server)}"

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The server."""
        return ("server", dotted(self.server))
