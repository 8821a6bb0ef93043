"""What Flyway's configuration files say: ``flyway.toml`` or ``flyway.conf``, and the ``….sql.conf`` of a script.

Only what changes the reading of the SQL counts. A setting that this format does not follow is an error with its line;
settings made elsewhere (Spring's properties, a Maven plugin, FLYWAY_ variables, the command line) are not seen.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from migration_audit.formats.flyway_names import Naming
from migration_audit.formats.interface import ConfigurationFile, MigrationFolder
from migration_audit.model.errors import SourceError

_FILES = ("flyway.toml", "flyway.conf", "conf/flyway.toml", "conf/flyway.conf")
_LEVELS = 12
"""Folders in which a configuration file is looked for: the one that was named, and those above it."""
_REFUSED = frozenset(
    {
        *("callbacks", "callbackLocations", "cherryPick", "errorOverrides", "initSql", "resolvers"),
        *("skipDefaultCallbacks", "skipDefaultResolvers", "skipExecutingMigrations", "target"),
    }
)
_ADVICE = "run Flyway itself on the shadow (`command` in audit.toml), or remove the setting"
_HARMLESS = {"callbacks": "", "cherryPick": "", "initSql": "", "resolvers": "", "target": "latest"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FlywaySettings:
    """Flyway's settings, with its defaults."""

    naming: Naming = field(default_factory=Naming)
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """By name, in small letters; those of audit.toml come first."""
    prefix: str = "${"
    suffix: str = "}"
    separator: str = ":"
    replaces: bool = True
    """Whether placeholders are replaced."""
    mixed: bool = False
    in_transaction: bool = True
    group: bool = False
    one_connection: bool = False
    """Whether the history is kept on the connection that migrates (``postgresql.transactional.lock = false``)."""
    validates: bool = True
    creates_schemas: bool = True
    strict_names: bool = False
    """Whether a file of another name is an error."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptSettings:
    """What the ``.conf`` next to one script says; None where it says nothing."""

    in_transaction: bool | None = None
    replaces: bool | None = None


def read_flyway_settings(trees: Sequence[MigrationFolder], placeholders: Mapping[str, str]) -> FlywaySettings:
    """The nearest configuration file's settings. Raises SourceError for one that is not followed here."""
    given = {name.lower(): value for name, value in placeholders.items()}
    found = next(filter(None, (tree.nearest(*_FILES, levels=_LEVELS) for tree in trees)), None)
    if found is None:
        return FlywaySettings(placeholders=given)
    shown, text = found[0], found[1].decode("utf-8-sig", errors="replace")
    values = _toml(shown, text) if shown.endswith(".toml") else _properties(text, "flyway.")
    file = ConfigurationFile(shown, text)
    for name in sorted(_REFUSED & values.keys()):
        if values[name] != _HARMLESS.get(name, "false"):
            file.refuse(
                name, f"{name} = {values[name]} changes what Flyway applies, but this format does not support it", _ADVICE
            )
    for name in sorted(values):
        if (
            "${" in values[name]
            and name != "placeholderPrefix"
            and re.search("schema|migration|encoding", name, re.IGNORECASE)
        ):
            file.refuse(name, f"{name} comes from an environment variable: {values[name]}", todo="write the value out")
    if values.get("encoding", "UTF-8").upper() not in {"UTF-8", "UTF8"}:
        file.refuse("encoding", f"the encoding is {values['encoding']}", todo="save the files as UTF-8")
    _check_schema(values, given, file)
    defaults = Naming()
    # A value from the environment is not in any file: audit.toml has to give it.
    named = {name.lower(): value for name, value in values.items() if "${" not in value}
    placeholders = {name[13:]: value for name, value in named.items() if name.startswith("placeholders.")}
    return FlywaySettings(
        naming=Naming(
            versioned=values.get("sqlMigrationPrefix", defaults.versioned),
            repeatable=values.get("repeatableSqlMigrationPrefix", defaults.repeatable),
            baseline=values.get("baselineMigrationPrefix", defaults.baseline),
            undo=values.get("undoSqlMigrationPrefix", defaults.undo),
            separator=values.get("sqlMigrationSeparator", defaults.separator) or defaults.separator,
            suffixes=tuple(s.strip() for s in values.get("sqlMigrationSuffixes", ".sql").split(",") if s.strip()),
        ),
        placeholders=placeholders | given,
        prefix=values.get("placeholderPrefix", "${"),
        suffix=values.get("placeholderSuffix", "}"),
        separator=values.get("placeholderSeparator", ":"),
        replaces=_flag(values.get("placeholderReplacement"), default=True),
        mixed=_flag(values.get("mixed"), default=False),
        in_transaction=_flag(values.get("executeInTransaction"), default=True),
        group=_flag(values.get("group"), default=False),
        one_connection=not _flag(values.get("postgresql.transactional.lock"), default=True),
        validates=_flag(values.get("validateOnMigrate"), default=True),
        creates_schemas=_flag(values.get("createSchemas"), default=True),
        strict_names=_flag(values.get("validateMigrationNaming"), default=False),
        notes=(f"Flyway's settings are those of {shown}",),
    )


