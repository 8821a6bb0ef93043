"""What the next boots do to one table or column, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from migration_audit.directus.apply import ApplyOutcome
from migration_audit.directus.boots import DirectusBoots, Scenario
from migration_audit.directus.statement import DirectusStatement
from migration_audit.model.directus import RawTable
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import Note
from migration_audit.model.identifiers import literal, sql_name


def looked_at(raw_tables: Sequence[RawTable]) -> Note:
    """Which of the owner's raw tables a check looked at: its runner's ledger does not count."""
    names = [table.name for table in raw_tables if not table.is_ledger]
    return Note(text=f"looked at {some_of(names)}" if names else "the owner's SQL creates no table")


def forget_sql(schema: str | None, collection: str, *, keep_collection: bool = False) -> str:
    """SQL for a person to read and decide about: makes Directus forget a table, or all of its fields."""
    place = f"{sql_name(schema)}." if schema else ""
    fields = f"DELETE FROM {place}directus_fields WHERE collection = {literal(collection)};"  # noqa: S608  never run
    if keep_collection:
        return fields
    return f"{fields}\nDELETE FROM {place}directus_collections WHERE collection = {literal(collection)};"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What happens to one object in one scenario."""

    scenario: Scenario
    boots: tuple[tuple[int, DirectusStatement], ...]
    """Number of the boot, and the statement that lasts."""

    @property
    def words(self) -> str:
        """``boot 2 runs DROP TABLE positions, and exits 0``."""
        parts = []
        for number in dict.fromkeys(number for number, _ in self.boots):
            statements = [str(statement) for n, statement in self.boots if n == number]
            parts.append(f"boot {number} runs {some_of(list(dict.fromkeys(statements)), most=4)}, and exits 0")
        return "; ".join(parts)


def boots_looked_at(boots: DirectusBoots) -> Note:
    """Of which databases how many boots were computed."""
    counts = [f"{len(one.boots)} boot{'s' * (len(one.boots) != 1)} of {one.name}" for one in boots.scenarios]
    return Note(text=f"computed for Directus {boots.version}: {some_of(counts)}" if counts else "no boot was computed")


def happenings(boots: DirectusBoots, about: Callable[[DirectusStatement], bool]) -> tuple[Happening, ...]:
    """In which scenario which boot runs such statements."""
    found = []
    for scenario in boots.scenarios:
        rows = [
            (number, statement)
            for number, done in enumerate(scenario.boots, 1)
            for statement in done.statements
            if about(statement)
        ]
        if rows:
            found.append(Happening(scenario=scenario, boots=tuple(rows)))
    return tuple(found)


def in_words(found: Iterable[Happening], boots: DirectusBoots) -> str:
    """The same for all scenarios once; else each with its name."""
    by_words: dict[str, list[str]] = {}
    for one in found:
        by_words.setdefault(one.words, []).append(one.scenario.name)
    return named(by_words, boots)


def named(by_words: dict[str, list[str]], boots: DirectusBoots) -> str:
    """``prod: …; a fresh database: …``; without names where it is so in every scenario."""
    if len(by_words) == 1 and len(next(iter(by_words.values()))) == len(boots.scenarios) > 1:
        return next(iter(by_words))
    return "; ".join(f"{' and '.join(names)}: {words}" for words, names in by_words.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A boot that fails, in one scenario or more."""

    collection: str
    """At which it failed; empty where no entry is to blame."""
    field: str
    words: str
    scenarios: tuple[str, ...]


def stops(boots: DirectusBoots) -> Iterator[Stop]:
    """Each way in which boots fail, once."""
    found: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for scenario in boots.scenarios:
        failing = [(number, done) for number, done in enumerate(scenario.boots, 1) if done.code]
        if failing:
            number, done = failing[0]
            when = "each boot" if number == 1 else f"from boot {number} on each"
            by_words = found.setdefault((*done.at, done.message), {})
            by_words.setdefault(stopped_words(when, done), []).append(scenario.name)
    for (collection, field, _), by_words in found.items():
        names = tuple(name for each in by_words.values() for name in each)
        yield Stop(collection=collection, field=field, words=named(by_words, boots), scenarios=names)


def stopped_words(when: str, done: ApplyOutcome) -> str:
    """``each boot: schema apply stops with `…` (exit code 1)``, and what was rolled back."""
    undone = f"; {some_of(list(dict.fromkeys(map(str, done.undone))), most=4)} rolled back" if done.undone else ""
    message = " ".join(done.message.split())
    return f"{when}: schema apply stops with `{message}` (exit code 1){undone}: the stack does not come up"


def why_of(boots: DirectusBoots, collection: str, field: str = "") -> str | None:
    """Why Directus deletes or updates it: the first difference."""
    for scenario in boots.scenarios:
        for done in scenario.boots:
            for operation in done.operations:
                if operation.collection == collection and operation.field in {field, ""} and operation.word != "Create":
                    return operation.why
    return None
