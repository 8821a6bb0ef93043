"""Intervals as text: every IntervalStyle of PostgreSQL, and what people write into a job's settings."""

from __future__ import annotations

import pytest

from migration_audit.model.timescale import interval_text

# What PostgreSQL 17 prints of one interval in each style: postgres, postgres_verbose, sql_standard, iso_8601.
STYLES = [
    ("90 days", "@ 90 days", "90 0:00:00", "P90D"),
    ("1 mon", "@ 1 mon", "0-1", "P1M"),
    ("1 year 2 mons", "@ 1 year 2 mons", "1-2", "P1Y2M"),
    ("12:00:00", "@ 12 hours", "12:00:00", "PT12H"),
    ("1 day 02:03:04.5", "@ 1 day 2 hours 3 mins 4.5 secs", "1 2:03:04.5", "P1DT2H3M4.5S"),
    ("-1 days -02:03:04", "@ 1 day 2 hours 3 mins 4 secs ago", "-1 2:03:04", "P-1DT-2H-3M-4S"),
    ("-1 years -2 mons", "@ 1 year 2 mons ago", "-1-2", "P-1Y-2M"),
    ("1 mon -1 days +04:00:00", "@ 1 mon -1 days 4 hours", "+0-1 -1 +4:00:00", "P1M-1DT4H"),
    ("-00:00:01.5", "@ 1.5 secs ago", "-0:00:01.5", "PT-1.5S"),
    ("00:00:00", "@ 0", "00:00:00", "PT0S"),
]


@pytest.mark.parametrize("style", range(4), ids=["postgres", "postgres_verbose", "sql_standard", "iso_8601"])
@pytest.mark.parametrize("spellings", STYLES, ids=[row[0] for row in STYLES])
def test_every_style_is_one_spelling(spellings: tuple[str, ...], style: int) -> None:
    assert interval_text(spellings[style]) == spellings[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 month", "1 mon"),
        ("2 weeks", "14 days"),
        ("36 h", "36:00:00"),
        ("1.5 days", "1 day 12:00:00"),
        ("90days", "90 days"),
        ("7", "7"),
        ("-100", "-100"),
        ("", ""),
        ("soon", "soon"),
        ("1 fortnight", "1 fortnight"),
        ("1.5 months", "1.5 months"),
        ("null", "null"),
    ],
)
def test_what_people_write(text: str, expected: str) -> None:
    assert interval_text(text) == expected
