"""Whether this tree is still the one that was audited: its SQL files, its audit.toml, its commits.

A pull request that deletes legacy files is judged by the commit that it starts from: the merge base with the revision that
the policy is read from.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from migration_audit import sources
from migration_audit.artifacts.refs import find_revision, is_ancestor, merge_base
from migration_audit.artifacts.repository import Revision
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError, SourceError
from migration_audit.model.finding import Phase
from migration_audit.model.signoff import Sentence
from migration_audit.project import Project, Source, audited_digest, project_of
from migration_audit.sources.reading import shown_path
from migration_audit.workbook.artifact_digests import artifact_digests

Evidence = Mapping[str, Any]
Files = Mapping[str, str]
"""Path and SHA-256 of the files of a source."""


@dataclass(frozen=True, kw_only=True)
class Tree:
    """The working tree that asks, and the revision that its policy is read from (None: none is)."""

    project: Project
    revision: Revision | None
    phase: Phase

    @cached_property
    def _base(self) -> Revision | None:
        revision = self.revision
        return None if revision is None else merge_base(self.project.directory, revision)

    def files(self, evidence: Evidence) -> Iterator[Sentence]:
        """Whether the SQL files, and all others that the evidence names by digest, are still those."""
        told = {str(s.get("role")): s for s in evidence.get("sources") or ()}
        for role in ("legacy", "owner"):
            source = getattr(self.project, role)
            audited = {str(f["path"]): str(f["sha256"]) for f in (told.get(role) or {}).get("files") or ()}
            yield self._source(role, source, audited)
        yield from self._artifacts(evidence)

    def _artifacts(self, evidence: Evidence) -> Iterator[Sentence]:
        """Other files that were judged; before the deletion, those of the commit that it starts from count as well."""
        audited = {str(f["path"]): str(f["sha256"]) for f in evidence.get("artifacts") or ()}
        base = self._base if self.phase is Phase.PREFLIGHT else None
        # A proposal may bring new files, which are judged after the deletion; without one nothing explains them.
        new = set() if base else {path for path, _ in artifact_digests(self.project)} - audited.keys()
        wrong = sorted({*new, *(path for path, sha in audited.items() if sha not in self._digests(path, base))})
        if not audited and not new:
            return
        if wrong:
            text = f"other files: changed, new or gone since they were audited: {some_of(wrong, most=3)}"
            yield Sentence(ok=False, text=text, todo="audit this tree, and sign that")
        else:
            yield Sentence(ok=True, text=f"{len(audited)} other files as they were audited")

    def _digests(self, name: str, base: Revision | None) -> Iterator[str]:
        path = self.project.directory / name
        for content in (path.read_bytes() if path.is_file() else None, base.read(path) if base else None):
            if content is not None:
                yield hashlib.sha256(content).hexdigest()

    def _source(self, role: str, source: Source, audited: Files) -> Sentence:
        if source.dsn_env is not None:
            return Sentence(
                ok=None, text=f"{role}: a database, which has no files: its catalog stands in the evidence alone"
            )
        if not audited and not (role == "legacy" and self.phase is Phase.RETIRED):
            return Sentence(ok=False, text=f"the evidence names no files of {role}", todo="audit again, and sign that")
        try:
            here = _files_of(self.project, source)
        except SourceError as error:
            return Sentence(ok=False, text=f"{role}: {error.where}: {error.what}", todo="repair it, audit again, sign that")
        if here == audited:
            text = f"{role}: {len(audited)} files as they were audited" if audited else f"{role}: no files, then and now"
            return Sentence(ok=True, text=text)
        wrong = _difference(audited, here)
        is_removal = role == "legacy" and all(audited.get(path) == sha for path, sha in here.items())
        if not is_removal:
            return Sentence(ok=False, text=f"{role}: {wrong}", todo="audit this tree, and sign that")
        return self._removal(source, audited, len(audited) - len(here))

    def _removal(self, source: Source, audited: Files, number: int) -> Sentence:
        """Files of legacy are gone, which is the point of it all; those that were audited are the merge base's."""
        what = f"legacy: {number} of {len(audited)} files are removed here"
        if self._base is None:
            todo = "name the revision that they are removed from: --policy-from origin/main, or policy_from in audit.toml"
            return Sentence(ok=False, text=f"{what}, and it is not known from what", todo=todo)
        try:
            before = _files_at(self.project, source, self._base)
        except AuditError as error:
            return Sentence(ok=False, text=f"{what}; {self._base.named}: {error.what}", todo="see its message")
        if before == audited:
            return Sentence(ok=True, text=f"{what}; {self._base.named} has them as they were audited")
        wrong = _difference(audited, before)
        return Sentence(ok=False, text=f"{what}; in {self._base.named} {wrong}", todo="audit that commit, and sign that")

    def settings(self, evidence: Evidence) -> Sentence:
        """Whether audit.toml still says the same about the audit."""
        audited = (evidence.get("config") or {}).get("audited")
        path = self.project.path
        if audited and audited_digest(path.read_bytes(), file_name=path.name) == audited:
            return Sentence(ok=True, text=f"{path.name} is as it was audited")
        base = self._base if self.phase is Phase.PREFLIGHT else None
        try:
            before = base.read(path) if base else None
            if before is not None and audited and audited_digest(before, file_name=path.name) == audited:
                return Sentence(ok=True, text=f"{path.name} of {base.named if base else ''} is as it was audited")
        except (AuditError, ValueError):
            pass
        text = f"{path.name} says something else about the audit than when it was audited"
        return Sentence(ok=False, text=text, todo="audit with this audit.toml, and sign that")

    def commit(self, evidence: Evidence) -> Sentence:
        """Whether HEAD holds the commits that were audited."""
        wrong, known = [], 0
        trees = {"audit": self.project.directory, "legacy": self.project.legacy.root, "owner": self.project.owner.root}
        for name, folder in trees.items():
            state = (evidence.get("commit") or {}).get(name) or {}
            commit = state.get("commit")
            if commit is None:
                if _is_in_git(folder):
                    wrong.append(f"the {name} tree was audited outside git")
                continue
            known += 1
            if is_ancestor(folder, str(commit)) is not True:
                wrong.append(f"commit {str(commit)[:12]} of the {name} tree is no ancestor of HEAD")
            elif state.get("clean") is not True:
                wrong.append(f"the {name} tree was audited with uncommitted changes")
        if wrong:
            return Sentence(ok=False, text="; ".join(dict.fromkeys(wrong)), todo="commit, audit that commit, and sign that")
        if not known:
            return Sentence(ok=None, text="audited outside git, and this is no repository either: the digests alone tell")
        return Sentence(ok=True, text=f"{known} trees were audited at commits that HEAD holds")


