"""A connection to a server that goes wrong on the way: cut, delayed, or only slow."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from psycopg.conninfo import conninfo_to_dict, make_conninfo


@dataclass
class Way:
    """What a proxy on loopback does with each connection through it."""

    conninfo: str
    """Leads through the proxy."""
    cut_after: int | None = None
    """Bytes of the server's answers after which a connection is reset."""
    delay: float = 0.0
    """Seconds that each piece is kept, in both directions."""
    connections: int = 0
    answered: int = 0
    """Bytes of answers that went through, of all connections."""
    round_trips: int = 0
    """How often a client sent after the server had answered."""
    _open: list[socket.socket] = field(default_factory=list)


@contextlib.contextmanager
def proxy(upstream: str, *, cut_after: int | None = None, delay: float = 0.0) -> Iterator[Way]:
    """A way to the server of the connection string, through 127.0.0.1."""
    to = conninfo_to_dict(upstream)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    host, port = listener.getsockname()[:2]
    way = Way(make_conninfo(upstream, host=host, port=port, sslmode="disable", gssencmode="disable"), cut_after, delay)
    stopped = threading.Event()

    def accept() -> None:
        while not stopped.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = listener.accept()
                way.connections += 1
                threading.Thread(target=_carry, args=(client, _connected(to), way, stopped), daemon=True).start()

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


def _carry(client: socket.socket, server: socket.socket, way: Way, stopped: threading.Event) -> None:
    """Carry bytes both ways, each piece ``delay`` later, until somebody ends or the answers are cut."""
    left, asked = way.cut_after, False
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
                else:
                    asked = False
                    if left is not None:
                        data, left = data[:left], left - len(data)
                    way.answered += len(data)
                waiting.append((time.monotonic() + way.delay, key.data, data))
            while waiting and waiting[0][0] <= time.monotonic():
                _, to, data = waiting.popleft()
                to.sendall(data)
            if left is not None and left <= 0 and not waiting:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset, not an end
                return
