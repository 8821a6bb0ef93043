"""The Compose file that starts both sources' projects, and as which roles they connect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from migration_audit.artifacts.compose.stack import read_stack
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
                owner_role=_role(owners, listing.text(path)),
                writer_role=_role(writers, listing.text(path)),
            )
        )
    return found, unread


def _built_from(stack: Stack, project: Path | None) -> list[Service]:
    if project is None:
        return []
    folder = project.resolve()
    return [s for s in stack.services if s.build and Path(s.build.context).resolve() == folder]


def _role(services: Iterable[Service], text: str) -> str | None:
    """The role with which the services connect, where their variables name exactly one.

    They are read as they are written: a password that a variable brings says nothing about the role before it.
    """
    written = _environments(text)
    found = {role for service in services for role in _roles(written.get(service.name))}
    return found.pop() if len(found) == 1 else None


def _environments(text: str) -> dict[str, Any]:
    try:
        services = yaml.safe_load(text)["services"]
        return {name: service.get("environment") for name, service in services.items() if isinstance(service, dict)}
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError):  # what Compose reads by rules of its own
        return {}


def _roles(environment: Any) -> Iterator[str]:
    if isinstance(environment, list):
        environment = dict(str(one).partition("=")[::2] for one in environment)
    for name, value in environment.items() if isinstance(environment, dict) else ():
        if match := _URL_USER.match(str(value)):
            yield match[1]
        elif _USER.fullmatch(str(name)) and str(value).isidentifier():
            yield str(value)
