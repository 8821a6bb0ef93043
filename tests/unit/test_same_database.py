"""Which readings are of one database: of one running server, or of a server and its standby."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migration_audit.model.snapshot import ServerIdentity

ONE = ServerIdentity(database="app", system_identifier="7", postgres_version="17.5", started_at="1764586123.123456")

READINGS: dict[str, tuple[dict[str, Any], bool]] = {
    "the same one, as another role": ({"read_as": "auditor"}, True),
    "a role that may not read the number": ({"system_identifier": None}, True),
    "another database of the server": ({"database": "app_stage"}, False),
    "another server": ({"system_identifier": "8", "started_at": "1764586199.000001"}, False),
    "another server that was started in the same microsecond": ({"system_identifier": "8"}, False),
    "a restored copy, which runs by itself": ({"started_at": "1764586199.000001"}, False),
    "a standby of it": ({"started_at": "1764586199.000001", "in_recovery": True}, True),
    "a standby whose number is not known": (
        {"started_at": "1764586199.000001", "in_recovery": True, "system_identifier": None},
        False,
    ),
}


@pytest.mark.parametrize(("differs", "is_same"), READINGS.values(), ids=READINGS)
def test_two_readings_are_of_one_database(differs: dict[str, Any], is_same: bool) -> None:
    other = replace(ONE, **differs)
    assert (ONE.is_same_database(other), other.is_same_database(ONE)) == (is_same, is_same)


def test_a_time_that_was_not_asked_for_tells_nothing() -> None:
    assert not replace(ONE, started_at="").is_same_database(replace(ONE, started_at=""))
