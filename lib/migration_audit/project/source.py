"""``[legacy]`` and ``[owner]``: what makes the schema of one side, and where its runner records what it applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from migration_audit import formats
from migration_audit.formats import LEDGER_NAMES, LedgerFormat, find_ledger
from migration_audit.formats.ledgers import PLAIN_LEDGER, named_ledger
from migration_audit.model.command import PLACEHOLDERS, filled
from migration_audit.model.identifiers import dotted
from migration_audit.model.location import Location
from migration_audit.model.progress import FILE_TIMEOUT, STATEMENT_TIMEOUT
from migration_audit.project import keys
from migration_audit.project.describe import Shape, Table, TablePlace, computed, setting, table, table_in
from migration_audit.project.keys import VARIABLE, Leads
from migration_audit.project.locate import Found
from migration_audit.project.names import split_qualified

_TIMEOUT: Final = 300
"""Seconds that a command may take where audit.toml does not say."""

_NAMES: Final = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
_LEDGER_TABLE: Final = "the ledger as schema.table, such as public.migrations_applied"
_LEDGER_COLUMN: Final = "the column with the name of the applied file"

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


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSettings:
    """A migration runner: how it is called, and what it reads."""

    words: tuple[str, ...] = setting(
        keys.texts('a list of a program and its arguments, such as ["npx", "knex", "migrate:latest"]'),
        "Instead of sql: a command that migrates an empty database, for runners whose migrations are not SQL files. No "
        "shell reads it. It runs against a shadow of its own, without the variables of your shell (PATH and LANG "
        "apart), in a home of its own, as the user nobody where the audit runs as root.",
        default=MISSING,
        name="command",
        example='["npx", "knex", "migrate:latest"]',
        replaces=True,
    )
    directory: Path = setting(
        keys.path("a directory, relative to this file"),
        "Where it runs. Left out: root.",
        example='"service"',
        fallback=lambda table, _: table.get("root", "."),
        is_file=True,
        replaces=True,
    )
    env: Mapping[str, str] = setting(
        keys.environ('a table of variables and texts, such as { DATABASE_URL = "{url}" }'),
        "Variables with the shadow's address, if the command does not read libpq's (PGHOST, PGPORT, PGUSER, PGPASSWORD, "
        f"PGDATABASE): {_NAMES}; {{{{ and }}}} are braces. Make sure that it does not read an address from a file, such "
        "as .env: it would migrate that database.",
        example='{ DATABASE_URL = "{url}" }',
        replaces=True,
    )
    files: tuple[str, ...] = setting(
        keys.globs('a list of glob patterns below root, such as ["migrations/*.js"]', leads=Leads.FROM_ROOT),
        "The files below root that decide what the command does: their digests become evidence.",
        example='["migrations/*.js", "package-lock.json"]',
        replaces=True,
    )
    timeout: int = computed(lambda table, _: table.get("timeout", _TIMEOUT), default=_TIMEOUT)
    """Seconds that one run may take."""
    at: Location = computed(lambda _, place: place.at("command"), compare=False)


class NameFormat(StrEnum):
    """How a ledger names the files that its runner applied."""

    FILE = "file"
    """As the file is called: ``0001_positions.sql``."""
    STEM = "stem"
    """Without the extension: ``0001_positions``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings:
    """The table in which a runner records what it applied."""

    known: LedgerFormat | None = setting(
        keys.choice(PLAIN_LEDGER, *LEDGER_NAMES),
        "names: a plain list of files. A runner that we know (flyway, goose, prisma, …) keeps its ledger in its own "
        'way: then format = "flyway" is enough, or nothing at all where the source has that format.',
        name="format",
        example=f'"{PLAIN_LEDGER}"',
    )
    """How a runner that we know keeps its ledger; None for a plain list of files."""
    schema: str
    table: str = setting(
        keys.qualified(_LEDGER_TABLE), "schema.table", default=MISSING, example='"service.migrations_applied"'
    )
    name_column: str = setting(
        keys.text(_LEDGER_COLUMN), "The column with the name of the file.", default=MISSING, example='"filename"'
    )
    checksum_column: str | None = setting(
        keys.text("the column with the SHA-256 of the applied file"),
        "The column with the SHA-256 (hex) of the file, if the ledger has one.",
        example='"checksum"',
    )
    """The column with the checksum of the file, where the runner keeps one: a SHA-256 (hex), unless ``known`` says else."""
    name_format: NameFormat = setting(
        keys.choice(*NameFormat),
        "How that column names a file: file (0001_users.sql) or stem (0001_users).",
        default=NameFormat.FILE,
    )
    cleanup: str | None = setting(
        keys.long_text("the clean-up SQL that the report shows; the audit does not run it"),
        "The one-off clean-up that operators may run after the retirement: shown in the report, never run by the audit.",
        example='"DROP TABLE service.migrations_applied;"',
    )

    @property
    def key(self) -> str:
        """``schema.table``, as catalog objects spell it."""
        return dotted(self.schema, self.table)

    @property
    def format(self) -> LedgerFormat:
        """How its rows are read."""
        if self.known is not None:
            return self.known
        return named_ledger(
            self.key,
            name_column=self.name_column,
            checksum_column=self.checksum_column,
            stems=self.name_format is NameFormat.STEM,
        )

    @property
    def companions(self) -> tuple[tuple[str, str], ...]:
        """Kind and key of what the runner creates for itself besides the table: other tables, a schema."""
        if self.known is None:
            return ()
        home = split_qualified(self.known.table) or ("public", "")
        found = []
        for named in self.known.companions:
            if named.startswith("schema "):
                name = named.removeprefix("schema ")
                found.append(("schema", dotted(self.schema if name == home[0] else name)))
            elif (parts := split_qualified(named)) is not None:
                found.append(("table", dotted(self.schema if parts[0] == home[0] else parts[0], parts[1])))
        return tuple(found)

    def entry(self, file_name: str) -> str:
        """What the ledger holds for a file of this name.

        >>> LedgerSettings(schema="s", table="t", name_column="n", name_format=NameFormat.STEM).entry("0001_a.sql")
        '0001_a'
        """
        return Path(file_name).stem if self.name_format is NameFormat.STEM else file_name


