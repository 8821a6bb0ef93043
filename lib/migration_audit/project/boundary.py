r"""Which files audit.toml may name: none outside of what is audited, and never more than a file of their kind can have.

``audit.toml`` and the command line say which places are audited. What the files there name (``\i``, ``include``, links)
comes from the authors of these files, and never leads to another file of the machine. Folders are
listed as a whole or not at all: ``pathlib`` silently leaves out what it may not list.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import NoReturn

from migration_audit.model.errors import AuditError


@dataclass(frozen=True, slots=True)
class Boundary:
    """The folders that files may be read from."""

    roots: tuple[Path, ...]
    """Real paths, without links."""

    def target_outside(self, path: Path) -> Path | None:
        """Where ``path`` leads when its links are followed, where that is in none of the folders; else None."""
        try:
            target = path.resolve()
        except (OSError, RuntimeError):  # a circle of links leads nowhere
            return None
        return None if any(target.is_relative_to(root) for root in self.roots) else target

    def __str__(self) -> str:
        """The folders, for a message."""
        return " and ".join(map(str, self.roots))


def boundary_of(base: Path, *named: Path) -> Boundary:
    """The repository of ``base``, and of each path that is named from there and is in another one.

    A link within a repository does not lead out of it; the machine's owner decides which folders are next to it.
    """
    start = base.resolve()
    top = _top(start)
    written = Path(os.path.normpath(base.absolute()))
    found = [top]
    for path in named:
        whole = Path(os.path.normpath(start / os.path.relpath(os.path.normpath(path.absolute()), written)))
        if not whole.is_relative_to(top):
            found.append(_repository_of(whole, Path(os.path.commonpath([whole, top]))))
    return Boundary(tuple(dict.fromkeys(found)))


def boundary_of_sides(paths: tuple[Path, ...]) -> Boundary:
    """The repository of each file and folder that a command line names, or the folder that it is or is in."""
    return Boundary(tuple(dict.fromkeys(_of_side(Path(os.path.normpath(path.absolute()))) for path in paths)))


def _of_side(path: Path) -> Path:
    above = _top(path.parent.resolve())
    real = path.resolve()
    if path.is_symlink() and not real.is_relative_to(above):
        return above  # so that reading it is refused
    return _top(real if real.is_dir() else real.parent)


def _top(folder: Path) -> Path:
    """The top of the repository that a real folder is in; the folder itself where it is in none.

    A repository of the whole home or machine, such as one for dotfiles, is never audited.
    """
    for each in (folder, *folder.parents):
        if (each / ".git").exists():
            return folder if each in _wide() else each
    return folder


def _repository_of(path: Path, common: Path) -> Path:
    """The repository of a path that is outside of the first one: the topmost below the folder that both are in."""
    steps = list(_steps(common, path))
    if not steps:
        return path.resolve()
    for each in steps:
        if (each / ".git").exists():
            return each.resolve()
        if each is not steps[0] and each.is_symlink():
            break
    return steps[0].resolve() if steps[0].is_dir() else common.resolve()


def _steps(common: Path, path: Path) -> Iterator[Path]:
    for name in path.relative_to(common).parts:
        common /= name
        yield common


def _wide() -> tuple[Path, ...]:
    try:
        return Path("/"), Path.home().resolve()
    except (OSError, RuntimeError):
        return (Path("/"),)


def read_bounded(path: Path, *, most: int) -> bytes:
    """The whole file; raises OSError for one that cannot be read or, as EFBIG, has more than ``most`` bytes.

    A device without an end is read up to there: neither its size nor its kind says how much comes.
    """
    with path.open("rb") as file:
        content = bytearray()
        while piece := file.read(1 << 20):
            content += piece
            if len(content) > most:
                raise OSError(errno.EFBIG, f"it exceeds {most:,} bytes", str(path))
    return bytes(content)


def paths_that_match(root: Path, pattern: str, *, error: type[AuditError] = AuditError) -> list[Path]:
    """What ``root.glob(pattern)`` gives, sorted. Raises ``error`` for a folder on the way that cannot be listed or searched.

    Raises ValueError or NotImplementedError as ``Path.glob`` does.
    """
    parts = PurePath(pattern).parts
    found = sorted(root.glob(pattern))
    for number, part in enumerate(parts):
        for folder in root.glob(str(PurePath(*parts[:number]))) if number else (root,):
            _look_into(folder, part, error)
    return found


def paths_below(folder: Path, *, without: Collection[str] = ()) -> list[Path]:
    """What ``folder.rglob("*")`` gives, sorted, without folders of these names; links are not followed.

    Raises AuditError for a folder that cannot be listed.
    """

    def refuse(reason: OSError) -> NoReturn:
        raise _unlisted(Path(reason.filename or folder), reason, AuditError) from reason

    found: list[Path] = []
    for here, folders, names in os.walk(folder, onerror=refuse) if folder.is_dir() else ():
        folders[:] = [name for name in folders if name not in without]
        found += [Path(here, name) for name in (*folders, *names)]
    return sorted(found)


def _look_into(folder: Path, part: str, error: type[AuditError]) -> None:
    try:
        if not folder.is_dir():
            return
        if any(character in part for character in "*?["):
            os.scandir(folder).close()
        else:
            (folder / part).is_symlink()  # of a folder that cannot be searched, pathlib says that nothing is there
    except OSError as reason:
        raise _unlisted(folder, reason, error) from reason


def _unlisted(folder: Path, reason: OSError, error: type[AuditError]) -> AuditError:
    return error(f"cannot be listed: {reason.strerror or reason}", where=str(folder), todo="check its permissions")
