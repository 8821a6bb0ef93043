"""What looks like a secret in a text: what people leave in notebooks, and nothing that only speaks of one.

Looked for:

- a URL with a password in it;
- a value given to a name that ends in ``password``, ``passwd``, ``pwd``, ``passphrase``, ``secret``, ``token`` or ``key``:
  in quotes (``api_key = "…"``, ``{"client_secret": "…"}``, ``login(token="…")``), or behind ``NAME=`` as shells, ``.env``
  files and libpq write it (``%env API_TOKEN=…``, ``host=db password=…``). Of ``token`` and ``key`` only values of eight
  characters or more with letters and digits, since most such names are of columns and words;
- tokens that are known by their shape: AWS, GitHub, GitLab, npm, Slack, Stripe, OpenAI, Google, Hugging Face, JWT;
- private keys.

Not secrets: a call (``getpass()``, ``os.environ[…]``, ``input()``), a variable, a placeholder (``***``, ``<token>``,
``{…}``, ``$NAME``, ``your-key``), the name of a variable (``"API_KEY"``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_NAME = r"(?<![A-Za-z0-9])[A-Za-z0-9_.-]{0,60}?(?P<what>password|passwd|pwd|passphrase|secret|token|key)"
_GIVEN = r"[\"']?\]?\s{0,9}(?:=>|:=|:\s{0,9}\w{1,40}\s{0,9}=|[=:])(?!=)\s{0,9}"
_QUOTED: Final = re.compile(
    rf"{_NAME}{_GIVEN}[rRbBuU]?(?P<quote>[\"'])(?P<value>[^\"'\n]{{1,500}})(?P=quote)", re.IGNORECASE
)
_IN_A_SHELL: Final = re.compile(
    r"(?:^|[\s;\"'])(?:export\s+|%(?:set_)?env\s+|set\s+)?[A-Z0-9_]{0,60}(?P<what>PASSWORD|PASSWD|PWD|PASSPHRASE|SECRET|TOKEN|KEY)"
    r"=(?P<value>[^\s\"',;()\[\]]{1,500})(?![(\[\w])",
    re.MULTILINE,
)
_ENV: Final = re.compile(
    r"%(?:set_)?env\s+\w{0,60}(?P<what>PASSWORD|SECRET|TOKEN|KEY)\s+(?P<value>[^\s=]\S*)", re.IGNORECASE
)
_CONNINFO: Final = re.compile(
    r"(?:^|[\s\"'])(?P<what>password|pwd)=(?P<value>[^\s\"',;()\[\]]{1,500})(?![(\[\w.])", re.MULTILINE
)
_DISPLAYED: Final = re.compile(
    r"\b(?P<what>password|passwd|pwd)\s?:\s(?P<value>[^\s'\",()\[\]]*\d[^\s'\",()\[\]]*)", re.IGNORECASE
)
_PLACEHOLDER: Final = re.compile(
    r"[*•.…x_-]+|[*…{<$%\[].*|.*[>}]|(?:your|my|some|the|example|dummy|fake|changeme|change[-_]me|insert|replace|todo)\b.*|"
    r"(?:your|my)[-_].*|(?-i:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)|none|null|true|false|str|string|os\..*|self\..*|settings\..*|\w+\.environ.*",
    re.IGNORECASE,
)
_SHAPES: Final = (
    (
        "a URL with a password",
        re.compile(
            r"[a-z][a-z0-9+.-]{0,30}://[^\s/@:\"'<>]{0,200}:(?!\d+/|\*+@|…@|\{|\$)[^\s@\"'<>]{1,500}@", re.IGNORECASE
        ),
    ),
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")),
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})")),
    ("a GitLab token", re.compile(r"\bglpat-[\w-]{20,}")),
    ("an npm token", re.compile(r"\bnpm_[A-Za-z0-9]{36}\b")),
    ("a Slack token", re.compile(r"\bxox[abprs]-[\w-]{10,}|hooks\.slack\.com/services/T\w+/B\w+/\w+")),
    (
        "a Stripe or OpenAI key",
        re.compile(r"\b(?:[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|sk-(?:proj-)?(?=[\w-]*\d)[\w-]{20,})"),
    ),
    ("a Google key", re.compile(r"\bAIza[\w-]{35}\b")),
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{30,}\b")),
    ("a JSON Web Token", re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}")),
)


def secrets_in(text: str) -> Iterator[str]:
    """What looks like a secret, each kind once; never the secret itself.

    >>> list(secrets_in('api_key = "9f8e7d6c5b4a"')), list(secrets_in("password = getpass()"))
    (['a value whose name ends in key'], [])
    """
    for what, pattern in _SHAPES:
        if pattern.search(text):
            yield what
    names = dict.fromkeys(
        found["what"].lower()
        for pattern in (_QUOTED, _IN_A_SHELL, _ENV, _CONNINFO, _DISPLAYED)
        for found in pattern.finditer(text)
        if _is_secret(found["what"].lower(), found["value"])
    )
    for name in names:
        yield f"a value whose name ends in {name}"


def _is_secret(what: str, value: str) -> bool:
    if _PLACEHOLDER.fullmatch(value) or " " in value.strip():
        return False
    if what in {"token", "key"}:
        return len(value) >= 8 and bool(re.search(r"\d", value)) and bool(re.search(r"[A-Za-z]", value))
    return True
