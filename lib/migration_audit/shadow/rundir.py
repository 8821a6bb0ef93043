"""Directories of running clusters: private, locked while a process uses them, removed when none does.

The lock file is held by the caller and by the guard through one open file, so the operating system releases it when
both are dead, and only then. By this a later run distinguishes a stale directory from one in use.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from migration_audit.model.errors import ServerError
from migration_audit.shadow import guard
from migration_audit.shadow.paths import Account, runtime_dir
from migration_audit.shadow.processes import watcher_environment

PREFIX = "migration-audit-"
_DATA = "data-"
_MAKING_LIMIT = 60.0
"""Seconds after which a directory without a lock file has no living maker."""


class Descriptors:
    """What this process holds of a directory: its lock, and the pipe whose end the process that watches waits for."""

    # A child that is forked without exec, as multiprocessing does, would keep the pipe open.
    _all: ClassVar[weakref.WeakSet[Descriptors]] = weakref.WeakSet()

    def __init__(self, lock: int) -> None:
        """Take over the descriptor of the locked file."""
        self._lock = lock
        self._open = [lock]
        self._all.add(self)

    def start(self, script: str, *arguments: str, **output: Any) -> subprocess.Popen[bytes]:
        """Start a script of ours that shares the lock, and whose standard input ends when these are closed."""
        reader, writer = os.pipe()
        self._open.append(writer)
        try:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", script, *arguments], stdin=reader, env=watcher_environment(), cwd="/",
                start_new_session=True, pass_fds=[self._lock], **output,
            )  # fmt: skip
        finally:
            os.close(reader)

    def send(self, data: bytes) -> None:
        """Write to the standard input of what was started last, unless it has ended or these are closed."""
        with contextlib.suppress(OSError, IndexError):
            os.write(self._open[-1], data)

    def close(self) -> None:
        """Close them; a second time does nothing."""
        with contextlib.suppress(IndexError):  # another thread has just closed the last
            while self._open:
                os.close(self._open.pop())

    @classmethod
    def close_all(cls) -> None:
        """Close all: in a forked child, or to end every cluster of this process at once."""
        for descriptors in list(cls._all):
            descriptors.close()


os.register_at_fork(after_in_child=Descriptors.close_all)


@contextlib.contextmanager
def new_directory(account: Account) -> Iterator[tuple[Path, Descriptors]]:
    """A locked directory that only the caller and the account enter; where the block fails, nothing of it is left.

    What killed runs left behind is removed first. Raises ServerError where the system refuses what this or the block needs.
    """
    base = runtime_dir(account)
    remove_stale(base)
    with contextlib.ExitStack() as undo:
        try:
            directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
            undo.callback(guard.remove, directory)
            held = Descriptors(_make_lock(directory))
            undo.callback(held.close)
            _make_folders(directory, account)
            yield directory, held
        except OSError as error:
            todo = "free disk space and memory, or set TMPDIR to another folder with a short path that every user may enter"
            what = f"the system refuses a private directory, or a process in it: {error}"
            raise ServerError(what, where=str(base), todo=todo) from error
        undo.pop_all()


def _make_lock(directory: Path) -> int:
    new = directory / "lock.new"
    lock = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    new.rename(directory / "lock")  # so that no process sees a lock file that is not locked yet
    return lock


def _make_folders(directory: Path, account: Account) -> None:
    _spread_folders(directory)
    data = Path(tempfile.mkdtemp(prefix=_DATA, dir=directory))
    sockets = directory / "s"
    sockets.mkdir(mode=0o700)
    if not account.is_caller:
        for folder in (data, sockets):
            os.chown(folder, account.uid, account.gid)
        os.chown(directory, -1, account.gid)
        directory.chmod(0o710)


def data_of(directory: Path) -> Path:
    """The data directory in it; raises FileNotFoundError when the directory is being removed."""
    found = next(directory.glob(f"{_DATA}*"), None)
    if found is None:
        raise FileNotFoundError(directory)
    return found


def _spread_folders(directory: Path) -> None:
    """Let ext4 put each folder in it into another block group, chosen by the folder's name.

    ext4 does not reuse an inode that was freed in the last minute, and looks at each of them for every new file in the
    same group. One cluster after the other, a copy of 1,000 files took up to 0.8 s; spread out, it takes 0.05 s.
    """
    get_flags, set_flags, topdir = 0x80086601, 0x40086602, 0x00020000  # linux/fs.h, on 64-bit machines
    if not sys.platform.startswith("linux") or sys.maxsize < 2**32:
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        flags = array.array("l", [0])
        fcntl.ioctl(descriptor, get_flags, flags, True)
        flags[0] |= topdir
        fcntl.ioctl(descriptor, set_flags, flags)
    except OSError:  # other file systems do not have this flag, and not this trouble either
        pass
    finally:
        os.close(descriptor)


def is_in_use(directory: Path) -> bool:
    """True while the caller or the guard of that cluster is alive."""
    try:
        lock = os.open(directory / "lock", os.O_RDWR)
    except FileNotFoundError:
        try:
            # A clock that was set back makes it of the future, and that for years.
            return abs(time.time() - directory.stat().st_mtime) < _MAKING_LIMIT
        except FileNotFoundError:
            return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def remove_stale(base: Path) -> list[Path]:
    """Stop and remove the clusters of this user whose caller and guard are dead; return their directories."""
    removed = []
    # Other folders of ours have another word in their names: they are not locked, and each lasts as long as it is needed.
    for directory in base.glob(f"{PREFIX}{'[a-z0-9_]' * 8}"):
        with contextlib.suppress(OSError):  # another process removes it at this moment
            if directory.lstat().st_uid == os.geteuid() and directory.is_dir() and not is_in_use(directory):
                stop_and_remove(directory)
                removed.append(directory)
    return removed


def stop_and_remove(directory: Path) -> None:
    """Stop the postmaster in that directory, if it still runs, and remove the directory."""
    with contextlib.suppress(OSError, ValueError):
        data = data_of(directory)
        pid = server_of(directory)
        if _works_in(pid, data):
            guard.stop_postmaster(pid)
        _end_strays(data)
    guard.remove(directory)


def server_of(directory: Path) -> int:
    """The number of the postmaster's process here; its own file has the one in its process namespace."""
    return int((directory / "server.pid").read_text(encoding="utf-8"))


def _end_strays(data: Path) -> None:
    """Kill what SQL has started and no process has adopted: it works where the server did, which no other process does."""
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        with contextlib.suppress(OSError):
            if pid != os.getpid() and data.samefile(entry / "cwd"):
                os.kill(pid, signal.SIGKILL)


def _works_in(pid: int, data: Path) -> bool:
    """True when the process is that postmaster: its number may be another process's by now."""
    if Path("/proc/self/cwd").exists():
        return data.samefile(f"/proc/{pid}/cwd")
    return guard.is_alive(pid)
