"""Facts as JSON and back: every type that a check asks for, and JSON that is nobody's facts."""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections.abc import Iterator, Mapping
from enum import Enum
from itertools import islice
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from fix_inputs import SCHEMA, inputs
from fix_model import column, snapshot
from migration_audit.audit.facts.codec import decode, encode, to_bytes, with_current_names
from migration_audit.audit.facts.store import load_facts, save_facts
from migration_audit.audit.facts.types import Part, fact_types
from migration_audit.model.errors import AuditError
from migration_audit.model.objects import CatalogObject
from migration_audit.model.snapshot import Snapshot
from migration_audit.model.strict_json import parse_json

PLAIN: Mapping[Any, tuple[Any, ...]] = {str: ("", "ä\n\x00\U0001f600"), int: (0, -7), bool: (False, True), NoneType: (None,)}


@pytest.mark.parametrize(
    ("content", "reported"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": 1, "a": 2}', "'a' appears twice in one object"),
        (b"NaN", "NaN is not a JSON number"),
        (b"\xff", "codec can't decode"),
        (b"{", "is not JSON that can be read"),
    ],
    ids=["deep", "twice", "no number", "no UTF-8", "cut"],
)
def test_what_has_no_one_meaning_is_refused(content: bytes, reported: str) -> None:
    with pytest.raises(AuditError, match="(?s)x.json.*" + reported):
        parse_json(content, where="x.json")


def samples(hint: Any) -> Iterator[Any]:
    """Some values of a type: every member of a union and of an enumeration, empty collections and filled ones."""
    origin, args = get_origin(hint), get_args(hint)
    if hint in PLAIN:
        yield from PLAIN[hint]
    elif hint is Any:  # what somebody's own JSON or YAML holds
        yield from ("x", 1, True, None, 1.5, [1, {"a": None}], {"b": []})
    elif hint is Snapshot:
        yield snapshot(*SCHEMA)
    elif hint is CatalogObject:
        yield column("a")
    elif origin in {Union, UnionType}:
        for each in args:
            yield from samples(each)
    elif origin is tuple and args[-1] is Ellipsis:
        yield from ((), tuple(islice(samples(args[0]), 12)))
    elif origin is tuple:
        yield tuple(next(samples(each)) for each in args)
    elif origin is frozenset:
        yield from (frozenset(), frozenset(islice(samples(args[0]), 3)))
    elif origin is not None:
        key = next(samples(args[0]))
        yield from ({}, *({key: item} for item in islice(samples(args[1]), 12)))
    elif issubclass(hint, Enum):
        yield from hint
    else:
        yield from _instances(hint)


def _instances(kind: Any) -> Iterator[Any]:
    hints = get_type_hints(kind)
    options = {field.name: list(islice(samples(hints[field.name]), 12)) for field in dataclasses.fields(kind)}
    for number in range(max(map(len, options.values()), default=1)):
        yield kind(**{name: values[number % len(values)] for name, values in options.items()})


_TYPES = {**fact_types("shared"), **fact_types("environment")}


@pytest.mark.parametrize("name", sorted(_TYPES))
def test_every_fact_comes_back_as_it_was(name: str) -> None:
    hint = _TYPES[name]
    values = list(islice(samples(hint), 40))
    written = [to_bytes(encode(value, hint)) for value in values]
    read = [decode(parse_json(content, where=name), hint, where=name) for content in written]
    assert read == values
    assert [to_bytes(encode(value, hint)) for value in read] == written


def _with_former_names(path: Path) -> None:
    body = json.loads(gzip.decompress(path.read_bytes()))
    if "cross_check" in body:
        body["witness"] = body.pop("cross_check")
    for rights in body.get("probe_rights", ()):
        rights["told"] = rights.pop("notes")
    path.write_bytes(gzip.compress(to_bytes(body)))


@pytest.mark.parametrize("part", ["shared", "environment"])
def test_facts_of_signed_runs_are_read_by_their_former_names(part: Part, tmp_path: Path) -> None:
    found = {name: inputs()[name] if name in inputs() else next(samples(hint)) for name, hint in fact_types(part).items()}
    save_facts(tmp_path, part, found)
    written = load_facts(tmp_path, part)
    _with_former_names(tmp_path / f"{part}.json.gz")
    assert load_facts(tmp_path, part) == written


@pytest.mark.parametrize("body", [{"witness": 1, "cross_check": 2}, ["witness"]])
def test_a_fact_with_two_names_keeps_both_and_is_refused(body: Any) -> None:
    assert with_current_names(body) is body
