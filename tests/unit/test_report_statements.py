"""The table of legacy statements beside the owner's."""

from __future__ import annotations

from migration_audit.model.location import Location
from migration_audit.model.sql import Similarity, StatementMatch
from migration_audit.report.listings import statement_table


def match(line: int, similarity: Similarity, **given: object) -> StatementMatch:
    return StatementMatch(legacy=Location("0001_a.sql", line), text=f"select {line}", similarity=similarity, **given)  # type: ignore[arg-type]


def test_each_statement_stands_with_both_places_and_what_differs():
    frame = statement_table(
        [
            match(1, Similarity.IDENTICAL, owner=Location("001_a.sql", 3)),
            match(2, Similarity.DIFFERENT, owner=Location("001_a.sql", 9), differing=("index public.i",)),
            match(4, Similarity.ABSENT),
        ]
    ).to_frame()
    assert frame["In the owner's SQL"].tolist() == ["byte-identical", "different", "absent"]
    assert frame["Defined at"].tolist()[:2] == ["001_a.sql:3", "001_a.sql:9"]
    assert frame["Differs"].tolist()[1] == "index public.i"


def test_nothing_is_reported_of_no_statements():
    assert "contains no statements" in statement_table([])._repr_html_()
