"""One of Flyway's scripts as a step of the plan: placeholders replaced, statements cut, transaction chosen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from migration_audit.formats.flyway_ledger import flyway_checksum
from migration_audit.formats.flyway_names import MigrationKind, MigrationName
from migration_audit.formats.flyway_settings import FlywaySettings, ScriptSettings, script_settings
from migration_audit.formats.flyway_text import Cut, Placeholders, cut_statements, replace_placeholders
from migration_audit.formats.interface import MigrationFolder, PlannedFile, how_to_fill, refuse_lines
from migration_audit.formats.lexer import TokenKind, next_token
from migration_audit.model.errors import SourceError
from migration_audit.model.location import line_at
from migration_audit.model.sql import TransactionMode

_UNKNOWN = frozenset({"database", "user", "timestamp", "workingdirectory", "environment"})
"""Flyway's own placeholders whose values depend on where and when it runs."""
_UNKNOWN_NAME = re.compile(f"flyway.({'|'.join(_UNKNOWN)})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlywayScript:
    """One file that Flyway recognises."""

    name: MigrationName
    path: str
    tree: int
    shown: str


class Scripts:
    """Reads scripts; each file once, however often a callback runs."""

    def __init__(self, trees: Sequence[MigrationFolder], settings: FlywaySettings) -> None:
        """All scripts come from these ``trees``."""
        self._trees = trees
        self._settings = settings
        self._read = cache(self._step)

    def shown(self, planned: PlannedFile) -> str:
        """The file of a step as people see it."""
        return self._trees[planned.tree].shown_path(planned.path)

    def mode(self, script: FlywayScript) -> TransactionMode:
        """Whether the script runs in a transaction; raises SourceError where it mixes what may with what may not."""
        return self._read(script).transaction

    def planned(self, script: FlywayScript, *, mode: TransactionMode, entry: str, joined: bool) -> PlannedFile:
        """A migration, or a callback that runs in a migration's transaction."""
        return replace(self._read(script), transaction=mode, entry=entry, joined=joined)

    def callback(self, script: FlywayScript, *, session: str | None) -> PlannedFile:
        """A callback with a connection of its own."""
        return replace(self._read(script), checksum=None, session=session)

    def _step(self, script: FlywayScript) -> PlannedFile:
        given = read_script_settings(self._trees[script.tree], script.path)
        raw = self._trees[script.tree].text(script.path)
        replaces = self._settings.replaces if given.replaces is None else given.replaces
        text = self._replaced(script, raw) if replaces else raw
        cuts = list(cut_statements(text))
        is_repeatable = script.name.kind is MigrationKind.REPEATABLE
        changes = is_repeatable and replaces and _UNKNOWN_NAME.search(raw) is not None
        return PlannedFile(
            path=script.path,
            tree=script.tree,
            text=text.encode(),
            transaction=self._transaction(script, text, cuts, given),
            entry="",
            # Flyway accepts a repeatable migration by the checksum before its placeholders were replaced, too.
            checksum=None if changes else flyway_checksum(text if is_repeatable else raw),
            also=(flyway_checksum(raw),) if is_repeatable and text != raw else (),
            cuts=tuple(_byte_offsets(text, [cut.end for cut in cuts])),
        )

    def _transaction(self, script: FlywayScript, text: str, cuts: Sequence[Cut], given: ScriptSettings) -> TransactionMode:
        for cut in cuts:
            if text[: cut.start].rstrip()[-1:] == "(":
                what = "Flyway drops the parenthesis at the beginning of a statement"
                raise SourceError(what, where=f"{script.shown}:{line_at(text, cut.start)}", todo="remove the parenthesis")
        if given.in_transaction is not None:
            return TransactionMode.FILE if given.in_transaction else TransactionMode.NONE
        if not self._settings.in_transaction:
            return TransactionMode.NONE
        outside = [cut for cut in cuts if not cut.in_transaction]
        if outside and len(outside) < len(cuts) and not self._settings.mixed:
            what = "this statement cannot run in a transaction, but others in the file do: Flyway rejects the mixture"
            todo = "move it to a separate file, or set mixed in Flyway's configuration"
            raise SourceError(what, where=f"{script.shown}:{line_at(text, outside[0].start)}", todo=todo)
        if outside and self._settings.group:
            what = "this statement cannot run in a transaction, but group = true puts all migrations into one"
            raise SourceError(what, where=f"{script.shown}:{line_at(text, outside[0].start)}", todo="migrate without group")
        return TransactionMode.NONE if outside else TransactionMode.FILE

    def _replaced(self, script: FlywayScript, text: str) -> str:
        settings, separator = self._settings, self._settings.separator
        file = script.path.rsplit("/", 1)[-1]
        own = {"defaultschema": "public", "table": "flyway_schema_history", "filename": file}
        values = {f"flyway{separator}{name}": value for name, value in own.items()} | dict(settings.placeholders)

        def missing(name: str, at: int) -> str:
            written = f"{settings.prefix}{name}{settings.suffix}"
            where = f"{script.shown}:{line_at(text, at)}"
            known = name.lower().removeprefix(f"flyway{separator}")
            if name.lower() != known and known in _UNKNOWN:
                if _is_in_comment(text, at):
                    return known
                what = f"only Flyway knows {written}, at run time"
            else:
                what = f"the placeholder {written} is not set"
            raise SourceError(what, where=where, todo=how_to_fill(name))

        for name, value in values.items():
            refuse_lines(value, name, script.shown)
        return replace_placeholders(
            text, Placeholders(values=values, prefix=settings.prefix, suffix=settings.suffix), missing
        )


def read_script_settings(tree: MigrationFolder, path: str) -> ScriptSettings:
    """What the file ``….conf`` next to a script says. Raises SourceError as Flyway refuses it."""
    content = tree.other(f"{path}.conf")
    if content is None:
        return ScriptSettings()
    return script_settings(content.decode(errors="replace"), f"{tree.shown_path(path)}.conf")


def _is_in_comment(text: str, at: int) -> bool:
    data, offset, end = text.encode(), len(text[:at].encode()), 0
    while (token := next_token(data, end)) is not None:
        end = token.end
        if token.start <= offset < end:
            return token.kind is TokenKind.COMMENT
    return False


def _byte_offsets(text: str, offsets: Sequence[int]) -> list[int]:
    """Growing offsets into ``text`` as offsets into its UTF-8 bytes."""
    found, last, size = [], 0, 0
    for offset in offsets:
        size += len(text[last:offset].encode())
        last = offset
        found.append(size)
    return found
