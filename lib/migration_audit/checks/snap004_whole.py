"""SNAP004: what `schema apply` drops of the tables that Directus manages, and whether it completes."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.directus_words import Happening, boots_looked_at, happenings, in_words, stops, why_of
from migration_audit.checks.phases import check_of_both_phases
from migration_audit.directus.boots import DirectusBoots
from migration_audit.directus.inspect import is_system
from migration_audit.directus.statement import DirectusStatement
from migration_audit.model.directus import DirectusSnapshot, RawTable
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable

_LOST = {"drop table", "drop column", "drop constraint", "drop index"}


def run(
    directus_boots: DirectusBoots, directus_snapshot: DirectusSnapshot, raw_tables: tuple[RawTable, ...]
) -> Iterator[CheckOutput]:
    """Compute which of Directus's own collections the next boots drop, and where the boots stop.

    Why: schema apply treats whatever the file lacks as a deletion: a field that was added in the admin app and is not in
    the file loses its column. It compares each entry of the file with the database key by key, and the first key that
    differs decides about the whole entry: if a collection's meta lacks that key, Directus drops the table (before 12.4);
    if a field's schema lacks it, Directus drops the column. The exit code is 0 in all these cases. Other gaps end every
    boot with exit code 1.
    Fix: never edit the file by hand. Export it again after each change in the app and each upgrade: `directus schema
    snapshot`.
    Source: a model of Directus 11.2.2, 11.17.4, 12.3.1 and 12.4.0, compared with the real servers case by case.
    """
    if directus_boots.unknown:
        yield Unavailable(reason=f"what schema apply does is not known: {directus_boots.unknown}")
        return
    yield boots_looked_at(directus_boots)
    raw = {table.name for table in raw_tables}
    yield from _lost(directus_boots, directus_snapshot, raw)
    for stop in stops(directus_boots):
        if stop.collection not in raw:
            name = f"{stop.collection}.{stop.field}".strip(".")
            yield Finding(
                key=f"SNAP004:stuck{':' if name else ''}{name}",
                summary=f"{name or 'the snapshot'}: {stop.words}",
                expected="exit code 0",
                actual=stop.words,
                where=directus_snapshot.place(stop.collection, stop.field),
            )
    yield from _by_rows(directus_boots)
    if directus_boots.blind:
        yield Unavailable(reason=f"the environment's own boots could not be computed: {directus_boots.blind}")


def _lost(boots: DirectusBoots, snapshot: DirectusSnapshot, raw: set[str]) -> Iterator[CheckOutput]:
    lost = happenings(boots, lambda one: one.verb in _LOST and one.table not in raw)
    objects = dict.fromkeys((one.verb, one.table, one.name) for found in lost for _, one in found.boots)
    gone = {table for verb, table, _ in objects if verb == "drop table"}
    system: list[str] = []
    for verb, table, name in objects:
        if verb == "drop constraint" and (table in gone or _made_again(lost, table, name, boots)):
            continue  # it goes with its table, or is made again with other rules
        if is_system(table):
            system.append(name)
            continue
        yield _finding(verb, table, name, boots, snapshot)
    if system:
        yield _of_system(system, boots, snapshot)


def _finding(verb: str, table: str, name: str, boots: DirectusBoots, snapshot: DirectusSnapshot) -> Finding:
    again = {"drop table": "create table", "drop column": "add column"}.get(verb)

    def about(one: DirectusStatement) -> bool:
        return one.table == table and one.name == name and one.verb in {verb, again}

    found = [one for one in happenings(boots, about) if any(statement.verb == verb for _, statement in one.boots)]
    does = in_words(found, boots)
    full = f"{table}.{name}".strip(".")
    why = why_of(boots, table, name if verb == "drop column" else "")
    return Finding(
        key=f"SNAP004:{full}:drop",
        summary=f"{full}{f': {why}' if why else ''}: {does}",
        expected="nothing is dropped",
        actual=does,
        where=snapshot.place(table, name if verb == "drop column" else ""),
    )


def _made_again(lost: tuple[Happening, ...], table: str, name: str, boots: DirectusBoots) -> bool:
    """Whether each boot that drops a constraint adds it again."""

    def pairs(verb: str) -> set[tuple[str, int]]:
        return {
            (one.scenario.name, number)
            for one in happenings(boots, lambda s: s.table == table and s.name == name and s.verb == verb)
            for number, _ in one.boots
        }

    return bool(lost) and pairs("drop constraint") <= pairs("add constraint")


def _of_system(names: list[str], boots: DirectusBoots, snapshot: DirectusSnapshot) -> CheckOutput:
    found = happenings(boots, lambda one: one.verb == "drop index" and is_system(one.table))
    if all(one.scenario.fresh for one in found):
        return Note(text=f"on a fresh database schema apply drops {some_of(names)}, which systemFields does not list")
    does = in_words(found, boots)
    return Finding(
        key="SNAP004:systemFields",
        summary=f"systemFields lacks indexes of Directus's own tables: {does}",
        expected="one entry for each",
        actual=does,
        where=snapshot.at("systemFields"),
    )


def _by_rows(boots: DirectusBoots) -> Iterator[Unavailable]:
    """What only the rows decide, a license, or the condition of an event trigger."""
    reasons = {
        f"{scenario.name}: boot {number} stops where `{guess}` (exit code 1)"
        for scenario in boots.scenarios
        for number, done in enumerate(scenario.boots, 1)
        for guess in done.guesses
    }
    if reasons:
        yield Unavailable(reason=f"what decides was not looked at: {some_of(sorted(reasons), between='; ')}")


CHECK = check_of_both_phases(
    "SNAP004", "No boot drops what Directus manages, and each boot completes", Severity.BLOCKER, run
)
