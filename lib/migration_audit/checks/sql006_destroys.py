"""SQL006: what the owner's SQL takes away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from migration_audit.model.destruction import Destruction
from migration_audit.model.drift import Severity
from migration_audit.model.finding import Check, Finding, Phase, Said, Told


def run(destructions: tuple[Destruction, ...]) -> Iterator[Said]:
    """Read the owner's SQL for what drops, empties or rewrites: tables, columns, constraints, rows, chunks, types.

    Why: the owner's runner applies these files in every environment, on every boot where they are idempotent. On the empty
    server of the pre-flight a DROP costs nothing; in production it costs the data.
    Fix: do it once, by hand, after a backup; or in a file that says why. What only reading could not decide (EXECUTE of a
    text that is put together, another language) must be read by a person.
    Fine when: the object holds no rows and the same file makes it again (told apart, no finding); else waive it.
    Source: seed, "destructive-apply incident". The statements are read with PostgreSQL's own parser.
    """
    seen: Counter[str] = Counter()
    for one in destructions:
        if one.made_again is not None:
            yield Told(text=f"{one.at}: {one.kind} {one.object}, made again at {one.made_again}")
            continue
        key = f"SQL006:{one.at.path}:{one.kind}:{one.object}"
        seen[key] += 1
        number = f":{seen[key]}" if seen[key] > 1 else ""
        within = f" in {one.within}" if one.within else ""
        when = ", when it is called" if one.within and one.within != "a DO block" else ""
        yield Finding(
            key=f"{key}{number}",
            summary=f"{one.object}{within} {one.words}{when}" if one.kind == "undecided" else _sentence(one, within, when),
            expected="nothing is taken away",
            actual=one.kind,
            where=str(one.at),
        )


def _sentence(one: Destruction, within: str, when: str) -> str:
    return f"{one.kind.upper()} {one.object}{within}: {one.words}{when}"


CHECK = Check(
    id="SQL006",
    title="The owner's SQL destroys nothing",
    severity=Severity.WARNING,
    phases=(Phase.PREFLIGHT,),
    run=run,
)
