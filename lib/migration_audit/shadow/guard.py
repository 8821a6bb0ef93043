"""The process that outlives its caller by just long enough to clean up.

``python -I -S guard.py DIRECTORY`` prepares a cluster, runs its postmaster as a child, and waits. When the pipe on its
standard input reaches its end, because the caller closed it or is dead for whatever reason, the guard stops the
postmaster and removes the directory. Nothing that happens to the caller can prevent this, SIGKILL included.

``spec.json`` in the directory says what to do::

    {"account": [uid, gid] or null,    who runs the children; null: the account of the guard
     "data": "…/data-…",               where they run
     "environment": {"PATH": "…"},     theirs
     "sandbox": {…} or null,           what the server may see, and nothing else (sandbox.py); null: all
     "steps": [["cp", …]],             run one after the other, each must succeed
     "server": ["…/postgres", …],
     "detached": false}                true: the end of the pipe means nothing, only signals do

What the children print goes to ``log``; when a step fails or the server ends by itself, ``exit`` says so. ``server.pid``
has the number of the server's process, and ``isolation`` why it is not cut off, or nothing when it is. What the server
has started (``COPY … TO PROGRAM``) ends with it: with its process namespace, else because orphans are given to the guard.
Only the standard library, and no site packages, so that it starts in no time and in any environment.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import runpy
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_SUBREAPER = 36  # linux/prctl.h
STOP_LIMIT = 10.0
"""Seconds that a postmaster gets for an immediate shutdown before it is killed."""


class Ended(Exception):  # noqa: N818  it is not an error
    """The caller is gone, has asked for the end, or a signal has arrived."""


def main() -> None:
    """Run what the specification says, then leave nothing behind."""
    directory = Path(sys.argv[1])
    spec = json.loads((directory / "spec.json").read_text(encoding="utf-8"))
    wake = wake_on_signals()
    prctl(_SUBREAPER)
    child: subprocess.Popen[bytes] | None = None
    try:
        with (directory / "log").open("ab") as log:
            for name, command in [*[(step[0], step) for step in spec["steps"]], ("server", spec["server"])]:
                if name == "server":
                    child = _spawn_server(spec, directory, log.fileno())
                    _write(directory / "server.pid", str(child.pid))
                else:
                    child = _spawn(command, spec, log.fileno())
                status = _wait(child, wake, detached=spec["detached"])
                if status != 0 or name == "server":
                    _write(directory / "exit", json.dumps({"program": command[0], "status": status}))
                    break
        while True:
            _wait(None, wake, detached=spec["detached"])
    except Ended:
        if child is not None and child.poll() is None:
            stop_postmaster(child.pid, child)
        _end_orphans()
        remove(directory)


def stop_postmaster(pid: int, child: subprocess.Popen[bytes] | None = None) -> None:
    """Stop a postmaster by immediate shutdown, and by force when it does not obey; returns when it is gone."""
    for number in (signal.SIGQUIT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        limit = time.monotonic() + STOP_LIMIT
        while time.monotonic() < limit:
            if (child is not None and child.poll() is not None) or not is_alive(pid):
                return
            time.sleep(0.005)


def is_alive(pid: int) -> bool:
    """True when there is such a process, of any account; a zombie is not one."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:  # where orphans are not collected, as in many containers, the dead stay in the table
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return not Path("/proc/self/stat").exists()


def remove(directory: Path) -> None:
    """Remove a directory; backends of a stopped postmaster may still write for a moment, hence the repetition."""
    for _ in range(50):
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return
        time.sleep(0.02)


def _spawn(command: list[str], spec: dict[str, Any], log: int) -> subprocess.Popen[bytes]:
    uid, gid = spec["account"] or (None, None)
    groups: list[int] | None = None if uid is None else []
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=spec["data"], env=spec["environment"], umask=0o077,
        user=uid, group=gid, extra_groups=groups,
    )  # fmt: skip


def _spawn_server(spec: dict[str, Any], directory: Path, log: int) -> subprocess.Popen[bytes]:
    """Start the server, cut off from this machine where the system lets us."""
    sandbox = runpy.run_path(str(Path(__file__).with_name("sandbox.py")))
    why_not = None if spec["sandbox"] else "it was not requested"
    if spec["sandbox"] and not spec["sandbox"]["proven"]:
        why_not = sandbox["sandbox_unusable"](spec)
    _write(directory / "isolation", why_not or "")
    if why_not is None:
        sandbox["begin"](spec)
    return subprocess.Popen(
        spec["server"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=spec["data"], env=spec["environment"],
        umask=0o077, preexec_fn=lambda: sandbox["become"](spec["account"]) if why_not else sandbox["enter"](spec),  # noqa: PLW1509
    )  # fmt: skip


def prctl(option: int, value: int = 1) -> None:
    """Set an option of this process, where the system knows it."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _end_orphans() -> None:
    """Kill whatever the server has left running: it is a child of this process by now."""
    limit = time.monotonic() + STOP_LIMIT
    while (left := descendants()) and time.monotonic() < limit:
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.005)


def descendants() -> list[int]:
    """The living processes below this one; none where there is no ``/proc`` to tell."""
    parents: dict[int, int] = {}
    # Not "[0-9]*/stat": that looks at each file while it lists them, and fails where a process has just ended.
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid, _, rest = (process / "stat").read_text(encoding="utf-8", errors="replace").partition(" ")
            state, parent = rest.rpartition(")")[2].split()[:2]
            if state not in "ZX":
                parents[int(pid)] = int(parent)
    found, seen = [], {os.getpid()}
    while more := [pid for pid, parent in parents.items() if parent in seen and pid not in seen]:
        seen.update(more)
        found += more
    return found


def _wait(child: subprocess.Popen[bytes] | None, wake: int, *, detached: bool) -> int:
    """Return the exit status of the child; raise Ended when the guard is to end first."""
    watched = [wake] if detached else [wake, 0]
    while True:
        if child is not None and (status := child.poll()) is not None:
            return status
        # SIGCHLD comes through the wake-up pipe; the time limit is for the day when it does not.
        for source in select.select(watched, [], [], 5.0)[0]:
            data = os.read(source, 64)
            if source != wake or set(data) - {signal.SIGCHLD}:
                raise Ended


def wake_on_signals() -> int:
    """Return the descriptor that becomes readable, with the signals' numbers, when one arrives."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return reader


def _write(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


if __name__ == "__main__":
    main()
