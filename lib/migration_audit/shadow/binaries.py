"""A server made of PostgreSQL programs on this machine: what is in it, and clusters started from it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from migration_audit.model.errors import ServerError
from migration_audit.shadow.cluster import SUPERUSER, PrivateCluster, Recipe, open_cluster
from migration_audit.shadow.paths import Account
from migration_audit.shadow.settings import LOCALES, configuration, initdb_options

_PROGRAM_LIMIT = 100
"""Seconds that one program, such as initdb, may take."""


@dataclass(frozen=True, kw_only=True)
class Programs:
    """The programs, libraries and extensions of one PostgreSQL."""

    bin: Path
    share: Path
    """The folder that has ``extension/``."""
    lib: Path
    """The folder that has ``timescaledb.so``."""
    environment: Mapping[str, str]
    account: Account
    """Who runs them."""

    @cached_property
    def version(self) -> str:
        """``17.5``; raises ServerError when ``postgres`` does not run."""
        done = self.run("postgres", "--version")
        if done.returncode != 0:
            raise ServerError(f"cannot be run: {done.stdout.strip()}", where=str(self.bin / "postgres"))
        found = re.search(r"\d+\S*", done.stdout)
        if found is None:
            raise ServerError(f"does not report its version: {done.stdout.strip()}", where=str(self.bin / "postgres"))
        return found.group()

    @property
    def major(self) -> int:
        """17 of ``17.5`` and of ``17beta1``."""
        return int(re.split(r"\D", self.version)[0])

    @cached_property
    def extensions(self) -> Mapping[str, str]:
        """Extensions that have a control file, with their default versions."""
        found = {}
        for control in sorted((self.share / "extension").glob("*.control")):
            text = control.read_text(encoding="utf-8", errors="replace")
            version = re.search(r"^\s*default_version\s*=\s*'?([^'\s]+)'?", text, re.MULTILINE)
            # A secondary control file (name--version.control) belongs to a version, not to an extension.
            if version and "--" not in control.stem:
                found[control.stem] = version.group(1)
        return found

    @property
    def files(self) -> tuple[Path, ...]:
        """The folders that they need, in addition to the libraries of the system."""
        named = [self.environment.get(name, "") for name in ("LD_LIBRARY_PATH", "LOCPATH", "PROJ_DATA", "GDAL_DATA")]
        return self.bin, self.lib, self.share, *(Path(part) for text in named for part in text.split(":") if part)

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of the programs to its end; output and errors are both in ``stdout``.

        Raises ServerError when it cannot be started.
        """
        command, account = [str(self.bin / name), *arguments], self.account
        handed = not account.is_caller
        try:
            return subprocess.run(
                command, env=dict(self.environment), cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, errors="replace", check=False, timeout=_PROGRAM_LIMIT,
                user=account.uid if handed else None, group=account.gid if handed else None,
                extra_groups=() if handed else None,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            what = f"did not end within {_PROGRAM_LIMIT} s, and was killed"
            raise ServerError(
                what, where=command[0], todo="check whether the disk is slow or full, and run it again"
            ) from None
        except (OSError, subprocess.SubprocessError) as error:
            raise ServerError(f"cannot be run by uid {account.uid}: {error}", where=command[0]) from error

    @property
    def summary(self) -> str:
        """``PostgreSQL 17.5, TimescaleDB 2.19.3 (Apache edition)``."""
        parts = [f"PostgreSQL {self.version}"]
        if timescaledb := self.extensions.get("timescaledb"):
            # The module with the Community features is called tsl and is absent from an Apache build.
            edition = "Community" if any(self.lib.glob("timescaledb-tsl-*")) else "Apache"
            parts.append(f"TimescaleDB {timescaledb} ({edition} edition)")
        return ", ".join(parts)


def make_pristine(programs: Programs, pristine: Path) -> None:
    """Run ``initdb`` in a new folder and configure what it made.

    Raises ServerError with what ``initdb`` printed.
    """
    pristine.mkdir(mode=0o700)
    if not programs.account.is_caller:
        os.chown(pristine, programs.account.uid, programs.account.gid)
    for locale in LOCALES:
        options = initdb_options(programs.major, superuser=SUPERUSER, locale=locale)
        done = programs.run("initdb", "-D", str(pristine), *options)
        if "invalid locale" not in done.stdout:
            break
    if done.returncode != 0:
        tail = "\n".join(f"    {line}" for line in done.stdout.splitlines()[-15:])
        raise ServerError(f"initdb ended with status {done.returncode}\n{tail}", where=str(programs.bin / "initdb"))
    with (pristine / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(configuration(timescaledb="timescaledb" in programs.extensions))


class BinaryServer:
    """A server that is started from programs on this machine."""

    def __init__(self, provider: str, installation: Programs, *, origin: str, pristine: Path) -> None:
        """``pristine`` is a data directory that is copied for each cluster; ``origin`` ends the description."""
        self.provider = provider
        self.description = f"{installation.summary} {origin}"
        self.installation = installation
        self._pristine = pristine

    @property
    def programs(self) -> Path | None:
        """The folder of ``pg_dump`` and its kin."""
        return self.installation.bin

    def available_extensions(self) -> Mapping[str, str]:
        """Extensions that have a control file, with their default versions."""
        return self.installation.extensions

    def cluster(self, *, fresh: bool = False, tcp: bool = False) -> AbstractContextManager[PrivateCluster]:
        """A running cluster, stopped and removed afterwards; see ``Server.cluster``."""
        return open_cluster(self.recipe(), fresh=fresh, tcp=tcp or None)

    def recipe(self) -> Recipe:
        """How a cluster of this server is made."""
        initdb = str(self.installation.bin / "initdb")
        configured, zones = self._pristine / "postgresql.conf", self._pristine / "zoneinfo"
        added = [str(configured), *([str(zones)] if zones.is_symlink() else [])]
        # What initdb took for the pristine one, which may be the second choice.
        locale = re.search(r"^lc_monetary = '?([^'\s]+)", configured.read_text(encoding="utf-8"), re.MULTILINE)
        options = initdb_options(self.installation.major, superuser=SUPERUSER, locale=locale[1] if locale else "C")
        return Recipe(
            copy=[_copy_command(self._pristine)],
            initdb=[[initdb, "-D", "{data}", *options], ["cp", "-P", *added, "{data}/"]],
            postgres=self.installation.bin / "postgres",
            account=self.installation.account,
            environment=self.installation.environment,
            description=self.description,
            files=(*self.installation.files, self._pristine.parent),
        )


def _copy_command(pristine: Path) -> list[str]:
    if sys.platform == "darwin":
        return ["cp", "-Rp", f"{pristine}/.", "{data}/"]
    if (tar := shutil.which("tar")) and (archive := _archive_of(pristine)):
        return [tar, "-xmf", str(archive), "-C", "{data}"]
    return [shutil.which("cp") or "cp", "-a", "--reflink=auto", f"{pristine}/.", "{data}/"]


def _archive_of(pristine: Path) -> Path | None:
    """The same in one file, which unpacks in half the time that copying 1,000 files takes; None where none can be made."""
    archive = pristine.with_suffix(".tar")
    if archive.exists():
        return archive
    import tarfile  # noqa: PLC0415  once for each installation

    try:
        with tempfile.TemporaryDirectory(prefix=f"{archive.name}.", dir=archive.parent) as folder:
            new = Path(folder) / archive.name
            with tarfile.open(new, mode="w") as packed:
                packed.add(pristine, arcname=".")
            owner = pristine.stat()
            os.chown(new, owner.st_uid, owner.st_gid)
            new.chmod(0o600)
            new.replace(archive)
    except OSError:
        return None
    return archive
