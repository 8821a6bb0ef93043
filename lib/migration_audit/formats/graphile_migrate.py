r"""graphile-migrate: the committed migrations of ``migrations/committed``, as ``graphile-migrate migrate`` applies them.

Files       ``committed/<number>.sql`` and ``committed/<number>-<words>.sql``. Each begins with ``--! Previous:`` and
            ``--! Hash:`` and an empty line. The hashes have to be those of the contents and form one chain, as in
            graphile-migrate; a file with ``--! AllowInvalidHash`` has to have a wrong one. ``current.sql`` (or ``current/``)
            is not applied until it is committed, and is reported where it holds SQL.
Order       By the number as text: ``000002``, ``000010``; ``1``, ``10``, ``2``. One number twice is an error.
Part        The whole file. ``--!include`` has an effect when a migration is committed, and none in a committed file: it is
            reported there.
Session     One for all migrations, with ``pgSettings`` of ``.gmrc``. The SQL files of ``beforeAllMigrations`` and
            ``afterAllMigrations`` are applied in another one; their commands are reported, and so is a ``.gmrc.js``.
            ``beforeReset``, ``afterReset``, ``beforeCurrent`` and ``afterCurrent`` are not run by migrate: what
            ``afterReset`` makes and the migrations need belongs into the prelude.
Transaction One for each migration. ``--! no-transaction`` in the first line below the header opts out: the file is then one
            message, an implicit transaction unless it holds a single statement.
Dialect     The server's: psql's commands and the data of COPY are refused.
Placeholders ``:NAME``, anywhere in the text, from ``placeholders`` of audit.toml and of ``.gmrc``. One whose value comes
            from the environment (``!ENV``), and ``:DATABASE_OWNER`` without ``databaseOwner``, has to be in audit.toml.
            ``:DATABASE_NAME`` is the database that the SQL is applied to.
Ledger      ``graphile_migrate.migrations``: ``filename`` is the number and ``.sql``, ``hash`` the hash of the file.
Source      https://github.com/graphile/migrate/blob/v2.0.0-rc.3/README.md; src/migration.ts, hash.ts, header.ts,
            migrationFilename.ts, actions.ts, settings.ts
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename, normpath

from migration_audit.formats.graphile_settings import (
    NOT_RUN,
    PLACEHOLDER,
    RUN,
    Action,
    GraphileSettings,
    read_graphile_settings,
)
from migration_audit.formats.interface import (
    Format,
    MigrationFolder,
    Plan,
    PlannedFile,
    how_to_fill,
    only_tree,
    refuse_lines,
    refuse_mark,
)
from migration_audit.formats.ledgers import (
    EntryState,
    EntryVerdict,
    LedgerEntry,
    LedgerFormat,
    LedgerReading,
    Row,
    read_names,
)
from migration_audit.formats.lexer import TokenKind, at_line, comment_lines, tokens
from migration_audit.formats.plain_files import locale_order
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import THIS_DATABASE, NotApplied, SessionScope, TransactionMode

_NAME = re.compile(r"([0-9]+)(?:-[-_a-zA-Z0-9]*)?\.sql")
_HEADER = re.compile(r"--! ([A-Z][a-zA-Z0-9_]*)(?::([^\r\u2028\u2029]*))?")
_NO_TRANSACTION = re.compile(r"--!\s*no-transaction\b", re.ASCII)
_INCLUDE = re.compile(r"--![ \t]*include[ \t]+(.*\.sql)[ \t]*")
_SPACE = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
"""What JavaScript's ``trim`` removes."""
_NOT_COMMITTED = "the current migration is not committed, so `graphile-migrate migrate` does not apply it"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Committed:
    """One committed migration."""

    path: str
    shown: str
    number: str
    headers: Mapping[str, str]
    lines: Mapping[str, int]
    """Where each header is."""
    text: str
    body: str

    def fail(self, header: str, what: str, todo: str) -> SourceError:
        return SourceError(what, where=f"{self.shown}:{self.lines.get(header, 1)}", todo=todo)


