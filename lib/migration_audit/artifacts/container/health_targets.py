"""Which server one program of a health check asks, if it asks any."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_URL: Final = re.compile(r"(?:https?|tcp|ws)://(?:[^@/\s'\"]*@)?(?P<host>\[[^\]]+\]|[^/:\s'\"`)?]+)(?::(?P<port>\d+))?")
_HOST: Final = re.compile(r"(?P<host>\[[^\]]+\]|[A-Za-z0-9_.-]+)(?::(?P<port>\d+))?(?:/.*)?")
_TCP: Final = re.compile(r"/dev/tcp/(?P<host>[^/\s]+)/(?P<port>\d+)?")
_PORT: Final = (
    re.compile(r"\bport['\"]?\s*[:=]\s*['\"]?(\d+)"),
    re.compile(r"connect(?:ion)?\(\s*\(?\s*(?:['\"][\w.]*['\"]\s*,\s*)?(\d+)"),
)
_NAMED_HOST: Final = re.compile(r"\bhost(?:name)?['\"]?\s*[:=]\s*['\"]([^'\"]+)")
_NETWORK: Final = re.compile(r"\b(?:fetch|http|https|socket|request|requests|urllib|net|connect)\b")

CLIENTS: Final = frozenset({"curl", "wget", "http", "https", "xh", "grpc_health_probe", "wait-for-it.sh", "wait-for-it"})
SOCKETS: Final = frozenset({"nc", "ncat", "netcat", "telnet"})
INTERPRETERS: Final = frozenset({"node", "nodejs", "python", "python3", "deno", "bun", "php", "ruby", "perl"})

Server = tuple[str, "str | None"]
"""Host and port."""


def asked_by_client(words: Sequence[str]) -> Server | None:
    """The server that ``curl`` and its kin ask; None where their words do not tell.

    >>> asked_by_client(["-f", "localhost:8055/server/health"])
    ('localhost', '8055')
    """
    for word in words:
        if url := _URL.search(word):
            return url["host"], url["port"]
    for word in reversed(words):
        bare = _HOST.fullmatch(word)
        if bare and not word.startswith("-") and (bare["port"] or "/" in word or bare["host"] == "localhost"):
            return bare["host"], bare["port"]
    return None


def asked_by_socket(words: Sequence[str]) -> Server | None:
    """The server that ``nc -z HOST PORT`` asks."""
    plain = [word for word in words if not word.startswith("-")]
    return (plain[0], plain[1] if len(plain) > 1 else None) if plain else None


def asked_by_redirect(text: str) -> Server | None:
    """The server that bash asks by ``</dev/tcp/HOST/PORT``."""
    found = _TCP.search(text)
    return (found["host"], found["port"]) if found else None


def asked_by_program(text: str) -> tuple[Server | None, bool]:
    """The server that a program in another language names, and whether it seems to ask one that it does not name.

    >>> asked_by_program("require('http').get({port: 8055})")
    (('localhost', '8055'), False)
    """
    if url := _URL.search(text):
        return (url["host"], url["port"]), False
    port = next((found for pattern in _PORT if (found := pattern.search(text))), None)
    if port:
        host = _NAMED_HOST.search(text)
        return (host[1] if host else "localhost", port[1]), False
    return None, bool(_NETWORK.search(text))
