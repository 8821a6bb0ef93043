"""What a server may see of this machine: its programs, its data, and nothing else.

SQL runs with the rights of a superuser of the server, and so can read and write files, connect to hosts and run programs
as the server's account. On Linux the server gets namespaces of its own: no network, no process but its own (all of which
the kernel kills when the postmaster ends), and a file system with its programs and libraries, read only, and its data,
from which nothing can be executed. There is no shell in it, so that ``COPY … TO PROGRAM`` runs nothing, and no ``/proc``.

The guard loads this file by its path: only the standard library. As root the namespaces are made directly, as anybody
else in a user namespace; where the system forbids that, ``why_not`` says so, and the server runs without.

Source: namespaces(7), user_namespaces(7), pivot_root(2)
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

_FILES, _IPC, _USERS, _PROCESSES, _NETWORK = 0x00020000, 0x08000000, 0x10000000, 0x20000000, 0x40000000  # linux/sched.h
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18  # sys/mount.h
_KEPT = _RDONLY | _NOSUID | _NODEV | _NOEXEC
"""Flags of a mount that a user namespace may not drop; statvfs(3) and mount(2) number them alike."""
_DETACH = 2
_NO_NEW_PRIVILEGES = 38  # linux/prctl.h
_SYSTEM = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib", "/usr/share")
_ETC = ("passwd", "group", "nsswitch.conf", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "timezone")
_DEVICES = ("null", "zero", "full", "random", "urandom")


def sandbox_unusable(spec: dict[str, Any]) -> str | None:
    """Why this server cannot be cut off here; None when it can, as a trial that only prints the version shows."""
    if sys.platform != "linux":
        return "only Linux has the required namespaces"
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _try(spec, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        answered = answer.read().decode("utf-8", "replace")
    _, status = os.waitpid(child, 0)
    return None if status == 0 else answered or "its programs do not run in it"


def _try(spec: dict[str, Any], writer: int) -> None:
    """In a process of its own: enter, and let the server tell its version there."""
    status = 1
    try:
        begin(spec)
        child = os.fork()
        if child == 0:
            enter(spec)
            if spec["server"] is None:
                os._exit(0)
            null = os.open("/dev/null", os.O_RDWR)
            os.dup2(null, 1)
            os.dup2(null, 2)
            server = spec["server"][0]
            os.execve(server, [server, "--version"], spec["environment"])  # noqa: S606
        status = os.waitpid(child, 0)[1]
    except BaseException as error:  # nothing may return into the caller's code in this process
        os.write(writer, str(error).encode())
    os._exit(1 if status else 0)


def begin(spec: dict[str, Any]) -> None:
    """Let the next child of this process be the first one of a process namespace, which ends with it."""
    if os.geteuid() == 0:
        _call("unshare", _PROCESSES)
        return
    uid, gid = os.geteuid(), os.getegid()
    _call("unshare", _USERS | _PROCESSES)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        Path(f"/proc/self/{name}").write_bytes(text.encode())


def enter(spec: dict[str, Any]) -> None:
    """In that child: cut it off, and make it the server's account."""
    box, mask = spec["sandbox"], os.umask(0o022)
    _call("unshare", _FILES | _IPC | (0 if box["network"] else _NETWORK))
    _mount(None, "/", None, _REC | _PRIVATE)
    root = Path(box["root"])
    _mount("tmpfs", str(root), "tmpfs", _NOSUID | _NODEV, "mode=755,size=64m")
    for name in ("tmp", "dev/shm"):  # first: what is shown may be below
        (root / name).mkdir(parents=True)
        _mount("tmpfs", str(root / name), "tmpfs", _NOSUID | _NODEV | _NOEXEC, "mode=1777,size=64m")
    wanted = [*_SYSTEM, *(f"/etc/{name}" for name in _ETC), *box["readable"]]
    for path in sorted({*wanted, *map(os.path.realpath, wanted)}):
        _show(root, path, _RDONLY | _NOSUID | _NODEV)
    for path in box["writable"]:
        _show(root, path, _NOSUID | _NODEV | _NOEXEC)
    for name in _DEVICES:
        _show(root, f"/dev/{name}", _NOSUID | _NOEXEC)
    (root / "proc").mkdir()
    (root / ".old").mkdir()
    _call("pivot_root", os.fsencode(root), os.fsencode(root / ".old"))
    os.chdir("/")
    _call("umount2", b"/.old", _DETACH)
    Path("/.old").rmdir()
    _mount(None, "/", None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV)
    os.chdir(spec["data"])
    os.umask(mask)
    become(spec["account"])


def become(account: list[int] | None) -> None:
    """Take the account's identity, and no way back: a program with the set-user-ID bit changes nothing any more."""
    if account is not None:
        os.setgroups([])
        os.setgid(account[1])
        os.setuid(account[0])
    if sys.platform == "linux":
        with suppress(OSError):
            _call("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def _show(root: Path, path: str, flags: int) -> None:
    """Show a file or folder of this machine in the new root, if it is there and not shown with a folder above it."""
    source, target = Path(path), Path(f"{root}{path}")
    if not source.exists() or target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink() and not source.readlink().is_absolute() and path in _SYSTEM:
        target.symlink_to(source.readlink())
        return
    if source.is_dir():
        target.mkdir()
    else:
        target.touch()
    _mount(path, str(target), None, _BIND | _REC)
    present = os.statvfs(target).f_flag & _KEPT
    _mount(None, str(target), None, _BIND | _REMOUNT | flags | present)


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    given = [None if each is None else os.fsencode(each) for each in (source, target, kind)]
    _call("mount", *given, ctypes.c_ulong(flags), None if data is None else data.encode(), what=f"mount {target}")


def _call(name: str, *arguments: Any, what: str | None = None) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    function = getattr(libc, name, None)
    if function is None:
        raise OSError(f"{name} is not in the C library")
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what or name}: {os.strerror(number)}")


if __name__ == "__main__":  # python -I -S sandbox.py ACCOUNT: why nothing can be cut off here, or nothing
    _BOX = {"root": "/tmp", "readable": [], "writable": [], "network": False}  # noqa: S108  of a namespace
    _SPEC = {"account": json.loads(sys.argv[1]), "data": "/", "sandbox": _BOX, "server": None, "environment": {}}
    sys.stdout.write(sandbox_unusable(_SPEC) or "")
