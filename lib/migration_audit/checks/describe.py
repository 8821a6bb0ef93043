"""Differences in words: the one place where a check turns a Difference into a Finding."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migration_audit import port
from migration_audit.model.drift import Difference, DiffVerdict, Drift, FieldChange
from migration_audit.model.enumeration import plural, some_of, with_rest
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable
from migration_audit.model.objects import CatalogObject
from migration_audit.model.preflight import Convergence, OriginMap
from migration_audit.model.relations import Column, Constraint, Index, Table
from migration_audit.model.sql import SqlFailure
from migration_audit.model.timescale import Dimension, Hypertable
from migration_audit.model.timescale_jobs import SETTINGS

if TYPE_CHECKING:
    from migration_audit.project import Environment, Project


_OWNER = "the owner's SQL"
HAVE_THEIR_OWN_CHECK = (
    frozenset({"extension", "table", "column", "index", "constraint", "hypertable", "dimension"}) | SETTINGS
)
"""Kinds of objects; those without one are compared by COV007 and LIV014."""
_OF_OTHER_CHECKS = frozenset({"owner", "privileges", "comment"})
"""Attributes with checks of their own (COV008, COV009)."""

_MOST_KINDS = 3
"""Kinds up to which a sentence names those of which there is nothing."""

_SINGULAR = frozenset({"all_tables", "direct_compress", "generated_columns", "hashes", "holds", "inherits", "merges"})
"""Attributes that end in s without being plurals."""

_NAMES_ERROR = re.compile(r"(?:error|exception)[\w.]*: ", re.IGNORECASE)
_MOST_ERRORS = 3

_WORDS = {
    "chunk_interval": "chunk interval",
    "not_null": "NOT NULL",
    "identity_kind": "identity",
    "row_security": "row security",
    "force_row_security": "forced row security",
    "partitioning_function": "partitioning function",
    "integer_now_function": "integer_now function",
    "column_type": "column type",
    "column_order": "order of columns",
    "owned_by": "owning column",
    "replica_identity": "replica identity",
    "access_method": "access method",
    "partition_key": "partition key",
    "partition_bound": "partition bound",
}


def word(field: str) -> str:
    """An attribute's name as people say it."""
    return _WORDS.get(field, field.replace("_", " "))


def shown(value: str | None) -> str:
    """A value in a sentence; "not set" for None, so that it is distinguished from empty text."""
    return "not set" if value is None else (value or "(empty)")


def essence(obj: CatalogObject) -> str:
    """What an object is, in one line, for the expected/actual columns of a report."""
    match obj:
        case Column():
            parts = [obj.type, "not null" if obj.not_null else "null"]
            parts += [f"default {obj.default}"] if obj.default is not None and not obj.generated else []
            parts += [f"generated {obj.generated}"] if obj.generated else []
            parts += [f"identity {obj.identity_kind}"] if obj.identity_kind else []
            return ", ".join(parts)
        case Index() | Constraint():
            return obj.definition
        case Table():
            return f"{obj.relation} ({', '.join(obj.column_order)})"
        case Hypertable():
            return f"hypertable by {', '.join(obj.dimensions)}"
        case Dimension():
            return f"{obj.type} dimension, {obj.chunk_interval or f'{obj.partitions} partitions'}"
    definition = getattr(obj, "in_words", None) or getattr(obj, "definition", None) or getattr(obj, "version", None)
    return ", ".join(definition) if isinstance(definition, tuple) else str(definition or obj.kind)


