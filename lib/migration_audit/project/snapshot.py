"""``[snapshot]``: the Directus snapshot that is applied in addition to raw SQL, and whether that is rehearsed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from migration_audit.model.location import Location
from migration_audit.project import keys
from migration_audit.project.describe import computed, setting
from migration_audit.project.locate import Found

TIMEOUT: Final = 300
"""Seconds that one command of Directus may take in a rehearsal, where audit.toml does not say."""


class Rehearse(StrEnum):
    """Where the real Directus of a rehearsal comes from."""

    NPM = "npm"
    """The package of the exact version, installed into the user's cache."""
    DOCKER = "docker"
    """The image ``directus/directus`` of the exact version."""
    COMMAND = "command"
    """What ``rehearse_command`` says in place of ``directus``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotSettings:
    """Which file ``directus schema apply`` applies, by which version and as which database role."""

    file: Path = setting(
        keys.path("the Directus snapshot, relative to this file, such as snapshots/schema.yaml", required=True),
        example='"platform/snapshots/schema.yaml"',
        is_file=True,
    )
    shown: str = computed(lambda table, _: table["file"])
    """The file as audit.toml names it."""
    version: str | None = setting(
        keys.pattern(r"v?[0-9]+\.[0-9]+\.[0-9]+", "a release of Directus, such as 11.17.4"),
        "The version of Directus. Left out: as the owner's image says (the tag of its FROM, or its package.json and "
        "lock file).",
        example='"11.17.4"',
    )
    role: str | None = setting(
        keys.role(),
        "The database role with which Directus connects. Left out: the role of [owner].",
        example='"platform"',
    )
    rehearse: Rehearse | None = setting(
        keys.choice(*Rehearse),
        "Let the real version apply the file, twice, to throw-away databases like the environment's and like a fresh one, "
        "which hold rows of directus_collections, directus_fields, directus_relations and directus_migrations and nothing "
        'else of its data. "npm" installs the exact version (0.8 GB, once), "docker" runs directus/directus:VERSION, '
        '"command" runs what rehearse_command says in place of `directus`, with DB_HOST, DB_PORT, … of the throw-away '
        "database. Left out: not rehearsed.",
        example='"command"',
        convert=Rehearse,
    )
    rehearse_command: tuple[str, ...] = setting(
        keys.texts('a list of a program and its first arguments, such as ["npx", "--no-install", "directus"]'),
        "The program and its first arguments, in front of Directus's own: bootstrap, schema apply --yes FILE.",
        example='["npx", "--no-install", "directus"]',
    )
    rehearse_timeout: int = setting(
        keys.seconds(), "Seconds that each call of Directus may take in a rehearsal.", default=TIMEOUT
    )
    at: Location = field(compare=False)


def snapshot_problems(tables: Mapping[str, Any]) -> Iterator[Found]:
    """What is wrong with the rehearsal of ``[snapshot]``."""
    table = tables.get("snapshot")
    if not isinstance(table, dict):
        return
    by, command = table.get("rehearse"), "rehearse_command"
    if by == Rehearse.COMMAND and command not in table:
        yield ("snapshot", command), "is missing, expected a program and its first arguments", "add it below [snapshot]"
    if command in table and by != Rehearse.COMMAND:
        yield ("snapshot", command), 'belongs to rehearse = "command"', "remove it, or ask for that"
    if "rehearse_timeout" in table and by is None:
        yield ("snapshot", "rehearse_timeout"), "is about a rehearsal, but none is configured", "remove it"
