"""The keys of ``[boot]``, what is wrong with one as a whole, and the settings that a valid one gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from migration_audit.model.location import Location
from migration_audit.project.keys import Key, Leads, globs, path, text, texts
from migration_audit.project.locate import KeyPath, absolute
from migration_audit.project.settings_boot import BootSettings, BootStep

_FILES: Final = "a list of Compose files relative to this file, such as"
_SERVICES: Final = ("database_service", "owner_service", "writer_service")

BOOT_KEYS: Final[Mapping[str, Key]] = {
    "compose": texts(f'{_FILES} ["deploy/compose.yaml"]', leads=Leads.FROM_HERE),
    "profiles": texts('a list of names of profiles, such as ["production"]'),
    "database_service": text("the name of a service of the Compose files, such as postgres"),
    "owner_service": text("the name of a service of the Compose files, such as platform"),
    "writer_service": text("the name of a service of the Compose files, such as service"),
    "dev_compose": texts(f'{_FILES} ["service/compose.dev.yaml"]', leads=Leads.FROM_HERE),
    "dockerfile": path("a file relative to this file, such as platform/Dockerfile"),
    "context": path("a directory, relative to this file"),
    "post_sql": globs('a list of glob patterns relative to this file, such as ["platform/db-init-post/*.sql"]'),
}

STEP_KEYS: Final[Mapping[str, Key]] = {
    "name": text("a short name, such as db-init", required=True),
    "command": text("words of a command, such as apply-sql.sh * db-init", required=True),
}


def boot_problems(tables: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str, str]]:
    """What is wrong with ``[boot]`` beyond the types of its keys: path of the key, what, and what to do."""
    boot = tables.get("boot")
    if not isinstance(boot, dict):
        return
    if boot.get("compose") or boot.get("dev_compose"):
        for name in ("owner_service", "writer_service"):
            if name not in boot:
                yield ("boot", name), "is missing, expected the name of a service", "add it below [boot]"
    for name in ("profiles", *_SERVICES):
        if name in boot and not (boot.get("compose") or boot.get("dev_compose")):
            yield ("boot", name), "is about Compose files, and none is named", "name them: compose = [...]"
    if "context" in boot and "dockerfile" not in boot:
        yield ("boot", "context"), "is the context of a Dockerfile, and none is named", "name it: dockerfile = ..."
    yield from _steps(boot.get("step"))


def _steps(steps: Any) -> Iterator[tuple[KeyPath, str, str]]:
    seen: set[str] = set()
    for position, step in enumerate(steps if isinstance(steps, list) else ()):
        name = step.get("name") if isinstance(step, dict) else None
        if isinstance(name, str) and name in seen:
            yield ("boot", "step", position, "name"), "is the name of another step too", "give each its own name"
        elif isinstance(name, str):
            seen.add(name)


def build_boot(table: Mapping[str, Any], directory: Path, at: Location, steps_at: list[Location]) -> BootSettings:
    """The settings of a valid ``[boot]``; ``steps_at`` are the places of its steps."""

    def file(name: str) -> Path | None:
        return absolute(directory / table[name]) if name in table else None

    return BootSettings(
        compose=tuple(absolute(directory / name) for name in table.get("compose", ())),
        profiles=tuple(table.get("profiles", ())),
        dev_compose=tuple(absolute(directory / name) for name in table.get("dev_compose", ())),
        dockerfile=file("dockerfile"),
        context=file("context"),
        post_sql=tuple(table.get("post_sql", ())),
        steps=tuple(
            BootStep(name=step["name"], command=step["command"], at=place)
            for step, place in zip(table.get("step", ()), steps_at, strict=True)
        ),
        at=at,
        **{name: table[name] for name in _SERVICES if name in table},
    )