def due_changes(difference: Difference, *, weights: Iterable[Severity] = (Severity.BLOCKER,)) -> list[FieldChange]:
    """The changed attributes of these weights, without those that have a check of their own."""
    return [c for c in difference.fields if c.severity in set(weights) and c.name not in _OF_OTHER_CHECKS]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparison:
    """What a finding says of both sides."""

    check_id: str
    expected: str
    actual: str
    origins: OriginMap

    def of(self, drift: Drift, kinds: Collection[str]) -> Iterator[CheckOutput]:
        """How much was compared, and each difference of these kinds that blocks; one that only informs is a note."""
        yield compared(drift, kinds)
        for difference in drift.of(*kinds):
            is_renamed = difference.verdict is DiffVerdict.RENAMED
            if difference.verdict is DiffVerdict.MISSING or (is_renamed and difference.severity is Severity.BLOCKER):
                yield self._missing(difference)
            elif difference.verdict is not DiffVerdict.UNEXPECTED:
                yield from self._changed(difference)

    def _missing(self, difference: Difference) -> Finding:
        kind, key = difference.kind, difference.key
        note = f" ({difference.note})" if difference.note else ""
        return Finding(
            key=f"{self.check_id}:{kind}:{key}",
            summary=f"{kind} {key} is in {self.expected} and missing in {self.actual}{note}",
            expected=essence(difference.present_object),
            actual=None,
            where=self._where(difference),
            fix_sql=port.suggested_sql(difference),
        )

    def _changed(self, difference: Difference) -> Iterator[CheckOutput]:
        for change in due_changes(difference):
            yield replace(self.attribute(difference, change), fix_sql=port.suggested_sql(difference, change))
        for change in due_changes(difference, weights=(Severity.WARNING, Severity.INFO)):
            yield Note(
                text=f"{difference.kind} {difference.key}: {word(change.name)} differs ({change.severity}): "
                f"{shown(change.expected)} → {shown(change.actual)}"
            )

    def attribute(self, difference: Difference, change: FieldChange) -> Finding:
        """One attribute that differs."""
        kind, key = difference.kind, difference.key
        what = f"{word(change.name)} {'are' if change.name.endswith('s') and change.name not in _SINGULAR else 'is'}"
        expected, actual = shown(change.expected), shown(change.actual)
        return Finding(
            key=f"{self.check_id}:{kind}:{key}:{change.name}",
            summary=f"{kind} {key}: {what} {expected} in {self.expected}, {actual} in {self.actual}",
            expected=expected,
            actual=actual,
            where=self._where(difference),
        )

    def _where(self, difference: Difference) -> str | None:
        location = self.origins.get((difference.kind, difference.key))
        return str(location) if location else None


def coverage_findings(check_id: str, coverage: Drift, kinds: Collection[str], origins: OriginMap) -> Iterator[CheckOutput]:
    """How many legacy objects of these kinds were looked up in what the owner's SQL creates, and a finding for each
    difference that blocks; one that only informs is a note."""
    return _coverage(check_id, coverage, origins).of(coverage, kinds)


def attribute_findings(check_id: str, coverage: Drift, names: Collection[str], origins: OriginMap) -> Iterator[Finding]:
    """A finding for each object of both the legacy side and the owner's that differs in one of these attributes."""
    comparison = _coverage(check_id, coverage, origins)
    for found in coverage.differences:
        yield from (comparison.attribute(found, change) for change in found.fields if change.name in names)


def _coverage(check_id: str, coverage: Drift, origins: OriginMap) -> _Comparison:
    return _Comparison(check_id=check_id, expected=coverage.expected_name, actual=_OWNER, origins=origins)


def live_findings(
    check_id: str, drift: Drift, kinds: Collection[str], environment: Environment, origins: OriginMap
) -> Iterator[CheckOutput]:
    """The same of what the owner's SQL creates, looked up in a live database."""
    return _Comparison(check_id=check_id, expected=_OWNER, actual=environment.name, origins=origins).of(drift, kinds)


def compared(drift: Drift, kinds: Collection[str]) -> Note:
    """``compared 11 columns, 1 table``: how many objects of these kinds the expected side has."""
    counts = [f"{number:,} {plural(kind, number)}" for kind, number in drift.looked_up if kind in kinds]
    if counts:
        return Note(text=f"compared {some_of(counts)}")
    what = " and no ".join(plural(kind, 0) for kind in kinds) if len(kinds) <= _MOST_KINDS else "object of these kinds"
    return Note(text=f"no {what}: nothing to compare")


