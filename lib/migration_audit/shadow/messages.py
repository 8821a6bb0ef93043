"""What a runner's way of sending adds to the statements of its files: the transactions that it opens and ends."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from migration_audit.model.location import Location
from migration_audit.model.sql import SqlFile, Statement, StatementKind, TransactionMode


def messages(files: Sequence[SqlFile], *, in_one: bool) -> list[tuple[Statement, ...]]:
    """The statements of each file and what is joined to it, with BEGIN and COMMIT; of all files, if they are ``in_one``."""
    if in_one:
        return [tuple(_all_in_one(files))]
    return [_of_one(steps) for steps in _joined(files)]


def _joined(files: Sequence[SqlFile]) -> list[list[SqlFile]]:
    """Each file with those that go on in its transaction."""
    found: list[list[SqlFile]] = []
    for file in files:
        if found and file.joined:
            found[-1].append(file)
        else:
            found.append([file])
    return found


def _of_one(files: Sequence[SqlFile]) -> tuple[Statement, ...]:
    statements = tuple(statement for file in files for statement in file.statements)
    mode = files[0].transaction
    if statements and mode is TransactionMode.FILE:
        inner = tuple(_in_message(statements, is_open=True)) if files[0].in_one_message else statements
        return (_transaction("BEGIN", statements[0].at), *inner, _transaction("COMMIT", statements[-1].at))
    if mode is TransactionMode.MESSAGE:
        return tuple(_in_message(statements, is_open=False))
    return statements


def _all_in_one(files: Sequence[SqlFile]) -> Iterator[Statement]:
    """One transaction around messages of their own: after a COMMIT in one of them the next are outside of it."""
    statements = [statement for file in files for statement in file.statements]
    if not statements:
        return
    yield _transaction("BEGIN", statements[0].at)
    is_open = True
    for file in files:
        is_open = yield from _in_message(file.statements, is_open=is_open, is_whole=file.in_one_message)
    yield _transaction("COMMIT", statements[-1].at)


def _in_message(
    statements: Sequence[Statement], *, is_open: bool, is_whole: bool = True
) -> Generator[Statement, None, bool]:
    """Statements of one message (or, if not ``is_whole``, each of its own), and whether a block is open behind them.

    Outside of a block, the first of several statements in a message opens one, which ends with the message. So CREATE INDEX
    CONCURRENTLY fails in it even after a COMMIT.
    https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT
    """
    is_implicit = False
    opens = is_whole and len(statements) > 1
    for statement in statements:
        if statement.begins_transaction:
            is_implicit, is_open = False, True
        elif statement.ends_transaction:
            is_implicit, is_open = False, False
        elif opens and not is_open:
            is_implicit, is_open = True, True
            yield _transaction("BEGIN", statement.at)
        yield statement
    if is_implicit:
        yield _transaction("COMMIT", statements[-1].at)
    return is_open and not is_implicit


def _transaction(text: str, at: Location) -> Statement:
    return Statement(text=text, at=at, kind=StatementKind.TRANSACTION)
