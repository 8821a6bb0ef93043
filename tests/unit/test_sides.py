"""What an argument of `compare` names: files and folders joined by +, also where their own names have one."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_audit.audit.preflight.sides import parse_side
from migration_audit.model.errors import UsageError


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("a+b", [("files", ["a", "b"])]),
        ("x+y", [("files", ["x+y"])]),
        ("dbmate:x+y", [("dbmate", ["x+y"])]),
        ("a+x+y+b", [("files", ["a", "x+y", "b"])]),
        ("a+goose:x+y+b", [("files", ["a"]), ("goose", ["x+y", "b"])]),
        ("goose:a+flyway:x+y", [("goose", ["a"]), ("flyway", ["x+y"])]),
        ("x+y+x+y/z", [("files", ["x+y", "x+y/z"])]),
    ],
)
def test_names_are_joined(text: str, sources: list[tuple[str, list[str]]], here: Path) -> None:
    found = [(form, [str(path) for path in paths]) for form, paths in parse_side(text).sources]
    assert found == sources


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "a side is empty"),
        ("a+", "is missing in “a+”"),
        ("a++b", "is missing in “a++b”"),
        ("goose:+b", "is missing in “goose:+b”"),
        ("a+x", "x does not exist"),
        ("x+q", "x, q does not exist"),
        ("nobody:a", "unknown format nobody"),
    ],
)
def test_a_name_is_missing(text: str, error: str, here: Path) -> None:
    with pytest.raises(UsageError) as raised:
        parse_side(text)
    assert error in str(raised.value)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("a", "b", "x+y/z"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path
