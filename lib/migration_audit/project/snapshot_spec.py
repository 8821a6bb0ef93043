"""The keys of ``[snapshot]`` that ask for a rehearsal, and what is wrong with them as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from migration_audit.project.keys import Key, choice, integer, texts
from migration_audit.project.locate import KeyPath
from migration_audit.project.settings_snapshot import Rehearse

REHEARSE_KEYS: Final[Mapping[str, Key]] = {
    "rehearse": choice(*(each.value for each in Rehearse)),
    "rehearse_command": texts('a list of a program and its first arguments, such as ["npx", "--no-install", "directus"]'),
    "rehearse_timeout": integer(minimum=1, expected="a whole number of seconds, at least 1"),
}


def snapshot_problems(tables: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str, str]]:
    """What is wrong with the rehearsal of ``[snapshot]``: path of the key, what, and what to do."""
    table = tables.get("snapshot")
    if not isinstance(table, dict):
        return
    by, command = table.get("rehearse"), "rehearse_command"
    if by == Rehearse.COMMAND and command not in table:
        yield ("snapshot", command), "is missing, expected a program and its first arguments", "add it below [snapshot]"
    if command in table and by != Rehearse.COMMAND:
        yield ("snapshot", command), 'belongs to rehearse = "command"', "remove it, or ask for that"
    if "rehearse_timeout" in table and by is None:
        yield ("snapshot", "rehearse_timeout"), "is about a rehearsal, and none is asked for", "remove it"
