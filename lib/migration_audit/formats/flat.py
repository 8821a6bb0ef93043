"""The files directly in a folder that a runner reads, and what SQL lies there or deeper and is not read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from migration_audit.formats.interface import MigrationFolder
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied

_PACKED = "gz|bz2|xz|zst|zip|tmpl|template|tpl|j2|jinja2?|erb|in|mustache|hbs|liquid|txt"
_SQL_TOO = re.compile(rf".+\.(?:pgsql|psql|plpgsql|plsql|ddl|sql\.(?:{_PACKED}))", re.IGNORECASE)


def other_sql(path: str) -> str | None:
    """Why a file that is SQL by another name than ``.sql`` is not read; None for ``.sql`` files and for all others.

    >>> other_sql("a/b.sql.gz"), other_sql("b.sql"), other_sql("b.sql.bak")
    ('its name does not end in .sql', None, None)
    """
    return "its name does not end in .sql" if _SQL_TOO.fullmatch(path.rpartition("/")[2]) else None


def direct_files(tree: MigrationFolder, runner: str) -> tuple[str, ...]:
    """The paths that ``runner`` sees: those directly in the folder, or in the one folder that the chosen files are in.

    Raises SourceError where files of several folders were chosen, of which none is the folder itself.
    """
    folders = {path.rpartition("/")[0] for path in tree.paths}
    if tree.is_whole or "" in folders or not folders:
        return tree.below("")
    if len(folders) > 1:
        shown = ", ".join(sorted(map(tree.shown_path, folders))[:3])
        what = f"{runner} reads only files directly in one folder, but these are in several: {shown}"
        raise SourceError(what, where=tree.shown or ".", todo="name one folder, or one glob per folder")
    return tree.below(folders.pop())


def unread_sql(tree: MigrationFolder, read: Collection[str], *, names: str) -> Iterator[NotApplied]:
    """The SQL files of the tree that are not among ``read``; ``names`` says which names the runner takes."""
    seen = {path.rpartition("/")[0] for path in read}
    for path in tree.paths:
        if path not in read and (why := other_sql(path)):
            yield NotApplied(path=tree.shown_path(path), reason=why, by_rule=False)
        if path.lower().endswith(".sql") and path not in read:
            is_deeper = path.rpartition("/")[0] not in (seen or {""})
            reason = "in a subfolder, which the runner does not read" if is_deeper else f"the runner reads {names}"
            yield NotApplied(path=tree.shown_path(path), reason=reason, by_rule=False)
