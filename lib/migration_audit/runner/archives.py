"""Runs that another machine made, out of the archive in which a CI system keeps them."""

from __future__ import annotations

import filecmp
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError, UsageError
from migration_audit.project.boundary import paths_below
from migration_audit.runner.folders import is_run_name
from migration_audit.signoff import SIGNED, SIGNED_PAGE
from migration_audit.signoff.decisions import FOLDER
from migration_audit.signoff.statement import STATEMENT_FILE

_MOST_BYTES = 1 << 30
_MOST_FILES = 10_000
_NAME = re.compile(r"[^/\\\0-\x1f\x7f]+")


def receive_runs(archive: Path, out: Path, environments: Sequence[str]) -> tuple[Path, ...]:
    """Put each run of a ZIP file below ``out``, as ``<environment>/<run>``; the folders, in their order of time.

    The archive may hold the report folder or what is in it: GitHub's artifacts and GitLab's both do. A run that already
    exists, byte for byte, stays where it is, among the signed ones too; one that differs is refused. Nothing is
    written where the archive holds a link, a path that leads out of it, or an environment that audit.toml does not have.
    Raises UsageError for an archive without runs, AuditError for what cannot be read or written.
    """
    try:
        with zipfile.ZipFile(archive) as packed, tempfile.TemporaryDirectory(prefix=".receiving-") as staged:
            found = _runs(packed, archive, environments)
            for folder, files in found.items():
                _unpack(packed, files, Path(staged) / folder)
            targets = {folder: _place_of(out, folder) for folder in sorted(found, key=lambda each: each.name)}
            for folder, target in targets.items():
                _refuse_difference(Path(staged) / folder, target)
            for folder, target in targets.items():
                if not target.exists():
                    _place(Path(staged) / folder, target)
            return tuple(targets.values())
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise UsageError(f"cannot be read as a ZIP file: {error}", where=str(archive), todo=_TODO) from None
    except OSError as error:
        what = f"cannot be read or unpacked: {error.filename or archive}: {error.strerror}"
        raise AuditError(what, where=str(archive), todo="check the disk and the permissions of the report folder") from None


_TODO = "name the archive from the CI system; it must contain <environment>/<run>/statement.json"


def _runs(
    packed: zipfile.ZipFile, archive: Path, environments: Sequence[str]
) -> dict[PurePosixPath, dict[PurePosixPath, zipfile.ZipInfo]]:
    """``<environment>/<run>``, and its files by their path in it."""
    infos = [info for info in packed.infolist() if not info.is_dir()]
    _refuse_size(infos, archive)
    paths = {info.filename: PurePosixPath(info.filename) for info in infos}
    prefixes = {path.parent for path in paths.values() if path.name == STATEMENT_FILE and is_run_name(path.parent.name)}
    if not prefixes:
        raise UsageError("contains no run", where=str(archive), todo=_TODO)
    runs: dict[PurePosixPath, dict[PurePosixPath, zipfile.ZipInfo]] = {}
    for prefix in sorted(prefixes):
        environment = prefix.parent.name
        if environment not in environments:
            what = f"has a run of {environment!r}, and audit.toml has only {', '.join(environments)}"
            raise UsageError(
                what, where=str(archive), todo="use the archive of this project, or name its audit.toml with --config"
            )
        folder = PurePosixPath(environment, prefix.name)
        if folder in runs:
            raise UsageError(f"holds {folder} twice", where=str(archive), todo=_TODO)
        runs[folder] = dict(_files(infos, prefix, archive))
    return runs


def _files(
    infos: Sequence[zipfile.ZipInfo], prefix: PurePosixPath, archive: Path
) -> Iterator[tuple[PurePosixPath, zipfile.ZipInfo]]:
    seen: set[str] = set()
    for info in infos:
        path = PurePosixPath(info.filename)
        if prefix not in path.parents:
            continue
        inside = path.relative_to(prefix)
        is_plain = stat.S_IFMT(info.external_attr >> 16) in {0, stat.S_IFREG}
        is_safe = all(part not in {".", ".."} and _NAME.fullmatch(part) for part in path.parts)
        if not is_plain or not is_safe or str(inside).casefold() in seen:
            what = f"holds {info.filename!r}, which must not be unpacked: a link, an unsafe path, or a duplicate name"
            raise UsageError(what, where=str(archive), todo="do not sign it: ask who created this archive")
        seen.add(str(inside).casefold())
        yield inside, info


def _refuse_size(infos: Sequence[zipfile.ZipInfo], archive: Path) -> None:
    size = sum(info.file_size for info in infos)
    if size > _MOST_BYTES or len(infos) > _MOST_FILES:
        what = f"would unpack to {len(infos):,} files of {size:,} bytes"
        raise UsageError(what, where=str(archive), todo=f"a run has at most {_MOST_FILES:,} files and {_MOST_BYTES:,} bytes")


def _unpack(packed: zipfile.ZipFile, files: dict[PurePosixPath, zipfile.ZipInfo], into: Path) -> None:
    for inside, info in files.items():
        target = into / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        with packed.open(info) as source, target.open("xb") as file:
            shutil.copyfileobj(source, file)


def _place_of(out: Path, run: PurePosixPath) -> Path:
    signed = out / SIGNED / run
    return signed if signed.exists() else out / run


def _place(made: Path, target: Path) -> None:
    """The whole folder or nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".receiving-", dir=target.parent) as receiving:
        shutil.copytree(made, Path(receiving) / target.name).rename(target)


def _refuse_difference(new: Path, there: Path) -> None:
    for each in (there.parent, there):
        if each.is_symlink() or (each.exists() and not each.is_dir()):
            raise AuditError("is in the way", where=str(each), todo="remove it or move it elsewhere")
    if not there.exists():
        return
    present = [path.relative_to(base) for base in (new, there) for path in paths_below(base) if not path.is_dir()]
    names = {path.as_posix() for path in present if path.parts[0] not in {FOLDER, SIGNED_PAGE}}  # signatures come later
    _, differing, missing = filecmp.cmpfiles(new, there, names, shallow=False)
    if differing or missing:
        what = f"already exists, and differs from the archive's: {some_of(sorted([*differing, *missing]), most=3)}"
        raise AuditError(what, where=str(there), todo="find out which of the two is right, and remove the other")
