"""The variables that a child process gets: none that leads into a database, or lets anybody in anywhere.

A child's environment can be read by every process of the same account (``/proc/<pid>/environ``), and so by SQL on a server
of this account. What a child needs of them is given to it another way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_NAME: Final = re.compile(
    r"(?:^|_)(?:DSN|PASS|PASSWORD|PASSWD|PGPASSWORD|SECRET|TOKEN|CREDENTIALS?|API_?KEY)(?:_|$)", re.IGNORECASE
)
_VALUE: Final = re.compile(r"postgres(?:ql)?(?:\+\w+)?://|://[^\s/@:]*:[^\s@]+@|\bpassword\s*=|\bdbname\s*=", re.IGNORECASE)


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
