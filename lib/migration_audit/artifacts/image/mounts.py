"""What is at the paths of a container when it starts on a fresh host: mounts hide what the image has."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from migration_audit.artifacts.image.paths import BuildPaths, fitting_paths, state_of_host
from migration_audit.artifacts.shell.path_changes import below
from migration_audit.artifacts.shell.path_state import FOLDER, NOTHING, PathKind, PathState, unknown
from migration_audit.artifacts.shell.programs import ShellScript
from migration_audit.artifacts.shell.replaced import REMOVED
from migration_audit.model.compose import Mount, MountKind
from migration_audit.model.unset import is_open, names_in

_BY_ENGINES: Final = frozenset({"/.dockerenv", "/.dockerinit"})
"""What an engine may put into a container by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerPaths:
    """The paths of one container."""

    image: BuildPaths
    mounts: tuple[Mount, ...]

    def standing(self, path: str, /) -> PathState:
        """What is at ``path``."""
        mount = self._mount_of(path)
        if mount is not None:
            return self._volume(mount, path) if mount.kind is MountKind.VOLUME else self._mounted(mount, path)
        if any(below(other.target, path) is not None for other in self.mounts if not is_open(other.target)):
            return FOLDER
        return unknown(f"some engines create {path}") if path in _BY_ENGINES else self.image.standing(path)

    def text(self, path: str, /) -> ShellScript | str | None:
        """The text at ``path``, why it is unknown, or None."""
        mount = self._mount_of(path)
        if mount is not None and (why := _unknown(mount)) is not None:
            return why
        if mount is not None and mount.kind is MountKind.BIND:
            return self.image.files.read(_source(mount, path))
        return self.image.text(path) if mount is None or mount.kind is MountKind.VOLUME else None

    def replaced(self, path: str, /) -> str | None:
        """Why a file that the project brings may have another text there; a bind mount is read where it leads to."""
        mount = self._mount_of(path)
        if mount is not None and mount.kind is not MountKind.VOLUME:
            return _unknown(mount)
        if mount is not None and mount.is_named:
            return f"{mount.source} at {mount.at} keeps what an earlier container or another image wrote there"
        return self.image.replaced(path)

    def names(self, pattern: str, /) -> tuple[str, ...]:
        """Paths that certainly fit a pattern with wildcards in its last part, sorted; there may be others."""
        folder, name = os.path.split(pattern)
        mount = self._mount_of(folder)
        is_read = mount is None or _unknown(mount) is None
        if mount is None or (mount.kind is MountKind.VOLUME and is_read):
            return self.image.names(pattern)
        if mount.kind is not MountKind.BIND or not is_read:
            return ()
        host = _source(mount, folder)
        if self.image.files.outside(host) is not None:  # a caller that asks for the pattern itself gets the reason
            return (pattern,)
        return fitting_paths([each.name for each in host.iterdir()] if host.is_dir() else [], folder, name)

    def covered(self, file: Path) -> tuple[str, str, bool] | None:
        """Where a file of the context lands, what is there in its place, and whether that is certain; None if nothing."""
        path = self.image.landing_of(Path(os.path.relpath(file, self.image.files.context)).as_posix())
        mount = self._mount_of(path) if path is not None else None
        if path is None:
            return None
        if mount is not None and mount.kind is MountKind.TMPFS:
            return path, f"the tmpfs at {mount.at} hides it", True
        if mount is not None and mount.kind is MountKind.BIND and _unknown(mount) is None:
            source = _source(mount, path)
            if self.image.files.outside(source) is not None:
                return path, f"the mount at {mount.at} brings {mount.source}, which is not read", False
            is_same = source.is_file() and source.read_bytes() == file.read_bytes()
            return None if is_same else (path, f"the mount at {mount.at} brings something else", True)
        why = self.replaced(path)
        if why is None and mount is None:
            standing = self.image.standing(path)
            is_gone = standing.kind is PathKind.NOTHING
            why = "the build removes it" if is_gone else standing.why if REMOVED.search(standing.why) else None
            other = self.image.text(path) if why is None else None
            if isinstance(other, ShellScript) and not (self.image.files.shown_from / other.at.path).samefile(file):
                return path, f"the build copies {other.at.path} there", True
        return (path, why, False) if why is not None else None

    def is_mounted(self, path: Path) -> bool:
        """Whether a mount brings a file of the host."""
        return any(m.kind is not MountKind.TMPFS and below(str(path), m.source) is not None for m in self.mounts)

    def _mount_of(self, path: str) -> Mount | None:
        """What may be mounted over ``path``: the deepest of several, before one whose place is unknown."""
        hiding = [mount for mount in self.mounts if is_open(mount.target) or below(path, mount.target) is not None]
        return max(hiding, key=lambda mount: (not is_open(mount.target), len(mount.target)), default=None)

    def _mounted(self, mount: Mount, path: str) -> PathState:
        if (why := _unknown(mount)) is not None:
            return unknown(why)
        if mount.kind is MountKind.TMPFS:
            return FOLDER if path == mount.target else NOTHING
        source = _source(mount, path)
        if (why := self.image.files.outside(source)) is not None:
            return unknown(why)
        if source.exists():
            return state_of_host(source)
        if path != mount.target and Path(mount.source).is_dir():
            return NOTHING
        return unknown(f"{mount.at} mounts it from the host, and the project does not contain it")

    def _volume(self, mount: Mount, path: str) -> PathState:
        """A volume begins with what the image has there."""
        inner = FOLDER if path == mount.target else self.image.standing(path)
        if inner.kind is PathKind.NOTHING:
            return unknown(f"{mount.source} at {mount.at} contains what an earlier container wrote")
        return inner


def _source(mount: Mount, path: str) -> Path:
    """The path of the host that a bind mount shows at ``path``."""
    return Path(mount.source) / (below(path, mount.target) or "")


def _unknown(mount: Mount) -> str | None:
    """Why it is unknown what a mount brings, or to which place."""
    names = names_in(mount.target) or names_in(mount.source)
    if mount.kind in (MountKind.CONFIG, MountKind.OTHERS):
        return f"{mount.source} at {mount.at} may provide it or hide it"
    return f"the mount at {mount.at} depends on the variable {names[0]}, which is not set here" if names else None
