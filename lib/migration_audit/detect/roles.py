"""Which candidate is the legacy source and which the owner's, as far as files say; nothing is guessed between two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from migration_audit.detect.candidate import Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectedRole:
    """One of the two sources."""

    chosen: Candidate | None = None
    why: str = ""
    """Why it is this one, or why none is."""
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
