"""Which repositories the files of an audit are in, and in which state each of them was."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from migration_audit.artifacts.git.command import line_of_git
from migration_audit.artifacts.git.repository import changed_files
from migration_audit.artifacts.text import path_below
from migration_audit.model.evidence import HOME, RepositoryState
from migration_audit.project import Project
from migration_audit.project.locate import shown_path

_NOWHERE: Final = "(no repository)"
_URL: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?:[^/?#]*@)?(?P<rest>[^?#]*)", re.IGNORECASE)
_SCP: Final = re.compile(r"(?P<user>[^/@]*)@(?P<rest>[^/]+:.*)")

Tops = Mapping[str, Path | None]


def tops_of(project: Project, files: Iterable[str]) -> dict[str, Path | None]:
    """The working tree of each repository by its name, the one of audit.toml first; None where that is not a repository.

    Declared repositories have their names, others are called by their path from audit.toml. ``files`` are relative to
    audit.toml. Files that are in no repository, although audit.toml is, are there as ``(no repository)``.
    """
    return _named(project, _holders(project, files))


def repositories_read(project: Project, files: Iterable[str]) -> dict[str, RepositoryState]:
    """The state of each repository by its name.

    A repository inside another one is judged apart from it: its changes are not the other's, and the other's not its own.
    """
    holders = _holders(project, files)
    tops, counts = _named(project, holders), Counter(holders.values())
    return {name: _state(project, top, tops, files=counts[top]) for name, top in tops.items()}


def _holders(project: Project, files: Iterable[str]) -> dict[str, Path | None]:
    """The working tree that holds each file."""
    is_top = lru_cache(maxsize=None)(_is_top)
    folders = {file: path_below(project.directory, file).parent for file in dict.fromkeys(files)}
    return {file: _top(folder, is_top) for file, folder in folders.items()}


def _named(project: Project, holders: Mapping[str, Path | None]) -> dict[str, Path | None]:
    home = _top(project.directory)
    declared = {top: r.name for r in project.repositories if (top := _top(r.directory)) == r.directory}
    others = dict.fromkeys(top for top in (*declared, *holders.values()) if top is not None and top != home)
    found: dict[str, Path | None] = {HOME: home}
    found |= {declared.get(top) or shown_path(top, project.directory): top for top in others}
    return {**found, **({_NOWHERE: None} if home is not None and None in holders.values() else {})}


def _state(project: Project, top: Path | None, tops: Tops, *, files: int) -> RepositoryState:
    if top is None:
        return RepositoryState(commit=None, clean=None, remote=None, path=None, files=files)
    inner = [other for other in tops.values() if other is not None and other != top and other.is_relative_to(top)]
    commit = line_of_git(top, "rev-parse", "--verify", "--quiet", "HEAD")
    changes = changed_files(top, besides=[project.report_out, *inner]) if commit else None
    return RepositoryState(
        commit=commit,
        clean=None if changes is None else not changes,
        remote=_remote(top),
        path=shown_path(top, project.directory),
        files=files,
    )


def _is_top(place: Path) -> bool:
    return os.path.lexists(place / ".git") and line_of_git(place, "rev-parse", "--show-toplevel") is not None


def _top(folder: Path, is_top: Callable[[Path], bool] = _is_top) -> Path | None:
    """The working tree that holds a folder, which need not exist; lexical, as paths of audit.toml are."""
    return next((place for place in (folder, *folder.parents) if is_top(place)), None)


def _remote(top: Path) -> str | None:
    """The URL of ``origin``, else of the only other remote, as it is configured."""
    names = (line_of_git(top, "remote") or "").split()
    name = "origin" if "origin" in names else names[0] if len(names) == 1 else None
    url = line_of_git(top, "config", "--get", f"remote.{name}.url") if name else None
    return None if url is None else without_credentials(url)


def without_credentials(url: str) -> str:
    """The URL of a repository without user, password and query: what may be shown and committed.

    >>> without_credentials("https://ann:secret@example.org/team/app.git?token=x")
    'https://example.org/team/app.git'
    >>> without_credentials("git@example.org:team/app.git")
    'git@example.org:team/app.git'
    """
    if "::" in url:  # a helper's own syntax, in which anything may be anywhere
        return f"{url.partition('::')[0]}::…"
    if found := _URL.match(url):
        return f"{found['scheme']}{found['rest']}"
    if found := _SCP.fullmatch(url):
        return url if found["user"] == "git" else found["rest"]
    return url