def _files_of(project: Project, source: Source, root: Path | None = None, shown_from: Path | None = None) -> Files:
    """The files of a source, empty when no pattern matches any. Raises SourceError for what cannot be read."""
    root, shown_from = root or source.root, shown_from or project.directory
    if source.command is not None or source.snapshot is not None:
        return _digests_of(_other_files(source, root), shown_from)
    globs = [glob for glob in source.sql if sources.sql_files(root, [glob])]
    if not globs:
        return {}
    found = sources.load_globs(
        source.name,
        root,
        globs,
        shown_from=shown_from,
        form=source.format,
        placeholders=source.placeholders,
        variables=source.variables,
    )
    return {file.path: file.sha256 for file in found.files}


def _other_files(source: Source, root: Path) -> list[Path]:
    """What a source that is no SQL is made of: what its command reads, or its snapshot."""
    if source.command is not None:
        return sources.command_files(root, source.command.files)
    return [source.snapshot] if source.snapshot is not None and source.snapshot.is_file() else []


def _digests_of(paths: Iterable[Path], shown_from: Path) -> Files:
    return {shown_path(path, shown_from): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _files_at(project: Project, source: Source, base: Revision) -> Files:
    """The same as a commit has them: that commit's patterns, on a copy of its SQL files."""
    content = base.read(project.path)
    patterns = source
    if content is not None:
        patterns = project_of(content, path=project.path, shown=base.named).legacy
    with tempfile.TemporaryDirectory(prefix="migration-audit-base-") as name:
        copy = Path(name).resolve()
        base.copy(base.top, copy, names=_file_names(patterns))
        root = copy / base.inside(patterns.root)
        shown_from = copy / base.inside(project.directory)
        return _files_of(project, patterns, root, shown_from)


def _file_names(source: Source) -> list[str]:
    """What the files of a source may be called, as globs."""
    if source.command is None:
        return ["*.sql", "*.SQL", "*.Sql"]
    last = [glob.rstrip("/").rpartition("/")[2] for glob in source.command.files]
    return last if all("." in name for name in last) else ["*"]  # a name without a dot may be a folder's


def _difference(audited: Files, here: Files) -> str:
    new = sorted(set(here) - set(audited))
    gone = sorted(set(audited) - set(here))
    other = sorted(path for path in set(audited) & set(here) if audited[path] != here[path])
    parts = [
        f"{words}: {some_of(paths, most=3)}" for paths, words in ((other, "changed"), (new, "new"), (gone, "gone")) if paths
    ]
    return "; ".join(parts) or "the order of its files differs"


def _is_in_git(folder: Path) -> bool:
    try:
        find_revision(folder, "HEAD")
    except AuditError:
        return False
    return True
