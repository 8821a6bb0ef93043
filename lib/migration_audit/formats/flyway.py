r"""Flyway's SQL migrations: ``V1__name.sql``, ``R__name.sql``, ``B5__name.sql`` and callbacks.

Files       Every ``.sql`` file in the folder and its subfolders whose name is one of Flyway's: prefix, version (numbers
            between dots or underscores), two underscores, description. A .sql file of another name is reported and not
            applied: Flyway leaves it out. Several folders are one list. Migrations in Java (or Kotlin, Groovy) and in
            scripts (.sh, .py, …) are refused by name, also those in src/main/java/db/migration of
            src/main/resources/db/migration: run Flyway itself on the shadow (``command``).
Order       Versions part by part as numbers: 1, 1.1, 1.2, 1.10, 2, 10; 1_1 is 1.1, 01 is 1, 1.0 is 1. Two files of one
            version are an error. Repeatable migrations (R) come last, by description. Of baseline migrations (B) the
            highest version is applied, in the place of V up to this version. Undo migrations (U) are not applied.
Part        The whole file. SQL callbacks are applied where Flyway runs them: afterConnect, beforeValidate, afterValidate,
            createSchema, beforeCreateSchema, beforeMigrate, beforeEachMigrate, afterEachMigrate, afterVersioned,
            beforeRepeatables, afterMigrateApplied, afterMigrate. Those that run around each statement, and
            afterMigrateOperationFinish, are refused.
Session     One for all migrations: ``SET`` outlives a file, except for the role and search_path, which Flyway restores
            before each migration (``public`` in front). Callbacks around all migrations have sessions of their own.
Transaction One for each migration with its beforeEachMigrate and afterEachMigrate. A file of statements that cannot be in
            one (CREATE INDEX CONCURRENTLY, VACUUM, …) runs without; mixed with others it is an error, unless ``mixed`` is
            set or ``V1__name.sql.conf`` says ``executeInTransaction=…``.
Dialect     None. Flyway splits a file by rules of its own; where it cuts through what PostgreSQL reads as one statement,
            the file is refused with the line. The data of COPY … FROM stdin is sent.
Placeholders ``${name}``, wherever it is, comments included; one without a value is an error, as in Flyway. Values come
            from ``placeholders`` in audit.toml and from flyway.toml or flyway.conf in the folder or above it. These files
            also set prefixes, suffixes, ``mixed``, ``group`` and the like. Settings made elsewhere (Spring's properties,
            FLYWAY_ variables) are not seen: give their placeholders in audit.toml.
Ledger      public.flyway_schema_history: ``success``, the CRC-32 of the lines, baselines, undone and deleted rows. A
            repeatable migration counts by its last run. The table does not exist while the SQL is applied.
Source      https://documentation.red-gate.com/flyway/flyway-concepts/migrations and the source of flyway-core:
            ResourceNameParser, MigrationVersion, CompositeMigrationResolver, Parser, PostgreSQLParser, DbMigrate, Event,
            PlaceholderReplacingReader, ChecksumCalculator, MigrationInfoServiceImpl
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from posixpath import basename

from migration_audit.formats.flyway_names import MigrationKind, MigrationName, Naming, is_reserved, parse_name
from migration_audit.formats.flyway_scripts import LEDGER, FlywayScript, Scripts, read_script_settings
from migration_audit.formats.flyway_settings import FlywaySettings, read_flyway_settings
from migration_audit.formats.interface import Dialect, Format, MigrationFolder, Plan, PlannedFile
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied, SessionScope

_CODE = re.compile(r"[VRBU].*__.*\.(?:java|class|kt|kts|groovy|scala)")
_SCRIPTS = (".cmd", ".bat", ".ps1", ".py", ".sh", ".bash")
_FIRST = ("afterConnect", "beforeValidate", "afterValidate", "createSchema", "beforeCreateSchema")
"""Callbacks on the connection that keeps the history, before the first migration."""
_EACH = ("beforeEachMigrate", "afterEachMigrate")
_APPLIED = frozenset(
    {*_FIRST, *_EACH, "beforeMigrate", "afterVersioned", "beforeRepeatables", "afterMigrateApplied", "afterMigrate"}
)
_REFUSED = frozenset({"beforeEachMigrateStatement", "afterEachMigrateStatement", "afterMigrateOperationFinish"})
_COMMAND = 'run Flyway itself on the shadow: command = ["flyway", "migrate", …] in audit.toml'
_REMEMBER = """select pg_catalog.set_config('migration_audit.search_path', case
 when current_schema() is null or current_setting('search_path') = current_schema()
  or pg_catalog.starts_with(current_setting('search_path'), pg_catalog.concat(current_schema(), ','))
 then current_setting('search_path')
 else pg_catalog.concat('"', pg_catalog.replace(current_schema(), '"', '""'), '",', current_setting('search_path'))
 end, false)"""
"""The schema that is current when Flyway connects is in front of search_path for each migration."""
_SEARCH = "select pg_catalog.set_config('search_path', current_setting('migration_audit.search_path', true), false)"


def plan(trees: Sequence[MigrationFolder], placeholders: Mapping[str, str]) -> Plan:
    """What ``flyway migrate`` does on an empty database. Raises SourceError for what it refuses, and for what is not SQL."""
    trees = _without_inner(trees)
    settings = read_flyway_settings(trees, placeholders)
    found = _Found(trees, settings)
    order = found.order()
    files = tuple(_steps(found, order, Scripts(trees, settings), settings))
    return Plan(
        files=files,
        not_applied=tuple(found.not_applied),
        one_transaction=settings.group,
        notes=settings.notes,
    )


def _without_inner(trees: Sequence[MigrationFolder]) -> list[MigrationFolder]:
    """A location inside of another one is not read twice."""
    roots = [tree.root.rstrip("/") + "/" for tree in trees]
    kept = []
    for number, (tree, root) in enumerate(zip(trees, roots, strict=True)):
        outer = [r for n, r in enumerate(roots) if r != root or n < number]
        if not (tree.root and tree.is_whole and any(root.startswith(r) for r in outer)):
            kept.append(tree)
    return kept


class _Found:
    """The scripts of all folders by kind."""

    def __init__(self, trees: Sequence[MigrationFolder], settings: FlywaySettings) -> None:
        self.not_applied: list[NotApplied] = []
        self._kinds: dict[MigrationKind, dict[object, FlywayScript]] = {kind: {} for kind in MigrationKind}
        self._settings = settings
        for number, tree in enumerate(trees):
            for path in (*_programs(tree), *tree.not_chosen()):
                _refuse_code(tree, path, settings.naming)
            for path in tree.paths:
                _refuse_code(tree, path, settings.naming)
                read_script_settings(tree, path)  # Flyway reads those of every file, and refuses what it does not know
                if path.lower().endswith(tuple(s.lower() for s in settings.naming.suffixes)):
                    self._add(tree, number, path)

    def _add(self, tree: MigrationFolder, number: int, path: str) -> None:
        shown, file = tree.shown_path(path), basename(path)
        if is_reserved(file, self._settings.naming):
            raise SourceError("its version is a word that Flyway reserves", where=shown, todo="give it a number")
        name = parse_name(file, self._settings.naming)
        if name is None:
            if self._settings.strict_names:
                raise SourceError(
                    "Flyway does not recognise its name (validateMigrationNaming)", where=shown, todo="rename it"
                )
            self._leave(shown, "Flyway does not recognise its name", by_rule=False)
            return
        script = FlywayScript(name=name, path=path, tree=number, shown=shown)
        key = name.version.parts if name.version else (name.prefix, name.description)
        other = self._kinds[name.kind].setdefault(key, script)
        if other is not script and name.kind is not MigrationKind.UNDO:
            what = f"{name.label} is the same as {other.shown}, and Flyway rejects duplicates"
            raise SourceError(what, where=shown, todo="give one of them another version or description")

    def callbacks(self, event: str) -> list[FlywayScript]:
        """The scripts of one event, by description."""
        if event.endswith("Validate") and not self._settings.validates:
            return []
        if event.lower().endswith("createschema") and not self._settings.creates_schemas:
            return []
        found = [script for script in self._kinds[MigrationKind.CALLBACK].values() if script.name.prefix == event]
        return sorted(found, key=lambda script: _java_order(script.name.description))

    def order(self) -> tuple[list[FlywayScript], list[FlywayScript]]:
        """Versioned and repeatable migrations in order; what Flyway leaves out of them goes into ``not_applied``."""
        versioned = sorted(self._kinds[MigrationKind.VERSIONED].values(), key=_version_order)
        baselines = sorted(self._kinds[MigrationKind.BASELINE].values(), key=_version_order)
        for script in self._kinds[MigrationKind.UNDO].values():
            self._leave(script.shown, "undo migration")
        for script in self._kinds[MigrationKind.CALLBACK].values():
            self._check_event(script)
        if baselines:
            last = baselines[-1]
            for script in baselines[:-1]:
                self._leave(script.shown, f"a baseline below {last.name.label}")
            for script in (script for script in versioned if not _is_above(script, last)):
                self._leave(script.shown, f"replaced by the baseline {last.name.label}")
            versioned = [last, *(script for script in versioned if _is_above(script, last))]
        repeatable = sorted(
            self._kinds[MigrationKind.REPEATABLE].values(), key=lambda script: _java_order(script.name.description)
        )
        return versioned, repeatable

    def _check_event(self, script: FlywayScript) -> None:
        event = script.name.prefix
        if event in _REFUSED:
            what = f"Flyway runs {event} around statements or after everything, which this format does not support"
            raise SourceError(what, where=script.shown, todo=_COMMAND)
        if event not in _APPLIED or script not in self.callbacks(event):
            self._leave(script.shown, f"{event} does not run when an empty database is migrated")

    def _leave(self, shown: str, reason: str, *, by_rule: bool = True) -> None:
        self.not_applied.append(NotApplied(path=shown, reason=reason, by_rule=by_rule))


def _steps(
    found: _Found, order: tuple[list[FlywayScript], list[FlywayScript]], scripts: Scripts, settings: FlywaySettings
) -> Iterator[PlannedFile]:
    """Migrations and callbacks in the order in which Flyway runs them."""
    versioned, repeatable = order

    def event(name: str) -> Iterator[PlannedFile]:
        first = None if settings.one_connection else "history"
        session = first if name in _FIRST else name
        yield from (scripts.callback(script, session=session) for script in found.callbacks(name))

    def migration(script: FlywayScript) -> Iterator[PlannedFile]:
        mode = scripts.mode(script)
        before, after = map(found.callbacks, _EACH)
        for number, each in enumerate([*before, script, *after]):
            yield scripts.planned(each, mode=mode, entry=script.path if each is script else "", joined=number > 0)

    for name in (*_FIRST, "beforeMigrate"):
        yield from event(name)
    for script in versioned:
        yield from migration(script)
    between = [*event("afterVersioned"), *(event("beforeRepeatables") if repeatable else ())]
    if settings.group and repeatable and between:
        raise SourceError(
            "group = true puts all migrations in one transaction, but this callback runs outside of it before it ends",
            where=scripts.shown(between[0]),
            todo=_COMMAND,
        )
    yield from between
    for script in repeatable:
        yield from migration(script)
    for name in (*(["afterMigrateApplied"] if versioned or repeatable else []), "afterMigrate"):
        yield from event(name)


def _programs(tree: MigrationFolder) -> Iterator[str]:
    """What Flyway finds in the same place of the class path: ``src/main/java/…`` for ``src/main/resources/…``."""
    parts = tree.root.replace("\\", "/").rstrip("/").split("/")
    if "resources" in parts:
        package = parts[len(parts) - parts[::-1].index("resources") :]
        for language in ("java", "kotlin", "groovy", "scala"):
            folder = "../" * (len(package) + 1) + "/".join([language, *package])
            yield from (f"{folder}/{name}" for name in tree.others(folder))


def _refuse_code(tree: MigrationFolder, path: str, naming: Naming) -> None:
    """Migrations that are no SQL cannot be left out: the SQL after them would meet another database."""
    file = basename(path)
    if _CODE.fullmatch(file):
        raise SourceError("a migration that is a program, run by Flyway", where=tree.shown_path(path), todo=_COMMAND)
    extension = file[file.rfind(".") :].lower() if "." in file else ""
    if extension not in (*_SCRIPTS, ""):
        return
    name = parse_name(file, naming, suffixes=(extension,))
    if name is not None and (name.kind is not MigrationKind.CALLBACK or name.prefix in _APPLIED | _REFUSED):
        what = "a script that Flyway runs" if extension else "a file without an extension, which Flyway runs as a script"
        raise SourceError(what, where=tree.shown_path(path), todo=_COMMAND)


def _version_order(script: FlywayScript) -> tuple[int, ...]:
    return script.name.version.parts if script.name.version else ()


def _is_above(script: FlywayScript, baseline: FlywayScript) -> bool:
    return _version_order(baseline) < _version_order(script)


def _java_order(text: str) -> bytes:
    """Java compares UTF-16 code units."""
    return text.encode("utf-16-be", errors="surrogatepass")


def recognise(tree: MigrationFolder) -> str | None:
    """A versioned migration names the format; other runners that take the same names read them alike."""
    for path in tree.paths:
        name: MigrationName | None = parse_name(basename(path), Naming())
        if name is not None and name.kind is MigrationKind.VERSIONED and name.description:
            return f"{tree.shown_path(path)} is named as Flyway's"
    return None


FORMAT = Format(
    name="flyway",
    runner="Flyway",
    plan=plan,
    recognise=recognise,
    session=SessionScope.SOURCE,
    takes_placeholders=True,
    opening=(_REMEMBER, _SEARCH),
    between=("reset role", _SEARCH),
    dialect=Dialect.COPY,
    ledger=LEDGER,
    untested_because="Flyway is in no registry that the tests install from; its results, errors "
    "and ledger were compared by hand with Flyway 11.20.3, built from its source",
)
