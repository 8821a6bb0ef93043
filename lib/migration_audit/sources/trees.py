"""From the paths and globs that a user wrote to the trees that a format reads."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from migration_audit.formats import MigrationFolder
from migration_audit.formats.plain_files import other_sql
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied
from migration_audit.project.boundary import Boundary, boundary_of
from migration_audit.project.locate import shown_path
from migration_audit.sources.reading import check_source_inside, paths_of_glob, read_bytes

LEFT_OUT = frozenset({"node_modules", "__pycache__"})
_MOST_FILES = 100_000
_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class SourceFolder:
    """Where the files of a source are."""

    shown_from: Path
    """What the paths that people see are relative to."""
    boundary: Boundary
    """What may be read."""

    def shown(self, path: Path) -> str:
        """The path as people see it."""
        return shown_path(path, self.shown_from)


def trees_of_paths(paths: Sequence[Path], place: SourceFolder) -> list[MigrationFolder]:
    """A tree for each path: the whole of a folder, or a file alone. Raises SourceError for what cannot be listed."""
    return [_whole(path, place) if path.is_dir() else _chosen(path.parent, [path], place) for path in paths]


def trees_of_globs(
    name: str, root: Path, globs: Sequence[str], place: SourceFolder, *, whole_folders: bool
) -> list[MigrationFolder]:
    """A tree for each glob, with the files that no glob before it has taken.

    With ``whole_folders`` a glob that matches folders takes the whole of each, and the files that globs match below one
    folder become one tree. Raises SourceError for no folder ``root``, no globs, and a glob that matches nothing.
    """
    shown = place.shown(root)
    check_source_inside(root, shown, place.boundary)
    if not root.is_dir():
        raise SourceError("no such folder", where=shown, todo=f"check the root of source {name!r}")
    if not globs:
        raise SourceError("no SQL files", where=name, todo='give the source its globs, such as "migrations/*.sql"')
    taken: set[Path] = set()
    trees: list[MigrationFolder] = []
    chosen: dict[Path, list[Path]] = {}
    for glob in globs:
        found = _matches(root, glob, shown)
        folders = [path for path in found if path.is_dir()]
        files = [path for path in found if not path.is_dir() and path.resolve() not in taken]
        if whole_folders and folders:
            trees += [_whole(folder, place) for folder in folders]
            continue
        if not whole_folders:
            _refuse_no_sql(found, glob, shown)
            files = [path for path in files if path.suffix.lower() == ".sql"]
        taken |= {path.resolve() for path in files}
        if whole_folders:
            chosen.setdefault(root / fixed_part(glob), []).extend(files)
        elif files:
            trees.append(_chosen(root, files, place))
    return [*trees, *(_chosen(folder, files, place) for folder, files in chosen.items())]


def _refuse_no_sql(found: Sequence[Path], glob: str, shown: str) -> None:
    if len(found) == 1 and found[0].is_dir():
        raise SourceError(f"{glob!r} is a folder", where=shown, todo=f'write "{glob.rstrip("/")}/*.sql"')
    if not any(path.suffix.lower() == ".sql" for path in found if not path.is_dir()):
        raise _without_match(glob, shown)


def whole_tree(folder: Path, paths: Iterable[str], shown_from: Path) -> MigrationFolder:
    """The tree of a folder whose files are known already: ``paths`` are all of them, relative to it."""
    return _tree(folder, paths, SourceFolder(shown_from, boundary_of(shown_from, folder)), is_whole=True)


def sql_files(root: Path, globs: Sequence[str]) -> list[Path]:
    """Every ``.sql`` file that ``globs`` match below ``root``, or that lies in a folder they match; none is not an error."""
    found: dict[Path, None] = {}
    boundary = boundary_of(root, *(root / fixed_part(glob) for glob in globs))
    for path in (path for glob in globs if root.is_dir() for path in paths_of_glob(root, glob)):
        for file in list_files(path, boundary) if path.is_dir() else [path]:
            if file.suffix.lower() == ".sql":
                found.setdefault(file)
    return list(found)


def unmatched_sql(root: Path, globs: Sequence[str], taken: Iterable[Path], place: SourceFolder) -> Iterator[NotApplied]:
    """The SQL files that are where the globs with wildcards look, or deeper, and that none of them takes."""
    known = {path.resolve() for path in taken}
    folders = {root / fixed_part(glob) for glob in globs if _WILD.search(glob)}
    for path in sorted({path for folder in folders for path in list_files(folder, place.boundary)}):
        why = "no glob of audit.toml matches it" if path.suffix.lower() == ".sql" else other_sql(path.name)
        if path.is_symlink() and path.is_dir():
            why = "leads out of the repository, and what is there is not read"
        if why and path.resolve() not in known:
            yield NotApplied(path=place.shown(path), reason=why, by_rule=False)


def _matches(root: Path, glob: str, shown: str) -> list[Path]:
    try:
        found = paths_of_glob(root, glob)
    except ValueError as error:
        raise SourceError(
            f"{glob!r} is not a glob below the root: {error}", where=shown, todo="write a relative one"
        ) from None
    if not (found := [path for path in found if not _is_hidden_from(glob, os.path.relpath(path, root))]):
        raise _without_match(glob, shown)
    return found


def _is_hidden_from(glob: str, path: str) -> bool:
    """Whether a name on the path begins with a dot that the glob does not write: a wildcard of a shell matches none."""
    written = [part for part in glob.split("/") if part.startswith(".")]
    hidden = [part for part in path.split("/") if part.startswith(".") and part not in (".", "..")]
    return not all(any(fnmatchcase(part, pattern) for pattern in written) for part in hidden)


def _without_match(glob: str, shown: str) -> SourceError:
    where = "the folder of audit.toml" if shown == "." else shown
    return SourceError(f"no .sql files match {glob!r}", where=where, todo="check the glob and the root it is relative to")


def fixed_part(glob: str) -> str:
    """The folder in front of the first wildcard (or of the file name where there is none).

    >>> fixed_part("db/*/x*.sql"), fixed_part("db/init.sql"), fixed_part("*.sql")
    ('db', 'db', '')
    """
    fixed = glob.split("/")[:-1]
    wild = next((number for number, part in enumerate(fixed) if _WILD.search(part)), len(fixed))
    return "/".join(fixed[:wild])


def _whole(folder: Path, place: SourceFolder) -> MigrationFolder:
    check_source_inside(folder, place.shown(folder), place.boundary)
    found = list_files(folder, place.boundary)
    return _tree(folder, [path.relative_to(folder).as_posix() for path in found], place, is_whole=True)


def _chosen(folder: Path, files: Sequence[Path], place: SourceFolder) -> MigrationFolder:
    return _tree(folder, [Path(os.path.relpath(path, folder)).as_posix() for path in files], place, is_whole=False)


def _tree(folder: Path, paths: Iterable[str], place: SourceFolder, *, is_whole: bool) -> MigrationFolder:
    shown_from, boundary = place.shown_from, place.boundary

    def read(path: str) -> bytes:
        return read_bytes(folder / path, place.shown(folder / path), boundary)

    def within(path: str) -> Path | None:
        target = Path(os.path.normpath(folder.absolute() / path))
        base = Path(os.path.normpath(shown_from.absolute()))
        highest = base if folder.absolute().is_relative_to(base) else Path(os.path.normpath(folder.absolute())).parent
        return target if target.is_relative_to(highest) else None

    def other(path: str) -> bytes | None:
        target = within(path)
        return read_bytes(target, place.shown(target), boundary) if target is not None and target.is_file() else None

    def others(path: str) -> tuple[str, ...]:
        target = within(path)
        if target is None or not target.is_dir():
            return ()
        check_source_inside(target, place.shown(target), boundary)
        return tuple(sorted(file.name for file in target.iterdir() if file.is_file()))

    def not_chosen() -> tuple[str, ...]:
        folders = {path.rpartition("/")[0] for path in known}
        for each in folders:
            check_source_inside(folder / each, place.shown(folder / each), boundary)
        found = (file for each in folders for file in (folder / each).iterdir() if file.is_file())
        return tuple(sorted({Path(os.path.relpath(file, folder)).as_posix() for file in found} - set(known)))

    known = tuple(sorted(paths))
    shown = "" if folder.resolve() == shown_from.resolve() else place.shown(folder)
    return MigrationFolder(
        shown=shown,
        paths=known,
        read=read,
        root=str(folder),
        is_whole=is_whole,
        not_chosen=tuple if is_whole else not_chosen,
        other=other,
        others=others,
    )


def list_files(folder: Path, boundary: Boundary) -> list[Path]:
    """Every file below the folder; hidden folders and installed packages hold no migrations of the project.

    Links to folders are followed, but each folder is listed once. One that leads out of ``boundary`` is given itself.
    """
    found: list[Path] = []
    seen: set[str] = set()
    links = [folder]

    def refuse(error: OSError) -> None:
        where = error.filename or str(folder)
        raise SourceError(f"cannot be read: {error.strerror or error}", where=where, todo="check its permissions") from error

    while links:  # a folder's own name goes before a link to it
        start = links.pop(0)
        if start != folder and boundary.target_outside(start) is not None:
            found.append(start)
            continue
        for here, folders, names in os.walk(start, onerror=refuse):
            real = os.path.realpath(here)
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in LEFT_OUT)
            links += [path for path in (Path(here, name) for name in folders) if path.is_symlink()]
            found += [Path(here) / name for name in sorted(names)]
            if len(found) > _MOST_FILES:
                what = f"more than {_MOST_FILES:,} files below this folder"
                raise SourceError(what, where=str(folder), todo="name the folder that contains the migrations")
    return found
