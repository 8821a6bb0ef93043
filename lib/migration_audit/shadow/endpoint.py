"""Where a private cluster listens: where no one else can connect, or not without a password."""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from migration_audit.shadow.settings import PRIVATE_NAME


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a cluster listens: a folder for its socket, or loopback with a password."""

    host: str
    port: int = 5432
    password: str | None = None

    @property
    def options(self) -> list[str]:
        """Command-line options of ``postgres``."""
        tcp = self.password is not None
        chosen = {
            "cluster_name": PRIVATE_NAME,
            "port": self.port,
            "listen_addresses": self.host if tcp else "",
            "unix_socket_directories": "" if tcp else self.host,
            "unix_socket_permissions": "0700",
        }
        return [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]


def choose_endpoint(directory: Path, *, tcp: bool | None) -> Endpoint:
    """A socket in the cluster's directory, or loopback where ``tcp`` asks for it or sockets do not work there."""
    if tcp is None:
        tcp = not _sockets_work(directory)
    if not tcp:
        return Endpoint(str(directory / "s"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return Endpoint("127.0.0.1", free.getsockname()[1], secrets.token_urlsafe(24))


def _sockets_work(directory: Path) -> bool:
    """False on file systems that know no sockets."""
    probe = directory / "s" / "probe"
    try:
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(str(probe))
    except OSError:
        return False
    probe.unlink()
    return True
