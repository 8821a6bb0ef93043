"""The digest of a table's rows: of what is compared, and of no use to who does not know its key."""

from __future__ import annotations

from dataclasses import replace

from migration_audit.compare import RowScope
from migration_audit.model.rows import CELL, TableRows

ONE, TWO = b"1" * CELL, b"2" * CELL
ROWS = TableRows(table="public.t", count=2, columns=("a", "b"), cells=(ONE + TWO, TWO + ONE))


def test_it_depends_on_columns_rows_and_key_and_not_on_their_order() -> None:
    digest = ROWS.digest(["a", "b"], b"k")
    assert digest.startswith("hmac-sha256:")
    assert digest == replace(ROWS, cells=(TWO + ONE, ONE + TWO)).digest(["a", "b"], b"k")
    others = [
        ROWS.digest(["a"], b"k"),
        ROWS.digest(["a", "b"], b"other"),
        replace(ROWS, cells=(ONE + ONE, TWO + TWO)).digest(["a", "b"], b"k"),
    ]
    assert len({digest, *others}) == 4


def test_each_comparison_has_a_key_of_its_own_that_is_not_shown() -> None:
    one, other = RowScope(), RowScope()
    assert len(one.key) == 32
    assert one.key != other.key
    assert replace(one, unstable={"public.t": ["a"]}).key == one.key, "the second reading is of the same comparison"
    assert repr(one.key) not in repr(one)
