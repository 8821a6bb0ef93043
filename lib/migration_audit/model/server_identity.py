"""Which server and database were read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerIdentity:
    """Which server and database were read; never part of a digest, and never a secret."""

    database: str
    system_identifier: str | None
    """``pg_control_system()``; None where the role may not read it."""
    postgres_version: str
    extension_versions: tuple[tuple[str, str], ...] = ()
    timescaledb_license: str | None = None
    """``apache`` or ``timescale``; None without TimescaleDB."""
    read_as: str = ""
    """The role that read the catalog."""
    in_recovery: bool = False

    @property
    def versions(self) -> dict[str, str]:
        """``{"PostgreSQL": "17.12", "timescaledb": "2.19.3"}``."""
        own = {name: version for name, version in self.extension_versions if name != "plpgsql"}
        return {"PostgreSQL": self.postgres_version.split(" ", 1)[0], **own}

    @property
    def described(self) -> str:
        """``trm_prod on server 7301234567890123456, PostgreSQL 17.12``."""
        on = f" on server {self.system_identifier}" if self.system_identifier else ""
        return f"{self.database}{on}, PostgreSQL {self.postgres_version.split(' ', 1)[0]}"
