"""Audit environments: execute the notebooks, render the reports, write the evidence last."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

from migration_audit.artifacts.git.repository import read_tree
from migration_audit.audit.audit import SEAL
from migration_audit.audit.evidence import build_evidence, failed_evidence
from migration_audit.audit.facts.files import write_atomically, write_json_file
from migration_audit.audit.facts.store import FOLDER as FACTS
from migration_audit.audit.inputs.retirement import run_commands, save_commands
from migration_audit.audit.saved import SavedCase, changed_while_read, commits_of
from migration_audit.catalog.shapes import checked
from migration_audit.gate import EXIT_CODES
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError, NotebookError
from migration_audit.model.evidence import Evidence, evidence_body
from migration_audit.model.finding import Phase, Verdict
from migration_audit.model.progress import Progress
from migration_audit.model.snapshot import ServerIdentity
from migration_audit.project import Environment, Project
from migration_audit.runner.folders import earlier_runs, run_folders, run_name, save_earlier
from migration_audit.runner.kernels import Kernels, open_kernels
from migration_audit.runner.notebooks import execute, find_notebook
from migration_audit.runner.rendering import NOTEBOOKS, REPORT_FILES, executed_notebooks, render_files
from migration_audit.signoff import build_statement

_PREFLIGHT, *_OF_ENVIRONMENT = NOTEBOOKS
_AT_ONCE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How one environment's audit ended, and where its report is."""

    environment: str
    folder: Path
    evidence: Evidence

    @property
    def verdict(self) -> Verdict:
        """The verdict that the evidence holds."""
        return self.evidence.verdict

    @property
    def exit_code(self) -> int:
        """0 clean or review, 1 blocked, 3 incomplete."""
        return EXIT_CODES[self.verdict]


def run_audit(
    project: Project,
    environments: Sequence[Environment],
    *,
    phase: Phase,
    out: Path,
    config: str,
    progress: Progress,
    commands: bool = False,
    kernels: Kernels | None = None,
) -> tuple[RunResult, ...]:
    """Audit each environment and write its report; one that fails does not stop the others. ``write_index`` comes after it.

    ``config`` is what the notebooks get as their parameter: the path of audit.toml, or ``demo``. The pre-flight is
    executed once and its notebook is part of every environment's report. With ``commands`` the acceptance commands of
    audit.toml are executed, once for all environments. ``kernels`` are those of the caller, who runs more than one audit.
    Raises AuditError when the report folder cannot
    be written, NotebookError when a notebook is missing.
    """
    for name in NOTEBOOKS:
        if (project.directory / "notebooks") == find_notebook(name, project_folder=project.directory).parent:
            progress(f"{name}: your copy in {project.directory / 'notebooks'}, not the packaged one")
    out = out.absolute()
    now = datetime.now(UTC)
    name = run_name(now, read_tree(project.directory).commit)
    with (
        run_folders(out, [e.name for e in environments], name) as folders,
        nullcontext(kernels) if kernels else open_kernels() as given,
    ):
        shared = Path(mkdtemp(dir=given.folder)) / "preflight"
        shared.mkdir()
        commits = commits_of(project)
        how = _How(project=project, phase=phase, config=config, progress=progress, kernels=given, commits=commits)
        if commands:
            save_commands(shared / FACTS, run_commands(project, progress=progress))
        failure: NotebookError | None = None
        progress("applying the SQL sources to empty servers")
        try:
            how.execute(_PREFLIGHT, shared)
        except NotebookError as error:
            failure = error
        with _pool(given) as pool:
            jobs = [pool.submit(_executed, how, e, folders[e.name], shared, failure) for e in environments]
            ended = {e.name: job.result() for e, job in zip(environments, jobs, strict=True)}
            reports = [pool.submit(_reported, how, e, folders[e.name], ended) for e in environments]
            results = tuple(job.result() for job in reports)
    return results


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    """What every notebook of a run has in common."""

    project: Project
    phase: Phase
    config: str
    progress: Progress
    kernels: Kernels
    commits: Mapping[str, str | None]
    """Of the repositories that are known before anything is read, by their names."""

    def execute(self, name: str, folder: Path, **parameters: str) -> None:
        """Execute a notebook into the folder, where it also keeps its facts; raises NotebookError."""
        given = {"config": self.config, "phase": self.phase.value, "run_folder": str(folder / FACTS), **parameters}
        source = find_notebook(name, project_folder=self.project.directory)
        execute(source, folder / name, given, kernels=self.kernels)


@contextmanager
def _pool(kernels: Kernels) -> Iterator[ThreadPoolExecutor]:
    """A bounded pool; when the caller is interrupted, what runs is ended and what waits never begins."""
    pool = ThreadPoolExecutor(max_workers=_AT_ONCE)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        kernels.stop()
        raise
    finally:
        pool.shutdown()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """How the notebooks of an environment ended."""

    at: datetime
    """The time that the evidence says."""
    server: ServerIdentity | None = None
    """The one that was read; None where it was not."""
    result: RunResult | None = None
    """Where they did not reach their end: it is reported at once, also when the run is interrupted."""