def all_compared(drift: Drift, what: str) -> Note:
    """``owners and privileges of 23 objects of 8 kinds``: of everything that the expected side has."""
    number, kinds = sum(number for _, number in drift.looked_up), len(drift.looked_up)
    objects = f"{number:,} {plural('object', number)} of {kinds} {plural('kind', kinds)}"
    return Note(text=f"compared {what} {objects}" if number else "no objects: nothing to compare")


def failure_finding(key: str, failure: SqlFailure, *, doing: str) -> Finding:
    """The statement that failed, where it is and what the server reported; a command's errors are in the summary."""
    first, *output = [line.strip() for line in failure.message.splitlines()] or [""]
    errors = list(dict.fromkeys(filter(_NAMES_ERROR.search, output)))[:_MOST_ERRORS] or output[:1]
    message = " ".join([first, *(["; ".join(errors)] if errors else [])])
    return Finding(
        key=f"{key}:{failure.at.path}",
        summary=f"{doing}: {failure.at}: {message}",
        expected=f"no error from {failure.shown_statement}",
        actual=failure.message,
        where=str(failure.at),
    )


def sequences_compared(convergences: Iterable[Convergence]) -> Note:
    """Which sequences of sources were applied to empty servers, and compared with which."""
    done = [f"“{_in_words(one.sequence)}” with “{_in_words(one.reference)}”" for one in convergences]
    return Note(text=f"compared {some_of(done, between='; ')}" if done else "no sequence of sources: nothing to compare")


def _in_words(sequence: Sequence[str]) -> str:
    """``legacy twice``, ``owner alone``, ``legacy, then owner``."""
    if len(set(sequence)) == 1:
        return f"{sequence[0]} {'alone' if len(sequence) == 1 else 'twice'}"
    return ", then ".join(sequence)


def judged_by_promise(check_id: str, convergence: Convergence, project: Project) -> Iterator[CheckOutput]:
    """The findings of ``convergence``, or one note where it repeats a source whose runner applies each file once."""
    found = list(_convergence_findings(check_id, convergence))
    role = convergence.sequence[0]
    source = {"legacy": project.legacy, "owner": project.owner}[role]
    if not found or set(convergence.sequence) != {role} or source.may_rerun:
        yield from found
        return
    why = "its ledger runs each file once" if source.rerun is None else "audit.toml sets rerun = false"
    first = found[0].summary if isinstance(found[0], Finding) else found[0].reason
    yield Note(text=f"{role}: for information, as {why}: {with_rest(first, len(found))}")


def _convergence_findings(check_id: str, convergence: Convergence) -> Iterator[Finding | Unavailable]:
    """What a sequence of sources left different from its reference, or where it failed."""
    sequence, reference = _in_words(convergence.sequence), _in_words(convergence.reference)
    key = f"{check_id}:{'+'.join(convergence.sequence)}"
    if convergence.applied.failure:
        yield failure_finding(key, convergence.applied.failure, doing=f"applying {sequence} failed")
    if isinstance(convergence.drift, Unavailable):
        yield convergence.drift
    if not isinstance(convergence.drift, Drift):
        return
    for difference in convergence.drift.roots:
        if difference.verdict is DiffVerdict.UNEXPECTED and convergence.sequence != convergence.reference * 2:
            continue  # only the other source creates it: a finding of the coverage checks
        changes = due_changes(difference)
        if difference.verdict is DiffVerdict.CHANGED and not changes:
            continue
        what = some_of([f"{word(c.name)}: {shown(c.expected)} → {shown(c.actual)}" for c in changes], between="; ")
        yield Finding(
            key=f"{key}:{difference.kind}:{difference.key}",
            summary=f"{difference.kind} {difference.key} is {difference.verdict} after {sequence}, compared with "
            f"{reference}" + (f" ({what})" if what else ""),
            expected="; ".join(f"{word(c.name)} {shown(c.expected)}" for c in changes) or None,
            actual="; ".join(f"{word(c.name)} {shown(c.actual)}" for c in changes) or None,
        )
