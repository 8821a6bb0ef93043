"""What Flyway applies, in which order, and what its history says; the values were taken from Flyway 11.20.3 itself."""

from __future__ import annotations

from posixpath import normpath

import pytest

from fix_formats import tree
from migration_audit.formats import EntryState, LedgerEntry, MigrationFolder, Plan, find_format
from migration_audit.formats.flyway_names import Naming, Version, parse_name, parse_version
from migration_audit.formats.flyway_scripts import flyway_checksum
from migration_audit.formats.flyway_text import Placeholders, cut_statements, replace_placeholders
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import TransactionMode

FLYWAY = find_format("flyway")
S = "select 1;"


def plan(*names: str, other: dict[str, str] | None = None, **files: str) -> Plan:
    return FLYWAY.plan([tree({**dict.fromkeys(names, S), **files}, other=other)], {})


def applied(found: Plan) -> list[str]:
    return [file.path for file in found.files]


ORDERS = {
    "numbers": ["V1__a.sql", "V2__a.sql", "V10__a.sql"],
    "parts": ["V1__a.sql", "V1.1__a.sql", "V1_2__a.sql", "V1.10__a.sql", "V2__a.sql"],
    "leading zeros": ["V001__a.sql", "V02__a.sql", "V0003__a.sql"],
    "dates beside numbers": ["V3__a.sql", "V20240101__a.sql", "V20240101.1__a.sql"],
    "more digits than an integer has": ["V99999999999999999999__a.sql", "V100000000000000000000__a.sql"],
    "below zero": ["V-1__a.sql", "V0__a.sql", "V1__a.sql"],
    "repeatables last, by description": ["V9__a.sql", "R__A.sql", "R__B a.sql", "R__a.sql", "R__b.sql"],
    "subfolders": ["z/V1__a.sql", "a/V2__a.sql", "V3__a.sql", "z/R__a.sql", "a/R__b.sql"],
    "suffix of any case": ["V1__a.SQL", "V2__a.sql"],
    "no description": ["V1.sql", "V2__.sql"],
    "callbacks": [
        *("afterConnect.sql", "beforeValidate.sql", "afterValidate.sql", "createSchema.sql", "beforeCreateSchema.sql"),
        *("beforeMigrate.sql", "beforeMigrate__a.sql", "beforeMigrate__b.sql"),
        *("beforeEachMigrate.sql", "V1__a.sql", "afterEachMigrate.sql"),
        *("afterVersioned.sql", "beforeRepeatables.sql"),
        *("beforeEachMigrate.sql", "R__a.sql", "afterEachMigrate.sql"),
        *("afterMigrateApplied.sql", "afterMigrate.sql"),
    ],
    "callback after the last version": ["V1__a.sql", "afterVersioned.sql", "afterMigrateApplied.sql"],
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_the_order_is_flyways(order: list[str]) -> None:
    found = plan(*reversed(order))
    assert applied(found) == order
    assert not found.not_applied


def test_several_folders_are_one_list() -> None:
    trees = [tree({"V2__a.sql": S}, "one"), tree({"V1__a.sql": S, "R__a.sql": S}, "two"), tree({"V2__a.sql": S}, "one/x")]
    found = FLYWAY.plan(trees, {})
    assert [(trees[f.tree].shown, f.path) for f in found.files] == [
        ("two", "V1__a.sql"),
        ("one", "V2__a.sql"),
        ("two", "R__a.sql"),
    ]


LEFT = {
    "undo": (["V1__a.sql", "U1__a.sql"], "U1__a.sql", "undo migration", True),
    "lower case": (["V1__a.sql", "v2__b.sql"], "v2__b.sql", "Flyway does not recognise its name", False),
    "one underscore": (["V1__a.sql", "V2_b.sql"], "V2_b.sql", "Flyway does not recognise its name", False),
    "no version": (["V1__a.sql", "V__b.sql"], "V__b.sql", "Flyway does not recognise its name", False),
    "version of a repeatable": (["V1__a.sql", "R1__b.sql"], "R1__b.sql", "Flyway does not recognise its name", False),
    "letters in the version": (["V1__a.sql", "V1a__b.sql"], "V1a__b.sql", "Flyway does not recognise its name", False),
    "any other name": (["V1__a.sql", "x/seed.sql"], "x/seed.sql", "Flyway does not recognise its name", False),
    "misspelt callback": (
        ["V1__a.sql", "beforeMigrate_x.sql"],
        "beforeMigrate_x.sql",
        "Flyway does not recognise its name",
        False,
    ),
    "callback of another command": (["V1__a.sql", "afterClean.sql"], "afterClean.sql", "afterClean does not run when", True),
    "callback before a connection": (["V1__a.sql", "beforeConnect.sql"], "beforeConnect.sql", "does not run when", True),
    "callback without repeatables": (["V1__a.sql", "V2__a.sql", "U3__x.sql"], "U3__x.sql", "undo migration", True),
    "older baseline": (["B1__a.sql", "B5__b.sql", "V6__c.sql"], "B1__a.sql", "a baseline below B5", True),
    "what a baseline replaces": (["V5__a.sql", "B5__b.sql", "V6__c.sql"], "V5__a.sql", "replaced by the baseline B5", True),
}


@pytest.mark.parametrize(("names", "path", "reason", "by_rule"), LEFT.values(), ids=LEFT)
def test_what_is_left_out_is_named(names: list[str], path: str, reason: str, by_rule: bool) -> None:
    found = plan(*names)
    (left,) = found.not_applied
    assert (left.path, left.by_rule) == (f"db/{path}", by_rule)
    assert reason in left.reason
    assert path not in applied(found)


REFUSED = {
    "one version twice": ({"V1__a.sql": S, "V1.0__b.sql": S}, "db/V1__a.sql: V1 is the same as db/V1.0__b.sql"),
    "one description twice": ({"R__a_b.sql": S, "x/R__a b.sql": S}, "R a b is the same as db/R__a_b.sql"),
    "one baseline twice": ({"B1__a.sql": S, "B01__b.sql": S}, "B1 is the same as"),
    "one callback twice": (
        {"V1__a.sql": S, "beforeMigrate.sql": S, "x/beforeMigrate.sql": S},
        "beforeMigrate is the same as",
    ),
    "Java": ({"V1__a.sql": S, "V2__B.java": ""}, "db/V2__B.java: a migration that is a program"),
    "Kotlin": ({"V1__a.sql": S, "R__B.kt": ""}, "db/R__B.kt: a migration that is a program"),
    "Python": ({"V1__a.sql": S, "V2__b.py": ""}, "db/V2__b.py: a script that Flyway runs"),
    "callback as a script": ({"V1__a.sql": S, "afterMigrate.sh": ""}, "db/afterMigrate.sh: a script that Flyway runs"),
    "no extension": ({"V1__a.sql": S, "V2__b": ""}, "db/V2__b: a file without an extension, which Flyway runs as a script"),
    "word as version": ({"Vlatest__a.sql": S}, "its version is a word that Flyway reserves"),
    "callback around statements": ({"V1__a.sql": S, "beforeEachMigrateStatement.sql": S}, "around statements"),
    "unknown placeholder": ({"V1__a.sql": "select 1;\n-- ${who}"}, "db/V1__a.sql:2: the placeholder ${who} is not set"),
    "placeholder without an end": ({"V1__a.sql": "select '${who'"}, "V1__a.sql:1: the placeholder"),
    "placeholder of the moment": ({"V1__a.sql": "\ngrant x to ${flyway:user}"}, "only Flyway knows ${flyway:user}"),
    "mixed": (
        {"V1__a.sql": "select 1;\nvacuum;"},
        "db/V1__a.sql:2: this statement cannot run in a transaction, but others in the file do: Flyway rejects the mixture",
    ),
    "mixed the other way": (
        {"V1__a.sql": "create unique index\n concurrently on t (a);\nselect 1"},
        "db/V1__a.sql:1: this statement cannot run in a transaction, but others in the file do: Flyway rejects the mixture",
    ),
    "parenthesis first": (
        {"V1__a.sql": "select 1;\n(select 2) union (select 3);"},
        "V1__a.sql:2: Flyway drops the parenthesis at the beginning of a statement",
    ),
    "unknown script setting": (
        {"V1__a.sql": S, "V1__a.sql.conf": "\nmixed=true"},
        "db/V1__a.sql.conf:2: a script has no setting",
    ),
    "unknown script setting of a file that is left out": (
        {"V1__a.sql": S, "notes.sql": S, "notes.sql.conf": "mixed=true"},
        "db/notes.sql.conf:1: a script has no setting",
    ),
    "script setting that is no flag": ({"V1__a.sql": S, "V1__a.sql.conf": "executeInTransaction=no"}, "is no"),
    "conditional script": ({"V1__a.sql": S, "V1__a.sql.conf": "shouldExecute=${x}==1"}, "shouldExecute decides"),
    "encoding of a script": ({"V1__a.sql": S, "V1__a.sql.conf": "encoding=ISO-8859-1"}, "the encoding is ISO-8859-1"),
}


@pytest.mark.parametrize(("files", "message"), REFUSED.values(), ids=REFUSED)
def test_what_flyway_refuses_is_refused(files: dict[str, str], message: str) -> None:
    with pytest.raises(SourceError) as caught:
        FLYWAY.plan([tree(files)], {})
    assert message in str(caught.value)
    assert caught.value.todo


def test_classes_in_the_same_place_of_the_class_path_are_refused() -> None:
    found = {"../../../java/db/migration": ("Config.java", "V2__B.java")}
    resources = MigrationFolder(
        shown="src/main/resources/db/migration",
        root="/x/src/main/resources/db/migration",
        paths=("V1__a.sql",),
        read=lambda path: S.encode(),
        others=lambda folder: found.get(folder, ()),
    )
    with pytest.raises(SourceError, match=r"^src/main/java/db/migration/V2__B\.java: a migration that is a program"):
        FLYWAY.plan([resources], {})


MODES = {
    "plain": ("create table t (a int); select 1;", {}, TransactionMode.FILE),
    "concurrently": ("create index concurrently on t (a);", {}, TransactionMode.NONE),
    "concurrently in a comment": ("-- create index concurrently\ncreate index on t (a);", {}, TransactionMode.FILE),
    "vacuum": ("VACUUM (analyze) t;", {}, TransactionMode.NONE),
    "reindex": ("reindex (verbose) database x;", {}, TransactionMode.NONE),
    "reindex that Flyway does not know": ("reindex index concurrently x;", {}, TransactionMode.FILE),
    "alter system": ("alter system set work_mem = '1MB';", {}, TransactionMode.NONE),
    "enum value": ("alter type mood add value 'x';", {}, TransactionMode.FILE),
    "set so": (S, {"V1__a.sql.conf": "executeInTransaction = false"}, TransactionMode.NONE),
    "set otherwise": ("vacuum;", {"V1__a.sql.conf": "executeInTransaction=true"}, TransactionMode.FILE),
    "mixed, set so": ("vacuum; select 1;", {"V1__a.sql.conf": "executeInTransaction=false"}, TransactionMode.NONE),
    "mixed, allowed": ("vacuum; select 1;", {"../flyway.toml": "[flyway]\nmixed = true"}, TransactionMode.NONE),
    "none by default": (S, {"flyway.conf": "flyway.executeInTransaction=false"}, TransactionMode.NONE),
    "no statement": ("-- nothing", {}, TransactionMode.FILE),
}


@pytest.mark.parametrize(("text", "other", "mode"), MODES.values(), ids=MODES)
def test_the_transaction_is_flyways(text: str, other: dict[str, str], mode: TransactionMode) -> None:
    (file,) = plan(other=other, **{"V1__a.sql": text}).files
    assert file.transaction is mode


def test_callbacks_of_each_migration_go_into_its_transaction() -> None:
    files = {"beforeEachMigrate.sql": S, "V1__a.sql": "vacuum;", "V2__b.sql": S, "afterMigrate.sql": S}
    found = plan(**files).files
    assert [(f.path, f.transaction, f.joined, f.session, f.entry) for f in found] == [
        ("beforeEachMigrate.sql", TransactionMode.NONE, False, None, ""),
        ("V1__a.sql", TransactionMode.NONE, True, None, "V1__a.sql"),
        ("beforeEachMigrate.sql", TransactionMode.FILE, False, None, ""),
        ("V2__b.sql", TransactionMode.FILE, True, None, "V2__b.sql"),
        ("afterMigrate.sql", TransactionMode.FILE, False, "afterMigrate", ""),
    ]


REPLACED = {
    "value": ("a ${x} b", "a 1 b"),
    "any case": ("${X}", "1"),
    "in strings and comments": ("'${x}' -- ${x}", "'1' -- 1"),
    "none": ("$x {x} $", "$x {x} $"),
    "after a dollar": ("$${x}", "$${x}"),
    "after two dollars": ("$$${x}$$", "$$1$$"),
    "empty value": ("a${e}b", "ab"),
    "not read again": ("${nested}", "${x}"),
}


@pytest.mark.parametrize(("text", "expected"), REPLACED.values(), ids=REPLACED)
def test_placeholders_are_replaced_as_flyway_does(text: str, expected: str) -> None:
    def missing(name: str, at: int) -> str:
        raise AssertionError(name)

    values = Placeholders(values={"x": "1", "e": "", "nested": "${x}"})
    assert replace_placeholders(text, values, missing) == expected


def test_flyways_own_placeholders_have_values() -> None:
    text = "select '${flyway:defaultSchema}', '${flyway:table}', '${flyway:filename}'; -- ${flyway:timestamp}"
    (file,) = plan(**{"x/V1__a.sql": text}).files
    assert file.text == b"select 'public', 'flyway_schema_history', 'V1__a.sql'; -- timestamp"


@pytest.mark.parametrize("name", ["flyway.toml", "flyway.conf", "../flyway.toml", "../../conf/flyway.conf"])
def test_settings_are_those_of_the_nearest_file(name: str) -> None:
    toml = '[flyway]\nsqlMigrationPrefix = "M"\nsqlMigrationSeparator = "-"\nsqlMigrationSuffixes = [".ddl"]\n'
    toml += '[flyway.placeholders]\nwho = "app"\n'
    conf = "# x\nflyway.sqlMigrationPrefix=M\nflyway.sqlMigrationSeparator=-\nflyway.sqlMigrationSuffixes=.ddl\n"
    conf += "flyway.placeholders.who=app\nflyway.url=jdbc:x\n"
    found = plan(other={name: toml if name.endswith("toml") else conf}, **{"M1-a.ddl": "select '${who}'", "V1__a.sql": S})
    assert [file.text for file in found.files] == [b"select 'app'"]
    assert found.notes == (f"Flyway's settings are those of {normpath(f'db/{name}')}",)


CONF_LINES = {
    "continued": ("flyway.placeholders.who=a,\\\n  b,\\ \n\tc\nx=1\n", "a,b,c"),
    "the key and its value": ("flyway.placeholders.who=\\\n  a", "a"),
    "a setting follows": ("flyway.placeholders.who=C:\\\nflyway.url=x", "C:\\"),
    "nothing follows": ("flyway.placeholders.who=C:\\\n\nb", "C:\\"),
    "the last line": ("flyway.placeholders.who=C:\\", "C:\\"),
    "a comment is one line": ("# x\\\nflyway.placeholders.who = a ", "a"),
    "backslashes within": ("flyway.placeholders.who=C:\\\\x\\u00e9", "C:\\\\x\\u00e9"),
    "another separator": ("flyway.placeholders.who: a b", "a b"),
}


@pytest.mark.parametrize(("conf", "value"), CONF_LINES.values(), ids=CONF_LINES)
def test_lines_of_flyway_conf(conf: str, value: str) -> None:
    (file,) = plan(other={"flyway.conf": conf}, **{"V1__a.sql": "select '${who}'"}).files
    assert file.text.decode() == f"select '{value}'"


SETTINGS = {
    "target": ('[flyway]\ntarget = "5"', "db/flyway.toml:2: target = 5 changes what Flyway applies"),
    "initSql": ("[environments.x]\ninitSql = 'set role x'", "db/flyway.toml:2: initSql = set role x changes"),
    "schema": ('[flyway]\n\ndefaultSchema = "app"', "db/flyway.toml:3: Flyway creates the schema app"),
    "schemas": ('[environments.a]\nschemas = ["app", "b"]', "db/flyway.toml:2: Flyway creates the schema app"),
    "encoding": ('[flyway]\nencoding = "UTF-16"', "db/flyway.toml:2: the encoding is UTF-16"),
    "from the environment": ('[flyway]\ndefaultSchema = "${env.S}"', "db/flyway.toml:2: defaultSchema comes from"),
    "no TOML": ("flyway = [", "db/flyway.toml: is not TOML"),
    "names": (
        "[flyway]\nvalidateMigrationNaming = true",
        "db/notes.sql: Flyway does not recognise its name (validateMigrationNaming)",
    ),
}


@pytest.mark.parametrize(("text", "message"), SETTINGS.values(), ids=SETTINGS)
def test_a_setting_that_is_not_followed_is_refused(text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        plan("V1__a.sql", "notes.sql", other={"flyway.toml": text})
    assert message in str(caught.value)


def test_a_schema_that_audit_toml_sets_too_is_accepted() -> None:
    made = tree({"V1__a.sql": "create table ${flyway:defaultSchema}.t ()"}, other={"flyway.conf": "flyway.schemas=app"})
    found = FLYWAY.plan([made], {"flyway:defaultSchema": "app"})
    assert found.files[0].text == b"create table app.t ()"


CUTS = {
    "two": ("select 1; select 2", ["select 1;", " select 2"]),
    "strings and bodies": ("select ';', $$;$$, $x$;$$;$x$; b", ["select ';', $$;$$, $x$;$$;$x$;", " b"]),
    "comments": ("a /* ; /* ; */ ; */ ; -- ;\n b", ["a /* ; /* ; */ ; */ ;", " -- ;\n b"]),
    "parentheses": ("create rule r as on insert to t do (a; b); c", ["create rule r as on insert to t do (a; b);", " c"]),
    "escapes": (r"select E'\';'; b", [r"select E'\';';", " b"]),
    "a small e has no escapes for Flyway": (r"select e'\';'; b", [r"select e'\';", "'; b"]),
    "atomic body": (
        "create function f() returns int begin atomic select case when true then 1 end; select 2; end; b",
        ["create function f() returns int begin atomic select case when true then 1 end; select 2; end;", " b"],
    ),
    "dollars in names": ("select a$b$c; b", ["select a$b$c;", " b"]),
    "parameters swallow what is between them": ("prepare p as select $1 + $2; b", ["prepare p as select $1 + $2; b"]),
    "empty statements": (";; select 1;;", [";; select 1;"]),
    "copy": ("copy t (a) from stdin;\n1;2\n\\.\nselect 1;", ["copy t (a) from stdin;", "1;2\n\\.\nselect 1;"]),
}


@pytest.mark.parametrize(("text", "expected"), CUTS.values(), ids=CUTS)
def test_statements_end_where_flyway_ends_them(text: str, expected: list[str]) -> None:
    ends = [cut.end for cut in cut_statements(text)]
    pieces = [text[start:end].lstrip("\n") for start, end in zip([0, *ends], ends, strict=False)]
    assert pieces == expected


def test_cuts_count_in_bytes() -> None:
    (file,) = plan(**{"V1__a.sql": "select 'é';\nselect 2;"}).files
    assert file.cuts is not None
    assert [file.text[:cut] for cut in file.cuts] == ["select 'é';".encode(), "select 'é';\nselect 2;".encode()]


VERSIONS = {
    "1": (1,),
    "1.0": (1,),
    "01_10": (1, 10),
    "0": (0,),
    "1.0.1": (1, 0, 1),
    "1.": None,
    "": None,
    "1..2": None,
    "1a": None,
    ".1": None,
}


@pytest.mark.parametrize(("text", "parts"), VERSIONS.items(), ids=VERSIONS)
def test_versions_are_numbers_between_dots(text: str, parts: tuple[int, ...] | None) -> None:
    found = parse_version(text)
    assert (found.parts if found else None) == parts


def test_a_missing_part_is_a_zero() -> None:
    assert Version((1,), "1") < Version((1, 1), "1.1")
    assert not Version((1,), "1") < Version((1, -1), "1.-1")


def test_a_checksum_is_that_of_the_lines() -> None:
    text = "CREATE OR REPLACE FUNCTION price() RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
    assert flyway_checksum(text) == "-549484704"  # written by Flyway 11.20.3
    assert flyway_checksum(text.replace("\n", "\r\n")) == flyway_checksum("\ufeff" + text.rstrip()) == "-549484704"


def test_a_repeatable_counts_by_its_replaced_text() -> None:
    made = tree({"R__a.sql": "select '${x}'"})
    (file,) = FLYWAY.plan([made], {"x": "1"}).files
    assert file.checksum == flyway_checksum("select '1'")
    assert file.also == (flyway_checksum("select '${x}'"),)


def test_a_repeatable_that_changes_with_the_time_has_no_checksum() -> None:
    (file,) = plan(**{"R__a.sql": "/* ${flyway:timestamp} */ select 1"}).files
    assert (file.text, file.checksum) == (b"/* timestamp */ select 1", None)


def row(version: str | None, description: str = "a", **given: str | None) -> dict[str, str | None]:
    base: dict[str, str | None] = {"version": version, "description": description, "type": "SQL", "checksum": "7"}
    return {**base, "script": f"V{version}__a.sql", "success": "true", "installed_rank": "1", **given}


HISTORIES = {
    "applied": ("V1__a.sql", [row("1")], EntryState.APPLIED),
    "spelled otherwise": ("V1.0__b.sql", [row("1")], EntryState.APPLIED),
    "absent": ("V2__a.sql", [row("1")], EntryState.ABSENT),
    "no rows": ("V1__a.sql", [], EntryState.ABSENT),
    "failed": ("V1__a.sql", [row("1", success="false")], EntryState.FAILED),
    "failed, then applied": ("V1__a.sql", [row("1", success="false"), row("1")], EntryState.APPLIED),
    "it was applied with different contents": ("V1__a.sql", [row("1", checksum="8")], EntryState.CHANGED),
    "other contents that Flyway accepts": ("V1__a.sql", [row("1", checksum="9")], EntryState.APPLIED),
    "no checksum": ("V1__a.sql", [row("1", checksum=None)], EntryState.APPLIED),
    "undone": ("V1__a.sql", [row("1"), row("1", type="UNDO_SQL")], EntryState.ABSENT),
    "undone and applied again": ("V1__a.sql", [row("1"), row("1", type="UNDO_SQL"), row("1")], EntryState.APPLIED),
    "deleted by repair": ("V1__a.sql", [row("1"), row("1", type="DELETE")], EntryState.ABSENT),
    "below the baseline": ("V1__a.sql", [row("2", type="BASELINE", checksum=None)], EntryState.APPLIED),
    "at the baseline": ("V2__a.sql", [row("2", type="BASELINE", checksum=None)], EntryState.APPLIED),
    "above the baseline": ("V3__a.sql", [row("2", type="BASELINE", checksum=None)], EntryState.ABSENT),
    "baseline migration": ("B5__a.sql", [row("5", type="SQL_BASELINE")], EntryState.APPLIED),
    "baseline migration with other contents": (
        "B5__a.sql",
        [row("5", type="SQL_BASELINE", checksum="1")],
        EntryState.CHANGED,
    ),
    "instead of the baseline its migrations": ("B5__a.sql", [row("4"), row("5")], EntryState.APPLIED),
    "not up to the baseline": ("B5__a.sql", [row("4")], EntryState.ABSENT),
    "repeatable": ("R__a.sql", [row(None)], EntryState.APPLIED),
    "repeatable of other contents": ("R__a.sql", [row(None), row(None, checksum="8")], EntryState.CHANGED),
    "repeatable applied again": ("R__a.sql", [row(None, checksum="8"), row(None)], EntryState.APPLIED),
    "repeatable of another name": ("R__a.sql", [row(None, description="b")], EntryState.ABSENT),
    "schema marker": ("R__a.sql", [row(None, type="SCHEMA")], EntryState.ABSENT),
    "long description": (f"R__{'x' * 300}.sql", [row(None, description="x" * 197 + "...")], EntryState.APPLIED),
}


@pytest.mark.parametrize(("name", "rows", "state"), HISTORIES.values(), ids=HISTORIES)
def test_the_history_is_read_as_flyway_reads_it(name: str, rows: list[dict[str, str | None]], state: EntryState) -> None:
    assert FLYWAY.ledger is not None
    entry = LedgerEntry(name=f"sub/{name}", path=name, checksum="7", also=("9",))
    (verdict,) = FLYWAY.ledger.read(rows, [entry]).verdicts
    assert verdict.state is state


def test_rows_beyond_the_source_are_named() -> None:
    assert FLYWAY.ledger is not None
    rows = [row(None, type="SCHEMA"), row("1"), row("3"), row("4"), row("4", type="UNDO_SQL")]
    rows.append(row(None, "r", script="R__r.sql"))
    reading = FLYWAY.ledger.read(
        rows, [LedgerEntry(name="B1__a.sql", path="B1__a.sql"), LedgerEntry(name="V2__a.sql", path="x")]
    )
    assert reading.beyond == ("V3__a.sql", "R__r.sql")


def test_a_versioned_name_is_recognised() -> None:
    assert FLYWAY.recognise(tree({"sub/V1_1__init.sql": S})) == "db/sub/V1_1__init.sql is named as Flyway's"
    assert FLYWAY.recognise(tree({"V1.sql": S, "R__views.sql": S, "0001_init.sql": S, "Views.sql": S})) is None


def test_a_name_is_read_by_its_longest_prefix() -> None:
    found = parse_name("beforeMigrate.sql", Naming(versioned="before"))
    assert found is not None
    assert found.prefix == "beforeMigrate"
