"""What the revision that a proposal goes into brings into the merged tree: it must be what was audited, too."""

from __future__ import annotations

import hashlib
import os
import tempfile
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from migration_audit.artifacts.git.refs import find_revision, merge_base
from migration_audit.artifacts.git.repository import Revision, TreeEntry, entry_kind, first_link
from migration_audit.artifacts.git.working_tree import is_as_committed
from migration_audit.artifacts.text import path_below
from migration_audit.audit.inputs.artifact_digests import artifact_digests
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError, SourceError
from migration_audit.model.signoff import Sentence, fails
from migration_audit.project import Project, project_of
from migration_audit.review.checkout_files import digests_of_files

Found = Mapping[PurePosixPath, TreeEntry | None]
"""Files of the revision by their place in the repository; None where it has none and this tree has one."""
Entries = Mapping[PurePosixPath, TreeEntry]
FilesOf = Callable[[Project], Collection[str]]
"""Paths, relative to audit.toml, of the files that a project's settings are about."""


@dataclass(frozen=True, kw_only=True)
class Merge:
    """HEAD, and the revision that it is merged into."""

    project: Project
    """The policy's settings, on the files of this tree."""
    revision: Revision
    settings: bytes
    """audit.toml of the policy, which says what the files are."""

    def differences(
        self, audited: Mapping[str, str], touched: Collection[str], *, files_of: FilesOf | None = None
    ) -> list[str]:
        """The files that the merged tree gets from the revision, or that this tree removes, and that were not audited so.

        ``touched`` are those of the audited files that differ in this tree and may: the revision must have them as they were
        audited, or as they are here. Without a common commit here (a shallow clone), every file that differs between the
        two counts. ``files_of`` a project are those that are audited: without it, all that settings are about. Each with a
        word about it.
        """
        found = self._found({where for path in touched if (where := self.inside(path)) is not None})
        inside = {self.inside(path): path for path in audited}
        contents = self.revision.contents(entry for entry in found.values() if entry is not None)
        wrong = []
        for where, entry in found.items():
            path = inside.get(where)
            if path is None:
                continue
            if entry is None and path not in touched:
                wrong.append(f"{path} (removed)")
            elif entry is not None and _sha256(contents.get(entry.object_id)) != audited[path]:
                wrong.append(f"{path} (changed)")
        return [
            *wrong,
            *(f"{path} (new)" for path in self._taken(found, audited, contents, files_of) if path not in audited),
        ]

    def has_legacy(self) -> bool:
        """Whether the revision has a file of the legacy source that this tree lacks. Raises SourceError."""
        found = self._found(())
        contents = self.revision.contents(entry for entry in found.values() if entry is not None)
        return bool(self._taken(found, {}, contents, lambda project: digests_of_files(project, project.legacy)))

    def takes(self, paths: Collection[PurePosixPath], audited: Mapping[str, str]) -> bool:
        """Whether the settings are about one of these files of the repository, were it there. Raises SourceError."""
        empty = TreeEntry(mode="100644", object_id="")
        return bool(self._taken(dict.fromkeys(paths, empty), audited, {"": b""}))

    def _found(self, touched: Collection[PurePosixPath]) -> dict[PurePosixPath, TreeEntry | None]:
        """The files of the revision that differ here, and matter: the merge brings them, or they are touched or gone."""
        top = self.revision.top
        held = find_revision(top, "HEAD").entries(top)
        here = {path: entry for path, entry in held.items() if os.path.lexists(top / path)}
        there = self.revision.entries(top)
        common = merge_base(top, self.revision)
        base = None if common is None else common.entries(top)
        differing = (path for path in here.keys() | there.keys() if here.get(path) != there.get(path))
        return {
            path: there.get(path)
            for path in differing
            if base is None or base.get(path) != there.get(path) or path in touched or path not in here
        }

    def inside(self, path: str) -> PurePosixPath | None:
        """The place in the repository of a file whose path is relative to audit.toml; None for one of another repository."""
        try:
            return PurePosixPath(self.revision.inside(self.project.directory / path))
        except AuditError:
            return None

    def _taken(
        self, found: Found, audited: Mapping[str, str], contents: Mapping[str, bytes], files_of: FilesOf | None = None
    ) -> list[str]:
        """The files among ``found`` that the settings are about, when they are in addition to those that were audited."""
        brought = {path: entry for path, entry in found.items() if entry is not None}
        if not brought:
            return []
        with tempfile.TemporaryDirectory(prefix="migration-audit-merged-") as name:
            copy, top = Path(os.path.realpath(name)), self.revision.top
            common = os.path.commonpath([top, self.project.directory])
            for path, entry in brought.items():
                if entry.object_id in contents:
                    _write(copy / os.path.relpath(top / path, common), contents[entry.object_id])
            for each in audited:
                own = path_below(self.project.directory, each)
                if self.inside(each) not in brought and own.is_file() and own.is_relative_to(common):
                    _write(copy / own.relative_to(common), own.read_bytes())
            file = copy / os.path.relpath(self.project.path, common)
            _write(file, self.settings)
            project = project_of(self.settings, path=file, shown=self.revision.named)
            return sorted(path for path in (files_of or _all_files)(project) if self.inside(path) in brought)


