"""The repositories as the gate sees them: the proposed one as it is here, the others at their protected branches.

They are put together in a temporary folder, in the places that audit.toml gives them, each with the history of its clone:
whatever reads files and git there reads what will be there after the merge. No clone is changed. A single repository is read
where it is, unless its working tree hides what is committed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from migration_audit.artifacts.git.command import line_of_git
from migration_audit.artifacts.git.refs import find_revision
from migration_audit.artifacts.git.repository import Revision, find_top, is_ignored
from migration_audit.artifacts.git.working_tree import hidden_files
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError, SignoffError, UsageError
from migration_audit.project import Project, Repository, project_of
from migration_audit.review.checkout_files import write_folder, write_revision, write_working_tree
from migration_audit.signoff import Authority
from migration_audit.signoff.authority import is_ci, weakness

_OPTION = "--repository"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryPlace:
    """What the command line names for one repository: ``NAME=PATH`` or ``NAME=PATH@REV``."""

    name: str
    path: Path
    revision: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """The files that are judged, and the revisions that proposals among them go into."""

    project: Project
    """The policy's settings, on these files."""
    revision: Revision | None
    """The policy's revision, seen from these files."""
    merges: tuple[Revision, ...]
    """For each repository that is proposed: the revision that it goes into."""
    notes: tuple[str, ...] = ()
    """Which repository was read at what."""

    @classmethod
    def in_place(cls, authority: Authority) -> Checkout:
        """The single repository of a project, as it is here."""
        revision = authority.revision
        return cls(project=authority.project, revision=revision, merges=() if revision is None else (revision,))


def parse_place(text: str) -> RepositoryPlace:
    """``NAME=PATH@REV``; without ``@REV`` the one of audit.toml counts. Raises UsageError.

    >>> parse_place("directus=.@origin/main").revision
    'origin/main'
    """
    name, equals, rest = text.partition("=")
    if not equals or not name or not rest:
        todo = "write NAME=PATH or NAME=PATH@REVISION, such as directus=../directus@origin/main"
        raise UsageError("is not the location of a repository", where=f"{_OPTION} {text}", todo=todo)
    if Path(rest).is_dir():
        return RepositoryPlace(name=name, path=Path(rest))
    path, at, revision = rest.partition("@")
    if not Path(path).is_dir() or (at and not revision):
        what = "the folder does not exist" if revision or not at else "does not name a revision after @"
        raise UsageError(what, where=f"{_OPTION} {text}", todo="name the folder of a clone, and after @ a revision of it")
    return RepositoryPlace(name=name, path=Path(path), revision=revision or None)


def at_home(authority: Authority, places: Sequence[RepositoryPlace], environ: Mapping[str, str]) -> Authority:
    """The authority, whose revision is not a proposal's where the caller is in another repository of the project."""
    here, home = Path.cwd().resolve(), find_top(authority.project.directory)
    folders = [*(place.path for place in places), *(r.directory for r in authority.project.repositories)]
    tops = [find_top(folder) for folder in folders if folder.is_dir()]
    if authority.revision is None or _holds(home, here) or not any(_holds(top, here) for top in tops):
        return authority
    weak = weakness(authority.revision, is_named_by_tree=False, environ=environ, is_proposed=False)
    return replace(authority, weakness=weak)


