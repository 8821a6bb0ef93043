"""Projects that are a Directus: its snapshots, and what of their SQL runs before and after it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import Final

from migration_audit.artifacts.container.startup import read_boot
from migration_audit.artifacts.directus.snapshot import read_directus_snapshot
from migration_audit.detect.candidate import Candidate
from migration_audit.detect.listing import Listing
from migration_audit.model.errors import AuditError
from migration_audit.model.image import StartedCommand

_SNAPSHOT: Final = re.compile(r'(?m)^(?:directus:|\s*"directus"\s*:)\s*["\']?\d')
_HEAD: Final = 4000
_FROM: Final = re.compile(r"(?im)^FROM\s+(?:--\S+\s+)*\S*directus/directus\b")
_DEPENDENCY: Final = re.compile(r'"directus"\s*:\s*"[^"]*\d')


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
