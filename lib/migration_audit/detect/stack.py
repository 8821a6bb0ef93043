"""The Compose file that starts both sources' projects, and as which roles they connect."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from migration_audit.artifacts.compose.stack import read_stack
from migration_audit.artifacts.container.startup import read_boot
from migration_audit.artifacts.directus.snapshot import read_directus_snapshot
from migration_audit.detect.candidate import Candidate
from migration_audit.detect.listing import Listing
from migration_audit.model.compose import Service, Stack
from migration_audit.model.errors import AuditError
from migration_audit.model.image import StartedCommand

MAIN: Final = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
OTHERS: Final = ("compose.*.y*ml", "docker-compose.*.y*ml", "compose-*.y*ml", "docker-compose-*.y*ml")
_DATABASE: Final = re.compile(r"(?:.*/)?[\w.-]*(?:postg|timescale|pgvector|citus)[\w.-]*(?::.*|@.*)?", re.IGNORECASE)
_URL_USER: Final = re.compile(r"postgres(?:ql)?(?:\+\w+)?://([A-Za-z_]\w*)[:@]")
_USER: Final = re.compile(r"(?:DB|DATABASE|PG|POSTGRES(?:QL)?)_?USER(?:NAME)?")
_SNAPSHOT: Final = re.compile(r'(?m)^(?:directus:|\s*"directus"\s*:)\s*["\']?\d')
_HEAD: Final = 4000
_FROM: Final = re.compile(r"(?im)^FROM\s+(?:--\S+\s+)*\S*directus/directus\b")
_DEPENDENCY: Final = re.compile(r'"directus"\s*:\s*"[^"]*\d')


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


def snapshots(listing: Listing) -> list[str]:
    """The snapshots that Directus wrote, by path."""
    found = listing.named("*.yaml", "*.yml", "*.json")
    return [path for path in found if _SNAPSHOT.search(listing.text(path)[:_HEAD]) and _is_snapshot(listing, path)]


def _is_snapshot(listing: Listing, path: str) -> bool:
    try:
        read_directus_snapshot(listing.base / path, shown=path)
    except AuditError:
        return False
    return True


def directus_projects(listing: Listing) -> dict[str, str]:
    """The folder of each project that is a Directus, and the file that says so."""
    found: dict[str, str] = {}
    for pattern, globs in ((_FROM, ("Dockerfile", "Dockerfile.*", "*.Dockerfile")), (_DEPENDENCY, ("package.json",))):
        for path in listing.named(*globs):
            if at := listing.line(path, pattern):
                found.setdefault(listing.project_of(path), f"{at} is Directus")
    for path in snapshots(listing):
        found.setdefault(listing.project_of(path), f"{path} is a snapshot of Directus")
    return found


def dockerfile_of(project: str) -> str:
    """Where the Dockerfile of a project is, if it has one."""
    return "Dockerfile" if project == "." else f"{project}/Dockerfile"


def boot_commands(listing: Listing, project: str) -> tuple[StartedCommand, ...]:
    """What a container of the project's own Dockerfile starts, in order; empty where that cannot be known."""
    dockerfile = dockerfile_of(project)
    if dockerfile not in listing.paths:
        return ()
    try:
        boot, _ = read_boot(None, dockerfile=listing.base / dockerfile, context=None, shown_from=listing.base)
    except AuditError:
        return ()
    return boot.run.commands


def is_directus(command: StartedCommand) -> bool:
    """Whether a command makes the tables of Directus, or those of its snapshot."""
    return any(word.rsplit("/", 1)[-1] in {"directus", "cli.js"} for word in command.words) and not {
        "bootstrap",
        "apply",
    }.isdisjoint(command.words)


def applied_around(commands: Iterable[StartedCommand], candidates: Iterable[Candidate]) -> dict[str, tuple[bool, str]]:
    """For each candidate whose folder a command names: whether before Directus makes its tables, and which line says so."""
    found: dict[str, tuple[bool, str]] = {}
    before = True
    for command in commands:
        if is_directus(command):
            before = False
        for candidate in candidates:
            name = posixpath.basename(candidate.folder)
            if any(word.rstrip("/").rsplit("/", 1)[-1] == name for word in command.words):
                found.setdefault(candidate.folder, (before, str(command.at)))
    return found
