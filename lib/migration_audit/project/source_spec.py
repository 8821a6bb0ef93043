"""The keys of ``[legacy]`` and ``[owner]``, and what is wrong with one of them as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from migration_audit import formats
from migration_audit.model.command import PLACEHOLDERS, filled
from migration_audit.model.location import Location
from migration_audit.project.keys import (
    Key,
    Leads,
    choice,
    flag,
    globs,
    integer,
    path,
    pattern,
    text,
    texts,
    variables,
    words,
)
from migration_audit.project.locate import KeyPath, absolute
from migration_audit.project.settings_command import TIMEOUT, CommandSettings

Found = tuple[KeyPath, str, str]
"""Path of the key, what is wrong, what to do."""

_NAMES: Final = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "legacy": ("sql", "command", "snapshot", "dsn_env"),
    "owner": ("sql", "command"),
}
"""What the sources may be: exactly one of these keys each."""
_BELONG_TO: Final[Mapping[str, tuple[str, ...]]] = {
    "format": ("sql",),
    "placeholders": ("sql",),
    "variables": ("sql",),
    "settings": ("sql",),
    "rerun": ("sql", "command"),
    "timeout": ("sql", "command"),
    "statement_timeout": ("sql",),
    **dict.fromkeys(("directory", "env", "files"), ("command",)),
}


def source_keys(role: Key) -> Mapping[str, Key]:
    """The keys that both sources may have."""
    return {
        "name": text("a short name, such as processor"),
        "root": path("a directory, relative to this file"),
        "sql": globs('a list of glob patterns below root, such as ["db/migrations/*.sql"]', leads=Leads.FROM_ROOT),
        "format": choice(*formats.NAMES),
        "placeholders": words('a table of names and texts, such as { schema = "app" }'),
        "variables": variables('a table of names and texts, such as { schema = "app" }'),
        "settings": words('a table of settings, such as { search_path = "app" }'),
        "command": texts('a list of a program and its arguments, such as ["npx", "knex", "migrate:latest"]'),
        "directory": path("a directory, relative to this file"),
        "env": Key(
            expected='a table of variables and texts, such as { DATABASE_URL = "{url}" }',
            takes=dict,
            accepts=_is_environment,
        ),
        "files": globs('a list of glob patterns below root, such as ["migrations/*.js"]', leads=Leads.FROM_ROOT),
        "timeout": integer(minimum=1, expected="a whole number of seconds, at least 1"),
        "statement_timeout": integer(minimum=1, expected="a whole number of seconds, at least 1"),
        "role": role,
        "rerun": flag(),
    }


def legacy_keys() -> Mapping[str, Key]:
    """The keys of a legacy schema that is known only by its catalog."""
    return {
        "snapshot": path("a snapshot that `migration-audit snapshot` saved, relative to this file, such as legacy.json"),
        "dsn_env": pattern(
            _VARIABLE.pattern, "the NAME of an environment variable that holds the URL, such as LEGACY_DATABASE_URL"
        ),
    }


def _is_environment(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(_VARIABLE.fullmatch(name) and isinstance(text, str) and "\0" not in text for name, text in value.items())
    )


def source_problems(tables: Mapping[str, Any]) -> Iterator[Found]:
    """What is wrong with ``[legacy]`` and ``[owner]`` beyond the types of their keys."""
    for side, kinds in KINDS.items():
        table = tables.get(side)
        if isinstance(table, dict):
            yield from _kind(side, kinds, table)
            yield from _command(side, table)


def _kind(side: str, kinds: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[Found]:
    given = [kind for kind in kinds if kind in table]
    if not given:
        yield (side, "sql"), f"is missing, expected one of {', '.join(kinds)}", f"add one of them below [{side}]"
    for kind in given[1:]:
        what = f"is there beside {given[0]}, expected exactly one of {', '.join(kinds)}"
        yield (side, kind), what, "remove one of them"
    settings = table.get("settings")
    for name in settings if isinstance(settings, dict) else ():
        if name.lower() == "session_authorization":
            yield (side, "settings", name), "does not count at the start of a session", 'write role = "…"'
    for name, owners in _BELONG_TO.items():
        if len(given) == 1 and name in table and given[0] not in owners:
            yield (side, name), f"belongs to {' or '.join(owners)}, and this source has {given[0]}", "remove it"


def _command(side: str, table: Mapping[str, Any]) -> Iterator[Found]:
    command, env, ledger = table.get("command"), table.get("env"), table.get("ledger")
    if command is not None and isinstance(ledger, dict) and "name_format" in ledger:
        what = "is about names of files, and a command records what it will"
        yield (side, "ledger", "name_format"), what, "remove it"
    for position, word in enumerate(command if isinstance(command, list) else ()):
        if isinstance(word, str) and any(f"{{{name}}}" in word for name in PLACEHOLDERS):
            what = "names the shadow's connection, and every user of this machine can read a command's arguments"
            yield (side, "command", position), what, 'put it into a variable: env = { DATABASE_URL = "{url}" }'
    for name, value in env.items() if isinstance(env, dict) else ():
        try:
            filled(value, dict.fromkeys(PLACEHOLDERS, "")) if isinstance(value, str) else None
        except ValueError as error:
            what = f"uses {error}, which is not a placeholder"
            yield (side, "env", name), what, f"the placeholders are {_NAMES}; write {{{{ and }}}} for a brace"


def build_command(table: Mapping[str, Any], directory: Path, root: Path, at: Location) -> CommandSettings | None:
    """The settings of a valid source that has a ``command``; ``directory`` is that of audit.toml."""
    if "command" not in table:
        return None
    return CommandSettings(
        words=tuple(table["command"]),
        directory=absolute(directory / table["directory"]) if "directory" in table else root,
        env=MappingProxyType(table.get("env", {})),
        files=tuple(table.get("files", ())),
        timeout=table.get("timeout", TIMEOUT),
        at=at,
    )
