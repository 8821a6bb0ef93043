"""The process between the audit and a command: it keeps the end of its output, and leaves no process of it behind.

``python -I -S supervisor.py`` reads one line of JSON from its standard input::

    {"command": ["npx", …],            run in "directory" with "environment" and nothing else
     "account": [uid, gid] or null,    who runs it; null: the account of this program
     "readable": ["…/0001.js"],        files that this account must be able to read
     "timeout": 300,                   seconds
     "remove": "…/migration-audit-…"}  a folder that is removed at the end

and writes one line of JSON to its standard output when everything has ended. When its standard input reaches its end before
that, because the caller closed it or is dead for whatever reason, the command is killed at once. What the command starts
cannot escape by a session or daemon of its own: on Linux this process is the one that orphans are given to.

Only the standard library, and no site packages, so that it starts in no time and in any environment.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import select
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_MOST_OUTPUT = 65_536 + 1_024
"""Bytes of output that are kept, counted from its end."""
_PATIENCE = 1.0
"""Seconds that what the command has started may outlive it."""
_GRACE = 3.0
"""Seconds between the request to end and the end by force."""
KILL_LIMIT = 10.0
_DEATH_SIGNAL, _SUBREAPER = 1, 36  # linux/prctl.h

_of_guard = runpy.run_path(str(Path(__file__).with_name("guard.py")))  # a script without packages cannot import it
descendants: Callable[[], list[int]] = _of_guard["descendants"]
_prctl: Callable[..., None] = _of_guard["prctl"]
_wake_on_signals: Callable[[], int] = _of_guard["wake_on_signals"]


def main() -> None:
    """Run what the first line asks for, and write what became of it."""
    spec = json.loads(_first_line())
    wake = _wake_on_signals()
    _prctl(_SUBREAPER)
    try:
        found = _check(spec) or _Run(spec, wake).to_its_end()
    except OSError as error:
        found = {"error": error.strerror or str(error), "path": error.filename}
    finally:
        shutil.rmtree(spec["remove"], ignore_errors=True)
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def _first_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 65_536)
        if not byte:
            sys.exit(1)
        line += byte
    return line


def _check(spec: dict[str, Any]) -> dict[str, Any] | None:
    """What the account may not read, found out as that account; None when it may read all."""
    if spec["account"] is None:
        return None
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            os.close(reader)
            _become(spec["account"])
            closed = [path for path in spec["readable"] if not _may_read(path)]
            os.write(writer, json.dumps(closed[:20]).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        closed = json.loads(answer.read() or b"null")
    os.waitpid(child, 0)
    if closed is None:
        return {"error": f"the process cannot become uid {spec['account'][0]}", "path": None}
    return {"unreadable": closed} if closed else None


def _become(account: list[int]) -> None:
    os.setgroups([])
    os.setgid(account[1])
    os.setuid(account[0])


def _may_read(path: str) -> bool:
    try:
        is_folder = stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116  Path.is_dir() is silent about some errors
    except OSError:
        return False
    return os.access(path, os.R_OK | (os.X_OK if is_folder else 0))


class _Run:
    """One run of the command."""

    def __init__(self, spec: dict[str, Any], wake: int) -> None:
        self.output = bytearray()
        self.total = 0
        self._wake = wake
        self._reader, writer = os.pipe()
        os.set_blocking(self._reader, False)
        uid, gid = spec["account"] or (None, None)
        try:
            self._child = subprocess.Popen(
                spec["command"], cwd=spec["directory"], env=spec["environment"], stdin=subprocess.DEVNULL, stdout=writer,
                stderr=writer, start_new_session=True, user=uid, group=gid,
                extra_groups=None if uid is None else [], preexec_fn=_die_with_parent,  # noqa: PLW1509  one thread
            )  # fmt: skip
        finally:
            os.close(writer)
        self._limit = time.monotonic() + spec["timeout"]

    def to_its_end(self) -> dict[str, Any]:
        """Wait for the command, then end whatever it has left running."""
        why = self._wait()
        if why is not None:
            self._end(force=why == "cancelled")
        left = self._end(force=False) if why is None else []
        self._drain()
        return {
            "status": self._child.returncode,
            "ended": why,
            "output": bytes(self.output).decode("utf-8", "replace"),
            "cut": self.total > len(self.output),
            "left": left,
            "escaped": descendants(),
        }

    def _wait(self) -> str | None:
        """None when the command has ended by itself, else why it has to be ended."""
        while self._child.poll() is None:
            rest = self._limit - time.monotonic()
            if rest <= 0:
                return "timeout"
            # SIGCHLD comes through the wake-up pipe; the time limit is for the day when it does not.
            for source in select.select([self._reader, 0, self._wake], [], [], min(rest, 1.0))[0]:
                if source == self._reader:
                    self._drain()
                    continue
                data = os.read(source, 64)
                if (source == 0 and not data) or (source == self._wake and set(data) - {signal.SIGCHLD}):
                    return "cancelled"
        return None

    def _drain(self) -> None:
        """Take what there is to read, and keep the end of it."""
        with contextlib.suppress(BlockingIOError):
            for _ in range(64):  # then others have a turn: the clock, above all
                part = os.read(self._reader, 65_536)
                if not part:
                    break
                self.total += len(part)
                self.output += part
                del self.output[:-_MOST_OUTPUT]

    def _end(self, *, force: bool) -> list[str]:
        """End the command and all that it has started; the names of what did not end when the command did."""
        if self._child.poll() is not None and not force:
            self._until_gone(_PATIENCE)
        names = [name for name in map(_name, descendants()) if name]
        if not force and self._is_running():
            self._signal(signal.SIGTERM)
            self._until_gone(_GRACE)
        self._until_gone(KILL_LIMIT, signal.SIGKILL)
        return names

    def _until_gone(self, limit: float, number: int | None = None) -> None:
        """Wait until nothing runs any more; with ``number``, send that signal to what still does, again and again."""
        end = time.monotonic() + limit
        while self._is_running() and time.monotonic() < end:
            if number is not None:
                self._signal(number)
            self._drain()
            time.sleep(0.02)

    def _is_running(self) -> bool:
        self._reap()
        return self._child.returncode is None or bool(descendants())

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, number)
        for pid in descendants():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    def _reap(self) -> None:
        """Collect the orphans that have ended; the command itself is Popen's to collect."""
        self._child.poll()
        with contextlib.suppress(ChildProcessError):
            while self._child.returncode is not None and os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    return ""


def _die_with_parent() -> None:
    """In the command's process, before it becomes the command: when this supervisor is killed, so is it."""
    _prctl(_DEATH_SIGNAL, signal.SIGKILL)


if __name__ == "__main__":
    main()
