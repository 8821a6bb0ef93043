"""What Liquibase applies of formatted SQL changelogs, and what its ledger says; tests/runners holds it against Liquibase."""

from __future__ import annotations

import pytest

from fix_formats import tree
from migration_audit.formats import EntryState, LedgerEntry, MigrationFolder, Plan, find_format
from migration_audit.formats.liquibase_changelog import is_for_postgres
from migration_audit.formats.liquibase_sql import liquibase_checksum
from migration_audit.formats.liquibase_text import pieces, spans
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import TransactionMode

LIQUIBASE = find_format("liquibase-sql")
HEAD = "--liquibase formatted sql\n"
ONE = "--changeset me:1\n"


def plan(text: str, **placeholders: str) -> Plan:
    return LIQUIBASE.plan([tree({"a.sql": HEAD + text})], placeholders)


def test_files_come_by_path_and_changesets_as_written() -> None:
    text = HEAD + "--changeset me:{0}b\nselect 1;\n--changeset me:{0}a\nselect 2;\n"
    names = ["b.sql", "a/z.sql", "a.sql", "B1.sql", "10.sql", "9.sql"]
    found = LIQUIBASE.plan([tree({name: text.format(name) for name in names})], {})
    assert [file.path for file in found.files[::2]] == ["10.sql", "9.sql", "B1.sql", "a.sql", "a/z.sql", "b.sql"]
    assert [file.entry for file in found.files[:2]] == ["10.sql::10.sqlb::me", "10.sql::10.sqla::me"]


SENT = {
    "rollback lines": ("create table t ();\n--rollback drop table t;\n", "\n\ncreate table t ();\n"),
    "comments": ("--comment: x\n-- y\nselect /* z */ 1; -- w\n", "\n\n\n\nselect  1; \n"),
    "comments that stay": ("select 1; -- w\n", "\n\nselect 1; -- w\n", "stripComments:false"),
    "a rollback block": (
        "select 1;\n/* liquibase rollback\ndrop table t;\n*/\nselect 2;\n",
        "\n\nselect 1;\n\n\n\nselect 2;\n",
    ),
    "ignored lines": (
        "--ignoreLines:1\nbad\nselect 1;\n--ignoreLines:start\nbad\n--ignoreLines:end\n",
        "\n\n\n\nselect 1;\n",
    ),
    "a body loses its comments": (
        "create function f() returns int language sql as $$\n-- c\nselect 1 /* d\n*/\n$$;\nselect 2;\n",
        "\n\ncreate function f() returns int language sql as $$\n\nselect 1 \n$$\n;\nselect 2;\n",
    ),
    "a delimiter": ("select 1\n/\nselect 2\n/\n", "\n\nselect 1\n;\nselect 2\n;\n", "endDelimiter:/"),
    "go": ("select 1\nGO\nselect 2\n", "\n\nselect 1\n;\nselect 2\n"),
    "a delimiter of several characters": ("select 1 @@ select 2 @@\n", "\n\nselect 1 ; select 2 ;\n", "endDelimiter:@@"),
    "carriage returns": (
        "create function f() returns int as $$\r\nselect 1\r\n$$;\r\n",
        "\n\ncreate function f() returns int as $$\nselect 1\n$$;\n",
    ),
}


@pytest.mark.parametrize("case", SENT.values(), ids=SENT)
def test_what_reaches_the_server_is_in_its_lines(case: tuple[str, ...]) -> None:
    text, expected, *attributes = case
    (file,) = plan(f"--changeset me:1 {' '.join(attributes)}\n{text}").files
    assert file.text.decode().rstrip() == expected.rstrip()


def test_liquibase_cuts_through_bodies() -> None:
    text = "create function f() returns int language plpgsql as $$\ndeclare\n  a int;\nbegin\n  return 1;\nend;\n$$;\n"
    (file,) = plan(ONE + text).files
    assert file.cuts is not None
    assert [file.text[:cut].count(b"\n") + 1 for cut in file.cuts] == [5, 8, 9]
    (whole,) = plan("--changeset me:1 splitStatements:false\n" + text).files
    assert whole.cuts == ()


MODES = {
    "by default": ("", TransactionMode.FILE),
    "none": ("runInTransaction:false", TransactionMode.NONE),
    "none, not split": ("runInTransaction:false splitStatements:false", TransactionMode.MESSAGE),
    "no flag": ("runInTransaction:FALSE", TransactionMode.NONE),
}


