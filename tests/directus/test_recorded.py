"""What real Directus servers did with generated files and databases: the model must say the same, without a server."""

from __future__ import annotations

import json
import lzma
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fix_directus import behaviour
from migration_audit.audit.facts.codec import decode
from migration_audit.directus.agreement import changes
from migration_audit.directus.apply import DEFAULT_EXCLUDED, apply
from migration_audit.directus.postgres import DatabaseState
from migration_audit.model.directus_database import DirectusDatabase

FILE = Path(__file__).with_name("recorded.json.xz")
"""Written by ``directus.record`` from the cases that ``make directus`` ran; each is a whole database and a whole file."""
PARTS = 12


@cache
def cases() -> list[dict[str, Any]]:
    return list(json.loads(lzma.decompress(FILE.read_bytes())))


@pytest.mark.parametrize("part", range(PARTS))
def test_the_model_does_what_was_recorded(part: int) -> None:
    wrong = [f"{case['version']} {case['seed']}: {found}" for case in cases()[part::PARTS] if (found := _problem(case))]
    assert not wrong


def _problem(case: dict[str, Any]) -> str | None:
    options = case["options"]
    state = DatabaseState(decode(case["before"], DirectusDatabase, where=str(FILE)))
    for number, boot in enumerate(case["boots"], 1):
        before = state.database()
        done, state = apply(
            state,
            case["later"] if number > 1 and "later" in case else case["body"],
            behaviour(case["version"]),
            excluded=options.get("excluded", DEFAULT_EXCLUDED),
            ignored=options.get("ignoreRules", "").split(",") if options.get("ignoreRules") else (),
        )
        if done.code != boot["code"]:
            return f"boot {number}: {case['words']}: {done.code} {done.message}, recorded {boot['code']} {boot['message']}"
        found = list(changes(before, state.database()))
        if found != boot["changes"]:
            return f"boot {number}: {case['words']}: {found}, recorded {boot['changes']}"
    return None


def test_all_versions_and_outcomes_are_among_them() -> None:
    assert len(cases()) >= 240
    assert {case["version"] for case in cases()} == {"11.2.2", "11.17.4", "12.3.1", "12.4.0"}
    assert {(boot["code"], bool(boot["changes"])) for case in cases() for boot in case["boots"]} == {
        (0, True),
        (0, False),
        (1, False),
    }
