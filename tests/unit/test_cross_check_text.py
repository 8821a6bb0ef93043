"""The cross-check without a server: a dump's text in parts, and what explains a part that differs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fix_model import column, constraint, dimension, index, routine, schema, sequence, snapshot, table, trigger, view
from migration_audit.compare import compare, cross_check_with_pg_dump
from migration_audit.compare.dump_parts import parts
from migration_audit.model.errors import AuditError
from migration_audit.model.snapshot import Unmodelled


def entry(kind: str, name: str, sql: str, schema: str = "public", more: str = "") -> str:
    return f"--\n-- Name: {name}; Type: {kind}; Schema: {schema}; Owner: somebody{more}\n--\n\n{sql}\n\n\n"


def dump(*entries: str, version: str = "17.5") -> str:
    head = f"--\n-- PostgreSQL database dump\n--\n\n\\restrict {version}abc\n\n-- Dumped from database version {version}\n\n"
    tail = f"--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict {version}abc\n"
    return f"{head}SET client_encoding = 'UTF8';\n\n{''.join(entries)}{tail}"


TABLE = """CREATE TABLE public.positions (
    device_id text DEFAULT 'a, b'::text NOT NULL COLLATE pg_catalog."C",
    "Odd, name" numeric(8,2)[] DEFAULT ARRAY[0, (0), 0],
    CONSTRAINT small CHECK ((length(device_id) < 9))
)
WITH (fillfactor='70');


