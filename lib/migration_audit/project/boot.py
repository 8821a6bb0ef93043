"""``[boot]`` and ``[snapshot]``: how a fresh stack comes up, and the Directus snapshot that is applied in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from migration_audit.model.location import Location
from migration_audit.project import keys
from migration_audit.project.describe import Example, Shape, computed, repeated, setting, table, table_in
from migration_audit.project.keys import Leads
from migration_audit.project.locate import Found

_FILES: Final = "a list of Compose files relative to this file, such as"
_SERVICE: Final = "the name of a service of the Compose files, such as"
_SERVICES: Final = ("database_service", "owner_service", "writer_service")


@dataclass(frozen=True, slots=True, kw_only=True)
class BootStep:
    """One step of the owner's boot."""

    name: str = setting(keys.text("a short name, such as db-init"), required=True)
    command: str = setting(
        keys.text("words of a command, such as apply-sql.sh * db-init"),
        "Words that appear in this order among the words of one command that the owner's container runs; * and ? are "
        "globs, a * alone is any words.",
        required=True,
    )
    at: Location = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BootSettings:
    """The stack that operators start, and what a start of the owner must do."""

    compose: tuple[Path, ...] = setting(
        keys.texts(f'{_FILES} ["deploy/compose.yaml"]', leads=Leads.FROM_HERE),
        "Merged in this order, as `docker compose -f a -f b` does. Variables come from the .env next to the first file "
        "alone.",
        example='["deploy/compose.yaml"]',
        is_file=True,
    )
    profiles: tuple[str, ...] = setting(
        keys.texts('a list of names of profiles, such as ["production"]'),
        "The profiles with which the stack is started. Left out: COMPOSE_PROFILES of .env, else none.",
        example='["production"]',
    )
    database_service: str | None = setting(
        keys.text(f"{_SERVICE} postgres"),
        "The service that runs the database; the owner must wait for it.",
        example='"postgres"',
    )
    owner_service: str | None = setting(
        keys.text(f"{_SERVICE} platform"),
        "The service that runs the owner's SQL; it must wait for a healthy database.",
        example='"platform"',
    )
    writer_service: str | None = setting(
        keys.text(f"{_SERVICE} service"),
        "The service that writes; it must wait for a healthy owner.",
        example='"service"',
    )
    dev_compose: tuple[Path, ...] = setting(
        keys.texts(f'{_FILES} ["service/compose.dev.yaml"]', leads=Leads.FROM_HERE),
        "The Compose files with which the writer is developed, merged like the others.",
        example='["service/compose.dev.yaml"]',
        is_file=True,
    )
    dockerfile: Path | None = setting(
        keys.path("a file relative to this file, such as platform/Dockerfile"),
        "The owner's Dockerfile. Left out: the one of its service's `build`.",
        example='"platform/Dockerfile"',
        is_file=True,
    )
    context: Path | None = setting(
        keys.path("a directory, relative to this file"),
        "The context of its build. Left out: the Dockerfile's folder.",
        example='"platform"',
        is_file=True,
    )
    post_sql: tuple[str, ...] = setting(
        keys.globs('a list of glob patterns relative to this file, such as ["platform/db-init-post/*.sql"]'),
        "SQL that runs after the owner has created its tables: what this SQL creates must exist in each live database.",
        example='["platform/db-init-post/*.sql"]',
    )
    steps: tuple[BootStep, ...] = table(
        BootStep,
        "The steps of the owner's boot, in the order in which they must run.",
        name="step",
        shape=Shape.ARRAY,
        examples=(
            Example(values={"name": '"db-init"', "command": '"apply-sql.sh * db-init"'}),
            Example(values={"name": '"start"', "command": '"server start"'}),
        ),
    )
    at: Location = field(compare=False)


def boot_problems(tables: Mapping[str, Any]) -> Iterator[Found]:
    """What is wrong with ``[boot]`` beyond the types of its keys."""
    boot = table_in(tables, "boot")
    if boot.get("compose") or boot.get("dev_compose"):
        for name in ("owner_service", "writer_service"):
            if name not in boot:
                yield ("boot", name), "is missing, expected the name of a service", "add it below [boot]"
    for name in ("profiles", *_SERVICES):
        if name in boot and not (boot.get("compose") or boot.get("dev_compose")):
            yield ("boot", name), "requires Compose files, but none are named", "name them: compose = [...]"
    if "context" in boot and "dockerfile" not in boot:
        yield ("boot", "context"), "is the context of a Dockerfile, but none is named", "name it: dockerfile = ..."
    yield from repeated(tables, "boot", "step", what="step")


_TIMEOUT: Final = 300
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
        keys.path("the Directus snapshot, relative to this file, such as snapshots/schema.yaml"),
        example='"platform/snapshots/schema.yaml"',
        is_file=True,
        required=True,
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
        keys.seconds(), "Seconds that each call of Directus may take in a rehearsal.", default=_TIMEOUT
    )
    at: Location = field(compare=False)


def snapshot_problems(tables: Mapping[str, Any]) -> Iterator[Found]:
    """What is wrong with the rehearsal of ``[snapshot]``."""
    table = table_in(tables, "snapshot")
    by, command = table.get("rehearse"), "rehearse_command"
    if by == Rehearse.COMMAND and command not in table:
        yield ("snapshot", command), "is missing, expected a program and its first arguments", "add it below [snapshot]"
    if command in table and by != Rehearse.COMMAND:
        yield ("snapshot", command), 'belongs to rehearse = "command"', "remove it, or ask for that"
    if "rehearse_timeout" in table and by is None:
        yield ("snapshot", "rehearse_timeout"), "is about a rehearsal, but none is configured", "remove it"
