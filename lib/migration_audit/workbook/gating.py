"""The facts that the gate asks for: signed runs, the files of this tree and of its merge base, on request the database."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from migration_audit import catalog, signoff, sources
from migration_audit.artifacts.revisions import Revision, find_revision, is_ancestor, merge_base
from migration_audit.gate import EnvironmentGate, Facts, judge_environment
from migration_audit.model.errors import AuditError, SourceError, UsageError
from migration_audit.model.finding import Phase
from migration_audit.model.signoff import Sentence, SignedRun
from migration_audit.project import Environment, Project, Source, audited_digest, project_of, resolve
from migration_audit.signoff import Authority
from migration_audit.workbook.signing import page_sentences

Files = Mapping[str, str]
"""Path and SHA-256 of the files of a source."""


def required_environments(authority: Authority, names: Sequence[str], phase: Phase) -> tuple[Environment, ...]:
    """The environments that the gate asks for: those named, else all that the policy's audit.toml requires in this phase.

    Raises UsageError for a name that the policy's audit.toml does not have, and when there would be none at all.
    """
    project = authority.project
    if names:
        return tuple(project.environment(name) for name in dict.fromkeys(names))
    found = tuple(e for e in project.environments if phase in e.phases and authority.policy.of(e.name).required)
    if not found:
        raise UsageError(
            f"no environment is required in phase {phase.value}", where=authority.source, todo="name one with --env"
        )
    return found


def ask_gate(
    project: Project,
    authority: Authority,
    environments: Sequence[Environment],
    *,
    phase: Phase,
    live: bool,
    out: Path,
    now: datetime | None = None,
) -> tuple[EnvironmentGate, ...]:
    """Each environment with its requirements; ``out`` is the folder of reports.

    Raises AuditError where git cannot be asked, or with ``live`` a database.
    """
    asking = _Asking(project=project, authority=authority, phase=phase, live=live, out=out, now=now or datetime.now(UTC))
    runs = {e.name: asking.newest(e.name) for e in environments}
    return tuple(asking.judge(e, runs) for e in environments)


@dataclass(frozen=True, kw_only=True)
class _Asking:
    project: Project
    authority: Authority
    phase: Phase
    live: bool
    out: Path
    now: datetime
    _signed: dict[str, list[SignedRun]] = field(default_factory=dict)

    def signed(self, environment: str) -> list[SignedRun]:
        """Every run that stands among the signed ones of an environment, oldest first, whether it holds or not."""
        if environment not in self._signed:
            folder = self.out / signoff.SIGNED / environment
            found = sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
            named = (p for p in found if not p.name.startswith("."))
            self._signed[environment] = [signoff.read_signed_run(p, self.authority, now=self.now) for p in named]
        return self._signed[environment]

    def newest(self, environment: str) -> SignedRun | None:
        """The newest run that was signed for the environment in this phase.

        One that does not hold is of every phase: it must not make room for an older one.
        """
        due = [r for r in self.signed(environment) if not _holds(r) or r.evidence.get("phase") == self.phase.value]
        return due[-1] if due else None

    def judge(self, environment: Environment, runs: Mapping[str, SignedRun | None]) -> EnvironmentGate:
        run, authors = runs[environment.name], set[str]()
        facts = Facts(now=self.now, phase=self.phase.value, removed=self._lost(environment.name, run))
        if run is not None:
            page = tuple(page_sentences(Path(run.folder), run))
            run = replace(run, sentences=(*run.sentences, *self._project_is(run), *page))
            authors = signoff.authors(run.evidence)
            if all(s.ok is not False for s in run.sentences):
                facts = self._facts(environment, run, runs)
        needs = self.authority.policy.of(environment.name)
        roles = self.authority.policy.roles
        return judge_environment(environment.name, run, needs, roles=roles, authors=authors, facts=facts)

    def _project_is(self, run: SignedRun) -> Iterator[Sentence]:
        if run.evidence.get("project") != self.authority.project.name:
            text = f"the run is of the project {run.evidence.get('project')}, and not of {self.authority.project.name}"
            yield Sentence(ok=False, text=text, todo="sign a run of this project")

    def _facts(self, environment: Environment, run: SignedRun, runs: Mapping[str, SignedRun | None]) -> Facts:
        pins = {"database": environment.database, "system_identifier": environment.system_identifier}
        return Facts(
            now=self.now,
            phase=self.phase.value,
            unsigned=self._unsigned(environment.name, run),
            removed=self._lost(environment.name, run),
            files=tuple(self._files(run)),
            settings=self._settings(run),
            commit=self._commit(run),
            pins={name: pin for name, pin in pins.items() if pin is not None},
            same_server=_same_server(environment.name, run, runs),
            live=self._live(environment, run) if self.live else None,
        )

    def _unsigned(self, environment: str, run: SignedRun) -> str | None:
        """The verdict of the newest unsigned run of this phase, when it is newer than the signed one."""
        folder = self.out / environment
        found = [signoff.evidence_of(p) for p in folder.iterdir() if p.is_dir()] if folder.is_dir() else []
        times = {str(e.get("generated_at")): str(e.get("verdict")) for e in found if e.get("phase") == self.phase.value}
        newest = max(times, default="")
        return times[newest] if newest > str(run.evidence.get("generated_at")) else None

    def _lost(self, environment: str, run: SignedRun | None) -> tuple[str, ...]:
        """What was signed for this environment and is not here as it was, beside the run itself."""
        others = (each for each in self.signed(environment) if run is None or each.name != run.name)
        broken = (f"{signoff.SIGNED}/{environment}/{each.name}" for each in others if not _holds(each))
        return (*broken, *self._removed(environment))

    def _removed(self, environment: str) -> tuple[str, ...]:
        """Signed files that the policy's revision has: signatures that are inconvenient cannot be left out of a branch."""
        revision = self.authority.revision
        folder = self.out / signoff.SIGNED / environment
        if revision is None or not folder.resolve().is_relative_to(revision.top.resolve()):
            return ()
        gone = (path for path in revision.changed_since(folder) if path.name != signoff.SIGNED_PAGE)
        return tuple(f"{signoff.SIGNED}/{environment}/{path}" for path in gone)

    # The files of this tree, and of the commit that it starts from.

    @cached_property
    def _base(self) -> Revision | None:
        revision = self.authority.revision
        return None if revision is None else merge_base(self.project.directory, revision)

    def _files(self, run: SignedRun) -> Iterator[Sentence]:
        told = {str(s.get("role")): s for s in run.evidence.get("sources") or ()}
        for role in ("legacy", "owner"):
            source = getattr(self.project, role)
            audited = {str(f["path"]): str(f["sha256"]) for f in (told.get(role) or {}).get("files") or ()}
            yield self._source(role, source, audited)
        yield from self._artifacts(run)

    def _artifacts(self, run: SignedRun) -> Iterator[Sentence]:
        """Other files that were judged; before the deletion, those of the commit that it starts from count as well."""
        audited = {str(f["path"]): str(f["sha256"]) for f in run.evidence.get("artifacts") or ()}
        if not audited:
            return
        base = self._base if self.phase is Phase.PREFLIGHT else None
        wrong = sorted(path for path, sha in audited.items() if sha not in self._digests(path, base))
        if wrong:
            more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
            text = f"other files: changed or gone since they were audited: {', '.join(wrong[:3])}{more}"
            yield Sentence(ok=False, text=text, todo="audit this tree, and sign that")
        else:
            yield Sentence(ok=True, text=f"{len(audited)} other files as they were audited")

    def _digests(self, name: str, base: Revision | None) -> Iterator[str]:
        path = self.project.directory / name
        for content in (path.read_bytes() if path.is_file() else None, base.read(path) if base else None):
            if content is not None:
                yield hashlib.sha256(content).hexdigest()

    def _source(self, role: str, source: Source, audited: Files) -> Sentence:
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

    def _settings(self, run: SignedRun) -> Sentence:
        audited = (run.evidence.get("config") or {}).get("audited")
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

    def _commit(self, run: SignedRun) -> Sentence:
        wrong, known = [], 0
        trees = {"audit": self.project.directory, "legacy": self.project.legacy.root, "owner": self.project.owner.root}
        for name, folder in trees.items():
            state = (run.evidence.get("commit") or {}).get(name) or {}
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

    def _live(self, environment: Environment, run: SignedRun) -> Sentence:
        audited = (run.evidence.get("snapshots") or {}).get("live")
        server = run.evidence.get("server") or {}
        try:
            conninfo = resolve(environment, os.environ)
            with catalog.open_connection(conninfo, statement_timeout_ms=environment.statement_timeout * 1000) as connection:
                snapshot = catalog.read_snapshot(connection).snapshot
        except AuditError as error:
            raise AuditError(f"--live: {error.what}", where=error.where or environment.name, todo=error.todo) from error
        for name in ("database", "system_identifier"):
            now = getattr(snapshot.server, name)
            if now != server.get(name):
                text = f"this is another database: its {name.replace('_', ' ')} is {now}, and {server.get(name)} was audited"
                return Sentence(ok=False, text=text, todo="check the connection, or audit this database and sign that")
        if snapshot.digest != audited:
            text = "its catalog has changed since it was audited"
            return Sentence(ok=False, text=text, todo="audit again, and sign that")
        return Sentence(ok=True, text=f"read now, and it is as it was audited ({snapshot.digest[:19]}…)")


