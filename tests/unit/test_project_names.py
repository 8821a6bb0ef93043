"""Names are folded and quoted as SQL does it, so that they meet the keys of catalog objects."""

import pytest

from migration_audit.project.names import qualified_key, split_qualified

CASES = {
    "plain": ("public.positions", ("public", "positions")),
    "folded": ("Public.POSITIONS", ("public", "positions")),
    "quoted": ('public."Odd Name"', ("public", "Odd Name")),
    "quoted dot": ('"a.b".c', ("a.b", "c")),
    "doubled quote": ('public."say ""a"""', ("public", 'say "a"')),
    "dollar and digits": ("s1.t$2", ("s1", "t$2")),
    "letters beyond ASCII": ("größe.wert", ("größe", "wert")),
    "no schema": ("positions", None),
    "three parts": ("a.b.c", None),
    "space": ("a. b", None),
    "leading digit": ("a.1b", None),
    "open quote": ('a."b', None),
    "empty name": ('a.""', None),
    "line break": ("a.b\n", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_split(text: str, expected: tuple[str, str] | None) -> None:
    assert split_qualified(text) == expected


@pytest.mark.parametrize(
    ("text", "key"), [('Public."positions"', "public.positions"), ('public."Odd Name"', 'public."Odd Name"')]
)
def test_key(text: str, key: str) -> None:
    assert qualified_key(text) == key
