"""What single statements do that no reading of the catalog shows."""

from __future__ import annotations

import pytest

from migration_audit.model.location import Location
from migration_audit.model.sql import Statement, StatementKind
from migration_audit.sources.watched_statements import DataChange, created_role, data_changes

CHANGES = {
    "insert into s.t values (1)": (DataChange("rows", "s.t", is_made=True),),
    'INSERT INTO "Odd" . T (a) select 1': (DataChange("rows", "Odd.t", is_made=True),),
    "copy t from stdin": (DataChange("rows", "t", is_made=True),),
    "copy t to stdout": (),
    "delete from t where a = 1": (DataChange("rows", "t", is_made=False),),
    "truncate a, b": (DataChange("rows", "a", is_made=False), DataChange("rows", "b", is_made=False)),
    "update t set a = 1": (),
    "selec 1": (),
    "select add_retention_policy('h', interval '1 day')": (DataChange("retention policy", "h", is_made=True),),
    "select public.remove_retention_policy(relation => 'h'::regclass)": (
        DataChange("retention policy", "h", is_made=False),
    ),
    "call add_columnstore_policy('h', after => interval '1 day')": (DataChange("columnstore policy", "h", is_made=True),),
    "select remove_continuous_aggregate_policy('c')": (DataChange("continuous aggregate policy", "c", is_made=False),),
    "select add_policy('h')": (),
}


@pytest.mark.parametrize(("text", "expected"), CHANGES.items())
def test_what_a_statement_makes_or_removes(text: str, expected: tuple[DataChange, ...]) -> None:
    assert data_changes(Statement(text=text, at=Location("a.sql", 1))) == expected


def test_a_transaction_changes_nothing_by_itself() -> None:
    begin = Statement(text="begin", at=Location("a.sql", 1), kind=StatementKind.TRANSACTION)
    assert data_changes(begin) == ()


@pytest.mark.parametrize(
    ("text", "role"), [("create role a login", "a"), ('CREATE USER "B"', "B"), ("create table t ()", None)]
)
def test_the_role_that_a_statement_creates(text: str, role: str | None) -> None:
    assert created_role(Statement(text=text, at=Location("a.sql", 1))) == role
