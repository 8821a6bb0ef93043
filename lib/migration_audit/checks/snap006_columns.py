"""SNAP006: SQL after `schema apply` on Directus's own columns."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.directus_words import stopped_words
from migration_audit.checks.phases import check_of_both_phases
from migration_audit.directus.apply import ApplyOutcome
from migration_audit.directus.behaviour import behaviour_of
from migration_audit.directus.boots import DirectusBoots, Scenario, after_change
from migration_audit.model.directus import ColumnChange, DirectusRuntime, DirectusSnapshot, TargetVersion
from migration_audit.model.enumeration import plural, some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable


def run(
    directus_boots: DirectusBoots,
    post_changes: tuple[ColumnChange, ...],
    directus_snapshot: DirectusSnapshot,
    directus_target: TargetVersion,
    directus_runtime: DirectusRuntime,
) -> Iterator[CheckOutput]:
    """Compute what the following boots do to changes that later SQL makes to single columns of the snapshot.

    Why: schema apply compares each column. On the next boot it silently removes what is not in the snapshot: a constraint
    under its own naming ({table}_{column}_unique), or a NOT NULL, a default, a type. It cannot find a constraint or index of
    another name, and every boot stops with exit code 1.
    Fix: put the change into the snapshot (set it in Directus and export the snapshot again).
    Fine when: it is a composite UNIQUE, a CHECK, a foreign key, a unique index without a constraint, or an additional
    column: Directus does not see those, or does not touch them.
    Source: a model of Directus 11.2.2, 11.17.4, 12.3.1 and 12.4.0, compared with the real servers case by case.
    """
    kept, unknown = 0, []
    for change in post_changes:
        column = directus_snapshot.column(change.table, change.column)
        if change.kind == "undecided":
            yield _undecided(change)
        elif change.kind == "kept" or (column is None and change.column):
            kept += 1
        elif column is None or change.kind == "unmeasured":
            unknown.append(f"{change.at}: what Directus does about {change.words} was not measured")
        elif directus_boots.unknown is not None:
            unknown.append(f"{change.at}: {directus_boots.unknown}")
        else:
            for output in _judged(change, directus_boots, directus_snapshot, directus_target, directus_runtime):
                if isinstance(output, Finding):
                    yield output
                else:
                    unknown.append(output)
    if unknown:
        yield Unavailable(reason=f"what schema apply does is not known: {some_of(unknown, between='; ')}")
    looked_at = f"looked at {len(post_changes)} {plural('change', len(post_changes))} to columns"
    yield Note(text=f"{looked_at}; Directus does not see or touch {kept} of them" if kept else looked_at)


def _undecided(change: ColumnChange) -> Finding:
    return Finding(
        key=f"SNAP006:undecided:{change.at}",
        summary=f"{change.at}: {change.words}: whether it touches a column of Directus cannot be judged by reading",
        where=str(change.at),
    )


def _judged(
    change: ColumnChange,
    boots: DirectusBoots,
    snapshot: DirectusSnapshot,
    target: TargetVersion,
    runtime: DirectusRuntime,
) -> Iterator[Finding | str]:
    """What the boot does about the change; a text is the reason why that could not be computed."""
    version = behaviour_of(target.version) if target.version else None
    scenario = next((one for one in boots.scenarios if one.fresh), None)
    if version is None or scenario is None:
        yield f"{change.at}: there are no boots of a fresh database"
        return
    if scenario.boots[0].code:
        yield f"{change.at}: the first boot of a fresh database fails ({scenario.boots[0].message}): see SNAP004"
        return
    done = after_change(scenario, snapshot.body, version, runtime, change)
    does = _does(change, scenario, done)
    if does is not None:
        name = f"{change.table}.{change.column}"
        yield Finding(
            key=f"SNAP006:{name}:{change.kind}",
            summary=f"{change.words} on {name}, which Directus manages: {does}",
            expected="what the snapshot says",
            actual=change.words,
            where=str(change.at),
        )
    elif done.guesses:
        yield f"{change.at}: the rows decide whether the boot stops ({some_of(list(done.guesses))})"


def _does(change: ColumnChange, scenario: Scenario, done: ApplyOutcome) -> str | None:
    """What the boot does about the change; None where it leaves it."""
    if done.code:
        return stopped_words("every boot", done)
    before = {str(statement) for statement in scenario.boots[1].statements}
    about = [
        str(one)
        for one in done.statements
        if one.table == change.table and (one.name == change.column or one.verb.endswith(("constraint", "index")))
    ]
    new = [one for one in dict.fromkeys(about) if one not in before]
    if not new:
        return None
    return f"the next schema apply silently reverts it ({some_of(new)}), and exits 0"


CHECK = check_of_both_phases(
    "SNAP006", "SQL that runs after schema apply does not change single columns that Directus manages", Severity.WARNING, run
)
