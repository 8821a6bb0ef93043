"""What must never be in audit.toml, and is never repeated in a message when it is."""

from __future__ import annotations

import re
from typing import Final

_DATABASE_URL: Final = re.compile(r"(?i)\b(?:postgres(?:ql)?|timescale(?:db)?)(?:\+\w+)?://")
_CREDENTIALS: Final = re.compile(r"://[^\s/@:]*:[^\s]*@")
_PASSWORD: Final = re.compile(r"(?i)password\s*=")
_OF_SHADOW: Final = re.compile(
    r"(?i)\b(?:jdbc:)?\w+(?:\+\w+)?://(?:(?:[\w.-]+|\{user\})(?::\{password\})?@)?\{host\}|password\s*=\s*['\"]?\{password\}"
)
"""What a command's ``env`` says of the shadow: placeholders where a secret would be."""

TODO: Final = (
    "put the URL into an environment variable and name it with dsn_env, or name an entry of pg_service.conf with service"
)

TODO_ENV: Final = "write {url}, or {user}:{password}@{host}:{port}/{database} in it: the command then runs on its shadow"


def found_secret(value: str) -> str | None:
    """What the text looks like ("a connection URL", …) if it may hold a secret, else None.

    >>> found_secret("TRM_STAGE_DSN"), found_secret("https://example.org/why")
    (None, None)
    >>> found_secret("postgresql://db/trm"), found_secret("redis://u:p@h"), found_secret("host=db password=x")
    ('a connection URL', 'a URL with a password', 'a password')
    >>> found_secret("postgresql://{user}:{password}@{host}:{port}/{database}")
    """
    value = _OF_SHADOW.sub("", value)
    if _DATABASE_URL.search(value):
        return "a connection URL"
    if _CREDENTIALS.search(value):
        return "a URL with a password"
    if _PASSWORD.search(value):
        return "a password"
    return None


def holds_password(value: str) -> bool:
    """Whether the text has a password in it, as a part of a URL or as a setting.

    >>> [holds_password(text) for text in ("postgresql://u@db/app", "postgresql://u:p@db/app", "host=db password = x")]
    [False, True, True]
    """
    return bool(_CREDENTIALS.search(value) or _PASSWORD.search(value))


def lines_with_credentials(text: str) -> list[int]:
    """Lines, counted from 1, that hold a URL with a password: comments are part of the file as well."""
    lines = enumerate(text.split("\n"), start=1)
    return [number for number, line in lines if _CREDENTIALS.search(_OF_SHADOW.sub("", line))]
