"""Which files a source has, in which order, and how what cannot be read is refused."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from migration_audit.formats.plain_files import missing_numbers, shared_numbers
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import StatementKind
from migration_audit.sources import load_globs, load_source, text_digest


def write(folder: Path, *names: str, text: str = "select 1;") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_a_folder_comes_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    names = ["10_x.sql", "2_x.sql", "0002_a.sql", "b.sql", "a.sql", "001.sql", "20240101120000_z.SQL"]
    write(tmp_path, *names, "readme.md")
    source = load_source("owner", [tmp_path], shown_from=tmp_path)
    expected = ["001.sql", "0002_a.sql", "2_x.sql", "10_x.sql", "20240101120000_z.SQL", "a.sql", "b.sql"]
    assert [file.path for file in source.files] == expected
    assert [file.number for file in source.files] == [1, 2, 2, 10, 20240101120000, None, None]


def test_paths_are_applied_one_after_the_other(tmp_path: Path) -> None:
    write(tmp_path, "b/1.sql", "a/1.sql", "a/2.sql", "c.sql")
    paths = [tmp_path / "b", tmp_path / "c.sql", tmp_path / "a", tmp_path / "c.sql"]
    source = load_source("owner", paths, shown_from=tmp_path)
    assert [file.path for file in source.files] == ["b/1.sql", "c.sql", "a/1.sql", "a/2.sql", "c.sql"]
    assert str(source.statements[0].at) == "b/1.sql:1"


def test_a_path_outside_is_shown_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a/1.sql")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    outside = load_source("x", [Path("../a/1.sql")], shown_from=Path())
    inside = load_source("x", [Path("../a/1.sql")], shown_from=Path(".."))
    assert (outside.files[0].path, inside.files[0].path) == ("../a/1.sql", "a/1.sql")


def test_globs_keep_their_order_and_take_a_file_once(tmp_path: Path) -> None:
    write(tmp_path, "z/2_b.sql", "z/10_c.sql", "z/notes.txt", "a/1.sql", "a/b/3.sql", "a/b/20.sql")
    source = load_globs("x", tmp_path, ["z/2_*.sql", "z/*", "**/*.sql"], shown_from=tmp_path.parent)
    expected = ["z/2_b.sql", "z/10_c.sql", "a/1.sql", "a/b/3.sql", "a/b/20.sql"]
    assert [file.path for file in source.files] == [f"{tmp_path.name}/{name}" for name in expected]


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    raw = b"\xef\xbb\xbfselect 'x';\r\n-- \xc3\xa9\r\nselect 2"
    (tmp_path / "1_a.sql").write_bytes(raw)
    source = load_source("x", [tmp_path], shown_from=tmp_path)
    assert source.files[0].sha256 == hashlib.sha256(raw).hexdigest()
    assert [(s.text, s.at.line) for s in source.statements] == [("select 'x'", 1), ("select 2", 3)]


def test_the_text_digest_follows_bytes_and_order_alone(tmp_path: Path) -> None:
    write(tmp_path, "one/1.sql", "two/7_other.sql")
    write(tmp_path, "one/2.sql", "two/8.sql", text="select 2")
    one, two = (load_source(n, [tmp_path / n], shown_from=tmp_path) for n in ("one", "two"))
    turned = load_source("x", [tmp_path / "one/2.sql", tmp_path / "one/1.sql"], shown_from=tmp_path)
    assert text_digest(one) == text_digest(two) != text_digest(turned)
    assert text_digest(one).startswith("sha256:")


BAD_BYTES = {
    "empty": (b"", ":1", "no statement"),
    "space alone": (b" \r\n\n", ":1", "no statement"),
    "comments alone": (b"-- nothing\n/* here */\n;", ":1", "no statement"),
    "a mark alone": (b"\xef\xbb\xbf", ":1", "no statement"),
    "latin-1": ("select 1;\nselect 'é';".encode("latin-1"), ":2", "byte 0xE9 at offset 18"),
    "utf-16": ("select 1".encode("utf-16"), ":1", "UTF-16"),
    "utf-32": ("select 1".encode("utf-32"), ":1", "UTF-32"),
    "a NUL": (b"select 1;\nselect '\0';", ":2", "NUL byte at offset 18"),
    "utf-16 without a mark": ("select 1".encode("utf-16-le"), ":1", "NUL byte at offset 1"),
}


@pytest.mark.parametrize(("raw", "line", "what"), BAD_BYTES.values(), ids=BAD_BYTES)
def test_bytes_that_are_no_sql_are_refused(tmp_path: Path, raw: bytes, line: str, what: str) -> None:
    (tmp_path / "bad.sql").write_bytes(raw)
    with pytest.raises(SourceError) as caught:
        load_source("x", [tmp_path], shown_from=tmp_path)
    assert caught.value.where == f"bad.sql{line}"
    assert what in caught.value.what
    assert caught.value.todo


def test_a_file_of_comments_keeps_its_place_in_a_history(tmp_path: Path) -> None:
    write(tmp_path, "1_a.sql", "3_c.sql")
    (tmp_path / "2_nothing.sql").write_text("-- nothing to do on PostgreSQL\n")
    source = load_source("x", [tmp_path], shown_from=tmp_path)
    assert [(file.number, len(file.statements)) for file in source.files] == [(1, 1), (2, 0), (3, 1)]
    with pytest.raises(SourceError, match="no statement"):
        load_source("x", [tmp_path / "2_nothing.sql"], shown_from=tmp_path)


def test_paths_that_hold_no_sql_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "text/readme.md")
    (tmp_path / "folder.sql").mkdir()
    (tmp_path / "loose.sql").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.sql")
    cases = {
        "gone.sql": "file does not exist",
        "text": "no .sql files",
        "loose.sql": "file does not exist",
        "pipe.sql": "not a regular file",
    }
    for name, what in cases.items():
        with pytest.raises(SourceError, match=what) as caught:
            load_source("x", [tmp_path / name], shown_from=tmp_path)
        assert caught.value.where == name
    with pytest.raises(SourceError, match="file does not exist"):
        load_source("x", [tmp_path], shown_from=tmp_path)
    with pytest.raises(SourceError, match="no SQL files"):
        load_source("x", [], shown_from=tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.sql")
    (tmp_path / "a.sql").chmod(0)
    with pytest.raises(SourceError, match="cannot be read") as caught:
        load_source("x", [tmp_path], shown_from=tmp_path)
    assert caught.value.where == "a.sql"


BAD_GLOBS = {
    "no match": (["a/*.sql", "b/*.sql"], "no .sql files match 'b/*.sql'"),
    "other files alone": (["a/*.md"], "no .sql files match"),
    "absolute": (["/etc/*.sql"], "is not a glob below the root:"),
    "nothing": ([""], "is not a glob below the root:"),
    "a folder": (["a"], "is a folder"),
    "the root itself": (["."], "'.' is a folder"),
    "the root with a slash": (["./"], "'./' is a folder"),
    "none": ([], "no SQL files"),
}


@pytest.mark.parametrize(("globs", "what"), BAD_GLOBS.values(), ids=BAD_GLOBS)
def test_globs_without_sql_are_refused(tmp_path: Path, globs: list[str], what: str) -> None:
    write(tmp_path, "a/1.sql", "a/x.md")
    with pytest.raises(SourceError) as caught:
        load_globs("x", tmp_path, globs, shown_from=tmp_path.parent)
    assert what in caught.value.what


def test_a_root_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such folder"):
        load_globs("x", tmp_path / "gone", ["*.sql"], shown_from=tmp_path)


NUMBERINGS = {
    "none": ([], (), ()),
    "in order": (["a/1_x", "a/2_x", "a/3_x"], (), ()),
    "gaps": (["a/1_x", "a/2_x", "a/5_x", "a/x"], (), (3, 4)),
    "duplicates": (["a/2_x", "a/0002_y", "a/3_z"], (("2", ("a/2_x", "a/0002_y")),), ()),
    "duplicates count in one folder": (["a/1_x", "b/1_x", "b/2_x"], (), ()),
    "gaps count in one folder": (["a/1_x", "b/3_x"], (), ()),
    "a file applied twice is no duplicate": (["a/1_x", "a/1_x"], (), ()),
    "steps of ten": (["a/10_x", "a/20_x", "a/40_x"], (), (30,)),
    "dates have no gaps": (["a/202401_x", "a/20240131120000_x", "a/20240131120000_y"],
                           (("20240131120000", ("a/20240131120000_x", "a/20240131120000_y")),), ()),
}  # fmt: skip


@pytest.mark.parametrize(("paths", "duplicates", "gaps"), NUMBERINGS.values(), ids=NUMBERINGS)
def test_numbering(paths: list[str], duplicates: tuple[object, ...], gaps: tuple[int, ...]) -> None:
    assert (shared_numbers(paths), missing_numbers(paths)) == (duplicates, gaps)


IGNORED = (
    *(r"\restrict abc", r"\unrestrict abc", r"\echo 'a;b' :x", r"\qecho", r"\warn x", r"\timing on", r"\pset pager off"),
    *(
        r"\set ON_ERROR_STOP on",
        r"\set QUIET 1",
        r"\set unused 5",
        r"\unset x",
        r"\encoding UTF8",
        r"\x",
        r"\t",
        r"\a",
        r"\dt+ a*",
    ),
)


@pytest.mark.parametrize("command", IGNORED)
def test_commands_that_only_print_are_left_out(tmp_path: Path, command: str) -> None:
    write(tmp_path, "a.sql", text=f"{command}\nselect 1\n{command}\n + 2; {command}\nselect 3;\n")
    found = load_source("x", [tmp_path], shown_from=tmp_path).statements
    assert [(" ".join(s.text.split()), s.at.line) for s in found] == [("select 1 + 2", 2), ("select 3", 5)]


REFUSED = {
    r"\connect other": "connects to another database",
    r"\c other": "connects to another database",
    r"select 1 \gexec": "it sends the rows of a query as statements",
    r"select 1 \gset": "sets variables",
    r"select 1 \g": "own options",
    r"\copy t from x.csv": "files of the machine",
    r"\if true": "no \\endif",
    r"\else": "no \\if is open",
    r"\! rm -rf x": "runs a program",
    r"\o out.txt": "sends output",
    r"\set AUTOCOMMIT off": "where transactions end",
    r"\set now `date`": "runs a program",
    r"\echo a \quit": "ends the file early",
    r"\q": "ends the file early",
    r"\encoding LATIN1": "UTF-8 alone",
    r"select 1\; select 2": "joins statements",
    r"\.": "no COPY",
    r"\frobnicate": "does not support",
    r"\i missing.sql": "does not exist",
    r"select 1 \i b.sql": "middle of a statement",
    r"\i :name": ":name is not set here",
    r'\i "b.sql"': "does not exist",  # to psql the quotes are part of the name
    r"\ir a.sql": "includes itself",
}


@pytest.mark.parametrize(("line", "reason"), REFUSED.items(), ids=REFUSED)
def test_other_commands_are_refused(tmp_path: Path, line: str, reason: str) -> None:
    write(tmp_path, "b.sql")
    write(tmp_path, "a.sql", text=f"select 0;\n\n{line}\n")
    with pytest.raises(SourceError) as caught:
        load_source("x", [tmp_path / "a.sql"], shown_from=tmp_path)
    assert caught.value.where == "a.sql:3"
    assert reason in caught.value.what


@pytest.mark.parametrize(
    "text", [r"select 'c:\i x'", r"select E'\\c'", r"do $$ \! $$", r"select 1 -- \! x", r"select /*\q*/ 1"]
)
def test_a_quoted_backslash_is_no_command(tmp_path: Path, text: str) -> None:
    write(tmp_path, "a.sql", text=text)
    assert len(load_source("x", [tmp_path], shown_from=tmp_path).statements) == 1


def test_included_files_stand_where_psql_runs_them(tmp_path: Path) -> None:
    write(tmp_path, "m/1.sql", text="select 1;\n\\ir parts/b.sql\nselect 2;\n\\include 'it''s.sql'\n")
    write(tmp_path, "m/parts/b.sql", text="-- b\nselect 'b';\n\\include_relative c.sql\n")
    write(tmp_path, "m/parts/c.sql", text="copy t from stdin;\n1\n\\.\n")
    write(tmp_path, "it's.sql", text="\nselect 'd'")
    (file,) = load_source("x", [tmp_path / "m/1.sql"], shown_from=tmp_path).files
    assert [str(s.at) for s in file.statements] == [
        "m/1.sql:1",
        "m/parts/b.sql:2",
        "m/parts/c.sql:1",
        "m/1.sql:3",
        "it's.sql:2",
    ]
    assert file.statements[2].kind is StatementKind.COPY
    raw = b"".join((tmp_path / p).read_bytes() for p in ("m/1.sql", "m/parts/b.sql", "m/parts/c.sql", "it's.sql"))
    assert file.sha256 == hashlib.sha256(raw).hexdigest()


def test_a_file_of_includes_alone_is_not_empty(tmp_path: Path) -> None:
    write(tmp_path, "all.sql", text="\\i part.sql\n\\i part.sql\n")
    write(tmp_path, "part.sql")
    assert len(load_source("x", [tmp_path / "all.sql"], shown_from=tmp_path).statements) == 2


def test_a_circle_of_includes_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.sql", text="select 1;\n\\ir b.sql\n")
    write(tmp_path, "b.sql", text="\n\n\\ir a.sql\n")
    with pytest.raises(SourceError, match=r"a\.sql includes itself") as caught:
        load_source("x", [tmp_path / "a.sql"], shown_from=tmp_path)
    assert caught.value.where == "b.sql:3"


def test_an_include_that_may_be_two_files_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "m/a.sql", text="\\i b.sql\n")
    write(tmp_path, "m/b.sql", "b.sql")
    with pytest.raises(SourceError, match="may be any of"):
        load_source("x", [tmp_path / "m/a.sql"], shown_from=tmp_path)


def test_included_files_are_not_left_beside(tmp_path: Path) -> None:
    write(tmp_path, "m/1.sql", text="\\ir parts/b.sql\n")
    write(tmp_path, "m/parts/b.sql", "m/parts/c.sql")
    source = load_globs("x", tmp_path, ["m/*.sql"], shown_from=tmp_path)
    assert [each.path for each in source.not_applied] == ["m/parts/c.sql"]
    with pytest.raises(SourceError, match=r"would not be applied: m/parts/c\.sql\n"):
        load_source("x", [tmp_path / "m"], shown_from=tmp_path)
    (tmp_path / "m/parts/c.sql").unlink()
    assert len(load_source("x", [tmp_path / "m"], shown_from=tmp_path).statements) == 1


@pytest.mark.parametrize("form", ["files", "dbmate", "goose", "sqlx"])
@pytest.mark.parametrize("name", ["2_b.pgsql", "2_b.psql", "2_b.DDL", "2_b.sql.gz", "2_b.sql.j2"])
def test_sql_by_another_name_is_listed_as_unread(tmp_path: Path, form: str, name: str) -> None:
    made = "create table a ();\n"
    marked = {"dbmate": f"-- migrate:up\n{made}-- migrate:down\n", "goose": f"-- +goose Up\n{made}"}
    write(tmp_path, "m/1_a.sql", text=marked.get(form, made))
    write(tmp_path, f"m/{name}")
    write(tmp_path, "m/2_b.sql.ts")
    write(tmp_path, "m/2_b.sql.bak")
    globs = load_globs("x", tmp_path, ["m/*.sql"], shown_from=tmp_path, form=form).not_applied
    assert [(each.path, each.reason, each.by_rule) for each in globs] == [
        (f"m/{name}", "its name does not end in .sql", False)
    ]
    if form != "files":  # a runner decides by the same names
        assert load_source("x", [tmp_path / "m"], shown_from=tmp_path, form=form).not_applied == globs
        return
    with pytest.raises(SourceError, match=rf"whose name does not end in \.sql, which would not be applied: m/{name}\n"):
        load_source("x", [tmp_path / "m"], shown_from=tmp_path)
    write(tmp_path, "m/1_a.sql", text=f"create table a ();\n\\ir {name}\n")
    write(tmp_path, f"m/{name}", text="create table b ();\n")
    assert len(load_source("x", [tmp_path / "m"], shown_from=tmp_path).statements) == 2, "an applied file includes it"


@pytest.mark.parametrize(
    ("glob", "hidden", "is_applied"),
    [
        ("m/*.sql", "m/.2_b.sql", False),
        ("m/*", "m/._1_a.sql", False),
        ("*/*.sql", ".old/2_b.sql", False),
        (None, "m/.2_b.sql", False),
        ("m/.*.sql", "m/.2_b.sql", True),
        (".m/*.sql", ".m/2_b.sql", True),
    ],
)
def test_a_wildcard_matches_no_hidden_file(tmp_path: Path, glob: str | None, hidden: str, is_applied: bool) -> None:
    write(tmp_path, "m/1_a.sql", hidden, text="create table a ();\n")
    if glob is None:
        source = load_source("x", [tmp_path / "m"], shown_from=tmp_path)
    else:
        source = load_globs("x", tmp_path, [glob], shown_from=tmp_path)
    assert [file.path for file in source.files] == [hidden if is_applied else "m/1_a.sql"]
    if hidden.startswith("m/") and not is_applied:
        assert [(each.path, each.by_rule) for each in source.not_applied] == [(hidden, False)]


@pytest.mark.parametrize(
    ("names", "globs", "noted"),
    [
        (("m/2_a.sql", "m/10_b.sql"), ["m/*.sql"], "m/2_a.sql is applied before m/10_b.sql"),
        (("m/1_a.sql", "m/-.sql"), ["m/*.sql"], "m/1_a.sql is applied before m/-.sql"),
        (("m/02_a.sql", "m/10_b.sql", "m/init.sql"), ["m/*.sql"], None),
        (("m/2_a.sql", "m/10_b.sql"), ["m/2_a.sql", "m/10_b.sql"], None),
        (("m/a-b/1.sql", "m/a/2.sql", "m/a/3.sql"), ["m/**/*.sql"], None),
    ],
)
def test_an_order_that_a_shell_does_not_have_is_noted(
    tmp_path: Path, names: tuple[str, ...], globs: list[str], noted: str | None
) -> None:
    write(tmp_path, *names, text="create table if not exists a ();\n")
    notes = load_globs("x", tmp_path, globs, shown_from=tmp_path).notes
    assert [note.partition(", by number")[0] for note in notes] == [noted] * (noted is not None)


@pytest.mark.parametrize("name", ["2_b.sh", "20260101_b.js", "2_b.py", "V2__b.java"])
def test_a_program_among_the_files_is_listed_as_unread(tmp_path: Path, name: str) -> None:
    write(tmp_path, "m/1_a.sql", text="create table a ();\n")
    write(tmp_path, f"m/{name}", "m/run.sh", "m/1_a.test.ts" if name == "2_b.py" else "m/readme.md", "m/index.js")
    left = load_source("x", [tmp_path / "m"], shown_from=tmp_path).not_applied
    assert {(each.path, each.by_rule) for each in left if each.path == f"m/{name}"} == {(f"m/{name}", False)}
    assert {"m/run.sh", "m/index.js", "m/readme.md"}.isdisjoint(each.path for each in left)


FOREIGN_VALUES = {
    "psql's variables for dbmate": (
        "dbmate",
        {"variables": {"a": "b"}},
        "dbmate does not run psql",
    ),
    "placeholders for plain files": ("files", {"placeholders": {"a": "b"}}, "plain files cannot have placeholders"),
    "placeholders for dbmate": ("dbmate", {"placeholders": {"a": "b"}}, "dbmate does not support placeholders"),
}


@pytest.mark.parametrize(("form", "given", "what"), FOREIGN_VALUES.values(), ids=FOREIGN_VALUES)
def test_values_that_nothing_reads_are_refused(
    tmp_path: Path, form: str, given: dict[str, dict[str, str]], what: str
) -> None:
    write(tmp_path, "1_a.sql", text="-- migrate:up\nselect 1;\n-- migrate:down\n")
    with pytest.raises(SourceError, match=what):
        load_globs("x", tmp_path, ["*.sql"], shown_from=tmp_path, form=form, **given)


SUBFOLDERS = {
    "Prisma's": (["20260101120000_a/migration.sql", "20260102120000_b/migration.sql"], 'format = "prisma"'),
    "Diesel's": (["2026-01-01-000000_a/up.sql", "2026-01-01-000000_a/down.sql"], "Diesel's layout"),
    "nobody's": (["deeper/1_y.sql"], "name the folders or files in their order"),
}


@pytest.mark.parametrize(("names", "todo"), SUBFOLDERS.values(), ids=SUBFOLDERS)
def test_unread_subfolders_are_refused_with_the_format_that_they_look_like(
    tmp_path: Path, names: list[str], todo: str
) -> None:
    write(tmp_path, *names)
    with pytest.raises(SourceError, match="in its subfolders, which would not be applied") as caught:
        load_source("x", [tmp_path], shown_from=tmp_path.parent)
    assert todo in str(caught.value.todo)


@pytest.mark.parametrize(
    ("names", "forward"),
    [
        pytest.param(["1.sql", "1_undo.sql"], "1.sql", id="undo"),
        pytest.param(["a.sql", "a-rollback.SQL"], "a.sql", id="rollback"),
        pytest.param(["001_init.sql", "001_revert.sql"], "001_init.sql", id="of the same number"),
        pytest.param(["a_apply.sql", "a_backout.sql"], "a_apply.sql", id="apply and backout"),
        pytest.param(["001.do.users.sql", "001.undo.users.sql"], "a migration .postgrator", id="postgrator's"),
        pytest.param(["1_init.sql", "2_rollback.sql"], None, id="of another number"),
        pytest.param(["1_init.sql", "10_rollback.sql"], None, id="of a longer number"),
        pytest.param(["1_undo.sql"], None, id="alone"),
        pytest.param(["1_undo_log.sql", "1_undo.sql2"], None, id="a table of that name"),
    ],
)
def test_a_file_that_takes_another_back_is_refused(tmp_path: Path, names: list[str], forward: str | None) -> None:
    write(tmp_path, *names)
    if forward is None:
        load_source("legacy", [tmp_path], shown_from=tmp_path)
        return
    with pytest.raises(SourceError, match=f"reverts {forward}"):
        load_source("legacy", [tmp_path], shown_from=tmp_path)


def test_a_folder_of_files_that_take_others_back_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "m/up/1.sql", "m/down/1.sql")
    with pytest.raises(SourceError, match="revert others of the same name") as caught:
        load_globs("x", tmp_path, ["m/**/*.sql"], shown_from=tmp_path)
    assert caught.value.where == "m/down/1.sql"
    (tmp_path / "m/down/1.sql").rename(tmp_path / "m/down/2.sql")
    assert len(load_globs("x", tmp_path, ["m/**/*.sql"], shown_from=tmp_path).statements) == 2


def test_what_alembic_writes_for_a_downgrade_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "1.sql", text="-- Running upgrade  -> a\nselect 1;\n-- Running downgrade a -> \nselect 2;\n")
    with pytest.raises(SourceError, match="a marker of Alembic") as caught:
        load_source("x", [tmp_path / "1.sql"], shown_from=tmp_path)
    assert caught.value.where == "1.sql:3"


def test_a_pair_of_up_and_down_files_names_both_formats_that_read_it(tmp_path: Path) -> None:
    write(tmp_path, "1_a.up.sql", "1_a.down.sql")
    with pytest.raises(SourceError) as caught:
        load_source("x", [tmp_path], shown_from=tmp_path.parent)
    assert 'set format = "golang-migrate" or format = "sqlx" in audit.toml' in str(caught.value.todo)


@pytest.mark.parametrize(
    ("form", "files", "reported"),
    [
        ("goose", {"1_a.sql": "-- migrate:up\n-- migrate:down\n"}, 'or set format = "dbmate": 1_a.sql has the line'),
        ("dbmate", {"1_a.up.sql": "select 1;"}, 'or set format = "golang-migrate": 1_a.up.sql is named'),
        ("golang-migrate", {"1_a.sql": "-- +goose Up\n"}, 'or set format = "goose": 1_a.sql has the line'),
        ("dbmate", {"1_a.sql": "-- migrate:up\n"}, "pair the markers"),
        ("dbmate", {"old/1_a.sql": "x"}, "apply (m/old/1_a.sql: in a subfolder, which the runner does not read)"),
    ],
)
def test_a_refusal_names_the_format_that_the_files_look_like(
    tmp_path: Path, form: str, files: dict[str, str], reported: str
) -> None:
    for name, text in files.items():
        (tmp_path / "m" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "m" / name).write_text(text)
    with pytest.raises(SourceError) as refused:
        load_source("legacy", [tmp_path / "m"], shown_from=tmp_path, form=form)
    assert reported in str(refused.value)
    assert str(refused.value).count("or set format") == reported.count("or set format")
