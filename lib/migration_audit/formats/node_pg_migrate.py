r"""node-pg-migrate: SQL files with ``-- Up Migration`` and ``-- Down Migration`` sections.

Files       Every file directly in the folder but those whose names begin with a dot, as node-pg-migrate does without
            ``--ignore-pattern``. A migration in JavaScript or TypeScript is refused by name: run node-pg-migrate itself on
            the shadow (``command``). A name that does not begin with a number is an error where it is not the only file.
            Where globs in audit.toml choose the files, those alone are applied, as with ``--use-glob``, and code that lies
            next to them is reported.
Order       By the number at the front of the names: 2 before 10; 17 digits are a date and time in UTC, compared as
            milliseconds with the timestamps of 13 digits. Then by name as localeCompare with ``numeric`` and
            ``ignorePunctuation``. Names that are the same for it (``1_a_b``, ``1_ab``) have no order.
Part        From the first ``-- Up Migration`` (any case, more dashes) to the first ``-- Down Migration`` behind it. Without
            an up line the whole file, with its down section. SQL before the up line is not applied. A marker within a
            string, a body or a block comment is refused, since node-pg-migrate would cut there. Where the folder has pairs
            of ``x.up.sql`` and ``x.down.sql``, they are read by the loader ``sql`` of version 9
            (``migrationLoaderStrategies``): ``x.up.sql`` is applied whole, and ``x.down.sql`` alone is an error.
Session     One for all files. ``--schema app`` is ``settings = {search_path = "app"}`` here.
Transaction One around all files (``--single-transaction``, the default). SQL files cannot opt out; each is one message.
Dialect     The server's: psql's commands and the data of COPY are refused.
Placeholders None.
Ledger      ``public.pgmigrations``: ``name`` is the file name without its extension. With ``--check-order`` (the default)
            the rows have to be in the order of the files.
Source      https://salsita.github.io/node-pg-migrate/migration-loading-strategies,
            https://github.com/salsita/node-pg-migrate/tree/v9.0.0/src: migration.ts, migrationLoader.ts, sqlMigration.ts,
            runner.ts, utils/comparators.ts, utils/fileNameUtils.ts
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from posixpath import basename, splitext

from migration_audit.formats.interface import (
    Format,
    MigrationFolder,
    Plan,
    PlannedFile,
    blank,
    only_tree,
    refuse_mark,
)
from migration_audit.formats.ledgers import LedgerEntry, LedgerFormat, LedgerReading, Row, read_names
from migration_audit.formats.lexer import at_line, comment_lines, tokens
from migration_audit.formats.plain_files import Key, numeric_order, unread_sql
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied, SessionScope, TransactionMode

_CODE = re.compile(r"\.[cm]?[jt]sx?$", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]+")
_SPACE = r"[\s\ufeff]"
_LINE_START = r"(?:^|(?<=[\n\r\u2028\u2029]))"
_UP, _DOWN = (
    re.compile(rf"{_LINE_START}{_SPACE}*--(?:{_SPACE}|-)*{word}{_SPACE}+migration", re.IGNORECASE) for word in ("up", "down")
)
r"""JavaScript's ``/^\s*--[\s-]*up\s+migration/im``."""
_COMMAND = 'run node-pg-migrate itself on the shadow: command = ["npx", "node-pg-migrate", "up"] in audit.toml'
_IGNORED = "name the migrations by globs in audit.toml if your --ignore-pattern excludes it"