ALTER TABLE ONLY public.positions ALTER COLUMN device_id SET STORAGE EXTERNAL;
ALTER TABLE public.positions OWNER TO app;"""
BODY = "CREATE FUNCTION public.f() RETURNS text\n    LANGUAGE sql\n    AS $_$ select '"
BODY += ";\n--\n-- Name: x; Type: TABLE; Schema: s; Owner: o\n--\n' $_$"

_TAGGED = "CREATE EVENT TRIGGER x ON ddl_command_end WHEN TAG IN ({}) EXECUTE FUNCTION public.e()"
_SUBSCRIBED = "CREATE SUBSCRIPTION x CONNECTION 'dbname=y' PUBLICATION {} WITH (connect = false, slot_name = 'x')"

PARTS = [
    pytest.param(
        entry("TABLE", "positions", TABLE),
        {
            ("TABLE", "public", "positions", ""): "CREATE TABLE public.positions",
            ("TABLE OPTIONS", "public", "positions", ""): "WITH (fillfactor='70')",
            ("COLUMN", "public", "positions", "device_id"): "text",
            ("COLUMN DEFAULT", "public", "positions", "device_id"): "'a, b'::text",
            ("COLUMN NOT NULL", "public", "positions", "device_id"): "NOT NULL",
            ("COLUMN COLLATION", "public", "positions", "device_id"): 'COLLATE pg_catalog."C"',
            ("COLUMN", "public", "positions", "Odd, name"): "numeric(8,2)[]",
            ("COLUMN DEFAULT", "public", "positions", "Odd, name"): "ARRAY[0, (0), 0]",
            ("COLUMN ORDER", "public", "positions", ""): "device_id\nOdd, name",
            ("CONSTRAINT", "public", "positions", "small"): "CONSTRAINT small CHECK ((length(device_id) < 9))",
            ("COLUMN STORAGE", "public", "positions", "device_id"): "ALTER COLUMN device_id SET STORAGE EXTERNAL",
            ("OWNER OF RELATION", "public", "positions", ""): "OWNER TO app",
        },
        id="a table is taken apart",
    ),
    pytest.param(
        entry("TABLE", "child", "CREATE TABLE public.child (\n    NOT NULL ts\n)\nINHERITS (public.positions);"),
        {
            ("TABLE", "public", "child", ""): "CREATE TABLE public.child",
            ("TABLE INHERITS", "public", "child", ""): "INHERITS (public.positions)",
            ("COLUMN NOT NULL", "public", "child", "ts"): "NOT NULL",
            ("COLUMN ORDER", "public", "child", ""): "",
        },
        id="NOT NULL of a column that is inherited is the column's",
    ),
    pytest.param(
        entry("CONSTRAINT", "t n", "ALTER TABLE public.t\n    ADD CONSTRAINT n NOT NULL a NOT VALID;"),
        {("COLUMN NOT NULL", "public", "t", "a"): 'CONSTRAINT "n" NOT NULL NOT VALID'},
        id="NOT NULL that is added later is the column's",
    ),
    pytest.param(
        entry("DEFAULT", "t a", "ALTER TABLE ONLY public.t ALTER COLUMN \"default\" SET DEFAULT nextval('n'::regclass);"),
        {("COLUMN DEFAULT", "public", "t", "default"): "nextval('n'::regclass)"},
        id="a default that is set later is the column's",
    ),
    pytest.param(
        entry(
            "CHECK CONSTRAINT", "positions small", "ALTER TABLE public.positions\n    ADD CONSTRAINT small CHECK ((x < 9));"
        ),
        {("CONSTRAINT", "public", "positions", "small"): "CONSTRAINT small CHECK ((x < 9))"},
        id="a constraint of its own is like one inside",
    ),
    pytest.param(
        entry("FUNCTION", "f()", f"{BODY};"),
        {("ROUTINE", "public", "f()", ""): BODY},
        id="a body that looks like a dump is a body",
    ),
    pytest.param(
        entry("COMMENT", 'TRIGGER "a b" ON t', "COMMENT ON TRIGGER \"a b\" ON public.t IS 'it''s; -- so';"),
        {("COMMENT ON TRIGGER", "public", "t", "a b"): "COMMENT ON TRIGGER \"a b\" ON public.t IS 'it''s; -- so'"},
        id="a comment on a trigger",
    ),
    pytest.param(
        entry("ACL", "TABLE t", "GRANT UPDATE ON TABLE public.t TO b;\nGRANT SELECT ON TABLE public.t TO a;"),
        {
            ("ACL ON RELATION", "public", "t", ""): (
                "GRANT SELECT ON TABLE public.t TO a\nGRANT UPDATE ON TABLE public.t TO b"
            )
        },
        id="grants are sorted",
    ),
    pytest.param(
        entry(
            "ACL",
            "TABLE t",
            "SET SESSION AUTHORIZATION boss;\nGRANT SELECT ON TABLE public.t TO a;\nRESET SESSION AUTHORIZATION;",
        ),
        {("ACL ON RELATION", "public", "t", ""): "GRANT SELECT ON TABLE public.t TO a granted by boss"},
        id="a grant names who grants",
    ),
    pytest.param(
        entry(
            "DEFAULT ACL",
            "DEFAULT PRIVILEGES FOR TABLES",
            'ALTER DEFAULT PRIVILEGES FOR ROLE "a b" IN SCHEMA public GRANT SELECT ON TABLES TO web;',
        ),
        {
            ("DEFAULT ACL", "public", "a b", "tables"): (
                'ALTER DEFAULT PRIVILEGES FOR ROLE "a b" IN SCHEMA public GRANT SELECT ON TABLES TO web'
            )
        },
        id="default privileges of one role",
    ),
    pytest.param(
        entry(
            "SEQUENCE",
            "t_id_seq",
            "ALTER TABLE public.t ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (\n"
            "    SEQUENCE NAME public.t_id_seq\n    START WITH 1\n);",
        ),
        {
            ("COLUMN IDENTITY", "public", "t", "id"): "ALWAYS",
            ("SEQUENCE", "public", "t_id_seq", ""): "CREATE SEQUENCE public.t_id_seq\n    START WITH 1",
        },
        id="an identity column is two parts",
    ),
    pytest.param(
        entry("TABLE", "t", "CREATE TABLE public.t OF public.pair\nWITH (fillfactor='70');"),
        {
            ("TABLE", "public", "t", ""): "CREATE TABLE public.t OF public.pair",
            ("TABLE OPTIONS", "public", "t", ""): "WITH (fillfactor='70')",
            ("COLUMN ORDER", "public", "t", ""): "",
        },
        id="a typed table without a list of columns",
    ),
    pytest.param(
        f"SET default_tablespace = fast;\n\n{entry('INDEX', 'i', 'CREATE INDEX i ON public.t USING btree (a);')}",
        {
            ("INDEX", "public", "i", ""): "CREATE INDEX i ON public.t USING btree (a)",
            ("TABLESPACE", "public", "i", ""): "fast",
        },
        id="a tablespace",
    ),
    pytest.param(
        entry("SCHEMA", "app", "CREATE SCHEMA app;", schema="-"),
        {("SCHEMA", "", "app", ""): "CREATE SCHEMA app"},
        id="a schema has none",
    ),
    pytest.param(
        entry("VIEW", "v", "CREATE VIEW public.v AS\nSELECT\n    NULL::integer AS a;")
        + entry("RULE", "v _RETURN", "CREATE OR REPLACE VIEW public.v AS\n SELECT t.a FROM public.t;"),
        {("VIEW", "public", "v", ""): "CREATE VIEW public.v AS\n SELECT t.a FROM public.t"},
        id="a view that is written twice",
    ),
    pytest.param(
        entry("VIEW", "v", f"CREATE VIEW public.v AS SELECT {' || '.join(['x'] * 300)};"),
        {("VIEW", "public", "v", ""): f"CREATE VIEW public.v AS SELECT {' || '.join(['x'] * 300)}"},
        id="a statement too deep for a tree is a part by its entry's name",
    ),
]


@pytest.mark.parametrize(("text", "expected"), PARTS)
def test_an_entry_becomes_parts(text, expected):
    assert parts(dump(text)) == expected


@pytest.mark.parametrize(
    ("kind", "one", "other", "is_same"),
    [
        (
            "POLICY",
            "CREATE POLICY p ON public.t TO ann, web USING (true)",
            "CREATE POLICY p ON public.t TO web, ann USING (true)",
            True,
        ),
        ("POLICY", "CREATE POLICY p ON public.t TO ann, web", "CREATE POLICY p ON public.t TO web", False),
        (
            "EVENT TRIGGER",
            _TAGGED.format("'DROP TABLE', 'ALTER TABLE'"),
            _TAGGED.format("'ALTER TABLE', 'DROP TABLE'"),
            True,
        ),
        ("EVENT TRIGGER", _TAGGED.format("'DROP TABLE'"), _TAGGED.format("'ALTER TABLE'"), False),
        ("SUBSCRIPTION", _SUBSCRIBED.format("p, q"), _SUBSCRIBED.format("q, p"), True),
        ("SUBSCRIPTION", _SUBSCRIBED.format("p, q"), _SUBSCRIBED.format("q"), False),
    ],
)
def test_names_in_another_order(kind: str, one: str, other: str, is_same: bool) -> None:
    assert (parts(dump(entry(kind, "x", f"{one};"))) == parts(dump(entry(kind, "x", f"{other};")))) is is_same


def test_versions_keys_and_the_order_of_entries_mean_nothing():
    one = entry("SCHEMA", "a", "CREATE SCHEMA a;", schema="-")
    other = entry("SCHEMA", "b", "CREATE SCHEMA b;", schema="-")
    assert parts(dump(one, other)) == parts(dump(other, one, version="17.6"))


def test_a_changed_access_method_holds_for_the_tables_after_it():
    first = entry("TABLE", "a", "CREATE TABLE public.a (\n);") + "SET default_table_access_method = columnar;\n\n"
    second = entry("TABLE", "b", "CREATE TABLE public.b (\n);")
    found = parts(dump(first, second))
    assert {address[2]: text for address, text in found.items() if address.aspect == "ACCESS METHOD"} == {"b": "columnar"}


def test_a_dump_that_is_not_sql_is_an_error_that_says_so():
    with pytest.raises(
        AuditError, match='the SQL parser cannot read the output of pg_dump: syntax error at or near "nonsense"'
    ):
        parts(dump(entry("TABLE", "a", "CREATE nonsense;")))


BASE = (table(), column(), index(), constraint(), sequence(), view(), trigger(), routine(), schema())


def heard(ours, theirs, *, base=BASE, unmodelled=()):
    """Our objects become others, and the dump's parts become others; what is left unexplained."""
    changed = {(o.kind, o.key): o for o in ours}
    left = snapshot(*base)
    right = replace(snapshot(*(changed.get((o.kind, o.key), o) for o in base)), unmodelled=unmodelled)
    drift = compare(expected=left, actual=right)
    before = dump(*(entry(kind, name, sql, *more) for kind, name, sql, _, *more in theirs))
    after = dump(*(entry(kind, name, sql, *more) for kind, name, _, sql, *more in theirs))
    return cross_check_with_pg_dump(drift, expected=(left, before), actual=(right, after))


