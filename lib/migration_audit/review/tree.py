"""Whether this tree, and what becomes of it when it is merged, is still what was audited. Content decides, not ancestry.

Settings are those of the policy's revision: its globs say which files the audit is about. Each of them has the audited
bytes, in this tree and in the revision that it goes into. Only what the signed work list names may differ, and the checks of
files judge it again. Of commits it is asked only whether the audit saw uncommitted changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from migration_audit.artifacts.git.refs import is_ancestor
from migration_audit.artifacts.git.repository import Revision, sha256_of
from migration_audit.audit.inputs.artifact_digests import artifact_digests
from migration_audit.audit.repositories import tops_of
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import SourceError
from migration_audit.model.evidence import HOME, Evidence
from migration_audit.model.finding import Phase
from migration_audit.model.signoff import Sentence, fails, holds, remark
from migration_audit.project import Project
from migration_audit.review.checkout_files import digests_of_files
from migration_audit.review.merging import Merge, merge_sentences
from migration_audit.review.settings import policy_settings, settings_sentences
from migration_audit.review.work_list import WorkList, undone_work, work_list

Files = Mapping[str, str]
"""Path, relative to audit.toml, and SHA-256."""
_AGAIN = "audit this tree, and sign that run"


@dataclass(frozen=True, kw_only=True)
class ProposedTree:
    """The working tree that asks, by the settings of ``revision`` (None: by its own)."""

    project: Project
    """The policy's settings, on the files of this tree."""
    revision: Revision | None
    merges: tuple[Revision, ...]
    """The revisions that proposals among the files go into."""
    phase: Phase
    evidence: Evidence
    folder: Path
    """The run's."""

    def files(self) -> Iterator[Sentence]:
        """Whether the SQL files, and all others that the evidence names by digest, are still those."""
        changed: set[str] = set()
        for role in ("legacy", "owner"):
            yield from self._source(role, changed)
        yield from self._others(changed)
        yield from self._merged(changed)
        if changed or self._has_other_variables():
            wrong = list(undone_work(self.evidence, self.project, changed))
            yield from wrong or [holds("the checks of files find nothing left to do in the changed files")]

    def _has_other_variables(self) -> bool:
        """Whether variables in addition to Compose files, of which no digest is kept, are others than in the revision."""
        boot = self.project.boot
        files = [] if boot is None else [path.with_name(".env") for path in (*boot.compose, *boot.dev_compose)]
        known = ((each, revision) for each in files for revision in self.merges if revision.has_inside(each))
        return any(sha256_of(each) != _sha256(revision.read(each)) for each, revision in known)

    def settings(self) -> Iterator[Sentence]:
        """Whether the audit was one by these settings, and whether this tree keeps them."""
        yield from settings_sentences(self.project, self.revision, self.evidence, self.folder)

    @cached_property
    def _sources(self) -> dict[str, Files]:
        sources = {role: self.evidence.source(role) for role in ("legacy", "owner")}
        return {role: {f.path: f.sha256 for f in source.files} if source else {} for role, source in sources.items()}

    @cached_property
    def _artifacts(self) -> Files:
        return {file.path: file.sha256 for file in self.evidence.artifacts}

    @cached_property
    def _work(self) -> WorkList:
        if self.phase is not Phase.PREFLIGHT:
            return WorkList(named=frozenset(), legacy=frozenset(), new=frozenset())
        return work_list(self.evidence, self.project)

    def _source(self, role: str, changed: set[str]) -> Iterator[Sentence]:
        source, audited = getattr(self.project, role), self._sources[role]
        if source.dsn_env is not None:
            yield remark(f"{role}: a database without files: only the evidence contains its catalog")
            return
        if not audited and not (role == "legacy" and self.phase is Phase.RETIRED):
            yield fails(f"the evidence lists no files of {role}", "audit again, and sign the new run")
            return
        try:
            here = digests_of_files(self.project, source)
        except SourceError as error:
            yield fails(f"{role}: {error.where}: {error.what}", "repair it, audit again, and sign the new run")
            return
        allowed, wrong = self._differences(audited, here, audited.keys() - here.keys())
        changed |= allowed
        if wrong:
            yield fails(f"{role}: {wrong}", _AGAIN)
        elif allowed:
            yield holds(f"{role}: {len(allowed)} of {len(audited)} files are removed, as in the work list")
        else:
            text = f"{role}: {len(audited)} files unchanged since the audit" if audited else f"{role}: no files, then or now"
            yield holds(text)

    def _others(self, changed: set[str]) -> Iterator[Sentence]:
        audited = self._artifacts
        here = {path: sha for path in audited if (sha := sha256_of(self.project.directory / path)) is not None}
        here |= dict(artifact_digests(self.project))
        if not audited and not here:
            return
        differing = {path for path in audited.keys() | here.keys() if audited.get(path) != here.get(path)}
        allowed, wrong = self._differences(audited, here, differing)
        changed |= allowed
        if wrong:
            yield fails(f"other files: {wrong}", f"{_AGAIN}; or restore them")
        elif allowed:
            text = f"other files: {len(audited) - len(allowed & audited.keys())} as they were audited, "
            yield holds(f"{text}{len(allowed)} as in the work list: {some_of(sorted(allowed), most=5)}")
        else:
            yield holds(f"{len(audited)} other files unchanged since the audit")

    def _differences(self, audited: Files, here: Files, may_differ: Iterable[str]) -> tuple[set[str], str]:
        """Which of ``may_differ`` the work list allows to differ, and how all others differ, in a few words."""
        allowed = {p for p in may_differ if self._work.allows(p, was_audited=p in audited, is_there=p in here)}
        rest = ({path: sha for path, sha in files.items() if path not in allowed} for files in (audited, here))
        return allowed, files_differ(*rest)

    def _merged(self, changed: set[str]) -> Iterator[Sentence]:
        """Whether the revision that this goes into has the same files, so that the merged tree is what was judged."""
        audited = {**self._sources["legacy"], **self._sources["owner"], **self._artifacts}
        commits = [state.commit for state in self.evidence.commit.values() if state.commit]
        merges = merges_of(self.project, self.revision, self.merges)
        yield from merge_sentences(merges, audited, changed, commits, again=_AGAIN)

    def commit(self) -> Sentence:
        """Which commits were audited, and whether with uncommitted changes."""
        wrong, known, elsewhere = [], 0, []
        tops, states = tops_of(self.project, self.evidence.files), self.evidence.commit
        for name in dict.fromkeys((*states, *tops)):
            state, top = states.get(name), tops.get(name)
            if state is None:
                wrong.append(f"the evidence does not name the repository {name}, which contains audited files")
            elif state.commit is None:
                if top is not None or name != HOME:
                    wrong.append(f"the {name} tree was audited outside git")
                continue
            elif state.clean is not True:
                wrong.append(f"the {name} tree was audited with uncommitted changes")
            elif top is None or is_ancestor(top, state.commit) is not True:
                elsewhere.append(state.commit[:12])
            known += 1
        if wrong:
            return fails("; ".join(dict.fromkeys(wrong)), "commit, audit that commit, and sign that run")
        if not known:
            return remark("audited outside git, and this is not a repository either: the digests alone tell")
        if elsewhere:
            text = f"{', '.join(dict.fromkeys(elsewhere))} is not in this clone's history: the bytes of the files decide"
            return holds(text)
        which = "1 repository was audited at a commit" if known == 1 else f"{known} repositories were audited at commits"
        return holds(f"{which} that HEAD contains")


def merges_of(project: Project, revision: Revision | None, merges: Iterable[Revision]) -> Iterator[Merge]:
    """HEAD merged into each of these revisions, by the settings of ``revision``."""
    for each in merges:
        yield Merge(project=project, revision=each, settings=policy_settings(project, revision))


def has_legacy(project: Project, revision: Revision | None, merges: Iterable[Revision]) -> bool:
    """Whether a file of the legacy source is in this tree, or in a revision that it goes into. Raises SourceError."""
    if digests_of_files(project, project.legacy):
        return True
    return any(merge.has_legacy() for merge in merges_of(project, revision, merges))


def _sha256(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


def files_differ(audited: Files, here: Files) -> str:
    """How files differ, in a few words; empty where they do not."""
    new = sorted(set(here) - set(audited))
    gone = sorted(set(audited) - set(here))
    other = sorted(path for path in set(audited) & set(here) if audited[path] != here[path])
    parts = [
        f"{words}: {some_of(paths, most=3)}" for paths, words in ((other, "changed"), (new, "new"), (gone, "gone")) if paths
    ]
    return "; ".join(parts)