def plan(trees: Sequence[MigrationFolder], placeholders: Mapping[str, str]) -> Plan:
    """The committed migrations in order; raises SourceError where graphile-migrate refuses one of them."""
    tree = only_tree("graphile-migrate", trees)
    committed = _committed_folder(tree)
    if committed is None:
        return Plan(files=())
    folder = normpath(f"{committed}/..")
    settings = read_graphile_settings(tree, folder, placeholders)
    migrations = _chain(tree, committed)
    before, after = (
        [_action(tree, folder, action, settings) for action in settings.of(hook) if action.file is not None]
        for hook in ("beforeAllMigrations", "afterAllMigrations")
    )
    files = [*before, *(_planned(each, settings) for each in migrations), *after] if migrations else []
    left = [*_left(tree, folder, committed, {file.path for file in files}, settings), *_commands(settings)]
    left += [each for migration in migrations for each in _includes(migration)]
    return Plan(
        files=tuple(files),
        not_applied=tuple(left),
        opening=tuple(
            f"select pg_catalog.set_config({_quoted(name)}, {_quoted(value)}, false)"
            for name, value in settings.session.items()
        ),
        notes=tuple(_notes(settings, files)),
    )


def _committed_folder(tree: MigrationFolder) -> str | None:
    """The folder of the committed migrations from the tree's; ``.`` for the tree itself, None where there is none."""
    named = [path.rpartition("/") for path in tree.paths if _NAME.fullmatch(basename(path))]
    found = sorted({folder for folder, _, _ in named if basename(folder) == "committed"})
    if len(found) > 1:
        shown = ", ".join(map(tree.shown_path, found))
        raise SourceError(f"several folders contain migrations: {shown}", where=tree.shown or ".", todo="name one of them")
    if not found and any(not folder and tree.read(name).startswith(b"--! Previous:") for folder, _, name in named):
        return "."
    return found[0] if found else None


def _chain(tree: MigrationFolder, committed: str) -> list[_Committed]:
    """The committed migrations in order, each of them valid."""
    below = tree.below("" if committed == "." else committed)
    found = [_parsed(tree, path, match) for path in below if (match := _NAME.fullmatch(basename(path)))]
    found.sort(key=lambda migration: locale_order(f"{migration.number}.sql"))
    previous: _Committed | None = None
    for migration in found:
        if previous is not None and previous.number == migration.number:
            what = f"its number {migration.number} is the same as that of {previous.shown}: their order is undefined"
            raise SourceError(what, where=migration.shown, todo="commit one of them again")
        expected = previous.headers["Hash"] if previous else "-"
        if migration.headers["Previous"] != expected:
            before = previous.shown if previous else "no migration"
            what = (
                f"Previous is {migration.headers['Previous']}, but the "
                f"preceding migration is {before}, with the hash {expected}"
            )
            raise migration.fail("Previous", what, "commit the migration again, or restore the missing file")
        _refuse_hash(migration)
        previous = migration
    return found


def _parsed(tree: MigrationFolder, path: str, name: re.Match[str]) -> _Committed:
    text = tree.read(path).decode(errors="replace")
    lines = text.split("\n")
    headers: dict[str, str] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            break
        if header[1] in headers:
            what = f"the header {header[1]} appears twice"
            raise SourceError(what, where=f"{tree.shown_path(path)}:{len(headers) + 1}", todo="remove one of them")
        headers[header[1]] = (header[2] or "").strip(_SPACE)
    count = len(headers)
    migration = _Committed(
        path=path,
        shown=tree.shown_path(path),
        number=name[1],
        headers=headers,
        lines={header: number for number, header in enumerate(headers, 1)},
        text=text,
        body="\n".join(lines[count:]).strip(_SPACE) + "\n",
    )
    if lines[count : count + 1] != [""]:
        windows = "; it has Windows line ends, which change the hash" if lines[count : count + 1] == ["\r"] else ""
        where = f"{migration.shown}:{count + 1}"
        what = f"an empty line has to follow the header of a committed migration{windows}"
        raise SourceError(what, where=where, todo="restore the file as `graphile-migrate commit` wrote it")
    for needed in ("Previous", "Hash"):
        if not headers.get(needed):
            raise migration.fail(needed, f"the header has no `--! {needed}:`", "restore the file, or commit it again")
    return migration


