"""What may be one of the two sources: files of a format, or a command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A place whose files make a schema; nothing is decided about whose it is."""

    folder: str
    """Where the migrations are, relative to the folder of audit.toml; ``.`` for that folder."""
    project: str
    """The folder of the project that they belong to."""
    why: str
    """One sentence that names a file."""
    sql: tuple[str, ...] = ()
    """Globs below ``root``; empty for a command."""
    format: str | None = None
    """None where it is not decided (``formats`` says between which), and for plain files."""
    formats: tuple[str, ...] = ()
    """The formats that its files look like, where there are several."""
    command: tuple[str, ...] = ()
    root: str = "."
    """The folder that ``sql`` and ``files`` count from, and where a command runs."""
    ledger: str | None = None
    """How a command keeps its ledger, where we know it; a format brings its own."""
    env: tuple[tuple[str, str], ...] = ()
    env_from: str | None = None
    """The file that reads these variables."""
    files: tuple[str, ...] = ()
    taken: frozenset[str] = frozenset()
    """The migrations of a command, which are not a source of their own."""
    doubts: tuple[str, ...] = ()
    """What is left to decide about it, each as a sentence that names a file."""

    @property
    def shown(self) -> str:
        """The place and how it is read, for people."""
        if self.command:
            return f"{self.folder} ({' '.join(self.command)})"
        return f"{self.folder} ({self.format or ' or '.join(self.formats) or 'files'})"


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectedRole:
    """One of the two sources."""

    chosen: Candidate | None = None
    why: str = ""
    """Why this one is chosen, or why none is."""
    between: tuple[Candidate, ...] = ()
    """What it may be, where none is chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Both sources, and the owner's SQL that runs after the owner made its own tables."""

    legacy: DetectedRole
    owner: DetectedRole
    post: tuple[Candidate, ...] = ()


def assign_roles(
    candidates: Sequence[Candidate], directus: Mapping[str, str], around: Mapping[str, tuple[bool, str]]
) -> Roles:
    """The roles of the candidates; those of the folder itself go before those of the folders next to it.

    The owner is decided where a candidate is in a Directus project. The legacy source is then the other one, and the only
    one where there is no other.
    """
    of_directus = [c for c in candidates if c.project in directus]
    others = _nearest([c for c in candidates if c.project not in directus])
    post = tuple(c for c in of_directus if not around.get(c.folder, (True, ""))[0])
    owner = _owner(_nearest([c for c in of_directus if c not in post]), others, directus)
    return Roles(legacy=_legacy(others, owner), owner=owner, post=post)


def _nearest(candidates: Sequence[Candidate]) -> list[Candidate]:
    inside = [c for c in candidates if not c.folder.startswith("..")]
    return inside or list(candidates)


def _owner(found: Sequence[Candidate], others: Sequence[Candidate], directus: Mapping[str, str]) -> DetectedRole:
    if len(found) == 1:
        return DetectedRole(chosen=found[0], why=directus[found[0].project])
    if found:
        return DetectedRole(between=tuple(found), why="several folders of the Directus project hold SQL")
    if directus:
        project, why = next(iter(directus.items()))
        return DetectedRole(why=f"{why}, and {project} contains no SQL that creates tables")
    if len(others) > 1:
        return DetectedRole(between=tuple(others), why="no file indicates which runner stays")
    return DetectedRole(why="no second source was found")


def _legacy(others: Sequence[Candidate], owner: DetectedRole) -> DetectedRole:
    if len(others) == 1:
        why = "the only source that is not the owner's" if owner.chosen else "the only source that was found"
        return DetectedRole(chosen=others[0], why=why)
    if others:
        return DetectedRole(between=tuple(others), why="no file indicates which runner is to be retired")
    return DetectedRole(why="no other source was found" if owner.chosen or owner.between else "no source was found")