COLUMN_TEXT = ("TABLE", "positions", "CREATE TABLE public.positions (\n    device_id text\n);")
COLUMN_CHANGED = (*COLUMN_TEXT, COLUMN_TEXT[2].replace(" text", " integer"))
COMMENT = ("COMMENT", "COLUMN positions.device_id", "COMMENT ON COLUMN public.positions.device_id IS 'a';", "")
OWNER = ("VIEW", "latest", "ALTER VIEW public.latest OWNER TO a;", "ALTER VIEW public.latest OWNER TO b;")
TRIGGER = ("TRIGGER", "positions touch", "ALTER TABLE public.positions DISABLE TRIGGER touch;", "")
RULE = ("RULE", "positions quiet", "CREATE RULE quiet AS ON INSERT TO public.positions DO NOTHING;", "")

EXPLAINED = [
    pytest.param(column(type="integer"), COLUMN_CHANGED, id="a type"),
    pytest.param(column(comment="b"), COMMENT, id="a comment"),
    pytest.param(view(owner="b"), OWNER, id="an owner"),
    pytest.param(trigger(enabled="disabled"), TRIGGER, id="a disabled trigger"),
]
NOT_EXPLAINED = [
    pytest.param(column(comment="b"), COLUMN_CHANGED, "COLUMN", id="a comment does not explain a type"),
    pytest.param(column(storage="plain"), COLUMN_CHANGED, "COLUMN", id="storage does not explain a type"),
    pytest.param(column(type="integer"), COMMENT, "COMMENT ON COLUMN", id="a type does not explain a comment"),
    pytest.param(table(options=("fillfactor=70",)), COLUMN_CHANGED, "COLUMN", id="a table does not explain its column"),
    pytest.param(view(definition="SELECT 2;"), OWNER, "OWNER OF RELATION", id="a definition does not explain an owner"),
    pytest.param(trigger(definition="x"), TRIGGER, "TRIGGER STATE", id="a definition does not explain that it is enabled"),
    pytest.param(column(), RULE, "RULE", id="what nobody of ours reads"),
]


