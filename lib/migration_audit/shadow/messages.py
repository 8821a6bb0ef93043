"""What a runner's way of sending adds to the statements of its files: the transactions that it opens and ends."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator, Sequence

from migration_audit.model.location import Location
from migration_audit.model.sql import SqlFile, Statement, StatementKind, TransactionMode


def messages(files: Sequence[SqlFile], *, in_one: bool, recording: Sequence[str] = ()) -> list[tuple[Statement, ...]]:
    """The statements of each file and what is joined to it, with BEGIN and COMMIT; of all files, if they are ``in_one``.

    ``recording`` goes behind the statements of each, in their transaction.
    """
    if in_one:
        return [tuple(_all_in_one(files, recording))]
    return [_of_one(steps, recording) for steps in _joined(files)]


def _joined(files: Sequence[SqlFile]) -> list[list[SqlFile]]:
    """Each file with those that go on in its transaction."""
    found: list[list[SqlFile]] = []
    for file in files:
        if found and file.joined:
            found[-1].append(file)
        else:
            found.append([file])
    return found


def _of_one(files: Sequence[SqlFile], recording: Sequence[str]) -> tuple[Statement, ...]:
    statements = [statement for file in files for statement in file.statements]
    mode = files[0].transaction
    if not statements:
        return ()
    records = [Statement(text=text, at=statements[-1].at) for text in recording]
    if mode is TransactionMode.NONE:
        return (*statements, *records)
    if mode is TransactionMode.MESSAGE:
        return (*_in_messages(files, is_open=False), *records)
    inner = _in_messages(files, is_open=True)
    return (_transaction("BEGIN", statements[0].at), *inner, *records, _transaction("COMMIT", statements[-1].at))


def _all_in_one(files: Sequence[SqlFile], recording: Sequence[str]) -> Iterator[Statement]:
    """One transaction around messages of their own: after a COMMIT in one of them the next are outside of it."""
    statements = [statement for file in files for statement in file.statements]
    if not statements:
        return
    yield _transaction("BEGIN", statements[0].at)
    is_open = True
    for file in files:
        is_open = yield from _in_messages([file], is_open=is_open)
        if file.statements:
            yield from (Statement(text=text, at=file.statements[-1].at) for text in recording)
    yield _transaction("COMMIT", statements[-1].at)


def _in_messages(files: Sequence[SqlFile], *, is_open: bool) -> Generator[Statement, None, bool]:
    """The messages of the files one by one, and whether a block is open behind them."""
    for file in files:
        rest = iter(file.statements)
        for size in file.messages or (1,) * len(file.statements):
            is_open = yield from _in_message(tuple(itertools.islice(rest, size)), is_open=is_open)
    return is_open


def _in_message(statements: Sequence[Statement], *, is_open: bool) -> Generator[Statement, None, bool]:
    """Statements of one message, and whether a block is open behind them.

    Outside of a block, the first of several statements in a message opens one, which ends with the message. So CREATE INDEX
    CONCURRENTLY fails in it even after a COMMIT.
    https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT
    """
    is_implicit = False
    for statement in statements:
        if statement.begins_transaction:
            is_implicit, is_open = False, True
        elif statement.ends_transaction:
            is_implicit, is_open = False, False
        elif len(statements) > 1 and not is_open:
            is_implicit, is_open = True, True
            yield _transaction("BEGIN", statement.at)
        yield statement
    if is_implicit:
        yield _transaction("COMMIT", statements[-1].at)
    return is_open and not is_implicit


def _transaction(text: str, at: Location) -> Statement:
    return Statement(text=text, at=at, kind=StatementKind.TRANSACTION)