def _holds(run: SignedRun) -> bool:
    return run.is_signed and run.is_intact


def _same_server(environment: str, run: SignedRun, runs: Mapping[str, SignedRun | None]) -> str | None:
    def identity(each: SignedRun | None) -> tuple[str, str] | None:
        found = each.evidence.get("server") if each else None
        server = found if isinstance(found, dict) else {}
        known = server.get("system_identifier") and server.get("database")
        return (str(server["system_identifier"]), str(server["database"])) if known else None

    own = identity(run)
    return next((name for name, other in runs.items() if name != environment and own and identity(other) == own), None)


def _files_of(project: Project, source: Source, root: Path | None = None, shown_from: Path | None = None) -> Files:
    """The files of a source, empty when no pattern matches any. Raises SourceError for what cannot be read."""
    root = root or source.root
    globs = [g for g in source.sql if root.is_dir() and any(p.suffix.lower() == ".sql" for p in root.glob(g))]
    if not globs:
        return {}
    found = sources.load_globs(source.name, root, globs, shown_from=shown_from or project.directory)
    return {file.path: file.sha256 for file in found.files}


def _files_at(project: Project, source: Source, base: Revision) -> Files:
    """The same as a commit has them: that commit's patterns, on a copy of its SQL files."""
    content = base.read(project.path)
    patterns = source
    if content is not None:
        patterns = project_of(content, path=project.path, shown=base.named).legacy
    with tempfile.TemporaryDirectory(prefix="migration-audit-base-") as name:
        copy = Path(name).resolve()
        base.copy(base.top, copy, names=["*.sql", "*.SQL", "*.Sql"])
        root = copy / patterns.root.resolve().relative_to(base.top.resolve())
        shown_from = copy / project.directory.resolve().relative_to(base.top.resolve())
        return _files_of(project, patterns, root, shown_from)


def _difference(audited: Files, here: Files) -> str:
    new = sorted(set(here) - set(audited))
    gone = sorted(set(audited) - set(here))
    other = sorted(path for path in set(audited) & set(here) if audited[path] != here[path])
    parts = [
        f"{words}: {', '.join(paths[:3])}" for paths, words in ((other, "changed"), (new, "new"), (gone, "gone")) if paths
    ]
    return "; ".join(parts) or "the order of its files differs"


def _is_in_git(folder: Path) -> bool:
    try:
        find_revision(folder, "HEAD")
    except AuditError:
        return False
    return True