def plan(trees: Sequence[MigrationFolder], placeholders: Mapping[str, str]) -> Plan:
    """The up sections of one folder's files; raises SourceError where node-pg-migrate fails, or where code is needed."""
    tree = only_tree("node-pg-migrate", trees)
    paths = [path for path in (tree.below("") if tree.is_whole else tree.paths) if not basename(path).startswith(".")]
    _refuse_code(tree, paths)
    is_paired = any(path.endswith(".down.sql") and f"{path[:-9]}.up.sql" in paths for path in paths)
    names = _names(tree, paths, is_paired=is_paired)
    keys = {path: (_number(tree, path) if len(paths) > 1 else 0, numeric_order(name)) for path, name in names.items()}
    ordered = sorted(keys, key=keys.__getitem__)
    files: list[PlannedFile] = []
    left = [NotApplied(path=tree.shown_path(path), reason="down migration") for path in paths if path not in names]
    notes = ["x.up.sql and x.down.sql are read as by the loader `sql` (migrationLoaderStrategies)"] if is_paired else []
    for path in ordered:
        raw, shown = tree.read(path), tree.shown_path(path)
        part = _Part(0, len(raw)) if is_paired and path.endswith(".up.sql") else _part(raw, shown, notes)
        text = blank(blank(raw, 0, part.start), part.end, len(raw))
        refuse_mark("node-pg-migrate", text, shown)
        name = splitext(names[path])[0]
        files.append(PlannedFile(path=path, text=text, transaction=TransactionMode.MESSAGE, entry=name))
        left += _left_out(raw, part, shown)
    left += [*unread_sql(tree, set(paths), names="names that do not begin with a dot"), *_code_not_chosen(tree)]
    return Plan(
        files=tuple(files),
        not_applied=tuple(left),
        duplicates=tuple(_without_order(tree, ordered, keys)),
        one_transaction=True,
        notes=tuple(notes),
    )


def _refuse_code(tree: MigrationFolder, paths: Sequence[str]) -> None:
    for path in paths:
        if _CODE.search(path):
            raise SourceError("a migration that is a program", where=tree.shown_path(path), todo=_COMMAND)
        if not path.lower().endswith(".sql"):
            what = "node-pg-migrate treats every file in its folder as a migration, and fails at this one"
            raise SourceError(what, where=tree.shown_path(path), todo=f"remove it or move it elsewhere, or {_IGNORED}")


def _names(tree: MigrationFolder, paths: Sequence[str], *, is_paired: bool) -> dict[str, str]:
    """The files that are applied, with the names by which they are ordered; raises SourceError as the loader does."""
    names: dict[str, str] = {}
    for path in paths:
        shown = tree.shown_path(path)
        if path.endswith(".down.sql"):
            if f"{path[:-9]}.up.sql" not in paths:
                what = "there is no .up.sql next to it: node-pg-migrate applies it or fails"
                raise SourceError(what, where=shown, todo="add the .up.sql, or give it another name")
            continue
        names[path] = basename(f"{path[:-7]}.sql" if is_paired and path.endswith(".up.sql") else path)
        if names[path] != basename(path) and f"{path[:-7]}.sql" in paths:
            what = f"{names[path]} is next to it, but node-pg-migrate rejects two files of one migration"
            raise SourceError(what, where=shown, todo="remove one of the two")
        if "'" in names[path]:
            what = "node-pg-migrate inserts the name into SQL unescaped, so its apostrophe ends the string"
            raise SourceError(what, where=shown, todo="rename the file")
    return names


def _number(tree: MigrationFolder, path: str) -> float:
    """The number at the front of the name, as JavaScript reads it; of 17 digits, the milliseconds since 1970."""
    name = basename(path)
    found = _NUMBER.match(name)
    if found is None:
        what = "the name does not begin with a number, so node-pg-migrate fails"
        raise SourceError(
            what, where=tree.shown_path(path), todo=f"rename it, remove it or move it elsewhere, or {_IGNORED}"
        )
    digits = found[0]
    if len(digits) != 17:
        return float(digits)
    try:
        return _milliseconds(digits)
    except ValueError:
        what = f"node-pg-migrate reads {digits} as a date, but it is not one: the order of the files is undefined"
        raise SourceError(what, where=tree.shown_path(path), todo="rename the file") from None


def _milliseconds(digits: str) -> float:
    """``20200513070724505`` as JavaScript's Date has it: 31 days in every month, and 24:00 is the next day."""
    year, month, day, hour, minute, second = (int(digits[a:b]) for a, b in pairwise((0, 4, 6, 8, 10, 12, 14)))
    rest = timedelta(hours=hour, minutes=minute, seconds=second, milliseconds=int(digits[14:]))
    if not (1 <= day <= 31 and minute < 60 and second < 60 and rest <= timedelta(days=1)):
        raise ValueError(digits)
    since = datetime(year, month, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since + timedelta(days=day - 1) + rest) / timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class _Part:
    """What is applied of a file, and where its down section begins."""

    start: int
    end: int
    down: int | None = None
    again: int | None = None
    """Where another up section begins that is read as a part of the down section."""