@pytest.mark.parametrize(("ours", "theirs"), EXPLAINED)
def test_a_difference_explains_its_own_part(ours, theirs):
    assert heard([ours], [theirs]).agrees
    assert not heard([], [theirs]).agrees


@pytest.mark.parametrize(("ours", "theirs", "kind"), NOT_EXPLAINED)
def test_a_difference_explains_nothing_else(ours, theirs, kind):
    cross_check = heard([ours], [theirs])
    assert [one.kind for one in cross_check.unexplained] == [kind]


def test_what_is_not_modelled_is_reported_elsewhere():
    assert heard([], [RULE], unmodelled=(Unmodelled(kind="rule", identity="quiet on public.positions"),)).agrees
    assert not heard([], [COLUMN_CHANGED], unmodelled=(Unmodelled(kind="rule", identity="x"),)).agrees


def test_a_setting_of_timescaledb_is_beyond_a_dump():
    cross_check = heard([dimension(chunk_interval="7 days")], [], base=(table(), dimension()))
    assert cross_check.agrees
    assert cross_check.beyond == (("dimension", "public.positions.ts"),)


def test_one_more_column_in_the_middle_does_not_change_the_order():
    before = ("TABLE", "t", "CREATE TABLE public.t (\n    a integer,\n    b integer\n);")
    after = "CREATE TABLE public.t (\n    a integer,\n    c integer,\n    b integer\n);"
    assert [one.kind for one in heard([], [(*before, after)]).unexplained] == ["COLUMN"]
    swapped = "CREATE TABLE public.t (\n    b integer,\n    a integer\n);"
    assert [one.kind for one in heard([], [(*before, swapped)]).unexplained] == ["COLUMN ORDER"]


def test_an_unexplained_difference_is_reported_in_one_short_line():
    (one,) = heard(
        [], [("RULE", "t r", "CREATE RULE r AS ON INSERT TO public.t DO INSTEAD SELECT\n '" + "x" * 900 + "';", "")]
    ).unexplained
    assert one.name == "public.t r"
    assert len(str(one)) < 400
    assert str(one).endswith("→ nothing")
