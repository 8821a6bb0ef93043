"""Whose server it is and where its files are.

PostgreSQL refuses to run as root, so a caller who is root hands the server to an unprivileged account. That account
must be able to reach the files, which rules out a home directory that only root may enter.
"""

from __future__ import annotations

import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from migration_audit.model.errors import ServerError

CACHE_VARIABLE = "MIGRATION_AUDIT_CACHE"
_SOCKET_PATH_LIMIT = 100
"""Bytes; Linux allows 107 and macOS 103 for the path of a unix socket."""
_NOEXEC = getattr(os, "ST_NOEXEC", 0)  # only Linux has it
_LONGEST_SOCKET_TAIL = "/migration-audit-12345678/s/.s.PGSQL.5432"


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group that the server runs as."""

    uid: int
    gid: int

    @property
    def is_caller(self) -> bool:
        """True when nothing has to be handed over."""
        return self.uid == os.geteuid()


def server_account() -> Account:
    """The caller's own account, or ``nobody``'s when the caller is root.

    Raises ServerError when the caller is root and there is no ``nobody``.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ServerError(
            "PostgreSQL does not run as root, and there is no account `nobody` to run it as",
            todo="run the audit as an ordinary user",
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def check_account(account: Account) -> None:
    """Raise ServerError when the account lacks a name: ``initdb`` and ``postgres`` ask for it."""
    try:
        pwd.getpwuid(account.uid)
    except KeyError:
        raise ServerError(
            f"PostgreSQL requires a user name, but uid {account.uid} has none",
            where="/etc/passwd",
            todo="add an entry for the user, or run the audit as another user",
        ) from None


def cache_dir(account: Account) -> Path:
    """The folder that keeps installed servers, made if it is not there; the account can reach it.

    ``$MIGRATION_AUDIT_CACHE``, else ``$XDG_CACHE_HOME/migration-audit`` or ``~/.cache/migration-audit``, else for root
    ``/var/cache/migration-audit``, else ``/var/tmp/migration-audit-<uid>``.

    Raises ServerError with the reason for each candidate when none can be used.
    """
    named = os.environ.get(CACHE_VARIABLE)
    reasons = []
    for candidate in [Path(named).expanduser().absolute()] if named else _cache_candidates():
        reason = _why_not_cache(candidate, account)
        if reason is None:
            return candidate
        reasons.append(f"{candidate}: {reason}")
    raise ServerError(
        f"no folder is suitable for the server's files ({'; '.join(reasons)})",
        where=CACHE_VARIABLE if named else None,
        todo=f"set {CACHE_VARIABLE} to your own folder on a disk that allows running programs",
    )


def runtime_dir(account: Account) -> Path:
    """The folder in which clusters get their directories: ``$TMPDIR`` if it can be used, else ``/tmp``.

    It can when the account may enter it and the path of a unix socket in it stays within its limit.
    """
    candidates = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108  made private per cluster
    for candidate in candidates:
        long = len(os.fsencode(candidate)) + len(_LONGEST_SOCKET_TAIL) > _SOCKET_PATH_LIMIT
        if not long and _may_enter(candidate, account) and os.access(candidate, os.W_OK | os.X_OK):
            return candidate
    raise ServerError(
        f"no folder is suitable for a running server: {', '.join(map(str, dict.fromkeys(candidates)))}",
        todo="set TMPDIR to a folder with a short path that every user may enter",
    )


def _cache_candidates() -> list[Path]:
    found = []
    xdg = os.environ.get("XDG_CACHE_HOME")
    if xdg and Path(xdg).is_absolute():
        found.append(Path(xdg) / "migration-audit")
    home = os.environ.get("HOME")
    if home and Path(home).is_absolute():
        found.append(Path(home) / ".cache" / "migration-audit")
    if os.geteuid() == 0:
        found.append(Path("/var/cache/migration-audit"))
    found.append(Path(f"/var/tmp/migration-audit-{os.geteuid()}"))  # noqa: S108  ownership is checked
    return found


def _why_not_cache(candidate: Path, account: Account) -> str | None:
    """Make the folder and say why it cannot be used, or None when it can."""
    present = next(parent for parent in (candidate, *candidate.parents) if parent.exists())
    if not _may_enter(present, account):
        return f"the account of the server (uid {account.uid}) may not enter {present} or a folder above it"
    try:
        candidate.mkdir(mode=0o755, parents=True, exist_ok=True)
        found = candidate.lstat()
    except OSError as error:
        return error.strerror or str(error)
    wrong = {
        "it is not a folder": not stat.S_ISDIR(found.st_mode),
        f"it belongs to another user (uid {found.st_uid})": found.st_uid != os.geteuid(),
        "other users may write to it": bool(found.st_mode & 0o022),
        "the disk does not allow running programs (noexec)": bool(os.statvfs(candidate).f_flag & _NOEXEC),
    }
    for reason in (reason for reason, applies in wrong.items() if applies):
        return reason
    if not account.is_caller:
        candidate.chmod(0o755)
    return None if _may_enter(candidate, account) else f"uid {account.uid} may not enter it"


def _may_enter(folder: Path, account: Account) -> bool:
    """True when the account may pass through the folder and all the folders above it."""
    resolved = folder.resolve()
    return all(_has_x(parent, account) for parent in (resolved, *resolved.parents))


def _has_x(folder: Path, account: Account) -> bool:
    try:
        found = folder.stat()
    except OSError:
        return False
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)
