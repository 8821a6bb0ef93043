"""Everything that was found, before a line is written."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from migration_audit.detect.candidate import Candidate, Roles, assign_roles
from migration_audit.detect.listing import Listing
from migration_audit.detect.runners import commands
from migration_audit.detect.sql_places import sql_places
from migration_audit.detect.stack import applied_around, boot_commands, directus_projects, snapshots
from migration_audit.model.image import StartedCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a folder and the projects next to it hold."""

    roles: Roles
    seen: tuple[str, ...]
    """SQL that was not taken, each with the reason."""
    snapshots: tuple[str, ...]
    boot: tuple[StartedCommand, ...] = ()
    """What a container of the Directus project starts."""


def find(listing: Listing) -> Found:
    """Sources, their roles, and what belongs to a Directus."""
    called = commands(listing)
    taken = frozenset[str]().union(*(each.taken for each in called))
    places, seen = sql_places(listing)
    candidates = [*called, *(place for place in places if not _is_taken(listing, place, taken))]
    directus = directus_projects(listing)
    boot = tuple(command for project in directus for command in boot_commands(listing, project))
    around = applied_around(boot, [c for c in candidates if c.project in directus])
    folders = {posixpath.dirname(path) for path in taken}
    return Found(
        roles=assign_roles(candidates, directus, around),
        seen=tuple(one for one in seen if one.partition(": ")[0] not in folders),
        snapshots=tuple(snapshots(listing)),
        boot=boot,
    )


def _is_taken(listing: Listing, place: Candidate, taken: frozenset[str]) -> bool:
    """Whether plain files are those that a command applies."""
    return place.format is None and not place.formats and bool(taken.intersection(listing.within(place.folder)))
