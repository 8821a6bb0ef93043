"""Where statements start and end, at which lines, and that none of a file's text is lost."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from random import Random

import postgast
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration_audit.formats.lexer import TokenKind, tokens
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import Statement, StatementKind
from migration_audit.sources.feed import Feed
from migration_audit.sources.interpreter import Interpreter
from migration_audit.sources.reader import read_script
from migration_audit.sources.statements import SqlScript, StatementSpan, build_statements, find_pieces
from migration_audit.sources.variables import Variables


def no_files(*_: object) -> None:
    raise AssertionError("nothing is included here")


def split(text: str) -> list[Statement]:
    script = read_script(text.encode(), Interpreter("x.sql", Variables(), no_files))
    return [statement for _, statement in build_statements(script, "x.sql")]


def texts(text: str) -> list[str]:
    return [statement.text for statement in split(text)]


def by_psql_rule(script: SqlScript) -> list[StatementSpan]:
    """The pieces as they are where the parser cannot be asked."""
    script.conforming = False
    return find_pieces(script)[0]


SPLITS = {
    "nothing": (" \n-- only\n/* comments */ ;;", []),
    "no last semicolon": ("select 1; select 2", ["select 1", "select 2"]),
    "empty statements": (";; select 1 ;;; select 2;;", ["select 1", "select 2"]),
    "comments around": ("/* a */ -- b\nselect /* c; */ 1 -- d;\n;", ["select /* c; */ 1"]),
    "nested comment": ("/* a /* b; */ ; */ select 1;", ["select 1"]),
    "string": ("select 'a;b', 'it''s;'; select 2", ["select 'a;b', 'it''s;'", "select 2"]),
    "escape string": (r"select E'a\';b'; select 2", [r"select E'a\';b'", "select 2"]),
    "continued escape string": ("select E'a'\n'b\\';c'; select 2", ["select E'a'\n'b\\';c'", "select 2"]),
    "backslash in a plain string": (r"select 'a\'; select 2", [r"select 'a\'", "select 2"]),
    "dollar quotes": ("do $a$ ; $b$ ; $$ ; $a$; select 2", ["do $a$ ; $b$ ; $$ ; $a$", "select 2"]),
    "dollar in a name": ("select a$b$c; select d$b$e", ["select a$b$c", "select d$b$e"]),
    "quoted name": ('select "a;""b"; select 2', ['select "a;""b"', "select 2"]),
    "rule with two commands": (
        "create rule r as on insert to t do (delete from u; select 1); select 2",
        ["create rule r as on insert to t do (delete from u; select 1)", "select 2"],
    ),
    "atomic body": (
        "create function f() returns int begin atomic select case when true then 1 end; select 2; end; select 3",
        ["create function f() returns int begin atomic select case when true then 1 end; select 2; end", "select 3"],
    ),
    "atomic body with a column named end": (
        'create function f() returns int begin atomic select t."end" from t; select t.end from t; end; select 3',
        ['create function f() returns int begin atomic select t."end" from t; select t.end from t; end', "select 3"],
    ),
    "a refused statement hides no other": (
        "selec 1; create procedure p() begin atomic select 1; select 2; end; select 'a;b'",
        ["selec 1", "create procedure p() begin atomic select 1; select 2; end", "select 'a;b'"],
    ),
    "syntax of nobody's": ("CREATE HYPER TABLE x (a); select 2", ["CREATE HYPER TABLE x (a)", "select 2"]),
    "unclosed string": ("select 1; select 'a; select 2;\n", ["select 1", "select 'a; select 2;\n"]),
    "unclosed comment": ("select 1; /* a; select 2;", ["select 1", "/* a; select 2;"]),
    "unclosed parenthesis": ("create table t (a int; select 2;\n", ["create table t (a int; select 2;"]),
    "unclosed dollar": ("do $$ begin; select 2;", ["do $$ begin; select 2;"]),
    "standard strings off": (
        "set standard_conforming_strings = off; select 'a\\';b'; reset all; select 'c\\'; select 4",
        ["set standard_conforming_strings = off", "select 'a\\';b'", "reset all", "select 'c\\'", "select 4"],
    ),
    "casts and slices": ("select a::int, b[1:2], c[:n], f(x := 1); select 2", None),
    "colons of JSON_OBJECT": ("select json_object('a':b, 'c' : 'd'); select 2", None),
    "deep": (f"select {'(' * 3000}1{')' * 3000}; select {'||'.join('a' * 3000)}; select 3", None),
    "deeper than the parser goes": (f"select {'(' * 30000}1{')' * 30000}; select 2; select 3", None),
    "multibyte": ("select 'ä€𝄞;' as \"ö\"; select ünïcode", ["select 'ä€𝄞;' as \"ö\"", "select ünïcode"]),
}


CUTS = {
    "after each": ("select 1;\nselect 2;\n", [9, 19], ["select 1", "select 2"]),
    "no last semicolon, no last newline": ("select 1;\nselect 2", [9, 18], ["select 1", "select 2"]),
    "no last semicolon": ("select 1;\nselect 2\n", [9, 19], ["select 1", "select 2"]),
    "no semicolon at all": ("select 1", [8], ["select 1"]),
    "a comment at the end": ("select 1 -- x", [13], ["select 1"]),
}


@pytest.mark.parametrize(("text", "cuts", "expected"), CUTS.values(), ids=CUTS)
def test_a_runner_may_cut_where_a_statement_ends(text: str, cuts: list[int], expected: list[str]) -> None:
    script = read_script(text.encode(), Interpreter("x.sql", Variables(), no_files))
    found = build_statements(script, "x.sql", cuts=cuts, runner="Flyway")
    assert [statement.text for _, statement in found] == expected


@pytest.mark.parametrize(("text", "cut"), [("select\n1", 7), ("do $$ begin;\nend $$;", 12), ("select\n1;", 7)])
def test_a_cut_within_a_statement_is_refused_with_its_line(text: str, cut: int) -> None:
    script = read_script(text.encode(), Interpreter("x.sql", Variables(), no_files))
    with pytest.raises(SourceError, match=r"Flyway ends a statement here.* begins at line 1") as refused:
        list(build_statements(script, "x.sql", cuts=[cut], runner="Flyway"))
    assert refused.value.where == "x.sql:1"


@pytest.mark.parametrize(("text", "expected"), SPLITS.values(), ids=SPLITS)
def test_statements(text: str, expected: list[str] | None) -> None:
    found = texts(text)
    assert found == (expected if expected is not None else text.split("; "))


def test_lines_are_those_of_the_first_token() -> None:
    text = "-- one\n\nselect 1; /* two\nthree */ select 2;select\n3\n;\n\n  \n-- x\n  do $$\n;\n$$;select 4"
    assert [statement.at.line for statement in split(text)] == [3, 4, 4, 10, 12]
    assert [statement.at.line for statement in split(text.replace("\n", "\r\n"))] == [3, 4, 4, 10, 12]


def test_a_body_keeps_its_line_ends() -> None:
    assert texts("do $$\r\nbegin\r\nend $$;\r\n") == ["do $$\r\nbegin\r\nend $$"]


TRANSACTIONS = (
    *("begin", "BEGIN ISOLATION LEVEL SERIALIZABLE", "start transaction", "commit", "commit and chain", "end", "abort"),
    *("rollback", "rollback to savepoint a", "savepoint a", "release a", "prepare transaction 'x'", "commit prepared 'x'"),
)
NO_TRANSACTIONS = ("prepare p as select 1", "select 'begin'", "do $$ begin end $$", "commits", "endpoint()", "start_x()")


@pytest.mark.parametrize("text", TRANSACTIONS)
def test_transaction_commands(text: str) -> None:
    assert [statement.kind for statement in split(text)] == [StatementKind.TRANSACTION]


@pytest.mark.parametrize("text", NO_TRANSACTIONS)
def test_other_statements(text: str) -> None:
    assert [statement.kind for statement in split(text)] == [StatementKind.SQL]


COPIES = {
    "plain": ("copy t from stdin;\n1\t;'\n2\t\\N\n\\.\nselect 1;", ["1\t;'\n2\t\\N\n"], 5),
    "in capitals with options": ('COPY t (a) FROM STDIN WITH (FORMAT csv);\n"a\n\\.\nselect 1', ['"a\n'], 4),
    "windows line ends": ("copy t from stdin;\r\n1\r\n\\.\r\nselect 1;", ["1\r\n"], 4),
    "no rows": ("copy t from stdin;\n\\.\nselect 1;", [""], 3),
    "in data a backslash is data": ("copy t from stdin;\na\\.\n\\.b\n\\.\nselect 1;", ["a\\.\n\\.b\n"], 5),
    "the rest of its line follows": ("copy t from stdin; select 1;\n1\n\\.\n", ["1\n"], 1),
    "two on one line": ("copy t from stdin; copy u from stdin;\n1\n\\.\n2\n\\.\nselect 1", ["1\n", "2\n"], 6),
    "beside a mistake": ("selec;\ncopy t from stdin;\n1;2\n\\.\nselect 1", ["1;2\n"], 5),
    "the data ends the file": ("select 1;\ncopy t from stdin;\n1\n\\.", ["1\n"], 1),
}


@pytest.mark.parametrize(("text", "data", "line"), COPIES.values(), ids=COPIES)
def test_copy_takes_its_data(text: str, data: list[str], line: int) -> None:
    found = split(text)
    assert [statement.data for statement in found if statement.kind is StatementKind.COPY] == data
    assert next(statement.at.line for statement in found if statement.text == "select 1") == line


@pytest.mark.parametrize("text", ["copy t to stdout", "copy t from '/x'", "copy (select 1 from stdin) to stdout"])
def test_other_copies_take_nothing(text: str) -> None:
    assert [s.kind for s in split(f"{text};\nselect 1;")] == [StatementKind.SQL, StatementKind.SQL]


def test_data_without_an_end_is_refused() -> None:
    with pytest.raises(SourceError, match="is not terminated") as caught:
        split("select 1;\ncopy t from stdin;\n1\n")
    assert caught.value.where == "x.sql:2"


VARIABLES = {
    "bare": ("select 1;\nselect * from :schema.t", ":schema"),
    "as a string": ("select 1;\nselect :'name'", ":'name'"),
    "as a name": ('\ncreate table :"name" (a int)', ':"name"'),
    "as a test": ("\nselect :{?name}", ":{?name}"),
    "after a cast": ("\nselect a::text, :b", ":b"),
    "set below": ("\nselect 1 + :n;\n\\set n 5", ":n"),
    "unset": ("\\set n 5 \\unset n\nselect 1 + :n", ":n"),
}


@pytest.mark.parametrize(("text", "name"), VARIABLES.values(), ids=VARIABLES)
def test_psql_variables_are_refused(text: str, name: str) -> None:
    with pytest.raises(SourceError) as caught:
        split(text)
    assert caught.value.where == "x.sql:2"
    assert f"the psql variable {name} is not set here" in caught.value.what


@pytest.mark.parametrize("text", ["selec ':a', $$:a$$, \"b:c\" -- :d\n/* :e */", "selec a[b:c]", "selec a::b"])
def test_other_colons_are_left_alone_even_next_to_a_mistake(text: str) -> None:
    assert len(split(text)) == 1


FRAGMENTS = (
    *(
        "select ",
        "'a;b'",
        r"E'x\';y'",
        "'it''s'",
        "$$ ; $$",
        "$q$ $$ ; $q$",
        ";",
        "\n",
        " ",
        "-- c;'\n",
        "/* ; /* ; */ ' */",
    ),
    *("(", ")", "[", "]", '"q;""x"', "create function f() ", "begin atomic ", "end ", "case ", "a$b$c ", "::int ", "[1:2]"),
    *(
        "'a'\n'b'",
        "U&'\\0041;'",
        "/",
        "*",
        "-",
        ",",
        "é ",
        "create table t ()",
        "copy t from x",
        "/*",
        "'",
        "$$",
        "\r\n",
        "E'\n",
    ),
)
scripts = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join)


def covered(script: SqlScript, pieces: list[StatementSpan]) -> None:
    """Every token that is no comment stands in exactly one statement, or is a semicolon between them."""
    assert all(a.end <= b.start for a, b in itertools.pairwise(pieces))
    inside = bytearray(len(script.text) + 1)
    for piece in pieces:
        inside[piece.start : piece.end] = b"x" * (piece.end - piece.start)
    for token in tokens(script.text):
        is_between = token.kind is TokenKind.SEMICOLON and not inside[token.start]
        assert is_between or all(inside[token.start : token.end]), token


@given(scripts)
@settings(max_examples=200, deadline=None)
def test_no_token_is_lost(text: str) -> None:
    script = read_script(text.encode())
    covered(script, find_pieces(script)[0])
    covered(script, by_psql_rule(script))


@given(scripts)
@settings(max_examples=200, deadline=None)
def test_what_counts_as_a_comment_is_what_postgres_says(text: str) -> None:
    try:
        theirs = postgast.scan(text).tokens
    except postgast.PgQueryError:
        return  # an unclosed quote: there the server only says no
    data = text.encode()
    solid = [(t.start, t.end) for t in theirs if not data[t.start : t.end].startswith((b"--", b"/*"))]
    ours = [(token.start, token.end) for token in tokens(data)]
    # A string that goes on in the next line is one token there and may be two here, and the other way with numbers.
    assert all(any(start <= position < end for start, end in ours) for position, _ in solid)
    assert all(any(start <= position < end for start, end in solid) for position, _ in ours)


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_read(text: str) -> None:
    script = read_script(text.replace("\0", "").encode("utf-8", "ignore"))
    covered(script, find_pieces(script)[0])


statements = st.sampled_from(
    [
        "select 1",
        "select 'a;b' as \"x;y\"",
        r"select E'\';', 'c:\'",
        "do $$ begin perform 1; end $$",
        "create function f() returns int language sql begin atomic select case 1 when 1 then 2 end; end",
        "create rule r as on insert to t do also (delete from u; delete from v)",
        "create table t (a int /* ; */, b text)",
        "begin",
        "insert into t values (':x', $a$;$a$)",
    ]
)
separators = st.sampled_from([";", ";\n", " ; -- c;\n", "\n;\n/* ; */\n", ";;"])


@given(st.lists(st.tuples(statements, separators), min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_parser_and_psql_rule_agree_on_valid_sql(parts: list[tuple[str, str]]) -> None:
    text = "".join(statement + separator for statement, separator in parts)
    script = read_script(text.encode())
    pieces, is_valid = find_pieces(script)
    assert is_valid
    assert [text.encode()[p.start : p.end].decode() for p in pieces] == [statement for statement, _ in parts]
    assert by_psql_rule(script) == pieces


INSTALLED = sorted(Path("/usr/share/postgresql").glob("*/**/*.sql"))[:60]


@pytest.mark.parametrize("path", INSTALLED, ids=lambda path: path.name)
def test_sql_that_others_wrote(path: Path) -> None:
    script = read_script(re.sub(rb"^\\.*$", b"", path.read_bytes(), flags=re.MULTILINE))
    pieces, is_valid = find_pieces(script)
    covered(script, pieces)
    if is_valid:
        assert by_psql_rule(script) == pieces


SOUP = (
    *(
        "create ",
        "table ",
        "function ",
        "begin atomic ",
        "end ",
        "case ",
        "copy t ",
        "from ",
        "stdin",
        " a",
        "b1",
        '"q q"',
        '"q""r"',
    ),
    *(
        "'s'",
        "'it''s'",
        "E'\\''",
        "e'a\\'b'",
        "U&'x'",
        "n'x'",
        "'open",
        '"open',
        "$$",
        "$tag$ ; $tag$",
        "$1",
        "$",
        "--c ; x\n",
    ),
    *(
        "-",
        "--",
        "/",
        "/*",
        "*/",
        "/* ; */",
        ":v",
        ":'v'",
        ":",
        ":=",
        "::int",
        "\\",
        "\\set v 1\n",
        "\\if 1\n",
        "\\endif\n",
        "\\\\",
    ),
    *(
        "(",
        ")",
        "[",
        "]",
        ";",
        "\n",
        " ",
        "1.5",
        "1e5",
        "||",
        "\\.\n",
        "set standard_conforming_strings = off;",
        "é",
        "{",
        "?",
        "@",
    ),
)


def read(text: str, psql: Interpreter | None) -> object:
    try:
        script = read_script(text.encode(), psql)
    except SourceError as error:
        return str(error)
    return [bytes(script.text), *(getattr(script, name) for name in script.__slots__ if name != "text")]


def test_what_is_passed_over_at_once_ends_no_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words, quotes and parentheses in a row are one token for the reader; one by one they give the same script."""
    random = Random(7)
    made = ["".join(random.choices(SOUP, k=random.randint(1, 40))) for _ in range(600)]
    made += [f"create table a b c {text}" for text in made]

    def all_of_them() -> list[object]:
        psql = [Interpreter("x.sql", Variables(), lambda *_: None) for _ in made]
        return [read(text, how) for text, each in zip(made, psql, strict=True) for how in (None, each)]

    at_once = all_of_them()
    monkeypatch.setattr(Feed, "next_solid", lambda _: None)
    assert at_once == all_of_them()
