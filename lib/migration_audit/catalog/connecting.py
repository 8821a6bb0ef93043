"""Connects as psycopg does, and raises what the server's SQLSTATE says.

Before a connection is there, libpq offers the text of an error alone, in the server's language. The state is on the wire,
and libpq's own trace shows it: https://www.postgresql.org/docs/current/libpq-control.html#LIBPQ-PQTRACE
"""

from __future__ import annotations

import os
import re
from typing import Final

import psycopg
from psycopg import generators, pq
from psycopg.abc import PQGenConn
from psycopg.waiting import Wait

_ERROR: Final = re.compile(rb'^B\t\d+\tErrorResponse\t S "[^"]*" V "[A-Z]+" C "([0-9A-Z]{5})"', re.MULTILINE)


def connect_naming_states(conninfo: str) -> PQGenConn[pq.abc.PGconn]:
    """The generator of psycopg's ``Connection.connect``.

    Raises psycopg's class for the SQLSTATE of what the server refuses, OperationalError for what no server has answered.
    """
    if not hasattr(os, "memfd_create"):  # libpq traces on Linux alone
        found: pq.abc.PGconn = yield from generators.connect(conninfo)
        return found
    # Never a file: the trace may hold what the client sends.
    with open(os.memfd_create("trace", os.MFD_CLOEXEC), "rb") as trace:  # noqa: PTH123  a descriptor
        connection = pq.PGconn.connect_start(conninfo.encode())
        connection.trace(trace.fileno())
        try:
            connection.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)
            if (yield from _is_open(connection)):
                connection.nonblocking = 1
                return connection
        finally:
            connection.untrace()  # which writes the rest of it
        trace.seek(0)
        states = _ERROR.findall(trace.read())
    message = connection.get_error_message()
    connection.finish()
    raise _class_of(states)(f"connection failed: {message}")


def _is_open(connection: pq.abc.PGconn) -> PQGenConn[bool]:
    while connection.status != pq.ConnStatus.BAD:
        status = connection.connect_poll()
        if status in (pq.PollingStatus.OK, pq.PollingStatus.FAILED):
            return status == pq.PollingStatus.OK
        wait = Wait.R if status == pq.PollingStatus.READING else Wait.W
        while not (yield connection.socket, wait):
            pass
    return False


def _class_of(states: list[bytes]) -> type[psycopg.Error]:
    try:
        return psycopg.errors.lookup(states[-1].decode()) if states else psycopg.OperationalError
    except KeyError:
        return psycopg.OperationalError