@contextmanager
def check_out(authority: Authority, places: Sequence[RepositoryPlace], environ: Mapping[str, str]) -> Iterator[Checkout]:
    """The files of all repositories of the policy's project, for as long as the context lasts.

    A repository without a revision is the proposed one where the caller is in it (or in no other); else it is read at
    ``policy_from`` of its table. Raises UsageError for a name that is not declared; SignoffError in a pipeline for a
    revision that the proposer could have chosen; AuditError where a revision or a folder is not there.
    """
    project = authority.project
    if not project.repositories:
        if places:
            todo = f"declare it in {project.path.name}: [repository.{places[0].name}] with its path"
            raise UsageError("audit.toml declares no repositories", where=f"{_OPTION} {places[0].name}", todo=todo)
        home = find_top(project.directory)
        if home is None or is_ignored(project.path) or not hidden_files(home):
            yield Checkout.in_place(authority)
            return
    sides = _sides(authority, places, environ) if project.repositories else [_own(authority, is_proposed=True)]
    common = Path(os.path.commonpath([side.declared for side in sides]))
    with tempfile.TemporaryDirectory(prefix="migration-audit-gate-") as name:
        base = Path(os.path.realpath(name))
        notes: list[str] = []
        for side in sides:
            others = [s.declared for s in sides if s is not side]
            place = base / side.declared.relative_to(common)
            notes += _write(side, place, others)
        yield _made(authority, sides, base, common, notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One repository: where it is, where audit.toml has it, and what of it is read."""

    name: str
    clone: Path
    declared: Path
    revision: Revision | None
    """What it is read at, or for a proposal, what it goes into."""
    is_proposed: bool


def _sides(authority: Authority, places: Sequence[RepositoryPlace], environ: Mapping[str, str]) -> list[_Side]:
    project, given = authority.project, {place.name: place for place in places}
    declared = {repository.name: repository for repository in project.repositories}
    for name in given.keys() - declared.keys():
        todo = f"the repositories are {', '.join(declared)}; --config names the one of audit.toml"
        raise UsageError("no such repository", where=f"{_OPTION} {name}", todo=todo)
    if len(given) < len(places):
        raise UsageError("names a repository twice", where=_OPTION, todo="name each once")
    home = find_top(project.directory)
    here = Path.cwd().resolve()
    _refuse_unjudged(project, places, home, here)
    others = [_side(r, given.get(r.name), here, environ) for r in declared.values() if _is_apart(r, home, given)]
    is_home = authority.revision is None or not any(s.is_proposed for s in others) or _holds(home, here)
    return [_own(authority, is_proposed=is_home), *others]


def _own(authority: Authority, *, is_proposed: bool) -> _Side:
    """The repository of audit.toml."""
    project = authority.project
    home = find_top(project.directory) or project.directory
    return _Side(name=project.path.name, clone=home, declared=home, revision=authority.revision, is_proposed=is_proposed)


def _refuse_unjudged(project: Project, places: Sequence[RepositoryPlace], home: Path | None, here: Path) -> None:
    """Refuse to let the tree in which the gate is started look judged when it was not."""
    named = {place.name for place in places}
    folders = [place.path for place in places] + [r.directory for r in project.repositories if r.name not in named]
    start = find_top(here)
    known = [top for folder in folders if folder.is_dir() and (top := find_top(folder)) is not None]
    if start is not None and start.resolve() not in {top.resolve() for top in (*known, *([home] if home else []))}:
        what = f"is not one of the repositories of {project.path.name}, so none of its files would be audited"
        raise UsageError(what, where=str(start), todo=f"name it: {_OPTION} NAME=.; or start in another folder")
    for place in places:
        if place.revision is not None and _holds(find_top(place.path), here) and not _holds(home, here):
            what = f"the gate is started in {place.name}, and checks it as it is there, not at {place.revision}"
            raise UsageError(what, where=f"{_OPTION} {place.name}", todo="omit @REVISION, or start in another folder")


def _is_apart(repository: Repository, home: Path | None, given: Mapping[str, RepositoryPlace]) -> bool:
    """Whether a repository is another one than that of audit.toml: a folder of a monorepo may have a name as well."""
    return repository.name in given or home is None or find_top(repository.directory) != home


def _holds(folder: Path | None, here: Path) -> bool:
    return folder is not None and here.is_relative_to(folder.resolve())


def _side(repository: Repository, place: RepositoryPlace | None, here: Path, environ: Mapping[str, str]) -> _Side:
    folder = place.path if place else repository.directory
    clone = find_top(folder) if folder.is_dir() else None
    if clone is None:
        what = "is not a repository" if folder.is_dir() else "the folder does not exist"
        todo = f"clone it there, or name its location: {_OPTION} {repository.name}=PATH@REVISION"
        raise AuditError(f"[repository.{repository.name}] {what}", where=str(folder), todo=todo)
    is_proposed = _holds(clone, here) and not (place and place.revision)
    named = (place and place.revision) or repository.policy_from
    revision = find_revision(clone, named) if named else None
    weak = _weakness(repository, revision, is_proposed=is_proposed, environ=environ)
    if weak and is_ci(environ):
        todo = f"name its protected branch: {_OPTION} {repository.name}={place.path if place else folder}@origin/main"
        raise SignoffError(weak, where=f"[repository.{repository.name}]", todo=todo)
    return _Side(
        name=repository.name,
        clone=clone,
        declared=repository.directory,
        revision=revision,
        is_proposed=is_proposed or revision is None,
    )


def _weakness(
    repository: Repository, revision: Revision | None, *, is_proposed: bool, environ: Mapping[str, str]
) -> str | None:
    if revision is None:
        what = "the revision that it will be merged into is not known" if is_proposed else "it is read as it is there"
        return f"{repository.name} lacks policy_from: {what}"
    return weakness(revision, is_named_by_tree=False, environ=environ, is_proposed=is_proposed)


def _made(authority: Authority, sides: Sequence[_Side], base: Path, common: Path, notes: Sequence[str]) -> Checkout:
    def seen(side: _Side) -> Revision | None:
        return side.revision and replace(side.revision, top=base / side.declared.relative_to(common))

    project, home = authority.project, seen(sides[0])
    path = base / project.path.relative_to(common)
    settings = home.read(path) if home is not None else path.read_bytes()
    if settings is None:
        raise AuditError("the file does not exist", where=f"{authority.source}: {project.path.name}", todo="commit it there")
    return Checkout(
        project=project_of(settings, path=path, shown=project.path.name),
        revision=home,
        merges=tuple(revision for side in sides if side.is_proposed and (revision := seen(side)) is not None),
        notes=(*(_note(side) for side in sides if authority.project.repositories), *notes),
    )


def _note(side: _Side) -> str:
    at = f"{side.revision.named} ({side.revision.commit[:7]})" if side.revision else None
    if not side.is_proposed:
        return f"{side.name}: {at}"
    return f"{side.name}: as it is in {side.clone}" + (f", to be merged into {at}" if at else "")


def _write(side: _Side, place: Path, others: Sequence[Path]) -> list[str]:
    """The files of one repository into their place, with a link to the history of its clone; what is to be noted."""
    place.mkdir(parents=True, exist_ok=True)
    git_dir = line_of_git(side.clone, "rev-parse", "--absolute-git-dir")
    notes = []
    if side.is_proposed and git_dir is not None:
        hidden = write_working_tree(side.clone, place)
        if hidden:
            text = "are read as committed, not as in the working tree"
            notes.append(f"{side.name}: {len(hidden)} files {text}: {some_of(sorted(map(str, hidden)), most=3)}")
    elif side.is_proposed:
        write_folder(side.clone, place, others)
    elif side.revision is not None:
        write_revision(side.revision, place)
    if git_dir is not None:
        (place / ".git").write_text(f"gitdir: {git_dir}\n")
    return notes
