"""What ``.gmrc`` says to graphile-migrate: placeholders, settings of its sessions, and actions around the migrations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from posixpath import normpath
from typing import Any

import json5

from migration_audit.formats.interface import ConfigurationFile, MigrationFolder
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import THIS_DATABASE

_FILES = (".gmrc", ".gmrc.js", ".gmrc.cjs")
_KEYS = frozenset(
    {
        *("connectionString", "shadowConnectionString", "rootConnectionString", "databaseOwner", "migrationsFolder"),
        *("manageGraphileMigrateSchema", "pgSettings", "placeholders", "blankMigrationContent", "logger"),
        *("beforeReset", "afterReset", "beforeAllMigrations", "afterAllMigrations", "beforeCurrent", "afterCurrent"),
    }
)
RUN = ("beforeAllMigrations", "afterAllMigrations")
"""The actions that ``graphile-migrate migrate`` runs."""
NOT_RUN = {"beforeReset": "reset", "afterReset": "reset", "beforeCurrent": "current", "afterCurrent": "current"}
"""The commands that run the other actions."""
PLACEHOLDER = re.compile(r":[A-Z][0-9A-Z_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action of ``.gmrc``: a SQL file in the migrations folder, or a command."""

    hook: str
    file: str | None = None
    command: str | None = None
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphileSettings:
    """What the reading of the migrations needs of ``.gmrc``."""

    shown: str | None = None
    """The file; None where there is none."""
    is_program: bool = False
    """Whether it is JavaScript, of which nothing is known."""
    placeholders: Mapping[str, str] = field(default_factory=dict)
    from_environment: frozenset[str] = frozenset()
    """Placeholders whose values come from variables that are not seen here."""
    session: Mapping[str, str] = field(default_factory=dict)
    """``pgSettings``."""
    actions: tuple[Action, ...] = ()

    def of(self, *hooks: str) -> tuple[Action, ...]:
        """The actions of these hooks, in order."""
        return tuple(action for action in self.actions if action.hook in hooks)


def read_graphile_settings(tree: MigrationFolder, folder: str, placeholders: Mapping[str, str]) -> GraphileSettings:
    """The settings in addition to the migrations folder, with the placeholders of audit.toml.

    Raises SourceError where graphile-migrate refuses the file.
    """
    given = {f":{name.removeprefix(':')}": value for name, value in placeholders.items()}
    for name, value in given.items():
        if "\n" in value:
            raise SourceError(
                f"the value of {name} contains a line break", todo="graphile-migrate would move the lines: remove it"
            )
    found = next(((name, text) for name in _FILES if (text := tree.find(normpath(f"{folder}/../{name}"))) is not None), None)
    if found is None:
        return GraphileSettings(placeholders=_with_own(given, None))
    name, text = found
    shown = normpath(tree.shown_path(f"{folder}/../{name}"))
    if name != ".gmrc":
        return GraphileSettings(shown=shown, is_program=True, placeholders=_with_own(given, None))
    file = _File(shown, text)
    written = file.words("placeholders", str)
    for key in written:
        if not PLACEHOLDER.fullmatch(key) or key in {":DATABASE_NAME", ":DATABASE_OWNER"}:
            file.refuse(
                key,
                f"graphile-migrate rejects the placeholder {key}",
                "use a name like :ABCD_EFG that graphile-migrate does not define itself",
            )
    known = {key: value for key, value in written.items() if value != "!ENV"}
    owner = file.values.get("databaseOwner")
    return GraphileSettings(
        shown=shown,
        placeholders=_with_own(known | given, owner if isinstance(owner, str) else None),
        from_environment=frozenset(written.keys() - known.keys() - given.keys()),
        session={key: str(value) for key, value in file.words("pgSettings", str, int, float).items()},
        actions=tuple(action for hook in (*RUN, *NOT_RUN) for action in file.actions(hook)),
    )


def _with_own(values: Mapping[str, str], owner: str | None) -> dict[str, str]:
    """With those that graphile-migrate adds itself."""
    own = {":DATABASE_NAME": THIS_DATABASE} | ({":DATABASE_OWNER": owner} if owner else {})
    return own | dict(values)


class _File(ConfigurationFile):
    """``.gmrc``, parsed."""

    def __init__(self, shown: str, text: bytes) -> None:
        super().__init__(shown, text.decode(errors="replace"))
        try:
            values = json5.loads("\n".join(self.lines))
        except ValueError as error:
            line = re.match(r"<string>:(\d+)", str(error))
            where = f"{shown}:{line[1] if line else 1}"
            raise SourceError(
                f"is not JSON5: {error}", where=where, todo="correct it: graphile-migrate rejects it"
            ) from None
        if not isinstance(values, dict):
            self.refuse("", "graphile-migrate expects an object of settings", "write { … }")
        self.values: dict[str, Any] = values
        for key in self.values:
            if key not in _KEYS and not key.startswith("//"):
                self.refuse(key, f"graphile-migrate does not know the setting {key}", "remove it")

    def words(self, key: str, *types: type) -> dict[str, Any]:
        """The table ``key`` with values of these types."""
        table = self.values.get(key) or {}
        if not isinstance(table, dict):
            self.refuse(key, f"{key} must be an object", "write { … }")
        for name, value in table.items():
            if not isinstance(value, types) or isinstance(value, bool) or (isinstance(value, str) and "\n" in value):
                self.refuse(name, f"{key} requires a one-line string for {name}", "put it in quotes")
        return dict(table)

    def actions(self, hook: str) -> list[Action]:
        """The actions of one hook, those for the shadow database of graphile-migrate aside."""
        given = self.values.get(hook) or []
        found = [self._action(hook, each) for each in (given if isinstance(given, list) else [given])]
        return [action for action in found if action is not None]

    def _action(self, hook: str, given: object) -> Action | None:
        if isinstance(given, str):
            given = {"_": "sql", "file": given.removeprefix("!"), "root": given.startswith("!")}
        kind = given.get("_", "command") if isinstance(given, dict) else None
        value = given.get({"sql": "file", "command": "command"}.get(str(kind), "")) if isinstance(given, dict) else None
        if not isinstance(given, dict) or not isinstance(value, str):
            self.refuse(hook, f"graphile-migrate does not understand an action of {hook}", 'write "file.sql"')
        if given.get("root") and hook in RUN:
            self.refuse(hook, f"graphile-migrate rejects an action with root rights in {hook}", "move it to afterReset")
        if given.get("shadow") is True:
            return None
        line = self.line(value or hook)
        return Action(hook=hook, file=value, line=line) if kind == "sql" else Action(hook=hook, command=value, line=line)
