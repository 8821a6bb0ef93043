r"""psql's variables: what \set gives them, what becomes of :name, what \if skips, and at which lines all of it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_audit.model.errors import SourceError
from migration_audit.model.sql import SqlSource
from migration_audit.sources import find_destructions, load_globs, load_source


def source(folder: Path, text: str, variables: dict[str, str] | None = None, **others: str) -> SqlSource:
    for name, content in {"a": text, **others}.items():
        (folder / f"{name}.sql").write_bytes(content.encode())
    return load_globs("x", folder, ["a.sql"], shown_from=folder, variables=variables or {})


def texts(folder: Path, text: str, variables: dict[str, str] | None = None, **others: str) -> list[str]:
    return [" ".join(s.text.split()) for s in source(folder, text, variables, **others).statements]


SET = {
    "one word": (r"\set v app", "app"),
    "nothing": (r"\set v", ""),
    "several arguments": (r"""\set v a 'b c'  "d e" f""", 'ab c"d e"f'),
    "no comment": (r"\set v 5 -- five", "5--five"),
    "semicolon": (r"\set v 5;", "5;"),
    "doubled quote": (r"\set v 'it''s'", "it's"),
    "escapes": (r"\set v '\a\t\x41\101\'\\n'", "a\tAA'\\n"),
    "quotes within": (r"\set v a'b'c", "abc"),
    "another variable": ("\\set w 1\n\\set v x:w'y':w", "x1y1"),
    "quoted variables": ("\\set w 'it''s'\n\\set v :'w' :\"w\"", "'it''s'\"it's\""),
    "a variable in quotes": ("\\set w 1\n\\set v ':w'", ":w"),
    "a test": ("\\set w 1\n\\set v :{?w}", "TRUE"),
    "a time of day": (r"\set v 12:30", "12:30"),
    "a cast": (r"\set v now()::date", "now()::date"),
    "a switch": ("\\set ON_ERROR_STOP\n\\set v :ON_ERROR_STOP", "on"),
    "a second command": (r"\set w 2 \set v :w", "2"),
    "windows line ends": ("\\set v app\r", "app"),
    "a name of digits": ("\\set 1 x\n\\set v :1", "x"),
    "a name that is not ASCII": ("\\set größe x\n\\set v :größe", "x"),
    "the last one counts": ("\\set v 1\n\\set v 2", "2"),
    "64 KiB": (rf"\set v '{'x' * 65536}'", "x" * 65536),
}


@pytest.mark.parametrize(("commands", "value"), SET.values(), ids=SET)
def test_set(tmp_path: Path, commands: str, value: str) -> None:
    statement = source(tmp_path, f"{commands}\nselect :'v';").statements[0].text
    quoted = value.replace("'", "''")
    assert statement == f"select '{quoted}'" if "\\" not in value else f"select  E'{quoted}'".replace("\\", "\\\\")


USES = {
    "as it is": ("create schema :s", "create schema app"),
    "as a string": ("select :'s', :'q'", "select 'app', 'it''s'"),
    "with a backslash": ("select :'b'", r"select E'c:\\x'"),
    "as a name": ('create schema :"s"; select :"d"', 'create schema "app"; select "a""b"'),
    "as a test": ("select :{?s}", "select TRUE"),
    "joined": ("select * from :s.t:s", "select * from app.tapp"),
    "within a value": ("select :n", "select app + 1"),
    "statements": (":two; select 3", "select 1; select 2; select 3"),
    "a value with colons": ("select :c", "select a::int"),
    "an opening quote": ("select :o c'", "select 'a; c'"),
    "a cast": ("select 1::s, 2 ::s", "select 1::s, 2 ::s"),
    "an assignment": ("call f(s:=1)", "call f(s:=1)"),
    "strings": ("select ':s', E':s', $$:s$$, $t$ :s $t$, u&':s'", "select ':s', E':s', $$:s$$, $t$ :s $t$, u&':s'"),
    "a quoted name": ('select "a:s"', 'select "a:s"'),
    "comments": ("select 1 /* :s */ + 1 -- :s", "select 1 /* :s */ + 1"),
    "a slice": ("select a[1:two_not], b[:n_not]", "select a[1:two_not], b[:n_not]"),
    "a slice with a variable": ("select a[1:s]", "select a[1app]"),
    "JSON": ("select json_object('a':x), '{}'::jsonb #> '{a:s}'", "select json_object('a':x), '{}'::jsonb #> '{a:s}'"),
    "a time of day": ("select '12:30'::time", "select '12:30'::time"),
    "an escaped colon": (r"select a[1\:s]", "select a[1:s]"),
    "empty": ("select 1:e+1", "select 1+1"),
    "COPY": ("copy :s from stdin;\n:s\n\\.\nselect 1", "copy app from stdin; select 1"),
}
VALUES = r"""
\set s app
\set q 'it''s'
\set b 'c:\\x'
\set d 'a"b'
\set n ':s + 1'
\set two 'select 1; select 2'
\set c a::int
\set o '''a;'
\set e
"""


@pytest.mark.parametrize(("text", "expected"), USES.values(), ids=USES)
def test_uses(tmp_path: Path, text: str, expected: str) -> None:
    assert "; ".join(texts(tmp_path, f"{VALUES}{text};\n")) == expected


def test_copy_data_is_data(tmp_path: Path) -> None:
    assert source(tmp_path, "\\set s app\ncopy :s from stdin;\n:s\\t':s'\n\\.\n").statements[0].data == ":s\\t':s'\n"


REFUSED = {
    "unclosed quote": (r"\set v it's", "unterminated quoted string"),
    "unclosed double quote": (r'\set v "a', "unterminated quoted string"),
    "a program": (r"\set v `date`", "runs a program"),
    "a wrong name": (r"\set a-b 1", '"a-b" is not a valid variable name'),
    "no value known": (r"\set v :nope", "the variable :nope is not set here"),
    "unset without a name": (r"\unset", "it does not name a variable"),
    "a NUL": (r"\set v 'a\0b'", "the value contains a NUL"),
    "not UTF-8": (r"\set v '\xff'", "an escape makes its value invalid UTF-8"),
    "AUTOCOMMIT": (r"\set AUTOCOMMIT off", "where transactions end"),
    "AUTOCOMMIT taken away": (r"\unset AUTOCOMMIT", "where transactions end"),
    "ON_ERROR_ROLLBACK": (r"\set ON_ERROR_ROLLBACK on", "it hides failing statements"),
    "ON_ERROR_ROLLBACK without a value": (r"\set ON_ERROR_ROLLBACK", "it hides failing statements"),
    "neither on nor off": (r"\set ON_ERROR_STOP maybe", "neither on nor off"),
    "the connection": (
        "select :'DBNAME'",
        "the psql variable :'DBNAME' is not set here: its value depends on the connection",
    ),
    "a version": ("select :SERVER_VERSION_NUM", "depends on the version"),
    "a setting": (r"\set v :ECHO", "it is a psql setting, which psql's options and psqlrc change"),
    "what psql sets itself": ("\\set ROW_COUNT 5 \\\\ select :ROW_COUNT", "psql sets it after each statement"),
    "itself": ("\\set v ':v + 1' \\\\ select :v", "refers to :v again"),
    "a circle": ("\\set v ':w'  \\set w ':v' \\\\ select :v", "refers to :v again"),
    "a command in a value": (r"\set v '\\i x.sql' \\ :v", "the value of the psql variable v contains a backslash command"),
    "no variable": ("select 1 + :nope", "the psql variable :nope is not set here"),
    "elif without if": (r"\elif true", "no \\if is open here"),
    "else twice": (r"\if true \else \else", "the \\else of the \\if in line 3 precedes it"),
    "no condition": (r"\if maybe", '"maybe" is neither true nor false'),
    "no endif": (r"\if true \echo", "this \\if has no \\endif"),
    "an unknown command that is skipped": (r"\if false \frob", "psql does not know \\frob"),
    "a variable that the script asks for": (
        r"\if :{?app} \else \echo 'set app' \quit \endif",
        "psql's \\quit is refused: it ends the file early, because app is not set",
    ),
    "data of COPY that is skipped": ("\\if false \\.", "psql does not know \\."),
    "no file": (r"\ir", "it does not name a file"),
    "a file of an unknown name": (r"\ir :nope/x.sql", "the variable :nope is not set here"),
}


@pytest.mark.parametrize(("line", "what"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_names_its_line(tmp_path: Path, line: str, what: str) -> None:
    with pytest.raises(SourceError) as caught:
        source(tmp_path, f"select 1;\n\n{line}\n")
    assert caught.value.where == "a.sql:3"
    assert what in caught.value.what
    assert caught.value.todo


HARMLESS = (
    *(r"\set AUTOCOMMIT on", r"\set AUTOCOMMIT", r"\set ON_ERROR_ROLLBACK off", r"\set ON_ERROR_ROLLBACK interactive"),
    *(r"\set SINGLELINE off", r"\set ON_ERROR_STOP 1", r"\unset ON_ERROR_STOP", r"\unset a-b", r"\set", r"\set VERBOSITY"),
)


@pytest.mark.parametrize("command", HARMLESS)
def test_settings_that_change_nothing_are_accepted(tmp_path: Path, command: str) -> None:
    assert texts(tmp_path, f"{command}\nselect 1;") == ["select 1"]


def test_values_that_grow_without_end_are_refused(tmp_path: Path) -> None:
    bomb = "".join(f"\\set v{n} '{f':v{n - 1} ' * 10}'\n" for n in range(1, 20))
    with pytest.raises(SourceError, match="grow beyond") as caught:
        source(tmp_path, f"\\set v0 1\n{bomb}select :v19;")
    assert caught.value.where == "a.sql:21"


def test_variables_of_audit_toml_are_those_of_psql_v(tmp_path: Path) -> None:
    text = "create schema :\"schema\"; select :'note', :'DBNAME';\n\\set schema other\nselect :'schema'"
    assert texts(tmp_path, text, {"schema": "app", "note": "it's", "DBNAME": "x"}) == [
        'create schema "app"',
        "select 'it''s', 'x'",
        "select 'other'",
    ]


def test_variables_that_psql_would_refuse_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="where transactions end"):
        source(tmp_path, "select 1", {"AUTOCOMMIT": "off"})


def test_each_file_is_a_session_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text("\\set s app\ncreate schema :s;")
    (tmp_path / "2.sql").write_text("\ncreate table :s.t ();")
    with pytest.raises(SourceError) as caught:
        load_source("x", [tmp_path], shown_from=tmp_path)
    assert caught.value.where == "2.sql:2"


def test_included_files_share_the_variables(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/b.sql").write_text("select :'s';\n\\set s inner\n\\ir c:n.sql\n")
    (tmp_path / "parts/c1.sql").write_text("select :'s', :'n';\n\\unset n")
    text = "\\set n 1\n\\set s outer\nselect :'s';\n\\ir :dir/b.sql;\nselect :'s', :{?n};"
    found = source(tmp_path, text, {"dir": "parts"})
    assert [(s.text, str(s.at)) for s in found.statements] == [
        ("select 'outer'", "a.sql:3"),
        ("select 'outer'", "parts/b.sql:1"),
        ("select 'inner', '1'", "parts/c1.sql:1"),
        ("select 'inner', FALSE", "a.sql:5"),
    ]
    assert found.notes == ("parts/b.sql includes parts/c1.sql", "a.sql includes parts/b.sql")


def test_a_mistake_in_an_included_file_names_that_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        source(tmp_path, "\\set b 1\n\\ir b.sql", b="\\unset b\n\nselect 1 + :b;")
    assert caught.value.where == "b.sql:3"


CONDITIONS = {
    "true": ("\\if true\nselect 1;\n\\else\nselect 2;\n\\endif\nselect 3;", "select 1; select 3"),
    "false": ("\\if 0\nselect 1;\n\\else\nselect 2;\n\\endif", "select 2"),
    "elif": ("\\if off\nselect 1;\n\\elif yes\nselect 2;\n\\elif true\nselect 3;\n\\endif", "select 2"),
    "a variable": ("\\set on 'tr'\n\\if :on\nselect 1;\n\\endif", "select 1"),
    "a set variable": ("\\set s\n\\if :{?s}\nselect 1;\n\\endif", "select 1"),
    "a default": ("\\if :{?s} \\else \\set s app \\endif\nselect :'s';", "select 'app'"),
    "nested": ("\\if false\n\\if true\nselect 1;\n\\else\nselect 2;\n\\endif\n\\else\nselect 3;\n\\endif", "select 3"),
    "in the middle of a statement": ("select 1\n\\if true\n, 2\n\\else\n, 3\n\\endif\n;", "select 1 , 2"),
    "parentheses that are skipped": (
        "select f(\n\\if false\n1));\n\\else\n2)\n\\endif\n; select 3;",
        "select f( 2); select 3",
    ),
    "a quote goes on": ("\\if false\nselect '\n\\endif\n';\n\\endif\nselect 2;", "select 2"),
    "commands that are skipped": (
        "\\if false\n\\! rm x \\endif\n\\c x\n\\set AUTOCOMMIT off\n\\q\n\\endif\nselect 1;",
        "select 1",
    ),
    "unknown variables that are skipped": (
        "\\if false\nselect :a;\n\\set b :c\n\\elif false\n\\endif\nselect 1;",
        "select 1",
    ),
    "what follows endif": ("\\if true\nselect 1;\n\\endif -- the end; select 5;\nselect 2;", "select 1; select 2"),
}


@pytest.mark.parametrize(("text", "expected"), CONDITIONS.values(), ids=CONDITIONS)
def test_conditions(tmp_path: Path, text: str, expected: str) -> None:
    assert "; ".join(texts(tmp_path, text)) == expected


SKIPS = r"""select 1;
\if false
-- here

select 2;
\elif :{?x}
select 3;
\else
select 4;
\endif
\if 1
\else
select 5;
\endif
"""


def test_what_is_skipped_is_reported(tmp_path: Path) -> None:
    found = source(tmp_path, SKIPS)
    assert [(str(each), each.by_rule) for each in found.not_applied] == [
        ("a.sql:5: \\if false is false", True),
        ("a.sql:7: \\elif :{?x} is false", False),
        ("a.sql:13: another branch of the \\if in line 11 runs", True),
    ]
    (note,) = found.notes
    assert note.startswith("a.sql:6: :{?x} is false, because nothing sets x")
    assert source(tmp_path, SKIPS, {"x": "1"}).notes == ()


CHANCE = {
    "a default": ("\\if :{?x} \\else \\set x off \\endif\n\\if :x\nselect 2;\n\\endif", False),
    "another variable": ("\\if :{?x} \\else \\set y off \\endif\n\\if :y\nselect 2;\n\\endif", False),
    "by way of a third": ("\\set x :{?y}\n\\set z :x \\if :z\nselect 2;\n\\endif", False),
    "in an included file": ("\\if :{?x} \\else \\ir b.sql \\endif\n\\if :y\nselect 2;\n\\endif", False),
    "the branch that is not taken": ("\\if :{?x} \\else \\set y on \\endif\n\\if :y \\else\nselect 2;\n\\endif", False),
    "set anew": ("\\if :{?x} \\else \\set y on \\endif\n\\set y off \\if :y\nselect 2;\n\\endif", True),
    "a later branch": ("\\if :{?x} \\elif true \\else\nselect 2;\n\\endif", True),
    "nothing assumed": ("\\set y off\n\\if :y\nselect 2;\n\\endif", True),
}


@pytest.mark.parametrize(("text", "by_rule"), CHANCE.values(), ids=CHANCE)
def test_what_psql_v_could_change_is_for_a_person(tmp_path: Path, text: str, by_rule: bool) -> None:
    found = source(tmp_path, f"select 1;\n{text}\n", b="\\set y off\n")
    assert [each.by_rule for each in found.not_applied] == [by_rule]
    assert bool(found.notes) is (text.find("{?") >= 0)


LINES = {
    "a value of several lines": ("\\set v 'a\\nb\\nc'\nselect :'v';\nselect 2;", [2, 3]),
    "a value that is read again": ("\\set v '1 +\\n 2'\nselect :v;\nselect\n:v;\nselect 3;", [2, 3, 5]),
    "statements in a value": ("\\set v 'select 1;\\nselect 2;\\n'\n\n:v select 3;\nselect 4;", [3, 3, 3, 4]),
    "a quote that a value opens": ("\\set v '''\\n\\n'\nselect :v\n'; select 2;\nselect 3;", [2, 3, 4]),
    "what is skipped": ("\\if false\n\n\n\\endif\nselect 1;", [5]),
    "windows line ends": ("\\set v 'x'\r\nselect :'v';\r\n\r\nselect 2;\r\n", [2, 4]),
}


@pytest.mark.parametrize(("text", "lines"), LINES.values(), ids=LINES)
def test_lines_are_those_of_the_file(tmp_path: Path, text: str, lines: list[int]) -> None:
    assert [statement.at.line for statement in source(tmp_path, text).statements] == lines


INNER = {
    "a DO block behind them": (
        "\\set v '1;\\n\\n'\n\ncreate table t as select\n:'v';do $$\nbegin drop table x;\nend $$;",
        5,
    ),
    "a routine's body": (
        "\\set b 'begin\\n\\ndrop table x; end'\n\ncreate function f() returns void as :'b'\nlanguage plpgsql",
        3,
    ),
    "in the same statement": ("\\set v 'a\\n\\nb'\n\nalter table x add b text default :'v',\ndrop a;", 3),
}


@pytest.mark.parametrize(("text", "line"), INNER.values(), ids=INNER)
def test_lines_within_a_statement_are_those_of_the_file(tmp_path: Path, text: str, line: int) -> None:
    assert [each.at.line for each in find_destructions(source(tmp_path, text))] == [line]