def _part(raw: bytes, shown: str, notes: list[str]) -> _Part:
    comments = [(comment.start, comment.end) for comment in comment_lines(raw)]
    text = raw.decode(errors="surrogateescape")
    up, down = (_first(pattern, text, 0, comments, raw, shown) for pattern in (_UP, _DOWN))
    if up is None:
        if down is not None:
            notes.append(f"{shown} has a down line but no up line: node-pg-migrate applies the whole file")
        return _Part(0, len(raw))
    if down is None or down < up:
        return _Part(up, len(raw), down)
    again = _UP.search(text, len(raw[:down].decode(errors="surrogateescape")))
    return _Part(up, down, down, len(text[: again.start()].encode(errors="surrogateescape")) if again else None)


def _first(
    marker: re.Pattern[str], text: str, start: int, comments: Sequence[tuple[int, int]], raw: bytes, shown: str
) -> int | None:
    """Where the first marker begins, in bytes; raises SourceError where it is not a comment line for the server."""
    found = marker.search(text, start)
    if found is None:
        return None
    dashes = found.start() + found[0].index("-")
    first, last = (len(text[:at].encode(errors="surrogateescape")) for at in (dashes, found.end()))
    if not all(any(begin <= at < end for begin, end in comments) for at in (first, last - 1)):
        what = "node-pg-migrate splits the file here, which is not a comment line to the server"
        todo = "put the marker on a separate line, or reword the text"
        raise SourceError(what, where=at_line(shown, raw, first), todo=todo)
    return first


def _left_out(raw: bytes, part: _Part, shown: str) -> Iterator[NotApplied]:
    """What is before the up section, and the down section; of both, only what holds SQL."""
    marks = sorted({0, part.start, part.end, *(each for each in (part.down, part.again) if each is not None)})
    for start, end in pairwise([*marks, len(raw)]):
        first = next(tokens(raw[start:end]), None)
        if first is None or part.start <= start < part.end:
            continue
        if start == part.again:
            reason = "a second up section, which node-pg-migrate treats as part of the down section"
        else:
            reason = "down section" if start == part.down else "before the up section"
        at = start if start in {part.down, part.again} else start + first.start
        line = raw.count(b"\n", 0, at) + 1
        yield NotApplied(path=shown, line=line, reason=reason, by_rule=start == part.down)


def _code_not_chosen(tree: MigrationFolder) -> Iterator[NotApplied]:
    for path in tree.not_chosen():
        if _CODE.search(path) and _NUMBER.match(basename(path)):
            reason = "a migration that is a program, which no glob of audit.toml selects"
            yield NotApplied(path=tree.shown_path(path), reason=reason, by_rule=False)


def _without_order(
    tree: MigrationFolder, ordered: Sequence[str], keys: Mapping[str, tuple[float, Key]]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for _, each in groupby(ordered, keys.__getitem__):
        same = [tree.shown_path(path) for path in each]
        if len(same) > 1:
            yield basename(same[0]), tuple(same)


def _read(rows: Sequence[Row], entries: Sequence[LedgerEntry]) -> LedgerReading:
    """The rows by name, and whether the next run accepts their order."""
    found = read_names(rows, entries, "name")
    for row, entry in zip(rows, entries, strict=False):
        if row["name"] != entry.name:
            note = (
                f"the ledger has {row['name']} in the place of {entry.name}: "
                "node-pg-migrate does not continue (--check-order)"
            )
            return replace(found, notes=(note,))
    return found


def _recognise(tree: MigrationFolder) -> str | None:
    for path in tree.below(""):
        if _NUMBER.match(path) and path.lower().endswith(".sql"):
            for comment in comment_lines(tree.read(path)):
                if _UP.match(comment.text):
                    return f"{tree.shown_path(path)} has the line `{comment.text.strip()}`"
    return None


FORMAT = Format(
    name="node-pg-migrate",
    runner="node-pg-migrate",
    plan=plan,
    recognise=_recognise,
    session=SessionScope.SOURCE,
    ledger=LedgerFormat(
        table="public.pgmigrations",
        columns=("id", "name", "run_on"),
        reader=_read,
        name_column="name",
        order=("run_on", "id"),
    ),
    tested_against="node-pg-migrate 9.0.0",
)