def _refuse_hash(migration: _Committed) -> None:
    previous = migration.headers["Previous"]
    hashed = f"{'' if previous == '-' else previous}\n{migration.body}".strip(_SPACE) + "\n"
    own = f"sha1:{hashlib.sha1(hashed.encode(), usedforsecurity=False).hexdigest()}"
    is_allowed = "AllowInvalidHash" in migration.headers
    if own != migration.headers["Hash"] and not is_allowed:
        what = f"the hash of this migration is {own}, but the header has {migration.headers['Hash']}"
        raise migration.fail("Hash", what, "restore the file, or commit it again; graphile-migrate stops here")
    if own == migration.headers["Hash"] and is_allowed:
        what = "AllowInvalidHash is set but the hash is correct: graphile-migrate stops here"
        raise migration.fail("AllowInvalidHash", what, "remove `--! AllowInvalidHash`")


def _planned(migration: _Committed, settings: GraphileSettings) -> PlannedFile:
    text = _replaced(migration.text, migration.shown, settings)
    body = _replaced(migration.body, migration.shown, settings)
    opts_out = _NO_TRANSACTION.match(body.split("\n", 1)[0])
    return PlannedFile(
        path=migration.path,
        text=text.encode(),
        transaction=TransactionMode.MESSAGE if opts_out else TransactionMode.FILE,
        entry=f"{migration.number}.sql",
        checksum=migration.headers["Hash"],
    )


def _action(tree: MigrationFolder, folder: str, action: Action, settings: GraphileSettings) -> PlannedFile:
    path = normpath(f"{folder}/{action.file}")
    if path not in tree.paths:
        what = f"{action.hook} runs {action.file}, which does not exist in {tree.shown_path(folder)}"
        todo = "name the folder that contains it and the migrations, or restore it"
        raise SourceError(what, where=f"{settings.shown}:{action.line}", todo=todo)
    raw, shown = tree.read(path), tree.shown_path(path)
    refuse_mark("graphile-migrate", raw, shown)
    text = _replaced(raw.decode(errors="surrogateescape"), shown, settings).encode(errors="surrogateescape")
    return PlannedFile(path=path, text=text, transaction=TransactionMode.MESSAGE, entry="", session="actions")


def _replaced(text: str, shown: str, settings: GraphileSettings) -> str:
    """The text with its placeholders' values; raises SourceError for one whose value is not known."""
    unknown = settings.from_environment | ({":DATABASE_OWNER"} - settings.placeholders.keys())
    if (found := re.search(_any(unknown), text, re.ASCII)) is not None:
        where = at_line(shown, text.encode(errors="replace"), len(text[: found.start()].encode(errors="replace")))
        what = f"the value of {found[0]} comes from graphile-migrate's environment"
        raise SourceError(what, where=where, todo=how_to_fill(found[0]))
    for name, value in settings.placeholders.items():
        if re.search(_any({name}), text, re.ASCII):
            refuse_lines(value, name, shown)
    done = re.sub(_any(settings.placeholders), lambda found: settings.placeholders[found[0]], text, flags=re.ASCII)
    raw = done.encode(errors="replace")
    brackets = 0
    for token in tokens(raw):
        brackets += (token.kind is TokenKind.SQUARE) - (token.kind is TokenKind.UNSQUARE)
        name = raw[token.start : token.end].decode(errors="replace")
        if token.kind is TokenKind.VARIABLE and not brackets and PLACEHOLDER.fullmatch(name):
            where = at_line(shown, raw, token.start)
            raise SourceError(f"the placeholder {name} is not set", where=where, todo=how_to_fill(name))
    return done


def _any(names: Collection[str]) -> str:
    return f"(?:{'|'.join(map(re.escape, names))})\\b" if names else r"(?!)"


def _left(
    tree: MigrationFolder, folder: str, committed: str, applied: Collection[str], settings: GraphileSettings
) -> Iterator[NotApplied]:
    """The SQL files that migrate does not apply, and the current migration where it lies next to the tree."""
    actions = {normpath(f"{folder}/{action.file}"): action for action in settings.of(*NOT_RUN) if action.file}
    inside = "" if folder == "." else f"{folder}/"
    for path in tree.paths:
        if path in applied or not path.lower().endswith(".sql"):
            continue
        reason, by_rule = _reason(path.removeprefix(inside), path, committed, actions, tree)
        if not path.startswith(inside):
            reason, by_rule = f"outside of {tree.shown_path(folder)}", True
        yield NotApplied(path=tree.shown_path(path), reason=reason, by_rule=by_rule)
    if committed == "." and (text := tree.other(f"{folder}/current.sql")) is not None and _has_sql(text):
        yield NotApplied(path=normpath(tree.shown_path(f"{folder}/current.sql")), reason=_NOT_COMMITTED, by_rule=False)


