"""What must never be in audit.toml, nor be repeated in a message when it is, and variables that no child process gets.

A child's environment can be read by every process of the same account (``/proc/<pid>/environ``), and so by SQL on a server
of this account. What a child needs of them is given to it another way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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
_NAME: Final = re.compile(
    r"(?:^|_)(?:DSN|PASS|PASSWORD|PASSWD|PGPASSWORD|SECRET|TOKEN|CREDENTIALS?|API_?KEY)(?:_|$)", re.IGNORECASE
)
_VALUE: Final = re.compile(r"postgres(?:ql)?(?:\+\w+)?://|://[^\s/@:]*:[^\s@]+@|\bpassword\s*=|\bdbname\s*=", re.IGNORECASE)


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


def secret_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Those whose name or value says that they lead into a database, or hold a password, a token or a key.

    >>> secret_variables({"TRM_DSN": "x", "URL": "postgres://h/d", "PATH": "/bin", "PASSENGER": "y", "PGPASSWORD": "z"})
    {'TRM_DSN': 'x', 'URL': 'postgres://h/d', 'PGPASSWORD': 'z'}
    """
    return {name: value for name, value in environ.items() if _NAME.search(name) or _VALUE.search(value)}


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """All the others."""
    secret = secret_variables(environ)
    return {name: value for name, value in environ.items() if name not in secret}
