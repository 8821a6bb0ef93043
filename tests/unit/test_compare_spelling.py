"""One spelling for what PostgreSQL prints in more than one way, and nothing else touched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fix_model import column, constraint, routine, snapshot, table
from migration_audit.compare import compare
from migration_audit.compare.spelling import one_spelling, one_spelling_of_routine

SAME = {
    "IN on varchar, and its dump": (
        "CHECK (((k)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))",
        "CHECK (((k)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])))",
    ),
    "IN on varchar, and = ANY": (
        "((k)::text <> ALL ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
        "((k)::text <> ALL (ARRAY['a'::text, 'b'::text]))",
    ),
    "an array of arrays with a length": (
        "x = (ARRAY[ARRAY['a'::character varying], ARRAY[z]])::character varying(5)[]",
        "x = ARRAY[ARRAY['a'::character varying(5)], ARRAY[(z)::character varying(5)]]",
    ),
    "elements with brackets and commas of their own": (
        "(ARRAY[f(a, b), (c + 1), '],'::character varying])::public.\"Odd\"[]",
        'ARRAY[(f(a, b))::public."Odd", ((c + 1))::public."Odd", (\'],\'::character varying)::public."Odd"]',
    ),
    "a cast in the middle": ("('x'::character varying)::text AS k, a", "'x'::text AS k, a"),
    "columns named by their cast": (
        "UNION SELECT 'b'::text, NULL::time(3) with time zone, 1::integer, '{}'::text[]",
        "UNION SELECT 'b'::text AS text, NULL::time(3) with time zone AS timetz, 1::integer AS int4, '{}'::text[] AS text",
    ),
    "a type of another schema": ("SELECT x::app.mood AS mood", "SELECT x::app.mood"),
    "AND in AND": ("((((a) AND (b)) AND (c)) AND (d))", "((a) AND (b) AND (c) AND (d))"),
    "OR in OR": ("(((a = 1) OR (b = 1)) OR (c = 1))", "((a = 1) OR (b = 1) OR (c = 1))"),
    "the time of the transaction": ("f(CURRENT_TIMESTAMP, 1)", "f(now(), 1)"),
    "an empty array": ("ARRAY[]::text[]", "'{}'::text[]"),
    "options in another order": ("WITH (fillfactor='50', fastupdate=off)", "WITH (fastupdate=FALSE, fillfactor=50)"),
    "options of a column": (
        "SET (n_distinct=-0.50, n_distinct_inherited=9)",
        "SET (n_distinct_inherited=9, n_distinct='-0.5')",
    ),
    "columns of a trigger": ("UPDATE OF b, a OR INSERT ON t", "UPDATE OF a, b OR INSERT ON t"),
    "columns that are set": ("ON DELETE SET NULL (b, a)", "ON DELETE SET NULL (a, b)"),
}
OTHER = {
    "another element": ("(ARRAY['a'::character varying])::text[]", "ARRAY['b'::text]"),
    "another type": ("(ARRAY['a'::character varying])::text[]", "(ARRAY['a'::character varying])::name[]"),
    "a length that cuts": ("('abc'::character varying(2))::text", "'abc'::text"),
    "bpchar": ("('a'::bpchar)::text", "'a'::text"),
    "an array of texts": ("('x'::character varying)::text[]", "'x'::text[]"),
    "another name": ("SELECT 'x'::text AS kind", "SELECT 'x'::text"),
    "OR in AND": ("((a OR b) AND c)", "(a OR b AND c)"),
    "AND in OR": ("((a AND b) OR c)", "(a AND b OR c)"),
    "a time without its fraction": ("CURRENT_TIMESTAMP(3)", "now()"),
    "an array of another type": ("ARRAY[]::text[]", "'{}'::integer[]"),
    "another option": ("WITH (fillfactor='50')", "WITH (fillfactor='51')"),
    "an option that is no switch": ("WITH (buffering=on)", "WITH (buffering=true)"),
    "the remainder of a partition": ("WITH (modulus 4, remainder 1)", "WITH (remainder 1, modulus 4)"),
    "the columns of a key": ("FOREIGN KEY (a, b) REFERENCES t(a, b)", "FOREIGN KEY (b, a) REFERENCES t(a, b)"),
    "a query's lock": ("FOR UPDATE OF a, b", "FOR UPDATE OF b, a"),
    "quoted code": ("'((a AND b) AND c)'::text", "'(a AND b AND c)'::text"),
    "a quoted name": ('"((a AND b) AND c)"::text', '"(a AND b AND c)"::text'),
}
UNTOUCHED = [
    "E'a\\\\''(ARRAY['::text",
    "'(ARRAY[a])::text[]'::text = ARRAY[\"(ARRAY[a])::text[]\"]",
    'a[1:2] = ARRAY[(b)::text COLLATE "C"]',
    "row_number() OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
    "broken ( [ ARRAY[ '",
    "",
]


@pytest.mark.parametrize(("left", "right"), SAME.values(), ids=SAME)
def test_spellings_of_the_same(left: str, right: str) -> None:
    assert one_spelling(left) == one_spelling(right)
    assert one_spelling(one_spelling(left)) == one_spelling(left)


@pytest.mark.parametrize(("left", "right"), OTHER.values(), ids=OTHER)
def test_what_is_not_the_same_stays_different(left: str, right: str) -> None:
    assert one_spelling(left) != one_spelling(right)


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_needs_no_rewriting_comes_back_byte_for_byte(text: str) -> None:
    assert one_spelling(text) == text


def test_the_text_of_a_routine_is_its_authors() -> None:
    head = (
        "CREATE OR REPLACE FUNCTION public.f(a text DEFAULT ('x'::character varying)::text)\n RETURNS text\n LANGUAGE sql\n"
    )
    body = "AS $function$select ('x'::character varying)::text$function$\n"
    assert one_spelling_of_routine(head + body) == head.replace("('x'::character varying)::text", "'x'::text") + body
    standard = head + "RETURN ('x'::character varying)::text\n"
    assert one_spelling_of_routine(standard).endswith("RETURN 'x'::text\n")


def test_another_spelling_is_no_difference_and_a_real_one_is_shown_as_the_server_prints_it() -> None:
    left = "CHECK (((k)::text = ANY ((ARRAY['a'::character varying])::text[])))"
    sides = [snapshot(constraint(definition=d)) for d in (left, "CHECK (((k)::text = ANY (ARRAY['a'::text])))", "CHECK (k)")]
    assert compare(expected=sides[0], actual=sides[1]).equal
    (found,) = compare(expected=sides[0], actual=sides[2]).differences
    assert [(f.expected, f.actual) for f in found.fields] == [(left, "CHECK (k)")]


@pytest.mark.parametrize(
    ("type_", "left", "right", "is_same"),
    [
        ("bigint", "'0'::bigint", "0", True),
        ("numeric(10,2)", "'-1.5'::numeric", "(-1.5)", True),
        ("numeric(10,2)", "'0.0'::numeric", "0", False),
        ("text", "'0'::bigint", "0", False),
        ("double precision", "'0.12345678901234567'::double precision", "0.12345678901234567", False),
    ],
)
def test_numbers_as_defaults(type_: str, left: str, right: str, is_same: bool) -> None:
    sides = [snapshot(table(), column("ts", type=type_, default=default)) for default in (left, right)]
    assert compare(expected=sides[0], actual=sides[1]).equal is is_same


@pytest.mark.parametrize(
    ("left", "right", "is_same"),
    [
        (("autovacuum_enabled=off", "fillfactor=50"), ("autovacuum_enabled=false", "fillfactor=50"), True),
        (("toast.vacuum_truncate=TRUE",), ("toast.vacuum_truncate=1",), True),
        (("autovacuum_vacuum_scale_factor=0.10",), ("autovacuum_vacuum_scale_factor=0.1",), True),
        (("table_name=on",), ("table_name=true",), False),
        (("autovacuum_enabled=off",), ("autovacuum_enabled=on",), False),
    ],
)
def test_options(left: tuple[str, ...], right: tuple[str, ...], is_same: bool) -> None:
    sides = [snapshot(table(options=options)) for options in (left, right)]
    assert compare(expected=sides[0], actual=sides[1]).equal is is_same


def test_the_settings_of_a_routine_have_no_order() -> None:
    texts = ["CREATE FUNCTION f()\n LANGUAGE sql\n{}{}AS $$x$$\n".format(*lines) for lines in (_LINES, _LINES[::-1])]
    assert one_spelling_of_routine(texts[0]) == one_spelling_of_routine(texts[1])


_LINES = [" SET search_path TO 'public'\n", " SET work_mem TO '4MB'\n"]


def test_a_routine_with_another_body_differs() -> None:
    bodies = ["AS $$select ('x'::character varying)::text$$", "AS $$select 'x'::text$$"]
    sides = [snapshot(routine(definition=f"CREATE FUNCTION f()\n{body}")) for body in bodies]
    assert not compare(expected=sides[0], actual=sides[1]).equal


@pytest.mark.parametrize(
    ("inherits", "type_", "default", "is_same"),
    [
        (("public.base",), "character varying(3)", "NULL::character varying", True),
        ((), "character varying(3)", "NULL::character varying", False),
        (("public.base",), "public.code", "NULL::character varying", False),
        (("public.base",), "character varying(3)", "'x'::character varying", False),
    ],
    ids=["a dump's default of a child", "a default of a table", "a domain has another default", "a value"],
)
def test_no_default_and_null(inherits: tuple[str, ...], type_: str, default: str, is_same: bool) -> None:
    tables = table(inherits=inherits)
    left, right = (snapshot(tables, replace(column("ts", type=type_), default=d)) for d in (None, default))
    assert compare(expected=left, actual=right).equal is is_same
    assert compare(expected=right, actual=left).equal is is_same


@pytest.mark.parametrize(
    ("is_local", "bound", "is_same"), [(False, None, True), (True, None, False), (False, "FOR VALUES IN (1)", False)]
)
def test_the_place_of_an_inherited_column(is_local: bool, bound: str | None, is_same: bool) -> None:
    columns = [column("ts"), column("device_id"), column("late", is_local=is_local)]
    orders = [("ts", "device_id", "late"), ("late", "ts", "device_id")]
    left, right = (
        snapshot(table(inherits=("public.base",), partition_bound=bound, column_order=order), *columns) for order in orders
    )
    assert compare(expected=left, actual=right).equal is is_same