def _reason(name: str, path: str, committed: str, actions: Mapping[str, Action], tree: MigrationFolder) -> tuple[str, bool]:
    if path in actions:
        hook = actions[path].hook
        return f"`graphile-migrate {NOT_RUN[hook]}` runs {hook}, `migrate` does not", True
    if name == "current.sql" or name.startswith("current/"):
        return (_NOT_COMMITTED, False) if _has_sql(tree.read(path)) else ("the current migration is empty", True)
    if name.startswith("fixtures/"):
        return "a fixture, which is included when a migration is committed", True
    if path.rpartition("/")[0] == committed.removeprefix("."):
        return "graphile-migrate reads names such as 000001.sql and 000001-words.sql", False
    return "graphile-migrate only reads committed migrations", False


def _has_sql(text: bytes) -> bool:
    return next(tokens(text), None) is not None


def _commands(settings: GraphileSettings) -> Iterator[NotApplied]:
    if settings.shown is None:
        return
    if settings.is_program:
        reason = "a program: its placeholders, settings and actions are not known here"
        yield NotApplied(path=settings.shown, reason=reason, by_rule=False)
    for action in settings.of(*RUN):
        if action.command is not None:
            reason = f"a command of {action.hook}, which may change the database"
            yield NotApplied(path=settings.shown, line=action.line, reason=reason, by_rule=False)


def _includes(migration: _Committed) -> Iterator[NotApplied]:
    for comment in comment_lines(migration.text.encode()):
        if _INCLUDE.fullmatch(comment.text):
            reason = "--!include has no effect in a committed migration"
            yield NotApplied(path=migration.shown, line=comment.line, reason=reason, by_rule=False)


def _notes(settings: GraphileSettings, files: Sequence[PlannedFile]) -> Iterator[str]:
    if settings.shown is None:
        yield "there is no .gmrc next to the migrations folder: no pgSettings, placeholders and actions are assumed"
    if settings.session:
        listed = ", ".join(f"{name} = {value}" for name, value in settings.session.items())
        yield f"each session uses pgSettings of {settings.shown}: {listed}"
    if any(THIS_DATABASE.encode() in file.text for file in files):
        yield ":DATABASE_NAME is the name of the database that the SQL is applied to"


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _read(rows: Sequence[Row], entries: Sequence[LedgerEntry]) -> LedgerReading:
    """The rows by file name; graphile-migrate applies what comes after the last of them, and nothing else."""
    last = max((row["filename"] or "" for row in rows), default="")

    def absent(name: str) -> str:
        return f", but {last} is recorded: graphile-migrate will never apply it" if last > name else ""

    return read_names(rows, entries, "filename", judge=_judge, absent=absent)


def _judge(entry: LedgerEntry, row: Row) -> EntryVerdict:
    if row["hash"] != entry.checksum:
        why = "it was committed again with different contents after it had been applied"
        return EntryVerdict(entry, EntryState.CHANGED, why, row["hash"])
    return EntryVerdict(entry, EntryState.APPLIED)


def _recognise(tree: MigrationFolder) -> str | None:
    try:
        committed = _committed_folder(tree)
    except SourceError:
        return None
    for path in tree.below("" if committed in {None, "."} else str(committed)):
        if _NAME.fullmatch(basename(path)) and tree.read(path).startswith(b"--! Previous:"):
            return f"{tree.shown_path(path)} begins with `--! Previous:`"
    return None


FORMAT = Format(
    name="graphile-migrate",
    runner="graphile-migrate",
    plan=plan,
    recognise=_recognise,
    session=SessionScope.SOURCE,
    takes_placeholders=True,
    ledger=LedgerFormat(
        table="graphile_migrate.migrations",
        columns=("filename", "hash", "previous_hash"),
        name_column="filename",
        checksum_column="hash",
        order=("filename", "date"),
        companions=("schema graphile_migrate", "graphile_migrate.current"),
        reader=_read,
    ),
    tested_against="graphile-migrate 1.4.1 and 2.0.0-rc.3",
)
