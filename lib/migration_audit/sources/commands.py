"""psql's backslash commands: which can be left out, which include a file, and why the others are refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from migration_audit.model.errors import SourceError
from migration_audit.model.location import Location
from migration_audit.sources.variables import RefusedError

_DISPLAY = re.compile(
    r"""a|C|conninfo|copyright|errverbose|f|h|help|\?|H|html|p|print|pset|t|T|timing|x|l\+?|list\+?|z|s[fv]\+?"""
    r"""|d[A-Za-z]*[S+]*|echo|qecho|warn|restrict|unrestrict"""
)
"""Commands that change what psql prints, and nothing that reaches the server."""
INCLUDES = {"i": False, "include": False, "ir": True, "include_relative": True}
"""The commands that read another file, and whether its path counts from the file that names it."""
_WHOLE_LINE = frozenset({"!", "copy", "h", "help", "sf", "sf+", "sv", "sv+", "ef", "ev"})
"""Commands that take everything up to the end of the line, backslashes too."""
_PIPES = frozenset({"o", "out", "g", "gx", "w", "write"})
"""Commands that do so where a ``|`` comes first."""
_REASONS = {
    "it connects to another database or as another role": ("c", "connect"),
    "it sends the rows of a query as statements": ("gexec",),
    "it sets variables from a query": ("gset",),
    "it sends the statement with psql's own options": (
        *("g", "gx", "gdesc", "bind", "bind_named", "parse", "close", "close_prepared", "watch", "crosstabview"),
        *("startpipeline", "endpipeline", "syncpipeline", "sendpipeline", "flush", "flushrequest", "getresults"),
    ),
    "it reads or writes files of the machine that runs psql": (
        *("copy", "lo_import", "lo_export", "lo_list", "lo_unlink", "w", "write", "s"),
    ),
    "it runs a program": ("!",),
    "it sends output to a file or a program": ("o", "out"),
    "it ends the file early": ("q", "quit"),
    "it asks a person": ("prompt", "password", "e", "edit", "ef", "ev"),
    "it changes the folder that later paths are relative to": ("cd",),
    "it reads or changes environment variables": ("setenv", "getenv"),
    "it discards the preceding statement": ("r", "reset"),
    "files are read as UTF-8 alone": ("encoding",),
    "no COPY … FROM stdin precedes it": (".",),
}
_REASON = {name: reason for reason, names in _REASONS.items() for name in names}
_UTF8 = re.compile(r"(?:'?(?:UTF-?8|UNICODE)'?;?)?", re.IGNORECASE)
_UNKNOWN = "the audit does not support it"
BRANCHES = frozenset({"if", "elif", "else", "endif"})
"""The commands that psql obeys in a part that it skips, too."""


@dataclass(frozen=True, slots=True)
class PsqlCommand:
    """A backslash command of psql."""

    at: int
    name: str
    rest: str
    """The rest of its line, stripped."""
    pending: bool
    """Whether it is in the middle of a statement."""


def takes_whole_line(name: str, rest: bytes) -> bool:
    """Whether the command leaves nothing of its line to a second one."""
    return name in _WHOLE_LINE or (name in _PIPES and rest.lstrip().startswith(b"|"))


def check_command(command: PsqlCommand, at: Location, *, runs_program: bool) -> None:
    """Return for a command that can be left out without a change to what reaches the server.

    Raises SourceError, with the place and the reason, for every other.
    """
    reason = "it runs a program" if runs_program else _reason(command)
    if reason is not None:
        raise refused(command, at, reason)


def check_skipped(command: PsqlCommand, at: Location) -> None:
    """Return for a command that psql passes over in a part that ``\\if`` skips.

    Raises SourceError for one that psql does not know: it reports an error there too.
    """
    is_known = command.name in INCLUDES or command.name in {"set", "unset"} or _reason(command) != _UNKNOWN
    if not is_known or command.name == ".":
        what = f"psql does not know \\{command.name}, and reports it even though \\if skips this part"
        raise SourceError(what, where=str(at), todo=r"keep the data of COPY in a file that \ir includes")


def refused(command: PsqlCommand, at: Location, reason: str, todo: str | None = None) -> SourceError:
    """The error for a command that is refused."""
    todo = todo or "write what it does as plain SQL, or keep it in a file that is not audited"
    return SourceError(f"psql's \\{command.name} is refused: {reason}", where=str(at), todo=todo)


def _reason(command: PsqlCommand) -> str | None:
    name = command.name
    if name.startswith(";"):
        return "it joins statements in a way that only psql supports"
    if name == "encoding" and _UTF8.fullmatch(command.rest):
        return None
    return None if _DISPLAY.fullmatch(name) else _REASON.get(name, _UNKNOWN)


@dataclass(slots=True)
class _Block:
    """One ``\\if`` up to its ``\\endif``."""

    line: int
    condition: str
    runs: bool
    """Whether psql runs the branch that is being read."""
    is_settled: bool
    """Whether a branch has run, or none may: the conditions of later branches are not evaluated."""
    is_assumed: bool = False
    """Whether ``psql -v`` could change the last condition that was evaluated: it depends on a variable that nothing sets."""
    depends: bool = False
    """Whether that was so of any of its conditions."""
    has_else: bool = False
    branch: int = 0


class Conditions:
    """The open blocks of one file."""

    def __init__(self) -> None:
        """No block is open."""
        self._open: list[_Block] = []

    @property
    def active(self) -> bool:
        """Whether psql runs what is being read."""
        return not self._open or self._open[-1].runs

    @property
    def skipped(self) -> tuple[int, int] | None:
        """The outermost branch that is being skipped, as a value of its own; None while psql runs what it reads."""
        return next(((block.line, block.branch) for block in self._open if not block.runs), None)

    @property
    def is_assumed(self) -> bool:
        """Whether ``psql -v`` could change that the outermost skipped branch is skipped."""
        return any(block.is_assumed for block in self._open if not block.runs)

    @property
    def depends(self) -> bool:
        """Whether ``psql -v`` could change which of the open branches run."""
        return any(block.depends for block in self._open)

    @property
    def reason(self) -> str:
        """Why the outermost skipped branch is skipped; empty while psql runs what it reads."""
        block = next((block for block in self._open if not block.runs), None)
        if block is None:
            return ""
        if block.is_settled:
            return f"another branch of the \\if in line {block.line} runs"
        return f"\\{'elif' if block.branch else 'if'} {block.condition} is false"

    @property
    def unclosed(self) -> int | None:
        """The line of the innermost ``\\if`` that no ``\\endif`` closes."""
        return self._open[-1].line if self._open else None

    def follow(self, name: str, line: int, condition: str, evaluate: Callable[[], tuple[bool, bool]]) -> None:
        """Obey one of the four commands.

        ``evaluate`` is asked where psql evaluates the condition: whether it is true, and whether that is assumed.

        Raises RefusedError where psql reports an error.
        """
        if name == "if":
            outer = self.active
            runs, is_assumed = evaluate() if outer else (False, False)
            settled = runs or not outer
            self._open.append(_Block(line, condition, runs, settled, is_assumed=is_assumed, depends=is_assumed))
            return
        if not self._open:
            raise RefusedError("no \\if is open here", "remove it, or write the \\if before it")
        block = self._open[-1]
        if name == "endif":
            self._open.pop()
            return
        if block.has_else:
            raise RefusedError(f"the \\else of the \\if in line {block.line} precedes it", "\\else comes last")
        block.has_else = name == "else"
        block.branch += 1
        block.condition = condition
        block.runs = False
        if not block.is_settled:
            block.runs, block.is_assumed = (True, False) if name == "else" else evaluate()
            block.is_settled = block.runs
            block.depends |= block.is_assumed
