"""SQL that changes the ``search_path``: a runner that names its ledger without a schema then looks for it elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migration_audit.formats.lexer import TokenKind, at_line, tokens
from migration_audit.model.sql import TransactionMode

_SET = re.compile(
    rb"set\s+(?:(?P<local>local)\s+|session\s+)?(?:search_path\s*(?:=|to\b)\s*(?P<path>[^;]*)|schema\s+'(?P<schema>[^']*)')"
    rb"|select\s+(?:pg_catalog\s*\.\s*)?set_config\s*\(\s*'search_path'\s*,\s*'(?P<value>[^']*)'\s*,\s*(?P<flag>\w+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SearchPathChange:
    """One statement that sets the ``search_path``."""

    at: int
    """Where it begins."""
    schemas: tuple[str, ...]
    """In order, without ``"$user"``; empty for the empty path."""
    is_local: bool
    """Whether it ends with the transaction."""


def path_changes(text: bytes) -> Iterator[SearchPathChange]:
    """The statements of ``text`` that set the ``search_path``, but for those that set it back to the default."""
    is_start = True
    for token in tokens(text):
        if is_start and token.kind is TokenKind.WORD and (found := _SET.match(text, token.start)):
            value = found["path"] or found["schema"] or found["value"] or b""
            names = [part.strip().strip("'\"") for part in value.decode(errors="replace").split(",")]
            if names[0].lower() != "default" or not found["path"]:
                is_local = bool(found["local"]) or (found["flag"] or b"").lower() == b"true"
                yield SearchPathChange(token.start, tuple(n for n in names if n and n != "$user"), is_local)
        is_start = token.kind is TokenKind.SEMICOLON


def lost_ledger(text: bytes, shown: str, mode: TransactionMode, runner: str, table: str, unless: str) -> Iterator[str]:
    """A note for each change after which ``runner``, which names ``table`` without a schema, does not find it."""
    for change in path_changes(text):
        if "public" not in change.schemas and not (change.is_local and mode is not TransactionMode.FILE):
            yield (
                f"{at_line(shown, text, change.at)} sets a search_path without public: "
                f"{runner} then does not find {table} and fails, unless {unless}"
            )


def finds_ledger(runner: str, table: str) -> str:
    """SQL that fails where the session does not find ``table`` any more, for a runner that names it without a schema.

    The table is taken to be in the first schema that the session starts with.
    """
    return f"""
DO $$
DECLARE
  path text := pg_catalog.current_setting('search_path');
  visible name[] := pg_catalog.current_schemas(false);
  home name;
BEGIN
  SET LOCAL search_path TO DEFAULT;
  home := pg_catalog.current_schema();
  PERFORM pg_catalog.set_config('search_path', path, true);
  IF NOT home = ANY (visible) THEN
    RAISE EXCEPTION '{runner} no longer finds its table {table}: search_path is without the schema %', home
      USING HINT = 'leave search_path unchanged, or reset it at the end of the file';
  END IF;
END $$""".strip()
