"""``check static``: what can be checked of files alone, before a commit; and what looks like a secret in a notebook.

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

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click

from migration_audit.model.enumeration import plural
from migration_audit.model.errors import AuditError, NotebookError, UsageError
from migration_audit.project import find_project, load_project
from migration_audit.project.boundary import paths_below, read_bounded
from migration_audit.project.load import FALLBACK, has_our_table

_MOST_BYTES: Final = 500_000_000
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


def _secrets_in_notebook(path: Path) -> list[str]:
    """Where the notebook holds what looks like a secret, as ``file:cell N: what``; the secret itself is not repeated.

    Cells are counted from 1. Sources, outputs of every MIME type, tracebacks, attachments and metadata are searched. Raises
    NotebookError for a file that is not a notebook, UsageError when it cannot be read.
    """
    try:
        notebook = json.loads(read_bounded(path, most=_MOST_BYTES))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path), todo="name a file that can be read") from None
    except ValueError as error:
        raise NotebookError(f"is not a notebook: {error}", where=str(path), todo="save it with JupyterLab again") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise NotebookError("is not a notebook of format 4", where=str(path), todo="save it with JupyterLab 3 or later")
    parts = [(f"cell {number}", cell) for number, cell in enumerate(notebook["cells"], start=1)]
    parts.append(("metadata", notebook.get("metadata")))
    return [f"{path}:{place}: {what}" for place, part in parts for what in _found(part)]


def _found(part: Any) -> Iterator[str]:
    return _secrets_in("\n".join(_texts(part)))


def _texts(value: Any) -> Iterator[str]:
    """Every text in the value; a list of lines, as notebooks keep them, is one text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            yield "".join(value)
        else:
            for item in value:
                yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)


def check_static(files: Sequence[Path]) -> int:
    """Check audit.toml and notebooks; 0 when nothing was found, 1 for a secret, 2 or 3 for a file that is not valid.

    Prints one line for each thing that was found.

    Without files: the nearest audit.toml and every notebook below its folder. No server is asked.
    """
    chosen = list(files) or _default()
    found: list[str] = []
    codes = [0]
    for path in chosen:
        try:
            if path.suffix == ".ipynb":
                secrets = _secrets_in_notebook(path)
                found += [f"{secret}\n  → clear the cell's output, or remove it from the source" for secret in secrets]
                codes.append(int(bool(secrets)))
            elif path.name != FALLBACK or has_our_table(path):
                load_project(path)
        except AuditError as error:
            found.append(str(error))
            codes.append(error.exit_code)
    for line in found:
        click.echo(line, err=True)
    if not found:
        click.echo(
            f"nothing found in {len(chosen)} {plural('file', len(chosen))}: no error in audit.toml, no secret in a notebook"
        )
    return max(codes)


def _default() -> list[Path]:
    project = find_project(Path())
    hidden = (".venv", "node_modules", ".ipynb_checkpoints", ".git")
    below = [path for path in paths_below(project.parent, without=hidden) if path.suffix == ".ipynb"]
    return [project, *below]


def _secrets_in(text: str) -> Iterator[str]:
    """What looks like a secret, each kind once; never the secret itself.

    >>> list(_secrets_in('api_key = "9f8e7d6c5b4a"')), list(_secrets_in("password = getpass()"))
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
