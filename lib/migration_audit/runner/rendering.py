"""What a run writes for people and CI, made from its evidence and its facts; and whether a run's folder holds just that."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from migration_audit.audit.evidence import TOOL, computed_fields
from migration_audit.audit.facts.codec import to_bytes
from migration_audit.audit.facts.store import SNAPSHOTS
from migration_audit.audit.saved import SavedCase
from migration_audit.model.errors import AuditError
from migration_audit.model.evidence import Evidence, ExecutedNotebook, evidence_body
from migration_audit.model.finding import Outcome
from migration_audit.model.signoff import Sentence, fails, holds
from migration_audit.model.strict_json import parse_json
from migration_audit.project.boundary import paths_below, paths_that_match
from migration_audit.report import ci
from migration_audit.report.ci import junit_xml, summary_markdown
from migration_audit.report.html import render_report
from migration_audit.runner.folders import EARLIER_FILE, load_earlier
from migration_audit.signoff import SIGNED_PAGE
from migration_audit.signoff.decisions import FOLDER as SIGNATURES
from migration_audit.signoff.statement import EVIDENCE_FILE, PRODUCER_FILE, STATEMENT_FILE
from migration_audit.workbook.replay import replay, source_digest, unexpected_parts

NOTEBOOKS = (
    "10_preflight_diff.ipynb",
    "20_live_catalog.ipynb",
    "30_boot_and_retirement.ipynb",
    "40_signoff.ipynb",
)
"""In the order in which they are executed: the first once for all environments, the others for each; the last one seals."""
REPORT_FILES = ("report.html", "summary.md", "junit.xml", "results.sarif")
_AGAIN = "audit again with this version, and sign the new run"
_COMPUTED: Final[dict[str, tuple[Sentence, ...]]] = {}
_MOST_COMPUTED: Final = 1024
_OF_SIGNING: Final = frozenset({STATEMENT_FILE, PRODUCER_FILE, SIGNED_PAGE})
"""What a run's folder gets after its report: nothing here looks into it."""
_GRAVE: Final = frozenset({Outcome.FAILED, Outcome.ERRORED})
"""What is named first where it was made to look better."""