@pytest.mark.parametrize(("attributes", "mode"), MODES.values(), ids=MODES)
def test_the_transaction_is_liquibases(attributes: str, mode: TransactionMode) -> None:
    (file,) = plan(f"--changeset me:1 {attributes}\nselect 1;\n").files
    assert file.transaction is mode


LEFT = {
    "rollback": (ONE + "select 1;\n--rollback a\n--rollback b\n", "db/a.sql:4: rollback", True),
    "another database": (
        "--changeset me:1 dbms:oracle,h2\nselect 1;\n" + "--changeset me:2\nselect 1;",
        ":2: dbms:oracle,h2",
        True,
    ),
    "ignored": ("--changeset me:1 ignore:true\nselect 1;\n--changeset me:2\nselect 1;", "db/a.sql:2: ignore:true", True),
    "before the first changeset": (
        "create table t ();\n" + ONE + "select 1;",
        "db/a.sql:2: before the first changeset",
        False,
    ),
    "ignored lines": (ONE + "--ignoreLines:1\nx\nselect 1;", "db/a.sql:3: ignoreLines", True),
}


@pytest.mark.parametrize(("text", "shown", "by_rule"), LEFT.values(), ids=LEFT)
def test_what_is_left_out_is_named(text: str, shown: str, by_rule: bool) -> None:
    found = plan(text)
    (left,) = found.not_applied
    assert shown in str(left)
    assert left.by_rule is by_rule
    assert len(found.files) == 1


REFUSED = {
    "no header": ({"a.sql": "select 1;"}, "db/a.sql:1: its first line is not"),
    "an XML changelog": (
        {"x.xml": "<databaseChangeLog/>", "a.sql": HEAD},
        "db/x.xml: a non-SQL changelog decides what Liquibase applies, and in which order",
    ),
    "a YAML changelog": (
        {"x.yaml": "databaseChangeLog:\n- include: {}"},
        "db/x.yaml: a non-SQL changelog decides what Liquibase applies, and in which order",
    ),
    "an id twice": (
        {"a.sql": HEAD + ONE + "select 1;\n" + ONE + "select 2;"},
        "db/a.sql:4: changeset me:1 is also at db/a.sql:2",
    ),
    "a path twice but for its case": (
        {"A.sql": HEAD + ONE + "select 1;", "a.sql": HEAD + ONE + "select 2;"},
        "db/a.sql:2: changeset me:1 is also at db/A.sql:2",
    ),
    "a precondition": (
        {"a.sql": HEAD + ONE + "--precondition-sql-check expectedResult:0 select 1\nselect 1;"},
        "db/a.sql:3: a precondition",
    ),
    "another executor": (
        {"a.sql": HEAD + "--changeset me:1 runWith:psql\nselect 1;"},
        "db/a.sql:2: runWith passes the SQL to another program",
    ),
    "an include": (
        {"a.sql": HEAD + "--include file:b.sql\n" + ONE + "select 1;"},
        "db/a.sql:2: an include refers to other changelogs",
    ),
    "no SQL": (
        {"a.sql": HEAD + ONE + "--rollback x\n--changeset me:2\nselect 1;"},
        "db/a.sql:2: the changeset contains no SQL",
    ),
    "no SQL at the end": (
        {"a.sql": HEAD + ONE + "select 1;\n--changeset me:2\n"},
        "db/a.sql:4: the changeset contains no SQL",
    ),
    "one dash": ({"a.sql": HEAD + "-changeset me:1\nselect 1;"}, "db/a.sql:2: Liquibase does not accept this line"),
    "no author": ({"a.sql": HEAD + "--changeset 1\nselect 1;"}, "db/a.sql:2: Liquibase does not accept this line"),
    "a space before the id": (
        {"a.sql": HEAD + "--changeset me: 1\nselect 1;"},
        "db/a.sql:2: Liquibase does not accept this line",
    ),
    "a comment that looks like a changeset": (
        {"a.sql": HEAD + ONE + "select 1;\n-- changesets end here"},
        "db/a.sql:4: Liquibase does not",
    ),
    "comments": ({"a.sql": HEAD + ONE + "--comments: x\nselect 1;"}, "db/a.sql:3: Liquibase does not accept this line"),
    "a comment outside": (
        {"a.sql": HEAD + "--comment x\n" + ONE + "select 1;"},
        "db/a.sql:2: Liquibase does not accept comment: outside of a changeset",
    ),
    "a changeset in a string": (
        {"a.sql": HEAD + ONE + "select '\n--changeset me:2\n';"},
        "db/a.sql:4: Liquibase begins a changeset here",
    ),
    "a changeset in a body": (
        {"a.sql": HEAD + ONE + "do $$\n--changeset me:2\n$$;"},
        "db/a.sql:4: Liquibase begins a changeset here",
    ),
    "an open rollback": (
        {"a.sql": HEAD + ONE + "select 1;\n/* liquibase rollback\nx"},
        "db/a.sql:4: this rollback comment is not closed",
    ),
    "an unknown property": (
        {"a.sql": HEAD + ONE + "select 1;\nselect '${x}';"},
        "db/a.sql:4: the property ${x} is not set here",
    ),
    "a delimiter that is no expression": (
        {"a.sql": HEAD + "--changeset me:1 endDelimiter:((\nselect 1;"},
        "db/a.sql:2: the endDelimiter ((",
    ),
}


