"""One call of git, which nothing but the repository's content and history can change.

Neither a variable of a hook (``GIT_DIR``), nor replace refs and grafts, nor a program that a repository's own configuration
names (file system monitor, hooks, filters, transports, signatures) has a part in it.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from migration_audit.model.errors import AuditError
from migration_audit.project.secrecy import without_secrets

_TIMEOUT: Final = 60
_VARIABLES: Final[Mapping[str, str]] = {
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": f"{os.devnull}/none",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # git before 2.45 fetches what a partial clone lacks: by no transport here
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_SETTINGS: Final[Mapping[str, str]] = {
    "core.quotePath": "false",
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.commitGraph": "false",
    "core.pager": "cat",
    "diff.external": "",
    "log.showSignature": "false",
    "safe.bareRepository": "explicit",  # a folder of the tree that looks like a bare repository is not one
    "status.renames": "false",
}
"""Overrides every configuration file; https://git-scm.com/docs/git-config says what each is."""
_REFUSED: Final = 128
_OWNED: Final = re.compile(rb"detected dubious ownership in repository at '([^'\n]*)'")
_OF_LFS: Final = {
    "filter.lfs.clean": "git-lfs clean -- %f",
    "filter.lfs.smudge": "git-lfs smudge -- %f",
    "filter.lfs.process": "git-lfs filter-process",
}
"""What ``git lfs install --local`` writes: a program that is installed on this machine."""


def run_git(folder: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """One call about the repository of ``folder``; paths among the arguments are no patterns.

    Exit code 128 and the reason in ``stderr`` where git cannot be run at all. Raises AuditError for a repository of another
    user, which git does not read.
    """
    runs_filters = arguments[0] in {"status", "diff"}
    settings = {**_SETTINGS, **(_without_filters(folder) if runs_filters else {})}
    return _run(folder, settings, arguments, stdin)


def output_of_git(folder: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """What such a call prints. Raises AuditError when it fails: an answer that git did not give is not an empty one."""
    done = run_git(folder, *arguments, stdin=stdin)
    if done.returncode:
        todo = "fetch the whole history (`git fetch --unshallow --refetch`), and see `git fsck`"
        raise AuditError(f"git {arguments[0]} failed: {git_reason(done)}", where=str(folder), todo=todo)
    return done.stdout


_LINES: Final[ContextVar[dict[tuple[object, ...], str | None] | None]] = ContextVar("lines", default=None)


@contextmanager
def each_line_once() -> Iterator[None]:
    """In here ``line_of_git`` asks for each line once: who asks much of one repository sees one HEAD, and waits less.

    Within another such block it is that block.
    """
    known = _LINES.get()
    token = _LINES.set({} if known is None else known)
    try:
        yield
    finally:
        _LINES.reset(token)


def line_of_git(folder: Path, *arguments: str) -> str | None:
    """What such a call prints, without white space around it; None when it fails or prints nothing."""
    known = _LINES.get()
    if known is None:
        return _line(folder, arguments)
    if (folder, arguments) not in known:
        known[folder, arguments] = _line(folder, arguments)
    return known[folder, arguments]


def _line(folder: Path, arguments: tuple[str, ...]) -> str | None:
    done = run_git(folder, *arguments)
    return done.stdout.decode("utf-8", "surrogateescape").strip() or None if done.returncode == 0 else None


def git_reason(done: subprocess.CompletedProcess[bytes]) -> str:
    """The last line of what git says about a call that failed."""
    return (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"])[-1]


def _without_filters(folder: Path) -> dict[str, str]:
    """Settings that turn off each filter program that the repository itself configures."""
    listed = _run(folder, _SETTINGS, ("config", "--list", "--show-scope", "-z"), b"").stdout
    parts = listed.decode("utf-8", "surrogateescape").split("\0")
    off: dict[str, str] = {}
    for scope, entry in zip(parts[::2], parts[1::2], strict=False):
        name, _, value = entry.partition("\n")
        is_filter = name.startswith("filter.") and name.rpartition(".")[2] in {"clean", "smudge", "process"}
        if is_filter and scope in {"local", "worktree"} and _OF_LFS.get(name) != value:
            off |= {name: "", f"{name.rpartition('.')[0]}.required": "false"}
    return off


def _run(
    folder: Path, settings: Mapping[str, str], arguments: tuple[str, ...], stdin: bytes
) -> subprocess.CompletedProcess[bytes]:
    own = {name: value for name, value in without_secrets(os.environ).items() if not name.startswith("GIT_")}
    own |= {**_VARIABLES, "GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings.items()):
        own |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    literal = () if arguments[0] == "check-ignore" else ("--literal-pathspecs",)  # it takes names alone, and no such option
    command = ["git", *literal, "--no-pager", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT, check=False, input=stdin, env=own)
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        return subprocess.CompletedProcess(command, 128, b"", str(error).encode())
    if done.returncode == _REFUSED and (owned := _OWNED.search(done.stderr)) is not None:
        # As if there were no repository: evidence would name no commit, without a reason.
        place = owned[1].decode(errors="replace")
        todo = f"run it as its owner, or have git trust it: git config --global --add safe.directory {place}"
        raise AuditError("git does not read this repository: it belongs to another user", where=place, todo=todo)
    return done
