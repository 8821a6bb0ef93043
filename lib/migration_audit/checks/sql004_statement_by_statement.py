"""SQL004: how the owner's SQL has each legacy statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from migration_audit.checks.phases import preflight_check
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity
from migration_audit.model.sql import Similarity, StatementMatch


def run(statements: tuple[StatementMatch, ...]) -> Iterator[CheckOutput]:
    """Look for each legacy statement in the owner's files: the same text or the same effect.

    Why: a verbatim copy needs no argument. A statement that only has the same effect needs a reviewer's attention.
    Fix: nothing by itself; the coverage checks report what has to be ported.
    Fine when: the owner expresses the same thing differently, or left it out for a reason.
    Source: statements are compared as text and by the catalog changes that they cause.
    """
    counts = Counter(match.similarity for match in statements)
    counted = ", ".join(f"{counts[similarity]} {similarity}" for similarity in Similarity if counts[similarity])
    yield Note(text=f"{len(statements)} legacy statements: {counted}")
    for match in statements:
        if match.similarity in {Similarity.DIFFERENT, Similarity.ABSENT} or match.differing:
            yield _finding(match)


def _finding(match: StatementMatch) -> Finding:
    at = f" at {match.owner}" if match.owner else ""
    what = f": {some_of(match.differing)} differ" if match.differing else ""
    state = {
        Similarity.ABSENT: "has no counterpart in the owner's SQL",
        Similarity.DIFFERENT: f"has another effect than the owner's SQL{at}",
    }.get(match.similarity, f"is {match.similarity} to the owner's{at}, but what they create differs")
    return Finding(
        key=f"SQL004:{match.legacy}",
        summary=f"{match.legacy}: {match.text} – {state}{what}",
        expected=match.text,
        actual=f"{match.similarity}{at}",
        where=str(match.legacy),
    )


CHECK = preflight_check(
    "SQL004", "Each legacy statement has a counterpart in the owner's SQL, by its text or by its effect", Severity.INFO, run
)
