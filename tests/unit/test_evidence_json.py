"""``evidence.json``: what is written is read again, anything else is refused, and the published schema says the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.report_example import evidence

import refresh_schema
from migration_audit.model.errors import AuditError
from migration_audit.model.evidence import SCHEMA_VERSION, evidence_body, parse_evidence

Body = dict[str, Any]


def body() -> Body:
    return json.loads(json.dumps(evidence_body(evidence())))


def with_check(**changes: Any) -> Callable[[Body], Body]:
    return lambda found: {**found, "checks": [{**found["checks"][0], **changes}, *found["checks"][1:]]}


def setting(**changes: Any) -> Callable[[Body], Body]:
    return lambda found: {**found, **changes}


def without(name: str) -> Callable[[Body], Body]:
    return lambda found: {k: v for k, v in found.items() if k != name}


SCHEMA = jsonschema.Draft202012Validator(refresh_schema.schema())
FIELDS = sorted(body().keys() - {"schema_version"})
WRONG: dict[str, tuple[Callable[[Body], Body], str]] = {
    **{f"no {name}": (without(name), f"$.{name}") for name in body() if name != "schema_version"},
    **{
        f"{name} is a mapping of lists": (setting(**{name: {"a": [1]}}), name) for name in body() if name != "schema_version"
    },
    "a text for a yes": (setting(complete="true"), "expected bool @ $.complete"),
    "a number for a yes": (setting(complete=1), "expected bool @ $.complete"),
    "a number for a text": (setting(project=1), "expected str @ $.project"),
    "a text for a list": (setting(notes="abc"), "@ $.notes"),
    "numbers in a list of texts": (setting(notes=[1]), "@ $.notes"),
    "an unknown phase": (setting(phase="later"), "expected Phase @ $.phase"),
    "an unknown outcome": (with_check(outcome="fine"), "expected Outcome @ $.checks"),
    "a time to the millisecond": (setting(generated_at="2026-11-23T11:45:00.000Z"), "@ $.generated_at"),
    "a time without its zeros": (setting(generated_at="2026-11-3T1:45:00Z"), "@ $.generated_at"),
    "a time without a zone": (setting(generated_at="2026-11-23T11:45:00"), "@ $.generated_at"),
    "a time of another zone": (setting(generated_at="2026-11-23T11:45:00+01:00"), "@ $.generated_at"),
    "a field more": (setting(approved=True), "extra fields found (approved)"),
    "a field more in a check": (with_check(ignored=True), "extra fields found (ignored)"),
    "the next version": (setting(schema_version=SCHEMA_VERSION + 1), f"has schema version {SCHEMA_VERSION + 1}"),
    "no version": (without("schema_version"), "has schema version None"),
    "a version that is a text": (setting(schema_version=str(SCHEMA_VERSION)), "has schema version"),
    "a version that is true": (setting(schema_version=True), "has schema version True"),
}


def test_what_is_written_is_read_again() -> None:
    assert parse_evidence(json.dumps(body()).encode()) == evidence()
    SCHEMA.validate(body())


@pytest.mark.parametrize("name", WRONG)
def test_anything_else_is_refused(name: str) -> None:
    change, expected = WRONG[name]
    changed = change(body())
    with pytest.raises(AuditError) as refused:
        parse_evidence(json.dumps(changed).encode())
    assert expected in str(refused.value)
    assert refused.value.todo
    with pytest.raises(jsonschema.ValidationError):
        SCHEMA.validate(changed)


@pytest.mark.parametrize("path", refresh_schema.GENERATED, ids=lambda path: path.name)
def test_the_published_files_are_those_of_the_types(path: Path) -> None:
    assert path.read_text("utf-8") == refresh_schema.GENERATED[path](), "run `make schema`"