def _all_files(project: Project) -> set[str]:
    sources = digests_of_files(project, project.legacy).keys() | digests_of_files(project, project.owner).keys()
    return sources | {path for path, _ in artifact_digests(project)}


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _sha256(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


def merge_sentences(
    merges: Iterable[Merge],
    audited: Mapping[str, str],
    touched: Collection[str],
    commits: Collection[str],
    *,
    again: str,
    files_of: FilesOf | None = None,
) -> Iterator[Sentence]:
    """That a merged tree would not be what was audited, where it would not; ``again`` says how to audit that tree.

    ``commits`` are the audited ones; the other arguments are those of ``Merge.differences``.
    """
    for merge in merges:
        if odd := list(_odd_entries(merge, audited, commits)):
            todo = "replace them with regular files with unique names"
            yield fails(f"not plain files: {some_of(odd, most=3, between='; ')}", todo)
        if wrong := merge.differences(audited, touched, files_of=files_of):
            where = merge.revision.named
            text = f"{where} has files that differ from the audited ones: {some_of(sorted(wrong), most=3)}"
            yield fails(text, f"merge {where} into this branch; {again}")


def _odd_entries(merge: Merge, audited: Mapping[str, str], commits: Collection[str]) -> Iterator[str]:
    """Each entry that is odd here and in neither the revision of ``merge`` nor the audited ``commits``, with its reason.

    Links, submodules, and names that only some file systems tell apart leave every audited byte as it was, and still decide
    which bytes are read later, or elsewhere.
    Raises AuditError where git cannot list the files.
    """
    revision = merge.revision
    known = [revision.entries(revision.top), *_entries_of(revision.top, commits)]
    yield from _links(merge, audited, known)
    committed = find_revision(revision.top, "HEAD").entries(revision.top)
    new = {path: entry for path, entry in committed.items() if all(each.get(path) != entry for each in known)}
    files = {inside for path in audited if (inside := merge.inside(path)) is not None}
    for path, entry in sorted(new.items()):
        if entry_kind(entry) == "submodule" and _is_in_the_way(merge, path, audited):
            yield f"{path} is another submodule, in which audit.toml names files"
    yield from _twins({path for path in new if all(path not in each for each in known)}, files)


def _entries_of(top: Path, commits: Collection[str]) -> Iterator[Entries]:
    for commit in commits:
        try:
            found: Revision = find_revision(top, commit)
        except AuditError:
            continue  # of another repository, or not fetched: then the revision alone says what was there
        yield found.entries(top)


def _links(merge: Merge, audited: Mapping[str, str], known: Collection[Entries]) -> Iterator[str]:
    top = merge.revision.top
    found = {link for path in audited if (link := first_link(merge.project.directory / path, below=top)) is not None}
    for link in sorted(found):
        inside = PurePosixPath(link.relative_to(top).as_posix())
        if not any(inside in each and is_as_committed(link, each[inside]) for each in known):
            yield f"{inside} is a link to {link.readlink()}"


def _is_in_the_way(merge: Merge, submodule: PurePosixPath, audited: Mapping[str, str]) -> bool:
    """Whether the settings would take files of a submodule, were they called like the audited ones."""
    names = {PurePosixPath(path).name for path in audited}
    try:
        return merge.takes([submodule / between / name for name in names for between in ("", "folder")], audited)
    except SourceError:
        return True


def _twins(new: Collection[PurePosixPath], files: Collection[PurePosixPath]) -> Iterator[str]:
    """New files that fall together with audited ones, or with their folders, where names ignore case or are composed."""
    known = {_folded(part): part for path in files for part in (path, *path.parents)}
    for path in sorted(new):
        twin = next((known[f] for p in (path, *path.parents) if (f := _folded(p)) in known and known[f] != p), None)
        if twin is not None:
            yield f"{path} is the same as {twin}, or in it, on file systems that ignore case"


def _folded(path: PurePosixPath) -> str:
    return unicodedata.normalize("NFC", os.fspath(path)).casefold()
