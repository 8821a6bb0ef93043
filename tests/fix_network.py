"""A connection to a server that goes wrong on the way: cut, delayed, or only slow; or whose server process ends."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from psycopg.conninfo import conninfo_to_dict, make_conninfo

_BACKEND_KEY_DATA = b"K\0\0\0\x0c"
"""The message with the number of the server's process; https://www.postgresql.org/docs/current/protocol-message-formats.html"""


@dataclass(frozen=True)
class Fault:
    """What happens to a connection after so many bytes of the server's answers, and to each later one."""

    connection: int
    """The first that it happens to; 0 is the first of all."""
    after: int
    happens: Callable[[socket.socket, int], bool]
    """Gets the client's socket and the number of the server's process; true when nothing more is carried."""
    once: bool = False
    """Whether later connections are left alone."""


@dataclass
class Way:
    """What a proxy on loopback does with each connection through it."""

    conninfo: str
    """Leads through the proxy."""
    fault: Fault | None = None
    delay: float = 0.0
    """Seconds that each piece is kept, in both directions."""
    answered: list[int] = field(default_factory=list)
    """Bytes of answers that went through, of each connection."""
    happened: bool = False
    """Whether the fault has happened."""
    round_trips: int = 0
    """How often a client sent after the server had answered."""
    _open: list[socket.socket] = field(default_factory=list)


@contextlib.contextmanager
def proxy(upstream: str, *, fault: Fault | None = None, delay: float = 0.0) -> Iterator[Way]:
    """A way to the server of the connection string, through 127.0.0.1."""
    to = conninfo_to_dict(upstream)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    host, port = listener.getsockname()[:2]
    way = Way(make_conninfo(upstream, host=host, port=port, sslmode="disable", gssencmode="disable"), fault, delay)
    stopped = threading.Event()

    def accept() -> None:
        while not stopped.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = listener.accept()
                way.answered.append(0)
                carried = (client, _connected(to), way, len(way.answered) - 1, stopped)
                threading.Thread(target=_carry, args=carried, daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield way
    finally:
        stopped.set()
        thread.join()
        listener.close()


def _connected(to: dict[str, object]) -> socket.socket:
    host, port = str(to["host"]), int(str(to.get("port") or 5432))
    if not host.startswith("/"):
        return socket.create_connection((host, port))
    server = socket.socket(socket.AF_UNIX)
    server.connect(f"{host}/.s.PGSQL.{port}")
    return server


def reset(client: socket.socket, _process: int) -> bool:
    """A reset, not an end: what a firewall or a machine that restarts sends."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    return True


def end(_client: socket.socket, _process: int) -> bool:
    """The end of the stream, as when a pooler closes a connection."""
    return True


def _carry(client: socket.socket, server: socket.socket, way: Way, number: int, stopped: threading.Event) -> None:
    """Carry bytes both ways, each piece ``delay`` later, until somebody ends or the fault says so."""
    fault = way.fault
    if fault and not (number == fault.connection or (number > fault.connection and not fault.once)):
        fault = None
    asked, head = False, b""
    waiting: deque[tuple[float, socket.socket, bytes]] = deque()
    with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
        for each in (client, server):
            stack.callback(each.close)
        selector = stack.enter_context(selectors.DefaultSelector())
        selector.register(client, selectors.EVENT_READ, server)
        selector.register(server, selectors.EVENT_READ, client)
        while not stopped.is_set():
            soon = max(0.0, waiting[0][0] - time.monotonic()) if waiting else 0.1
            for key, _ in selector.select(min(soon, 0.1)):
                data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                if not data:
                    return
                if key.fileobj is client:
                    way.round_trips += not asked
                    asked = True
                    waiting.append((time.monotonic() + way.delay, server, data))
                    continue
                asked, head = False, head or data
                left = fault.after - way.answered[number] if fault else len(data)
                way.answered[number] += len(data)
                waiting.append((time.monotonic() + way.delay, client, data[:left]))
                if fault and left <= len(data):
                    _send(waiting)
                    way.happened = True
                    if fault.happens(client, _process_of(head)):
                        return
                    fault = None
                    waiting.append((time.monotonic(), client, data[left:]))
            while waiting and waiting[0][0] <= time.monotonic():
                _, to, data = waiting.popleft()
                to.sendall(data)


def _send(waiting: deque[tuple[float, socket.socket, bytes]]) -> None:
    """All that waits, at once."""
    while waiting:
        _, to, data = waiting.popleft()
        to.sendall(data)


def _process_of(head: bytes) -> int:
    """The number of the server's process, from the first bytes of its answers; 0 before it has said it."""
    at = head.find(_BACKEND_KEY_DATA)
    return struct.unpack_from(">i", head, at + len(_BACKEND_KEY_DATA))[0] if at >= 0 else 0
