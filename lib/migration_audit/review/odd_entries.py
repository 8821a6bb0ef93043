"""What a proposal has in place of plain files: links, submodules, and names that only some file systems tell apart.

Such an entry leaves every audited byte as it was, and still decides which bytes are read later, or elsewhere. One that the
audited commit, or the revision that the proposal goes into, has as well is not a difference.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath

from migration_audit.artifacts.git.refs import find_revision
from migration_audit.artifacts.git.repository import Revision, TreeEntry, entry_kind, first_link
from migration_audit.artifacts.git.working_tree import is_as_committed
from migration_audit.model.errors import AuditError, SourceError
from migration_audit.review.merging import Merge

Entries = Mapping[PurePosixPath, TreeEntry]


def odd_entries(merge: Merge, audited: Mapping[str, str], commits: Collection[str]) -> Iterator[str]:
    """Each entry that is odd here and in neither the revision of ``merge`` nor the audited ``commits``, with its reason.

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
