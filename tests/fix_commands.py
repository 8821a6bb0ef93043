"""Commands of migration-audit in processes of their own, which start in no time: forks of one that has imported everything.

Importing takes a second of processor time, more than most commands do themselves. A fork runs what ``python -m
migration_audit`` runs, with its own arguments, variables, folder and streams. Where a variable changes Python itself, and
where the system is not Linux, it is ``python -m migration_audit`` itself.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TextIO

import migration_audit
from fix_kernels import LIBRARIES, fork_kernels

_LEFT_OUT = ("migration_audit.__main__", "migration_audit.fleet.dask_workers")
_LIBRARIES = ("jinja2", "nh3", "papermill", *LIBRARIES)
_OF_PYTHON = ("PYTHON", "LC_", "LANG", "LD_", "TZ")
"""How the names of variables begin that count when Python starts."""
_LIMIT = 300
"""Seconds that a command may take."""


@dataclass(frozen=True)
class Ran:
    """A finished command: its exit code and everything that it printed."""

    code: int
    out: str
    err: str


def run_cli(*arguments: str, cwd: Path | None = None, **variables: str) -> Ran:
    """``migration-audit`` with these arguments in a process of its own."""
    given = {**os.environ, **variables}
    forks = Forks.here(given)
    if forks is not None:
        return forks.run(arguments, cwd=cwd or Path.cwd(), variables=given)
    command = [sys.executable, "-m", "migration_audit", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT, cwd=cwd, env=given, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


def run_at_terminal(terminal: int, *arguments: str, variables: Mapping[str, str]) -> Callable[[], int]:
    """Start it with this terminal, which is closed here, as its streams; its exit code, once that is asked for."""
    forks = Forks.here(variables)
    if forks is not None:
        reported = forks.start(arguments, terminal, terminal, cwd=Path.cwd(), variables=variables)

        def ended() -> int:
            with reported:
                return int(reported.read().splitlines()[-1])

        return ended
    command = [sys.executable, "-m", "migration_audit", *arguments]
    process = subprocess.Popen(command, stdout=terminal, stderr=terminal, env=variables)
    os.close(terminal)
    return process.wait


class Forks:
    """The process that has imported everything, and is forked for each command; ``serve`` is its side."""

    _only: Forks | None = None

    @classmethod
    def here(cls, variables: Mapping[str, str]) -> Forks | None:
        """That of this process, started first if need be; None where a command needs a Python of its own."""
        if sys.platform != "linux":
            return None
        if cls._only is None:
            cls._only = cls()
        return cls._only if _of_python(variables) == cls._only.variables else None

    def __init__(self) -> None:
        """Start it."""
        self.variables = _of_python(os.environ)
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, __file__, str(theirs.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        atexit.register(self.close)

    def close(self) -> None:
        """It ends when nobody can ask for anything any more."""
        self._channel.close()
        self._process.wait()

    def run(self, arguments: Sequence[str], *, cwd: Path, variables: Mapping[str, str]) -> Ran:
        """What the command printed, and its exit code, once it has ended and nobody can print any more."""
        readers, writers = zip(*(os.pipe() for _ in range(2)), strict=True)
        with ThreadPoolExecutor() as pool, self.start(arguments, *writers, cwd=cwd, variables=variables) as reported:
            printed = [pool.submit(_read, reader) for reader in readers]
            process = int(reported.readline())
            try:
                out, err = (each.result(_LIMIT) for each in printed)
            except TimeoutError:
                os.kill(process, signal.SIGKILL)
                raise
            return Ran(int(reported.readline()), out, err)

    def start(self, arguments: Sequence[str], out: int, err: int, *, cwd: Path, variables: Mapping[str, str]) -> TextIO:
        """The command with these streams, which are closed here; two lines come of it, its process and its exit code."""
        request = json.dumps({"arguments": arguments, "cwd": str(cwd), "variables": dict(variables)}).encode()
        reported, writer = os.pipe()
        socket.send_fds(self._channel, [request], (out, err, writer))
        for each in {out, err, writer}:
            os.close(each)
        return os.fdopen(reported, encoding="ascii")


def _read(reader: int) -> str:
    with os.fdopen(reader, encoding="utf-8") as file:
        return file.read()


def _of_python(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name.startswith(_OF_PYTHON)}


def serve(channel: socket.socket) -> None:
    """Fork for each request, and return in the fork; ends the process when no request can come any more."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    modules = pkgutil.walk_packages(migration_audit.__path__, "migration_audit.")
    for name in (*_LIBRARIES, *(module.name for module in modules if module.name not in _LEFT_OUT)):
        importlib.import_module(name)
    gc.freeze()
    running: dict[int, tuple[int, int]] = {}
    while True:
        ready, _, _ = select.select([channel, *running], [], [])
        for handle in running.keys() & {*ready}:
            process, reported = running.pop(handle)
            _, status = os.waitpid(process, 0)
            _tell(reported, os.waitstatus_to_exitcode(status))
            os.close(handle)
            os.close(reported)
        if channel not in ready:
            continue
        request, files, _, _ = socket.recv_fds(channel, 1 << 20, 3)
        if not request:
            os._exit(0)
        out, err, reported = files
        if not (process := os.fork()):
            break
        os.close(out)
        os.close(err)
        _tell(reported, process)
        running[os.pidfd_open(process)] = (process, reported)
    channel.close()
    os.dup2(out, 1)
    os.dup2(err, 2)
    for file in (*files, *running, *(reported for _, reported in running.values())):
        os.close(file)
    asked = json.loads(request)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["variables"])
    tempfile.tempdir = None
    for name, number in (("stdout", 1), ("stderr", 2)):  # those of before may have been a file
        old = getattr(sys, name)
        new = os.fdopen(number, "w", 1 if name == "stderr" else -1, encoding=old.encoding, errors=old.errors, closefd=False)
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)
    sys.argv = ["-m", *asked["arguments"]]
    sys.path[0] = asked["cwd"]


def leave(code: int) -> NoReturn:
    """End as Python does, but for taking 600 modules apart: that copies each page that the fork shares."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _tell(reported: int, number: int) -> None:
    with suppress(BrokenPipeError):  # who asked has ended
        os.write(reported, b"%d\n" % number)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
    try:
        if sys.argv[1:2] == ["run"] and (kernel := fork_kernels()):
            exec(kernel, {"__name__": "__main__"})
        else:
            runpy.run_module("migration_audit", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if isinstance(ended.code, str):
            raise
        leave(ended.code or 0)
    leave(0)