def _executed(how: _How, environment: Environment, folder: Path, shared: Path, failure: NotebookError | None) -> _Ended:
    """Execute the notebooks of one environment; where that fails, its report says so."""
    started = datetime.now(UTC).replace(microsecond=0)
    try:
        shutil.copytree(shared, folder, dirs_exist_ok=True)
        if failure is not None:
            return _Ended(at=started, result=_failed(how, environment, folder, failure))
        for name in _OF_ENVIRONMENT:
            how.progress(f"{environment.name}: {name}")
            how.execute(name, folder, environment=environment.name)
        return _sealed(folder, since=started)
    except Exception as error:  # one environment must not take the others along
        return _Ended(at=started, result=_failed(how, environment, folder, error))


def _sealed(folder: Path, *, since: datetime) -> _Ended:
    """What the mark says that the last cell left, which is removed; raises NotebookError when it never ran."""
    seal = folder / FACTS / SEAL
    if not seal.is_file():
        raise NotebookError(
            "it ended without sealing its evidence", where=NOTEBOOKS[-1], todo="its last cell has to be workbook.seal(audit)"
        )
    now = datetime.now(UTC)
    try:
        body = json.loads(seal.read_text("utf-8"))
        found = datetime.fromisoformat(body["generated_at"])
        server = checked(ServerIdentity, body["server"]) if body["server"] else None
        ended = _Ended(at=found if since <= found <= now else now, server=server)
    except (ValueError, KeyError, TypeError):  # a notebook of the user's own, which does not decide the time
        ended = _Ended(at=now)
    seal.unlink()
    return ended


def _reported(how: _How, environment: Environment, folder: Path, ended: Mapping[str, _Ended]) -> RunResult:
    """The evidence of one environment, and its report; every failure ends in evidence that says so."""
    own = ended[environment.name]
    if own.result is not None:
        return own.result
    case: SavedCase | None = None
    try:
        case = SavedCase(folder, environment=environment.name, phase=how.phase, generated_at=own.at, project=how.project)
        evidence = build_evidence(case, now=own.at, notebooks=executed_notebooks(folder))
        save_earlier(folder, earlier_runs(folder.parent.parent, environment.name, phase=how.phase, before=folder))
        if error := _doubtful(how, environment, case, ended):
            evidence = replace(evidence, verdict=Verdict.INCOMPLETE, error=error)
    except Exception as error:  # one environment must not take the others along
        return _failed(how, environment, folder, error, case)
    return _written(how, environment, folder, evidence, case)


def _failed(
    how: _How, environment: Environment, folder: Path, failure: Exception, case: SavedCase | None = None
) -> RunResult:
    evidence = failed_evidence(how.project, environment=environment.name, phase=how.phase, error=_reason(failure))
    return _written(how, environment, folder, evidence, case)


def _written(how: _How, environment: Environment, folder: Path, evidence: Evidence, case: SavedCase | None) -> RunResult:
    evidence = _write_report(folder, evidence, case)
    how.progress(f"{environment.name}: {evidence.verdict}")
    return RunResult(environment=environment.name, folder=folder, evidence=evidence)


def _doubtful(how: _How, environment: Environment, case: SavedCase, ended: Mapping[str, _Ended]) -> str | None:
    """Why the results may not be about what they name: something changed, or another environment has the same database."""
    own = ended[environment.name].server
    same = [
        how.project.environment(name)
        for name, other in ended.items()
        if own and other.server and name != environment.name and own.is_same_database(other.server)
    ]
    if own and same:
        variables = ", ".join(f"{e.name} by {e.dsn_env or f'service {e.service}'}" for e in (environment, *same))
        what = f"leads to the same database as {some_of([e.name for e in same])}: {own.described} ({variables})"
        return f"{what}\n  → let each environment lead to its own database, and run the audit again"
    if changed := changed_while_read(case, how.commits):
        return f"changed during the audit: {some_of(changed, most=5)}\n  → run the audit again"
    return None


def _write_report(folder: Path, evidence: Evidence, case: SavedCase | None) -> Evidence:
    """What people and CI read, then evidence.json with ``complete``, then the statement; the evidence as written.

    What cannot be rendered or written makes it incomplete: without a report there is nothing to sign.
    """
    complete = replace(evidence, complete=evidence.error is None)
    try:
        for name, content in render_files(folder, complete, case).items():
            write_atomically(folder / name, content)
        _write_evidence(folder, complete)
    except Exception as error:
        failed = replace(evidence, verdict=Verdict.INCOMPLETE, error=f"there is no report of it: {_reason(error)}")
        for page in REPORT_FILES:  # they would tell of a verdict that was not given
            (folder / page).unlink(missing_ok=True)
        with suppress(AuditError, OSError):  # what happened is still written down, where that is possible
            _write_evidence(folder, failed)
        return failed
    return complete


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, AuditError) else f"{type(error).__name__}: {error}"


def _write_evidence(folder: Path, evidence: Evidence) -> None:
    write_json_file(folder / "evidence.json", evidence_body(evidence))
    write_json_file(folder / "statement.json", build_statement(folder, evidence))