def script_settings(text: str, shown: str) -> ScriptSettings:
    """What ``V1__x.sql.conf`` says. Raises SourceError for a key that Flyway does not know, as Flyway does."""
    values = _properties(text, "")
    file = ConfigurationFile(shown, text)
    for name, value in values.items():
        if name == "shouldExecute":
            file.refuse(name, "shouldExecute decides at run time whether the script is applied", _ADVICE)
        elif name == "encoding" and value.upper() not in {"UTF-8", "UTF8"}:
            file.refuse(name, f"the encoding is {value}", todo="save the file as UTF-8")
        elif name not in {"encoding", "executeInTransaction", "placeholderReplacement"}:
            file.refuse(name, f"a script has no setting {name} in Flyway", todo="remove it: Flyway rejects it")
        elif name != "encoding" and value.lower() not in {"true", "false"}:
            file.refuse(name, f"{name} is {value}", todo="write true or false, as Flyway accepts only these")
    return ScriptSettings(
        in_transaction=_optional_flag(values.get("executeInTransaction")),
        replaces=_optional_flag(values.get("placeholderReplacement")),
    )


def _check_schema(values: Mapping[str, str], given: Mapping[str, str], file: ConfigurationFile) -> None:
    """Another schema than public has to be made and searched: what this format cannot send, audit.toml can say."""
    schema = values.get("defaultSchema") or values.get("schemas", "").split(",")[0].strip()
    if schema and schema != "public" and given.get("flyway:defaultschema") != schema:
        name = "defaultSchema" if values.get("defaultSchema") else "schemas"
        file.refuse(
            name,
            f"Flyway creates the schema {schema} and puts it at the front of search_path",
            todo=f"create it in a prelude (CREATE SCHEMA {schema}), and write in audit.toml: settings = {{ search_path ="
            f' "{schema}, public" }} and placeholders = {{ "flyway:defaultSchema" = "{schema}" }}',
        )


def _toml(shown: str, text: str) -> dict[str, str]:
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"is not TOML: {error}", where=shown, todo="correct it: Flyway rejects it too") from None
    found = dict(_flat("", body.get("flyway", {})))
    environments = body.get("environments", {})
    for environment in environments.values() if isinstance(environments, dict) else ():
        if not isinstance(environment, dict):
            continue
        for name in ("schemas", "defaultSchema", "initSql"):
            if environment.get(name):
                found.setdefault(name, _shown(environment[name]))
        for name, value in _flat("", environment.get("flyway", {})):
            if found.setdefault(name, value) != value:
                raise SourceError(f"environments disagree on {name}", where=shown, todo="keep only one of them in the file")
    return found


def _flat(prefix: str, table: object) -> Iterator[tuple[str, str]]:
    for name, value in table.items() if isinstance(table, dict) else ():
        if isinstance(value, dict):
            yield from _flat(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}", _shown(value)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


_PROPERTY = re.compile(r"\s*([^#!\s=:][^\s=:]*)\s*[=:\s]\s*(.*?)\s*")


def _properties(text: str, prefix: str) -> dict[str, str]:
    r"""``key=value`` lines; keys without ``prefix`` are of no concern.

    A backslash at the end continues a line, unless the next one is empty or another setting; all others are characters.
    Source: ``ConfigUtils.loadConfigurationFromString`` of https://github.com/flyway/flyway.
    """
    lines = text.splitlines()
    for number in range(len(lines) - 2, -1, -1):
        line, following = lines[number].strip(), lines[number + 1]
        is_setting = re.match(r"\s*flyway\..*=", following)
        if line.endswith("\\") and not line.startswith(("#", "!")) and following and not is_setting:
            lines[number : number + 2] = [line[:-1] + following.lstrip()]
    found = {}
    for line in lines:
        match = _PROPERTY.fullmatch(line)
        if match and match[1].startswith(prefix):
            found[match[1][len(prefix) :]] = match[2]
    return found


def _flag(value: str | None, *, default: bool) -> bool:
    return default if value is None else value.strip().lower() == "true"


def _optional_flag(value: str | None) -> bool | None:
    return None if value is None else _flag(value, default=False)
