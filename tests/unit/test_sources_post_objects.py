"""What SQL makes on tables of somebody else, by statement."""

import pytest

from migration_audit.sources.load import load_source
from migration_audit.sources.post_objects import find_post_objects

# name: (SQL, kind, table, name and definition of each thing that is there afterwards)
CASES = {
    "a named constraint": (
        "alter table v add constraint v_u unique (country, plate)",
        [("constraint", "v", "v_u", "UNIQUE (country, plate)")],
    ),
    "a constraint without a name": ("alter table v add unique (a, b)", [("constraint", "v", None, "UNIQUE (a, b)")]),
    "odd names": ('alter table "V" add constraint u unique ("A b")', [("constraint", "V", "u", 'UNIQUE ("A b")')]),
    "a check": ("alter table v add constraint c check (a > 0)", [("constraint", "v", "c", None)]),
    "within a block": (
        "do $$ begin if true then alter table v add constraint u unique (a, b); end if; end $$",
        [("constraint", "v", "u", "UNIQUE (a, b)")],
    ),
    "an index": ("create unique index if not exists i on s.v (a)", [("index", "v", "i", None)]),
    "a table": ("create table if not exists t (a int)", [("table", None, "t", None)]),
    "views": (
        "create view w as select 1; create materialized view m as select 1",
        [("view", None, "w", None), ("materialized view", None, "m", None)],
    ),
    "a trigger": ("create trigger t before insert on v execute function f()", [("trigger", "v", "t", None)]),
    "a function": ("create function s.f() returns int language sql as 'select 1'", [("function", None, "f", None)]),
    "dropped first": (
        "alter table v drop constraint if exists u; alter table v add constraint u unique (a)",
        [("constraint", "v", "u", "UNIQUE (a)")],
    ),
    "dropped again": ("create index i on v (a); drop index i", []),
    "a column": ("alter table v add column if not exists c int", [("column", "v", "c", None)]),
    "nothing that is made": ("update v set a = 1; grant select on v to public; comment on table v is 'x'", []),
    "put together when it runs": (
        "do $$ begin execute format('alter table %I add unique (a)', 'v'); end $$",
        [("undecided", None, None, None)],
    ),
}


@pytest.mark.parametrize(("sql", "expected"), CASES.values(), ids=CASES)
def test_what_a_statement_makes(sql, expected, tmp_path):
    (tmp_path / "1.sql").write_text(f"-- a comment\n{sql};\n")
    made = find_post_objects(load_source("post", [tmp_path / "1.sql"], shown_from=tmp_path))
    assert [(each.kind, each.table, each.name, each.definition) for each in made] == expected
    assert all(str(each.at) == "1.sql:2" for each in made)