def packaged_notebooks() -> Path:
    """The folder of the notebooks that come with this version: in the wheel, or next to ``lib/`` in a clone."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "notebooks"
    return inside if inside.is_dir() else package.parent.parent / "notebooks"


def executed_notebooks(folder: Path) -> tuple[ExecutedNotebook, ...]:
    """The executed notebooks of a run. Raises AuditError for a file that is not a notebook."""
    records = []
    for name in NOTEBOOKS:
        if (folder / name).is_file():
            digest = source_digest(_load(folder / name))
            records.append(ExecutedNotebook(name=name, sha256=digest, packaged=digest == _packaged_digest(name)))
    return tuple(records)


def _packaged_digest(name: str) -> str:
    return source_digest(_load(packaged_notebooks() / name))


def _load(path: Path) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = parse_json(path.read_bytes(), where=path.name)
        _ = [(cell["cell_type"], cell["source"]) for cell in loaded["cells"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AuditError(f"is not a notebook: {error}", where=path.name, todo="restore it, or run the audit again") from None
    return loaded


def render_files(
    folder: Path, evidence: Evidence, case: SavedCase | None, replayed: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, bytes]:
    """``report.html``, ``summary.md``, ``junit.xml`` and ``results.sarif`` by name.

    The sections of the report are the packaged notebooks, replayed on the facts; a notebook that was changed is shown
    as it was executed, and the report says so. Without a ``case`` (a run that did not reach its end) all are as executed.
    ``replayed`` are those that were replayed already, by name. Raises AuditError.
    """
    packaged = {book.name for book in evidence.notebooks if book.packaged} if case is not None else set()
    facts = case.with_evidence(evidence) if case is not None else None
    pages: list[tuple[str, Any]] = []
    for path in paths_that_match(folder, "*.ipynb"):
        is_ours = facts is not None and path.name in packaged
        if not is_ours or facts is None:
            pages.append((path.stem, _load(path)))
        else:
            pages.append((path.stem, replayed.get(path.name) or replay(packaged_notebooks() / path.name, facts)))
    html = render_report(notebooks=pages, evidence=evidence, earlier=load_earlier(folder))
    del pages  # tables of a large catalog are as large
    sarif = io.StringIO()  # json.dumps would hold a million pieces of a large one
    json.dump(ci.sarif(evidence), sarif, indent=1, sort_keys=True, ensure_ascii=False)
    return {
        "report.html": html.encode(),
        "summary.md": summary_markdown(evidence).encode(),
        "junit.xml": junit_xml(evidence).encode(),
        "results.sarif": f"{sarif.getvalue()}\n".encode(),
    }


def recomputed(folder: Path, evidence: Evidence) -> tuple[Sentence, ...]:
    """Whether results, verdict and reports of a run are what its facts give: each thing that is not, by name.

    A folder of the same bytes is computed once in a process.
    """
    key = _digest_of_all(folder, evidence)
    if key not in _COMPUTED:
        while len(_COMPUTED) >= _MOST_COMPUTED:
            _COMPUTED.pop(next(iter(_COMPUTED)))
        _COMPUTED[key] = tuple(_recomputed(folder, evidence))
    return _COMPUTED[key]


def _digest_of_all(folder: Path, evidence: Evidence) -> str:
    """Over the evidence and all that ``_recomputed`` looks at, links as what they are.

    Each signature changes files of ``_OF_SIGNING``; the results are the same before and after it.
    """
    digest = hashlib.sha256(to_bytes([folder.name, evidence_body(evidence)]))
    for path in paths_below(folder):
        name = path.relative_to(folder).as_posix()
        if (path.is_dir() and not path.is_symlink()) or name in _OF_SIGNING or name.startswith(f"{SIGNATURES}/"):
            continue
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
        digest.update(to_bytes([name, str(path.readlink()) if path.is_symlink() else None, content]))
    return digest.hexdigest()


def _recomputed(folder: Path, evidence: Evidence) -> Iterator[Sentence]:
    if evidence.tool != TOOL:
        text = f"the evidence was written by {evidence.tool}, but this is {TOOL}: its results cannot be recomputed here"
        yield fails(text, "verify with that version")
        return
    try:
        case, shown = SavedCase.of(folder, evidence), dict[str, Any]()
        case.check_origin()
        wrong = [
            *_unexpected_files(folder),
            *_results(case, evidence),
            *_parts(case, evidence),
            *_notebooks(folder, case, evidence, shown),
        ]
        wrong = wrong or list(_files(folder, case, evidence, shown))
    except (AuditError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        text = (
            str(error) if isinstance(error, AuditError) else f"the evidence cannot be read: {type(error).__name__}: {error}"
        )
        yield fails(text.replace("\n  → ", "; "), _AGAIN)
        return
    yield from (fails(text, _AGAIN) for text in wrong)
    if not wrong:
        count = len(case.results)
        yield holds(f"{count} results, the verdict and the reports match the facts: recomputed")


def _unexpected_files(folder: Path) -> Iterator[str]:
    """Files that no run writes, such as one more notebook, which the report would show among the others."""
    facts = {f"facts/{name}.json.gz" for name in ("shared", "environment", *SNAPSHOTS)}
    known = {*NOTEBOOKS, *REPORT_FILES, *facts, "facts/audit.toml", EVIDENCE_FILE, EARLIER_FILE, *_OF_SIGNING}
    for path in sorted(p for p in paths_below(folder) if p.is_symlink() or not p.is_dir()):
        name = path.relative_to(folder).as_posix()
        if name not in known and not name.startswith(f"{SIGNATURES}/"):
            yield f"{name} is not a file that a run writes"


def _results(case: SavedCase, evidence: Evidence) -> Iterator[str]:
    given = {result.id: result for result in case.results}
    recorded = {check.id: check for check in evidence.checks}
    if len(recorded) < len(evidence.checks):
        yield "the evidence contains a check twice"
    weight = {name: result.outcome not in _GRAVE for name, result in given.items()}
    for name in sorted(given.keys() | recorded.keys(), key=lambda name: (weight.get(name, True), name)):
        computed_one, one = given.get(name), recorded.get(name)
        if one is None:
            yield f"{name}: the facts give {given[name].outcome}, but the evidence lacks it"
        elif computed_one is None:
            yield f"{name}: the evidence has {one.outcome}, but this audit has no such check"
        elif computed_one.outcome is not one.outcome:
            yield f"{name}: the facts give {computed_one.outcome}, but the evidence has {one.outcome}"
        elif computed_one != one:
            parts = [f.name for f in fields(one) if getattr(one, f.name) != getattr(computed_one, f.name)]
            yield f"{name}: the evidence differs from what the facts give: {', '.join(parts)}"


def _parts(case: SavedCase, evidence: Evidence) -> Iterator[str]:
    for name, value in computed_fields(case).items():
        recorded = getattr(evidence, name)
        if name != "checks" and recorded != value:
            yield f"{name}: the facts give " + (
                f"{value}, but the evidence has {recorded}" if isinstance(value, str) else "otherwise"
            )


def _notebooks(folder: Path, case: SavedCase, evidence: Evidence, shown: dict[str, Any]) -> Iterator[str]:
    """The executed notebooks: the evidence names the digests that they have, and packaged ones show what the facts give.

    ``shown`` gets the replayed ones by name.
    """
    executed = executed_notebooks(folder)
    if evidence.notebooks != executed:
        yield "notebooks: the evidence does not match the executed notebooks"
        return
    for name in (book.name for book in executed if book.packaged):
        shown[name] = replay(packaged_notebooks() / name, case)
        notebook = _load(folder / name)
        if _outputs(notebook) != _outputs(shown[name]):
            yield f"{name}: its outputs do not match the facts"
        yield from (f"{name}: {what}" for what in unexpected_parts(notebook))
    missing = [name for name in NOTEBOOKS if name not in {book.name for book in executed}]
    if missing:
        yield f"notebooks: {', '.join(missing)} was not executed"


def _outputs(notebook: Mapping[str, Any]) -> list[Any]:
    """What each code cell shows: its values by kind, or what else it gave."""
    return [
        [_shown(output) for output in cell.get("outputs", ())]
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" and "injected-parameters" not in cell.get("metadata", {}).get("tags", ())
    ]


def _shown(output: Mapping[str, Any]) -> Any:
    if output.get("output_type") not in {"execute_result", "display_data"}:
        return dict(output)
    return {mime: "".join(data) if isinstance(data, list) else data for mime, data in output["data"].items()}


def _files(folder: Path, case: SavedCase, evidence: Evidence, shown: Mapping[str, Any]) -> Iterator[str]:
    for name, content in render_files(folder, evidence, case, shown).items():
        if not (folder / name).is_file() or (folder / name).read_bytes() != content:
            yield f"{name} does not match the facts and the evidence"
