"""What can go wrong, as one tree.

Every error says three things: what happened, where (``file:line``, ``schema.object``, a name), what to do about it.
The command line turns them into exit codes:

    AuditError                 3  could not audit
    ├── UsageError             2  wrong usage
    │   └── ConfigError        2  an invalid audit.toml (key, line, what was expected)
    ├── SourceError            3  a SQL source cannot be read or split
    ├── ArtifactError          3  a file that is not SQL (compose, Dockerfile, …) is missing or cannot be understood
    ├── SqlError               3  a statement failed on the server
    ├── ServerError            3  no server, or it lacks what is needed
    ├── DatabaseError          3  a live database cannot be reached or read
    ├── NotebookError          3  a notebook did not reach its end
    └── SignoffError           4  not signed, or what was signed does not hold
"""

from __future__ import annotations

from typing import ClassVar


class AuditError(Exception):
    """Base of every error that this project raises on purpose; its text is meant for people."""

    exit_code: ClassVar[int] = 3

    def __init__(self, what: str, *, where: str | None = None, todo: str | None = None) -> None:
        """Keep the three parts apart, so that a report can set them apart too."""
        super().__init__(what)
        self.what = what
        self.where = where
        self.todo = todo

    def __str__(self) -> str:
        """One paragraph: ``where: what``, then what to do on a line of its own."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  → {self.todo}" if self.todo else head

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it in a notebook: the text alone, which says more than forty lines of our own code."""
        return [f"{type(self).__name__}: {self}"]


class UsageError(AuditError):
    """The command was called in a way that cannot mean anything."""

    exit_code = 2


class ConfigError(UsageError):
    """audit.toml is invalid; ``where`` is ``file:line`` and ``what`` names the key and what was expected."""


class SourceError(AuditError):
    """A SQL source is missing, empty, not UTF-8, or uses what the audit refuses to guess at."""


class ArtifactError(AuditError):
    """A file of the project that is not SQL is missing, not UTF-8, or not what its format allows."""


class SqlError(AuditError):
    """A statement failed on the server; carries the statement and the server's SQLSTATE."""

    def __init__(self, what: str, *, where: str, statement: str, sqlstate: str | None, todo: str | None = None) -> None:
        """``what`` is the server's message, ``where`` the ``file:line`` at which the statement starts."""
        super().__init__(what, where=where, todo=todo)
        self.statement = statement
        self.sqlstate = sqlstate


class ServerError(AuditError):
    """No server could be had, or the chosen one lacks what the SQL needs."""


class DatabaseError(AuditError):
    """A live database cannot be reached, is not the one it is meant to be, or cannot be read."""

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        todo: str | None = None,
        is_temporary: bool = False,
        is_unanswered: bool = False,
    ) -> None:
        """``is_temporary``: the same attempt may succeed later, as the server was down, busy or starting.

        ``is_unanswered``: no server has answered, whatever the database.
        """
        super().__init__(what, where=where, todo=todo)
        self.is_temporary = is_temporary
        self.is_unanswered = is_unanswered


class NotebookError(AuditError):
    """A notebook is missing, was given unknown parameters, or did not reach its end."""


class SignoffError(AuditError):
    """Something is not signed, may not be signed, or the files differ from what was signed."""

    exit_code = 4
