"""SNAP009: what a real Directus dropped when it applied the snapshot file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migration_audit.checks.phases import check_of_both_phases
from migration_audit.directus.agreement import RehearsedBoots, RehearsedScenario, rehearsed_words
from migration_audit.directus.inspect import is_system
from migration_audit.model.directus import DirectusSnapshot
from migration_audit.model.directus_database import Lost
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Outcome, Severity, Unavailable
from migration_audit.model.identifiers import parts_of


def run(directus_rehearsed: RehearsedBoots, directus_snapshot: DirectusSnapshot) -> Iterator[CheckOutput]:
    """Run two boots of the real Directus of the owner's image on throw-away databases, and compare the catalogs.

    Why: SNAP001 to SNAP004 compute what happens. Here the program itself does it, and the catalogs before and after show
    what was lost. If the two disagree, neither is trusted: both are shown, and the verdict is incomplete.
    One database resembles the environment: its tables, columns, keys, indexes, views, functions and event triggers are
    created from its catalog, followed by what it lacks of the owner's SQL. The other is fresh, with the owner's SQL.
    Of the environment's data, the rehearsal copies the rows of directus_collections, directus_fields and directus_relations,
    which decide what schema apply does, and version and name of the rows of directus_migrations, which decide what bootstrap
    does. It copies no row of any other table, including users, settings, tokens and sessions. The tables are therefore
    empty, and what only rows decide (NOT NULL, UNIQUE, a cast) is not visible here: if the model predicts something else for
    tables with rows, the check is undecided. SQL that runs after schema apply is not part of it (see SNAP006).
    Fix: as described in SNAP001 to SNAP004. If rehearsal and model disagree, start this version on a real copy.
    Source: the real Directus, its exit code, and the catalogs. `rehearse` in [snapshot] turns it on: "npm" installs the
    exact version without install scripts (isolated-vm, which apply does not use, is a stub), "docker" runs
    directus/directus:VERSION (tested without a Docker engine, by its arguments only), "command" runs `rehearse_command`.
    """
    found: dict[tuple[str, str], _Loss] = {}
    for scenario in directus_rehearsed.scenarios:
        yield from _apart(scenario)
        for number, boot in enumerate(scenario.rehearsal.boots, 1):
            for lost in boot.lost:
                found.setdefault((lost.kind, lost.key), _Loss(lost, [])).at.append((scenario, number))
            yield from _on_raw(scenario, number, directus_rehearsed.raw, directus_snapshot)
    for key, loss in found.items():
        yield _lost(key, loss, directus_snapshot)
    yield from _stuck(directus_rehearsed, directus_snapshot)
    yield from directus_rehearsed.lacking
    yield Note(text=_held(directus_rehearsed))


@dataclass(frozen=True, slots=True)
class _Loss:
    lost: Lost
    at: list[tuple[RehearsedScenario, int]]


def _apart(scenario: RehearsedScenario) -> Iterator[CheckOutput]:
    if scenario.disagreement:
        yield Unavailable(
            reason=f"{scenario.name}: model and rehearsal do not agree, and both are shown: {scenario.disagreement}",
            outcome=Outcome.ERRORED,
        )
    elif scenario.by_rows:
        yield Unavailable(reason=f"{scenario.name}: the rows of tables decide, and a rehearsal has none: {scenario.by_rows}")
    if scenario.rehearsal.unlike:
        what = some_of(scenario.rehearsal.unlike, between="; ")
        yield Unavailable(
            reason=f"{scenario.name}: the throw-away database differs from it: {what}", outcome=Outcome.ERRORED
        )
    yield from (Note(text=f"{scenario.name}: {note}") for note in scenario.rehearsal.notes)


def _lost(key: tuple[str, str], loss: _Loss, snapshot: DirectusSnapshot) -> CheckOutput:
    kind, name = key
    where = _when(loss.at)
    if is_system(parts_of(name)[-1]) and kind == "index" and all(scenario.fresh for scenario, _ in loss.at):
        return Note(text=f"on a fresh database {where} drops index {name}, which systemFields does not list")
    with_parts = f" and {loss.lost.parts} objects of it" if loss.lost.parts else ""
    does = "creates it again, empty" if loss.lost.made_again else "drops it"
    collection, field = ([*parts_of(name)[1:], ""])[:2]
    return Finding(
        key=f"SNAP009:{kind}:{name}",
        summary=f"{kind} {name}{with_parts}: {where} {does}; {_model(loss.at)}",
        expected="nothing is lost",
        actual=f"{where} {does}",
        where=snapshot.place(collection, field if kind == "column" else ""),
    )


def _when(at: list[tuple[RehearsedScenario, int]]) -> str:
    """``boot 2 of Directus 11.17.4 on prod and a fresh database, which exits 0,``."""
    by_number: dict[int, list[str]] = {}
    for scenario, number in at:
        by_number.setdefault(number, []).append(scenario.name)
    boots = " and ".join(f"boot {number} on {' and '.join(names)}" for number, names in by_number.items())
    codes = {scenario.rehearsal.boots[number - 1].code for scenario, number in at}
    return f"{boots} (Directus {at[0][0].rehearsal.version}, exit code {' or '.join(map(str, sorted(codes)))})"


def _model(at: list[tuple[RehearsedScenario, int]]) -> str:
    scenarios = [scenario for scenario, _ in at]
    if any(scenario.disagreement for scenario in scenarios):
        return "the model predicts something else"
    if any(scenario.by_rows for scenario in scenarios):
        return "the model predicts something else for tables with rows"
    if all(scenario.model is None for scenario in scenarios):
        return f"the model has no prediction: {scenarios[0].no_model}"
    return "the model predicts the same"


def _on_raw(scenario: RehearsedScenario, number: int, raw: frozenset[str], snapshot: DirectusSnapshot) -> Iterator[Finding]:
    boot = scenario.rehearsal.boots[number - 1]
    for table in sorted(raw):
        touched = [
            f"{kind} {key}" for kind, key in (*boot.altered, *boot.made) if key == table or key.startswith(f"{table}.")
        ]
        if touched:
            yield Finding(
                key=f"SNAP009:{table}:altered:{'fresh' if scenario.fresh else scenario.name}:{number}",
                summary=f"{table} is made by the owner's SQL, and {_when([(scenario, number)])} changes it: "
                f"{some_of(touched)}; {_model([(scenario, number)])}",
                expected="No changes",
                actual=some_of(touched),
                where=snapshot.place(parts_of(table)[-1]),
            )


def _stuck(rehearsed: RehearsedBoots, snapshot: DirectusSnapshot) -> Iterator[Finding]:
    by_words: dict[str, list[str]] = {}
    for scenario in rehearsed.scenarios:
        for number, boot in enumerate(scenario.rehearsal.boots, 1):
            if boot.code:
                words = f"boot {number}: {rehearsed_words(boot)}; {_model([(scenario, number)])}"
                by_words.setdefault(words, []).append(scenario.name)
                break
    if by_words:
        does = "; ".join(f"{' and '.join(names)}: {words}" for words, names in by_words.items())
        yield Finding(
            key="SNAP009:stuck",
            summary=f"the stack does not come up: {does}",
            expected="exit code 0",
            actual=does,
            where=snapshot.at("collections"),
        )


def _held(rehearsed: RehearsedBoots) -> str:
    first = rehearsed.scenarios[0].rehearsal
    names = " and ".join(scenario.name for scenario in rehearsed.scenarios)
    boots = len(first.boots)
    return f"{boots} boots of {first.by} ({some_of(first.calls)}) on copies without rows of {names}"


CHECK = check_of_both_phases(
    "SNAP009", "The real Directus loses nothing when it applies the snapshot", Severity.BLOCKER, run
)
