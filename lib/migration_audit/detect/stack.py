"""The Compose file that starts both sources' projects, and as which roles they connect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from migration_audit.artifacts.compose import read_stack
from migration_audit.detect.listing import Listing
from migration_audit.model.compose import Service, Stack
from migration_audit.model.errors import AuditError

MAIN: Final = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
OTHERS: Final = ("compose.*.y*ml", "docker-compose.*.y*ml", "compose-*.y*ml", "docker-compose-*.y*ml")
_DATABASE: Final = re.compile(r"(?:.*/)?[\w.-]*(?:postg|timescale|pgvector|citus)[\w.-]*(?::.*|@.*)?", re.IGNORECASE)
_URL_USER: Final = re.compile(r"postgres(?:ql)?(?:\+\w+)?://([A-Za-z_]\w*)[:@]")
_USER: Final = re.compile(r"(?:DB|DATABASE|PG|POSTGRES(?:QL)?)_?USER(?:NAME)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """One Compose file, as far as it is about the two sources."""

    path: str
    database: tuple[str, ...]
    owner: tuple[str, ...]
    writer: tuple[str, ...]
    owner_role: str | None = None
    writer_role: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it has exactly one service for the owner and another one for the writer."""
        return len(self.owner) == len(self.writer) == 1 and self.owner != self.writer


def composed(listing: Listing, *, owner: str | None, legacy: str | None) -> tuple[list[Composed], list[str]]:
    """Each main Compose file, and why one could not be read; ``owner`` and ``legacy`` are the sources' projects."""
    found: list[Composed] = []
    unread: list[str] = []
    for path in listing.named(*MAIN):
        try:
            stack = read_stack([listing.base / path], shown_from=listing.base)
        except AuditError as error:
            unread.append(f"{error.where}: {error.what}")
            continue
        owners, writers = (_built_from(stack, listing.base / each if each else None) for each in (owner, legacy))
        found.append(
            Composed(
                path=path,
                database=tuple(s.name for s in stack.services if s.image and _DATABASE.fullmatch(s.image)),
                owner=tuple(s.name for s in owners),
                writer=tuple(s.name for s in writers),
                owner_role=_role(owners),
                writer_role=_role(writers),
            )
        )
    return found, unread


def _built_from(stack: Stack, project: Path | None) -> list[Service]:
    if project is None:
        return []
    folder = project.resolve()
    return [s for s in stack.services if s.build and Path(s.build.context).resolve() == folder]


def _role(services: Iterable[Service]) -> str | None:
    """The role with which the services connect, where their variables name exactly one."""
    found = {role for service in services for role in _roles(service)}
    return found.pop() if len(found) == 1 else None


def _roles(service: Service) -> Iterator[str]:
    for name, value in service.environment:
        if value and (match := _URL_USER.match(value)):
            yield match[1]
        elif value and _USER.fullmatch(name) and value.isidentifier():
            yield value
