"""SQL006: what the owner's SQL destroys, and what either source undoes of its own changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from migration_audit.checks.code_scopes import FindingKeys
from migration_audit.checks.phases import preflight_check
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity
from migration_audit.model.side_effects import Destruction, SourceUndone, Undone

_MOST_LISTED = 8


def run(destructions: tuple[Destruction, ...], undone: tuple[SourceUndone, ...]) -> Iterator[CheckOutput]:
    """Look for statements of the owner's SQL that drop, empty or rewrite objects, and for what a source creates and removes.

    Why: the owner's runner applies these files in every environment, and on every boot if they are idempotent. On the empty
    server of the preflight a DROP costs nothing; in production it costs the data. A file that removes what it has just
    created is usually a migration of a runner that the audit does not know: its down section was applied after its up
    section, and what the runner really creates was not compared.
    Fix: destroy once, by hand, after a backup; or in a file that documents why. A person must read what the
    audit cannot decide by reading: EXECUTE of a composed text, another language. If a down section was applied, set the
    ``format`` of the source in audit.toml.
    Fine when: the object holds no rows and the same file creates it again (a note, not a finding). Also notes, not
    findings: an object that the source creates again after removing it, one that an earlier file created, and a helper that
    another statement of the file reads before it is dropped. Waive any other.
    Source: statements are read with PostgreSQL's own parser; what is created and removed again is seen in the catalog while
    the source is applied.
    """
    watched = [source.role for source in undone if source.unknown is None]
    also = f"; watched what {' and '.join(watched)} SQL creates and removes" if watched else ""
    yield Note(text=f"read the owner's statements{also}")
    yield from _destroyed(destructions)
    for source in undone:
        yield from _taken_back(source)


def _destroyed(destructions: Iterable[Destruction]) -> Iterator[CheckOutput]:
    keys = FindingKeys("SQL006")
    for one in destructions:
        if one.made_again is not None:
            yield Note(text=f"{one.at}: {one.kind} {one.object}, made again at {one.made_again}")
            continue
        within = f" in {one.within}" if one.within else ""
        when = ", when it is called" if one.within and one.within != "a DO block" else ""
        yield Finding(
            key=keys.key(one.at.path, f"{one.kind}:{one.object}"),
            summary=f"{one.object}{within} {one.words}{when}"
            if one.kind == "undecided"
            else f"{one.kind.upper()} {one.object}{within}: {one.words}{when}",
            expected="nothing is taken away",
            actual=one.kind,
            where=str(one.at),
        )


def _taken_back(source: SourceUndone) -> Iterator[CheckOutput]:
    if source.unknown:
        yield source.unknown if source.unknown.required else Note(text=f"{source.role}: {source.unknown.reason}")
        return
    suspicious = [one for one in source.undone if one.is_suspicious]
    for path, found in groupby(sorted(suspicious, key=lambda one: one.undone.path), key=lambda one: one.undone.path):
        yield _file_finding(source, path, list(found))
    if source.leaves_nothing:
        yield Finding(
            key=f"SQL006:{source.role}:leaves-nothing",
            summary=f"the {source.role} SQL removes everything that it creates: nothing of it can be compared",
            expected="objects that are there at the end",
            actual="none",
        )
    others = [one for one in source.undone if not one.is_suspicious]
    if others:
        yield Note(text=f"{source.role}: what it creates and later removes or changes back: {_listed(others)}")


def _file_finding(source: SourceUndone, path: str, found: list[Undone]) -> Finding:
    left = dict(source.left).get(path, 0)
    rest = "nothing else that the file creates remains"
    if left:
        rest = "1 other object of the file remains" if left == 1 else f"{left} other objects of the file remain"
    return Finding(
        key=f"SQL006:{source.role}:{path}:undone",
        summary=f"{path} undoes its own changes: {_listed(found)}; {rest}. If it has a down section, set the format of "
        f"[{source.role}] in audit.toml",
        expected="what a file creates exists at its end",
        actual=f"{len(found)} removed or changed back",
        where=str(found[0].undone),
    )


def _listed(found: list[Undone]) -> str:
    return some_of(list(map(str, found)), most=_MOST_LISTED, between="; ")


CHECK = preflight_check(
    "SQL006", "The owner's SQL destroys nothing, and no file of either source undoes its own changes", Severity.WARNING, run
)
