"""Looking on while SQL is applied."""

from __future__ import annotations

from typing import Any, Protocol

import psycopg

from migration_audit.model.sql import Statement


class Watch(Protocol):
    """What ``apply_sources`` tells of each statement; it may read by the connection, and must change nothing."""

    def begin(self, connection: psycopg.Connection[Any]) -> None:
        """Nothing is applied yet."""

    def before(self, connection: psycopg.Connection[Any], statement: Statement) -> None:
        """The statement comes next; again where the statements of its transaction block had to be repeated."""

    def after(self, connection: psycopg.Connection[Any], statement: Statement, rows: int) -> None:
        """The statement was executed, and wrote or deleted this many rows (-1: the server does not say)."""

    def end(self, connection: psycopg.Connection[Any]) -> None:
        """Everything is applied, or up to the first failure."""


class NoWatch:
    """Nobody looks on."""

    def begin(self, connection: psycopg.Connection[Any]) -> None:
        """Nothing."""

    def before(self, connection: psycopg.Connection[Any], statement: Statement) -> None:
        """Nothing."""

    def after(self, connection: psycopg.Connection[Any], statement: Statement, rows: int) -> None:
        """Nothing."""

    def end(self, connection: psycopg.Connection[Any]) -> None:
        """Nothing."""
