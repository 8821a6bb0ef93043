"""What the audit does with psql's backslash commands: leave out, include a file, or refuse with the reason."""

from __future__ import annotations

import re

from migration_audit.model.errors import SourceError
from migration_audit.model.location import Location
from migration_audit.sources.script import Command

_DISPLAY = re.compile(
    r"""a|C|conninfo|copyright|errverbose|f|h|help|\?|H|html|p|print|pset|t|T|timing|x|l\+?|list\+?|z|s[fv]\+?"""
    r"""|d[A-Za-z]*[S+]*|echo|qecho|warn|restrict|unrestrict|unset"""
)
"""Commands that change what psql prints, and nothing that reaches the server."""

_INCLUDE = {"i": False, "include": False, "ir": True, "include_relative": True}
"""The commands that read another file, and whether its path counts from the file that names it."""

_BEHAVIOUR = {
    "AUTOCOMMIT": "it changes where transactions end",
    "ON_ERROR_ROLLBACK": "it hides statements that fail",
    "SINGLELINE": "it changes where statements end",
    "SINGLESTEP": "it asks before every statement",
}
"""psql variables that change what reaches the server."""

_REASONS = {
    "it connects to another database or as another role": ("c", "connect"),
    "it sends the rows of a query as further statements": ("gexec",),
    "it sets variables from a query": ("gset",),
    "it sends the statement with psql's own options": ("g", "gx", "gdesc", "bind", "bind_named", "parse", "watch"),
    "it reads or writes files of the machine that runs psql": ("copy", "lo_import", "lo_export", "w", "write", "s"),
    "it decides which statements run": ("if", "elif", "else", "endif"),
    "it runs a program": ("!",),
    "it sends output to a file or a program": ("o", "out"),
    "it ends the file early": ("q", "quit"),
    "it asks a person": ("prompt", "password", "e", "edit", "ef", "ev"),
    "it changes the folder that later paths count from": ("cd",),
    "it reads or changes environment variables": ("setenv", "getenv"),
    "it throws the statement before it away": ("r", "reset"),
    "files are read as UTF-8 alone": ("encoding",),
    "no COPY … FROM stdin stands before it": (".",),
}
_REASON = {name: reason for reason, names in _REASONS.items() for name in names}

_QUOTED = re.compile(r"""'(?P<single>(?:[^']|'')*)'|"(?P<double>[^"]*)"|(?P<bare>[^\s'"`]+)""")


def variable_set_by(command: Command) -> str | None:
    """The psql variable that this command sets, if it sets one."""
    words = command.rest.split()
    return words[0] if command.name == "set" and words else None


def included_path(command: Command, at: Location) -> tuple[str, bool] | None:
    """The path that this command includes and whether it counts from the including file; None for other commands.

    Raises SourceError if the command includes a file in a way that the audit does not follow.
    """
    relative = _INCLUDE.get(command.name)
    if relative is None:
        return None
    if command.pending:
        raise _refused(command, at, "it stands in the middle of a statement", "end the statement before it with `;`")
    name = _QUOTED.fullmatch(command.rest.removesuffix(";").strip())
    if name is None or ":" in (name["bare"] or ""):
        raise _refused(command, at, "its path is not a plain file name", "write the path out, in quotes if need be")
    if name["single"] is not None:
        return name["single"].replace("''", "'"), relative
    return name["double"] or name["bare"] or "", relative


def check_command(command: Command, at: Location) -> None:
    """Return for a command that can be left out without a change to what reaches the server.

    Raises SourceError, with the place and the reason, for every other.
    """
    reason = _reason(command)
    if reason is not None:
        raise _refused(command, at, reason, "write what it does as plain SQL, or keep it in a file that is not audited")


def _reason(command: Command) -> str | None:
    name, rest = command.name, command.rest
    if name.startswith((";", ":")) or not name:
        return "it joins statements in a way that only psql knows"
    if "`" in rest:
        return "it runs a program"
    if "\\" in _without_quotes(rest):
        return "a second command stands on its line"
    if name == "set":
        return _BEHAVIOUR.get(variable_set_by(command) or "")
    if name == "encoding" and rest.strip("'\"").upper() in ("", "UTF8", "UTF-8", "UNICODE"):
        return None
    return None if _DISPLAY.fullmatch(name) else _REASON.get(name, "the audit does not know what it does")


def _without_quotes(text: str) -> str:
    return re.sub(r"'(?:[^'\\]|''|\\.)*'|\"[^\"]*\"", "", text)


def _refused(command: Command, at: Location, reason: str, todo: str) -> SourceError:
    return SourceError(f"psql's \\{command.name} is refused: {reason}", where=str(at), todo=todo)
