"""PostgreSQL that is already installed on this machine, however it got there."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from migration_audit.model.errors import ServerError
from migration_audit.model.progress import Progress
from migration_audit.shadow.binaries import BinaryServer, Programs, make_pristine
from migration_audit.shadow.paths import Account, cache_dir, check_account, server_account
from migration_audit.shadow.processes import ask, clean_environment, locked
from migration_audit.shadow.settings import OLDEST_MAJOR, configuration, extension_advice, initdb_options

_FOLDERS = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu and their PGDG
    "/usr/pgsql-*/bin",  # PGDG on Red Hat and its kin
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


def find_local(extensions: Collection[str], progress: Progress, *, folder: Path | None = None) -> BinaryServer:
    """The newest installed PostgreSQL that has all the extensions; ``folder`` names the one to use instead.

    Raises ServerError with the reason for each that was found and cannot be used.
    """
    account = server_account()
    check_account(account)
    reasons = []
    for programs in [_programs(folder, account)] if folder else list_local(account):
        reason = why_not_local(programs)
        # A folder that is named is used as it is; that an extension is missing is reported by the caller.
        lacking = [] if folder else sorted(set(extensions) - programs.extensions.keys())
        if reason is None and not lacking:
            return _with_pristine(programs, progress)
        reasons.append(f"{programs.bin}: {reason or f'{programs.summary} has no ' + ', '.join(lacking)}")
    todo = "install PostgreSQL, or name the folder of its programs: MIGRATION_AUDIT_SERVER=local:/path/to/bin"
    raise ServerError(
        "; ".join(reasons) or "no PostgreSQL server programs (`initdb`, `postgres`) are installed",
        todo=extension_advice(extensions, instead_of="local") if extensions and reasons else todo,
    )


def list_local(account: Account) -> list[Programs]:
    """Every PostgreSQL found, those that run first and of them the newest first."""
    found: dict[Path, Programs] = {}
    for folder in _folders():
        # Links such as /usr/local/bin/postgres lead to the folder where the other programs are.
        postgres = (folder / "postgres").resolve()
        # os.access: a folder of PATH may be closed to this user, and then holds nothing for them.
        runs = os.access(postgres.parent / "initdb", os.X_OK) and os.access(postgres, os.X_OK)
        if runs and postgres.parent not in found:
            found[postgres.parent] = _programs(postgres.parent, account)
    return sorted(found.values(), key=_age)


def _age(programs: Programs) -> tuple[int, ...]:
    try:
        return tuple(-int(number) for number in re.findall(r"\d+", programs.version))
    except ServerError:
        return (1,)


def _folders() -> Iterator[Path]:
    yield from (Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder)
    if pg_config := shutil.which("pg_config"):
        yield Path(ask(Path(pg_config), "--bindir") or "/nonexistent")
    if conda := os.environ.get("CONDA_PREFIX"):
        yield Path(conda) / "bin"
    for pattern in _FOLDERS:
        yield from Path("/").glob(pattern.removeprefix("/"))


def _programs(folder: Path, account: Account) -> Programs:
    """Describe the PostgreSQL whose programs are in the folder, which is not asked to run yet."""
    folder = folder.absolute()
    major = re.search(r"\d+", folder.parent.name)
    guesses = [folder.parent / "share/postgresql", folder.parent / "share"]
    if major:
        guesses.insert(0, Path(f"/usr/share/postgresql/{major.group()}"))
    asked = folder / "pg_config"
    share = ask(asked, "--sharedir") or next((each for each in guesses if (each / "extension").is_dir()), guesses[-1])
    lib = ask(asked, "--pkglibdir") or folder.parent / "lib"
    return Programs(bin=folder, share=Path(share), lib=Path(lib), environment=clean_environment(), account=account)


def why_not_local(programs: Programs) -> str | None:
    """Why these programs cannot be a server, or None when they can."""
    if not os.access(programs.bin / "initdb", os.F_OK):
        return "there is no `initdb`, so it contains only the client programs"
    try:
        if programs.major < OLDEST_MAJOR:
            return f"PostgreSQL {programs.version} is older than {OLDEST_MAJOR}"
    except ServerError as error:
        return error.what
    return None


def _with_pristine(programs: Programs, progress: Progress) -> BinaryServer:
    """The server with a pristine data directory in the cache, made at its first use and when anything changes."""
    cache = cache_dir(programs.account)
    home = cache / f"local-{programs.major}-{_fingerprint(programs)}"
    if not home.exists():
        with locked(cache / "local.lock", "another first start of this PostgreSQL", progress):
            if not home.exists():
                progress(f"local: preparing {programs.summary} in {programs.bin}")
                _make_home(programs, home)
    return BinaryServer("local", programs, origin=f"installed in {programs.bin}", pristine=home / "pristine")


def _make_home(programs: Programs, home: Path) -> None:
    for leftover in home.parent.glob("local-*.new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix=f"{home.name}.new-", dir=home.parent))
    try:
        new.chmod(0o755)
        make_pristine(programs, new / "pristine")
        new.replace(home)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


def _fingerprint(programs: Programs) -> str:
    """Changes with the programs, with how they are configured, and with who runs them."""
    postgres = programs.bin / "postgres"
    facts = (
        str(postgres.resolve()),
        postgres.stat().st_mtime_ns,
        programs.version,
        programs.account.uid,
        configuration(timescaledb="timescaledb" in programs.extensions),
        initdb_options(programs.major, superuser="", locale=""),
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]
