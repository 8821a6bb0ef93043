"""Acceptance commands, run here because somebody asked for it."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final

from migration_audit.artifacts.documents.command_reports import command_result
from migration_audit.model.documents import CommandResult, CommandState
from migration_audit.project import AuditRule

_SHELL: Final = re.compile(r"[|&;<>()$`*?~\n]|\A\s*\w+=")
"""What only a shell understands."""
_CREDENTIALS: Final = re.compile(r"(://[^\s/@:]*:)[^\s@]*@")
_ESCAPES: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TAIL_BYTES: Final = 64_000
_TAIL_LINES: Final = 30
_TAIL_CHARACTERS: Final = 4_000
_NOT_FOUND: Final = 127
"""The exit code with which a shell says that there is no such program."""
_INSTALL: Final = "install it, or name CI's report with junit"
_GRACE: Final = 5
"""Seconds between asking a command to end and ending it."""


def run_acceptance_command(rule: AuditRule, root: Path, *, environ: Mapping[str, str]) -> CommandResult:
    """Run the command of ``rule`` in its directory, at most its time limit; what it wrote last is the detail.

    A shell is only used where the command needs one. The command and what it started are ended when the time is over.
    ``CI`` is set, so that no test runner waits for changes.
    """
    (command,), directory = rule.what, root / (rule.directory or ".")
    if not directory.is_dir():
        return _unknown(rule, f"the directory {rule.directory} does not exist: correct it in audit.toml")
    words = ["/bin/sh", "-c", command] if _SHELL.search(command) else shlex.split(command)
    with tempfile.TemporaryFile() as output:
        try:
            code = _wait(words, directory, {"CI": "true", **environ}, output, rule.time_limit)
        except FileNotFoundError:
            return _unknown(rule, f"{words[0]} is not installed here: {_INSTALL}")
        except OSError as error:
            return _unknown(rule, f"cannot be started: {error.strerror or error}")
        tail = _tail(output)
    if code == _NOT_FOUND and words[0] == "/bin/sh":
        return _unknown(rule, f"the shell did not find one of its programs ({tail}): {_INSTALL}")
    return _ended(rule, code, tail)


def _ended(rule: AuditRule, code: int | None, tail: str) -> CommandResult:
    if code == 0:
        return command_result(rule, CommandState.SUCCEEDED, "run now, exit code 0")
    if code is None:
        how = f"did not end within {rule.time_limit} seconds"
    else:
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return command_result(rule, CommandState.FAILED, how, detail=tail)


def _unknown(rule: AuditRule, why: str) -> CommandResult:
    return command_result(rule, CommandState.UNKNOWN, why)


def _wait(words: list[str], directory: Path, environ: Mapping[str, str], output: IO[bytes], limit: int) -> int | None:
    """The exit code; None when the time was over."""
    process = subprocess.Popen(
        words,
        cwd=directory,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        return process.wait(timeout=limit)
    except subprocess.TimeoutExpired:
        return None
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command if it still runs, and whatever it left behind: it is the leader of a group of its own."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
        except (ProcessLookupError, PermissionError):
            break
        try:
            process.wait(timeout=_GRACE)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _tail(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _TAIL_BYTES))
    text = _ESCAPES.sub("", output.read().decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n"))
    lines = [line.rstrip() for line in _CREDENTIALS.sub(r"\1***@", text).strip().splitlines()]
    return "\n".join(lines[-_TAIL_LINES:])[-_TAIL_CHARACTERS:]
