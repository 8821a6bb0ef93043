"""Connections that never wait forever: each operation has a limit on this side, whatever server and network do.

A server that is stopped, or a proxy that forwards nothing more, still acknowledges packets, so that neither keepalives nor
``tcp_user_timeout`` notice it, and a statement timeout of the server never arrives. So the wait itself is limited here.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, Final, Self, TypeVar

import psycopg
from psycopg import capabilities, generators, pq
from psycopg.abc import PQGenConn
from psycopg.conninfo import conninfo_to_dict
from psycopg.waiting import Wait

SILENCE = 100.0
"""Seconds without an answer after which a connection is given up, unless its user sets another limit."""
CONNECT_TIMEOUT = 10
"""Seconds that connecting may take, unless the connection string says otherwise."""
_CANCEL_LIMIT = 5.0
_NETWORK = {
    "connect_timeout": CONNECT_TIMEOUT,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""libpq's own limits: they notice a host that is gone before the limit of silence does."""

_SESSION_VARIABLES: Final = ("PGTZ", "PGDATESTYLE", "PGGEQO")
"""libpq sends them to every server, and knows no parameter that overrides them: '01/02/2020' would be another day.

https://www.postgresql.org/docs/current/libpq-envars.html
"""

Result = TypeVar("Result")


class DeadlineError(psycopg.OperationalError):
    """An operation did not end in time; its connection was closed."""

    def __init__(self, seconds: float, *, database: str, is_stalled: bool) -> None:
        """``is_stalled``: the server did not even take the request to cancel."""
        what = "no answer" if is_stalled else "it did not end"
        done = "the connection stalled and was closed" if is_stalled else "it was cancelled, and the connection closed"
        super().__init__(f"{what} within {seconds:.0f} s: {done} ({database})")
        self.seconds = seconds
        self.database = database
        self.is_stalled = is_stalled


class Connection(psycopg.Connection[Any]):
    """A connection whose operations are limited in time: DeadlineError is raised, and the connection closed."""

    silence: float = SILENCE
    """Seconds without an answer of the server that an operation may take."""
    _limit: tuple[float, float] | None = None
    """When everything has to be over, on the monotonic clock, and how many seconds that were."""

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> Self:
        """As psycopg's, with limits for connecting and for a host that is gone, unless ``conninfo`` has others.

        It connects to the host of ``conninfo``, whatever PGHOSTADDR or PGSERVICE say; PGTZ and PGDATESTYLE have no effect.
        """
        given = conninfo_to_dict(conninfo)
        limits = {name: value for name, value in _NETWORK.items() if given.get(name) is None}
        for name in _SESSION_VARIABLES:
            os.environ.pop(name, None)
        # An address counts before the host, wherever it comes from.
        address = {"hostaddr": ""} if given.get("host") and given.get("hostaddr") is None else {}
        return super().connect(conninfo, **(limits | address | options))

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> PQGenConn[Self]:
        """Of psycopg, which drops the SQLSTATE of what a server refuses."""
        return cls((yield from _connect_naming_states(conninfo)))

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Everything in the block has to end within so many seconds, answers or not; the tighter of two limits counts."""
        before, limit = self._limit, (time.monotonic() + seconds, seconds)
        self._limit = min(before, limit) if before else limit
        try:
            yield
        finally:
            self._limit = before

    def give_up(self) -> None:
        """Have what another thread waits for on this connection end now: DeadlineError is raised there."""
        self._limit = (time.monotonic(), 0.0)

    def wait(self, gen: Generator[Any, Any, Result], *args: Any, **options: Any) -> Result:
        """Every operation of a connection waits here."""
        return super().wait(self._limited(gen), *args, **options)

    def _limited(self, gen: Generator[Any, Any, Result]) -> Generator[Any, Any, Result]:
        """The operation, ended when its time is over; psycopg looks in at least ten times a second."""
        last_answer = time.monotonic()
        ready: Any = None
        while True:
            try:
                wanted = gen.send(ready)
            except StopIteration as end:
                result: Result = end.value
                return result
            ready = yield wanted
            now = time.monotonic()
            if ready:
                last_answer = now
            elif now - last_answer >= self.silence:
                raise self._given_up(self.silence)
            if self._limit and now >= self._limit[0]:
                raise self._given_up(self._limit[1])

    def _given_up(self, seconds: float) -> DeadlineError:
        """Cancel what runs, so that nothing goes on in the server, and close the connection."""
        database = shown_connection(self)
        is_cancelled = False
        if capabilities.has_cancel_safe():  # what older libpqs have may itself wait forever
            with suppress(psycopg.Error):
                self.cancel_safe(timeout=_CANCEL_LIMIT)
                is_cancelled = True
        self.pgconn.finish()
        return DeadlineError(seconds, database=database, is_stalled=not is_cancelled)


_ERROR: Final = re.compile(rb'^B\t\d+\tErrorResponse\t S "[^"]*" V "[A-Z]+" C "([0-9A-Z]{5})"', re.MULTILINE)


def _connect_naming_states(conninfo: str) -> PQGenConn[pq.abc.PGconn]:
    """The generator of psycopg's ``Connection.connect``.

    Raises OperationalError, with the SQLSTATE where a server has refused.
    Before a connection is there, libpq offers the text of an error alone, in the server's language. The state is on the
    wire, and libpq's trace shows it: https://www.postgresql.org/docs/current/libpq-control.html#LIBPQ-PQTRACE
    """
    if not hasattr(os, "memfd_create"):  # libpq traces on Linux alone
        found: pq.abc.PGconn = yield from generators.connect(conninfo)
        return found
    # Never a file: the trace may hold what the client sends.
    with open(os.memfd_create("trace", os.MFD_CLOEXEC), "rb") as trace:  # noqa: PTH123  a descriptor
        with _without_service() if _names_its_server(conninfo) else nullcontext():
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


_ENVIRONMENT: Final = threading.Lock()


@contextmanager
def _without_service() -> Iterator[None]:
    """No variable PGSERVICE: libpq looks for its service even where nothing of it would count, and fails without one.

    No parameter overrides it: an empty ``service`` is a service as well.
    """
    with _ENVIRONMENT:
        name = os.environ.pop("PGSERVICE", None)
        try:
            yield
        finally:
            if name is not None:
                os.environ["PGSERVICE"] = name


def _names_its_server(conninfo: str) -> bool:
    given = conninfo_to_dict(conninfo)
    return bool(given.get("host")) and given.get("service") is None


def _is_open(connection: pq.abc.PGconn) -> PQGenConn[bool]:
    while connection.status != pq.ConnStatus.BAD:
        status = connection.connect_poll()
        if status in (pq.PollingStatus.OK, pq.PollingStatus.FAILED):
            return status == pq.PollingStatus.OK
        wait = Wait.R if status == pq.PollingStatus.READING else Wait.W
        while not (yield connection.socket, wait):
            pass
    return False


def _class_of(states: list[bytes]) -> type[psycopg.OperationalError]:
    """A class, and not an error, since psycopg makes another error of it where it has tried several hosts."""
    if not states:
        return psycopg.OperationalError
    return type("RefusedError", (psycopg.OperationalError,), {"sqlstate": states[-1].decode()})


connect = Connection.connect


def shown_connection(connection: psycopg.Connection[Any]) -> str:
    """Database and server for a message: ``database app on db.example.org``."""
    try:
        info = connection.info
        host = info.host
        return f"database {info.dbname}" + (f" on {host}" if host and not host.startswith("/") else "")
    except psycopg.Error:  # it is closed already
        return "a database"