@pytest.mark.parametrize(("files", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_applied_is_refused(files: dict[str, str], message: str) -> None:
    with pytest.raises(SourceError) as caught:
        LIQUIBASE.plan([tree(files)], {})
    assert message in str(caught.value)
    assert caught.value.todo


PROPERTIES = {
    "the first counts": ("--property name:x value:1\n--property name:x value:2\n", "1"),
    "of another database": ("--property name:x value:1 dbms:oracle\n--property name:x value:2\n", "2"),
    "of this database": ("--property name:x value:1 dbms:postgresql\n", "1"),
    "of all files before those of this file": ("--property name:x value:1\n--property name:x value:2 global:false\n", "1"),
    "of this file, the last": ("--property name:x value:1 global:false\n--property name:X value:2 global:false\n", "2"),
}


@pytest.mark.parametrize(("lines", "value"), PROPERTIES.values(), ids=PROPERTIES)
def test_properties_are_replaced(lines: str, value: str) -> None:
    (file,) = plan(lines + ONE + "select ${x}, ${ x };").files
    assert file.text.strip() == f"select {value}, {value};".encode()


def test_placeholders_of_audit_toml_come_first_and_may_keep_the_text() -> None:
    (file,) = plan("--property name:x value:1\n" + ONE + "select ${x}, '${y}';", x="7", y="${y}").files
    assert file.text.strip() == b"select 7, '${y}';"


def with_properties(text: str) -> MigrationFolder:
    return tree({"a.sql": HEAD + ONE + "select '${x}';"}, "p/db", other={"../liquibase.properties": text})


def test_parameters_of_liquibase_properties_are_values() -> None:
    made = with_properties("# contexts: x\nparameter.x: 1\nurl=jdbc:x\ncontexts=\n")
    assert LIQUIBASE.plan([made], {}).files[0].text.strip() == b"select '1';"
    assert LIQUIBASE.plan([made], {"x": "2"}).files[0].text.strip() == b"select '2';"


FILTERS = ["contexts: prod", "liquibase.command.update.label-filter = x", "contextFilter=a", "defaultSchemaName=app"]


@pytest.mark.parametrize("line", FILTERS)
def test_a_filter_in_liquibase_properties_is_refused(line: str) -> None:
    with pytest.raises(SourceError, match=r"^p/liquibase\.properties:2: "):
        LIQUIBASE.plan([with_properties(f"parameter.x: 1\n{line}\n")], {})


DBMS = {
    None: True,
    "": True,
    "postgresql": True,
    "PostgreSQL,h2": True,
    "all": True,
    "h2": False,
    "none": False,
    "!oracle": True,
    "!postgresql": False,
    "!oracle,!h2": True,
    "postgres": False,
}


@pytest.mark.parametrize(("dbms", "expected"), DBMS.items(), ids=map(str, DBMS))
def test_dbms_names_what_a_changeset_is_for(dbms: str | None, expected: bool) -> None:
    assert is_for_postgres(dbms) is expected


TOKENS = {
    "names with dots": ("a . b\n.c;", ["a . b\n.c", ";"]),
    "backslash in a string": (r"'a\'b';'c'", [r"'a\'b'", ";", "'c'"]),
    "quotes in a string": ("'it''s;';", ["'it''s;'", ";"]),
    "a lone quote": ("' ;", ["'", " ", ";"]),
    "dollars": ("$$ ; $$", ["$$", " ", ";", " ", "$$"]),
    "comments": ("--a;\n/* ; */;", ["--a;", "\n", "/* ; */", ";"]),
    "numbers": ("1.5e3;2.", ["1.5e3", ";", "2."]),
}


@pytest.mark.parametrize(("text", "expected"), TOKENS.values(), ids=TOKENS)
def test_tokens_are_liquibases(text: str, expected: list[str]) -> None:
    assert [piece.text for piece in pieces(text)] == expected


SPLITS = {
    "semicolons": ("a; b;", None, ["a", " b"]),
    "begin and end": ("begin; a; end; b", None, ["begin; a; end", " b"]),
    "begin transaction": ("begin transaction; a;", None, ["begin transaction", " a"]),
    "end if ends a block": ("begin if x then y; end if; z; end;", None, ["begin if x then y; end if", " z", " end"]),
    "a slash in a line": ("a / b\n/\nc", None, ["a / b\n", "\nc"]),
    "an expression": ("a;\n--;;\nb", "\\n--;;", ["a;\n", "\nb"]),
    "a case of letters": ("a GO b", "go", ["a ", " b"]),
}


@pytest.mark.parametrize(("text", "delimiter", "expected"), SPLITS.values(), ids=SPLITS)
def test_statements_end_where_liquibase_ends_them(text: str, delimiter: str | None, expected: list[str]) -> None:
    found = [""]
    for span in spans(text, strips_comments=False, splits=True, delimiter=delimiter):
        if span.ends:
            found.append("")
        else:
            found[-1] += text[span.start : span.end]
    assert [each for each in found if each] == expected


def row(**given: str | None) -> dict[str, str | None]:
    base = {"id": "1", "author": "me", "filename": "db/a.sql", "orderexecuted": "1", "exectype": "EXECUTED", "md5sum": "9:x"}
    return {**base, **given}


ROWS = {
    "applied": ([row()], EntryState.APPLIED),
    "another path in front": ([row(filename="classpath:x/db/a.sql")], EntryState.APPLIED),
    "a shorter path": ([row(filename="a.sql")], EntryState.APPLIED),
    "another file": ([row(filename="db/b.sql")], EntryState.ABSENT),
    "another author": ([row(author="you")], EntryState.ABSENT),
    "marked as run": ([row(exectype="MARK_RAN")], EntryState.APPLIED),
    "failed": ([row(exectype="FAILED")], EntryState.FAILED),
    "it was applied with different contents": ([row(md5sum="9:z")], EntryState.CHANGED),
    "a valid checksum": ([row(md5sum="9:y")], EntryState.APPLIED),
    "an older checksum": ([row(md5sum="8:z")], EntryState.APPLIED),
    "no checksum": ([row(md5sum=None)], EntryState.APPLIED),
}


@pytest.mark.parametrize(("rows", "state"), ROWS.values(), ids=ROWS)
def test_the_ledger_is_read_as_liquibase_reads_it(rows: list[dict[str, str | None]], state: EntryState) -> None:
    assert LIQUIBASE.ledger is not None
    entry = LedgerEntry(name="db/a.sql::1::me", path="db/a.sql", checksum="9:x", also=("9:y",))
    reading = LIQUIBASE.ledger.read([*rows, row(id="7")], [entry])
    assert [verdict.state for verdict in reading.verdicts] == [state]
    assert "7" in reading.beyond


def test_a_checksum_is_liquibases() -> None:
    # written by Liquibase 4.28.0
    assert liquibase_checksum(
        "insert into j(t) select '2 '||coalesce(to_regclass('tt')::text,'-'); set role pg_monitor;"
    ) == ("9:61697de279172f13842a1e682f290b46")


def test_a_formatted_changelog_is_recognised() -> None:
    assert LIQUIBASE.recognise(tree({"x/a.sql": "\n-- Liquibase formatted SQL\n"})) == (
        "db/x/a.sql begins with --liquibase formatted sql"
    )
    assert LIQUIBASE.recognise(tree({"a.sql": "select 1;"})) is None
