"""What a statement needs of its role is read from its text as PostgreSQL's own parser reads it."""

from __future__ import annotations

import pytest

from migration_audit.sources.needs import statement_needs

CASES = {
    "insert": ("insert into t (a, b) values (1, f(2))", {"INSERT t": "a b"}, ["f"]),
    "insert of all columns": ("insert into s.t values (1)", {"INSERT s.t": "*"}, []),
    "insert of nothing": ("insert into t default values", {"INSERT t": ""}, []),
    "upsert that does nothing": (
        "insert into t (a) values (1) on conflict (a, b) do nothing",
        {"INSERT t": "a", "SELECT t": "a b"},
        [],
    ),
    "upsert that does something": (
        "insert into t as x (a, n) values (1, 2) on conflict (a) do update set n = excluded.n + x.n where x.z > 0",
        {"INSERT t": "a n", "SELECT t": "a n z", "UPDATE t": "n"},
        [],
    ),
    "returning": ("insert into t (a) values (1) returning id", {"INSERT t": "a", "SELECT t": "id"}, []),
    "insert from a query": (
        "insert into t (a) select u.x from u where y",
        {"INSERT t": "a", "SELECT u": "x y"},
        [],
    ),
    "select": ("select a, count(*) from t where b = 1 group by a order by c", {"SELECT t": "a b c"}, ["count"]),
    "select of everything": ("select * from t", {"SELECT t": "*"}, []),
    "select of no column": ("select count(*) from t", {"SELECT t": ""}, ["count"]),
    "join": (
        "select x.a, b from t as x join s.u using (k) where u.c",
        {"SELECT t": "a b k", "SELECT s.u": "b c k"},
        [],
    ),
    "for update": ("select a from t for update", {"SELECT t": "a", "UPDATE t": ""}, []),
    "a subquery": (
        "select a from t where exists (select from u where u.k = t.k)",
        {"SELECT t": "a k", "SELECT u": "k"},
        [],
    ),
    "a CTE is no relation": (
        "with c as (select k from u) select c.k from c join t on t.a = c.k",
        {"SELECT t": "a", "SELECT u": "k"},
        [],
    ),
    "a CTE that writes": (
        "with c as (update u set a = 1 where k = 2 returning z) select * from c",
        {"SELECT u": "k z", "UPDATE u": "a"},
        [],
    ),
    "union": ("select a from t union select b from u", {"SELECT t": "a", "SELECT u": "b"}, []),
    "update": ("update t set a = b + 1 where c = 2", {"SELECT t": "b c", "UPDATE t": "a"}, []),
    "update without reading": ("update t set a = 1", {"UPDATE t": "a"}, []),
    "update from": (
        "update t set a = u.b from u where u.k = t.k",
        {"SELECT t": "k", "SELECT u": "b k", "UPDATE t": "a"},
        [],
    ),
    "delete": ("delete from t using u where t.k = u.k", {"DELETE t": "", "SELECT t": "k", "SELECT u": "k"}, []),
    "the row as a value": ("select to_jsonb(t) from t", {"SELECT t": "*"}, ["to_jsonb"]),
    "a function of a schema": ("select s.f(a) from t", {"SELECT t": "a"}, ["s.f"]),
    "values alone": ("values (1)", {}, []),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_a_statement_needs(case: tuple[str, dict[str, str], list[str]]) -> None:
    text, needs, functions = case
    found = statement_needs(text)
    assert found.undecided is None
    reported = {f"{n.privilege} {f'{n.schema}.' if n.schema else ''}{n.relation}": " ".join(n.columns) for n in found.needs}
    assert reported == needs
    assert [".".join(filter(None, function)) for function in found.functions] == functions


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("call p()", "it must be a SELECT, INSERT, UPDATE or DELETE, not a call"),
        ("merge into t using u on true when matched then delete", "not a merge"),
        ("select 1; select 2", "2 statements"),
        ("selec 1", "rejects it"),
    ],
    ids=["call", "merge", "two", "a mistake"],
)
def test_what_cannot_be_reported_is_shown(text: str, said: str) -> None:
    found = statement_needs(text)
    assert found.needs == ()
    assert said in str(found.undecided)
