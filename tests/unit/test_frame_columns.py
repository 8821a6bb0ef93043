"""Every column of every frame is documented, and has the dtype that is documented, whatever is in it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import get_type_hints

import pytest

from migration_audit.model.objects import CatalogObject
from migration_audit.workbook.comparing import CLASSES
from migration_audit.workbook.frames import FRAMES, object_columns, object_frame, typed_frame

VALUES = {str: "x", bool: True, int: 2**40, tuple[str, ...]: ("a", "b")}
DTYPES = {"str", "bool", "boolean", "int64", "Int64", "object"}
EVERY = {**FRAMES, **{kind: object_columns(cls) for kind, cls in CLASSES.items()}}


def example(cls, *, is_sparse):
    """An object of a kind with something in every field, or with nothing wherever that is possible."""
    given = {}
    for name, hint in get_type_hints(cls).items():
        if name not in {field.name for field in fields(cls)}:
            continue
        (plain,) = (value for kind, value in VALUES.items() if hint in {kind, kind | None})
        is_optional = hint not in VALUES
        given[name] = None if is_sparse and is_optional else () if is_sparse and isinstance(plain, tuple) else plain
    return cls(**given)


@pytest.mark.parametrize("name", EVERY)
def test_every_column_has_a_meaning_and_a_dtype(name):
    for column, (dtype, meaning) in EVERY[name].items():
        assert dtype in DTYPES, column
        assert len(meaning) > 5, column
        assert meaning.lower() != column.replace("_", " "), f"{name}.{column} says nothing that its name does not say"


@pytest.mark.parametrize("kind", CLASSES)
def test_rows_and_missing_values_do_not_change_dtypes(kind):
    cls = CLASSES[kind]
    full, sparse = (example(cls, is_sparse=is_sparse) for is_sparse in (False, True))
    for objects in ([], [full], [sparse], [full, sparse]):
        found = object_frame(cls, objects, {})
        assert len(found) == len(objects)
        assert {name: str(dtype) for name, dtype in found.dtypes.items()} == {n: d for n, (d, _) in EVERY[kind].items()}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_without_rows_has_its_columns(name):
    found = typed_frame(FRAMES[name], [])
    assert {column: str(dtype) for column, dtype in found.dtypes.items()} == {n: d for n, (d, _) in FRAMES[name].items()}


def test_a_field_without_documentation_is_an_error():
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Gadget(CatalogObject, kind="gadget", identity=("name",)):
        """A kind that forgot to document a field."""

        name: str
        colour: str

    with pytest.raises(KeyError, match="colour"):
        object_columns(Gadget)
