"""How messages name many things: the first ten, and the number of the rest."""

import pytest

from migration_audit.model.enumeration import some_of

CASES = {
    "nothing": ([], {}, ""),
    "one": (["a"], {}, "a"),
    "as many as are named": (list("abcdefghij"), {}, "a, b, c, d, e, f, g, h, i, j"),
    "one more": (list("abcdefghijk"), {}, "a, b, c, d, e, f, g, h, i, j and 1 more"),
    "many": ([str(n) for n in range(12345)], {}, "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 12,335 more"),
    "another number": (["a", "b", "c"], {"most": 1}, "a and 2 more"),
    "sentences": (["a is gone", "b is gone", "c"], {"most": 2, "between": "; "}, "a is gone; b is gone; and 1 more"),
}


@pytest.mark.parametrize(("items", "given", "expected"), CASES.values(), ids=CASES)
def test_the_first_are_named_and_the_rest_is_counted(items, given, expected):
    assert some_of(items, **given) == expected