def _ledger(source: Table, _: TablePlace) -> LedgerSettings | None:
    """The ledger that audit.toml describes, else the one that the source's format has by default."""
    given = source.get("ledger", {})
    known = find_ledger(given.get("format", source.get("format", PLAIN_LEDGER))) if "name_column" not in given else None
    if "ledger" not in source and known is None:
        return None
    names = split_qualified(given.get("table") or (known.table if known else ""))
    if names is None:  # validated before
        raise ValueError(given)
    return LedgerSettings(
        schema=names[0],
        table=names[1],
        name_column=known.name_column if known else given["name_column"],
        checksum_column=known.checksum_column if known else given.get("checksum_column"),
        known=known,
        name_format=NameFormat(given.get("name_format", NameFormat.FILE)),
        cleanup=given.get("cleanup"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One of the two sources, and where its runner records what it applied.

    Exactly one of ``sql``, ``command``, ``snapshot`` and ``dsn_env`` is set; the last two of the legacy source only.
    """

    name: str = setting(
        keys.text("a short name, such as processor"),
        "The name of the source in reports. Left out: legacy or owner, as the table.",
        example='"service"',
        fallback=lambda _, place: place.path[-1],
    )
    root: Path = setting(
        keys.path("a directory, relative to this file"),
        "The directory that the patterns below start from.",
        fallback=".",
        is_file=True,
    )
    sql: tuple[str, ...] = setting(
        keys.globs('a list of glob patterns below root, such as ["db/migrations/*.sql"]', leads=Leads.FROM_ROOT),
        "Which files, in the order of their names; numbers at the front of a name count as numbers.",
        example='["service/migrations/*.sql"]',
        is_live=True,
    )
    """Glob patterns relative to ``root``; what they match, and in which order, is read later."""
    command: CommandSettings | None = table(CommandSettings, shape=Shape.INLINE, when="command")
    """The runner itself, which migrates the shadow."""
    snapshot: Path | None = setting(
        keys.path("a snapshot that `migration-audit snapshot` saved, relative to this file, such as legacy.json"),
        "Instead of sql, where only a database knows the legacy schema: a snapshot that `migration-audit snapshot` "
        "saved of it. It is only read. Checks of the legacy SQL are skipped then.",
        example='"legacy.json"',
        is_file=True,
        replaces=True,
    )
    dsn_env: str | None = setting(
        keys.pattern(VARIABLE, "the NAME of an environment variable that holds the URL, such as LEGACY_DATABASE_URL"),
        "Instead of snapshot: the NAME of the variable that holds the URL of such a database. It is only read.",
        example='"LEGACY_DATABASE_URL"',
        replaces=True,
    )
    format: str = setting(
        keys.choice(*formats.NAMES),
        "How the runner reads these files: files (each file as psql -f applies it), flyway, goose, dbmate, … "
        "`migration-audit format list` names all; `migration-audit format explain NAME` says which files, in which "
        "order, which part of each. Of other formats than files, a pattern may name the folder itself.",
        default="files",
    )
    placeholders: Mapping[str, str] = setting(
        keys.words('a table of names and texts, such as { schema = "app" }'),
        "Values that the runner inserts into the SQL, such as Flyway's placeholders.",
        example='{ schema = "app" }',
    )
    variables: Mapping[str, str] = setting(
        keys.variables('a table of names and texts, such as { schema = "app" }'),
        "psql's variables, set for each file as with `psql -v schema=app`. The owner's are also those of post_sql of "
        "[boot] and grants of [rehearsal].",
        example='{ schema = "app" }',
    )
    settings: Mapping[str, str] = setting(
        keys.words('a table of settings, such as { search_path = "app" }'),
        "Settings that each session starts with.",
        example='{ search_path = "app", role = "app_owner" }',
    )
    settings_at: Location | None = computed(
        lambda table, place: place.at("settings") if "settings" in table else None, default=None, compare=False
    )
    """Where audit.toml gives them."""
    role: str | None = setting(
        keys.role(), "The role that owns what this source creates in a live database.", example='"service"'
    )
    statement_timeout: int = setting(
        keys.seconds(), "Seconds that one statement of sql may take in a shadow.", default=STATEMENT_TIMEOUT
    )
    file_timeout: int = setting(
        keys.seconds(),
        "Seconds that one file of sql may take in a shadow, or one run of command "
        f"(left out: {FILE_TIMEOUT}, of a command {_TIMEOUT}).",
        default=FILE_TIMEOUT,
        name="timeout",
    )
    rerun: bool | None = setting(
        keys.flag(),
        "Whether the runner may apply a file again; the second time must then change nothing. Left out: true "
        "without a ledger.",
        example="true",
    )
    ledger: LedgerSettings | None = table(
        LedgerSettings,
        "The table in which this runner records what it applied. Leave the table out if it keeps none (or where its "
        "format brings its own). Both runners may share one table: name it in both places.",
        make=_ledger,
    )
    at: Location = field(compare=False)

    @property
    def is_applied(self) -> bool:
        """Whether it can be applied to a shadow; a snapshot or a database can only be read."""
        return self.snapshot is None and self.dsn_env is None

    @property
    def may_rerun(self) -> bool:
        """Whether the runner may apply a file again: without a ledger it does not know which files it has applied."""
        return self.ledger is None if self.rerun is None else self.rerun


def source_problems(tables: Mapping[str, Any]) -> Iterator[Found]:
    """What is wrong with ``[legacy]`` and ``[owner]`` beyond the types of their keys."""
    for side, kinds in KINDS.items():
        if isinstance(tables.get(side), dict):
            yield from _kind(side, kinds, tables[side])
            yield from _command(side, tables[side])
            yield from _ledger_problems(side, tables[side], tables[side].get("ledger"))


def _kind(side: str, kinds: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[Found]:
    given = [kind for kind in kinds if kind in table]
    if not given:
        yield (side, "sql"), f"is missing, expected one of {', '.join(kinds)}", f"add one of them below [{side}]"
    for kind in given[1:]:
        what = f"is set together with {given[0]}, expected exactly one of {', '.join(kinds)}"
        yield (side, kind), what, "remove one of them"
    for name in table_in(table, "settings"):
        if name.lower() == "session_authorization":
            yield (side, "settings", name), "has no effect at the start of a session", 'write role = "…"'
    for name, owners in _BELONG_TO.items():
        if len(given) == 1 and name in table and given[0] not in owners:
            yield (side, name), f"belongs to {' or '.join(owners)}, but this source has {given[0]}", "remove it"


def _command(side: str, table: Mapping[str, Any]) -> Iterator[Found]:
    command = table.get("command")
    if command is not None and "name_format" in table_in(table, "ledger"):
        what = "applies to file names, but a command decides itself what it records"
        yield (side, "ledger", "name_format"), what, "remove it"
    for position, word in enumerate(command if isinstance(command, list) else ()):
        if isinstance(word, str) and any(f"{{{name}}}" in word for name in PLACEHOLDERS):
            what = "contains the shadow's connection, but every user of this machine can read a command's arguments"
            yield (side, "command", position), what, 'put it into a variable: env = { DATABASE_URL = "{url}" }'
    for name, value in table_in(table, "env").items():
        try:
            filled(value, dict.fromkeys(PLACEHOLDERS, "")) if isinstance(value, str) else None
        except ValueError as error:
            what = f"uses {error}, which is not a placeholder"
            yield (side, "env", name), what, f"the placeholders are {_NAMES}; write {{{{ and }}}} for a brace"


def _ledger_problems(side: str, source: Mapping[str, Any], ledger: Any) -> Iterator[Found]:
    """A ledger is that of a runner that we know, or it says where the names of the files are."""
    if not isinstance(ledger, dict):
        return
    named = ledger.get("format", PLAIN_LEDGER if "name_column" in ledger else source.get("format"))
    if not isinstance(named, str | None):  # reported already, as not one of the words
        return
    given = [name for name in ("name_column", "checksum_column", "name_format") if name in ledger]
    if named in LEDGER_NAMES and given:
        what = f"sets {given[0]}, but the format {named} already defines the columns"
        yield (side, "ledger"), what, "leave one of them out"
    elif named not in LEDGER_NAMES:
        for name, expected in (("table", _LEDGER_TABLE), ("name_column", _LEDGER_COLUMN)):
            if name not in ledger:
                todo = f"add it below [{side}.ledger], or name the runner: format = one of {', '.join(LEDGER_NAMES)}"
                yield (side, "ledger", name), f"is missing, expected {expected}", todo
