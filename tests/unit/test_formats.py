"""What holds for every source format: its page, its proof, its line in the docs; and the commands that show them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from fix_demo import run_cli
from fix_formats import SAMPLES, tree
from migration_audit.formats import ALL, NAMES, Format
from migration_audit.model.errors import SourceError
from migration_audit.sources import load_globs, load_source

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "sources.md"
SUBJECTS = ("Files", "Order", "Part", "Session", "Transaction", "Dialect", "Ledger", "Source")


def write(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


each_format = pytest.mark.parametrize("form", ALL, ids=NAMES)


@each_format
def test_a_page_has_every_subject_and_a_public_source(form: Format) -> None:
    title, _, body = form.page.partition("\n")
    assert title.endswith("."), title
    assert [word for word in SUBJECTS if not re.search(rf"(?m)^{word} +\S", body)] == []
    assert re.search(r"(?m)^Source +https://", body)


@each_format
def test_a_format_is_proven_by_a_test_or_says_why_not(form: Format) -> None:
    assert (form.tested_against is None) != (form.untested_because is None)
    module = REPOSITORY / f"tests/runners/test_{form.name.replace('-', '_')}.py"
    assert form.name == "files" or form.tested_against is None or module.is_file()


@each_format
@pytest.mark.parametrize("files", [{}, {"README.md": "# Notes\n"}], ids=["empty", "no SQL"])
def test_a_folder_without_migrations_gives_no_files(form: Format, files: dict[str, str | bytes]) -> None:
    try:
        found = form.plan([tree(files)], {})
    except SourceError as error:
        assert error.where and error.todo
    else:
        assert found.files == ()
    assert form.recognise(tree(files)) is None


def test_every_format_has_a_sample() -> None:
    assert set(SAMPLES) == set(NAMES) - {"files"}, "add a folder of two files to SAMPLES in tests/fix_formats.py"


@pytest.mark.parametrize(("name", "files"), SAMPLES.items(), ids=SAMPLES)
def test_one_format_alone_recognises_a_folder(name: str, files: dict[str, str]) -> None:
    others = {"../Cargo.toml": b'sqlx = "0.8"'} if name == "sqlx" else {}
    folder = replace(tree(files), other=others.get)
    assert [form.name for form in ALL if form.recognise(folder)] == [name]


@pytest.mark.parametrize(("name", "files"), SAMPLES.items(), ids=SAMPLES)
def test_a_format_reads_its_sample(tmp_path: Path, name: str, files: dict[str, str]) -> None:
    source = load_source("legacy", [write(tmp_path / "m", files)], shown_from=tmp_path, form=name)
    assert [statement.text for statement in source.statements] == ["create table a ()", "create table b ()"]


@pytest.mark.parametrize("globs", [None, ["m/*.sql", "m/*/*.sql"], ["m/**/*.sql"]], ids=["folder", "globs", "deep glob"])
@pytest.mark.parametrize(("name", "files"), SAMPLES.items(), ids=SAMPLES)
def test_the_files_of_a_runner_are_no_plain_files(
    tmp_path: Path, name: str, files: dict[str, str], globs: list[str] | None
) -> None:
    """``formats/files.py`` has a sign of each runner: a line in its files, a name, or a file next to them."""
    folder = write(tmp_path / "m", files)
    with pytest.raises(SourceError) as refused:
        if globs is None:
            load_source("legacy", [folder], shown_from=tmp_path)
        else:
            matching = [glob for glob in globs if any(tmp_path.glob(glob))]
            load_globs("legacy", tmp_path, matching, shown_from=tmp_path)
    assert re.search(rf'format = "(?:[a-z-]+" or format = ")?{name}"', str(refused.value)), refused.value


def test_names_are_unique_and_short_enough_for_a_prefix() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert [name for name in NAMES if not re.fullmatch(r"[a-z][a-z-]+", name)] == []


def test_the_page_of_sources_has_the_table_of_formats() -> None:
    rows = [f"| `{each.name}` | {each.runner} | {each.proof} |" for each in ALL]
    expected = "\n".join(["| format | runner | the real runner |", "|---|---|---|", *rows])
    between = (
        PAGE.read_text("utf-8").partition("<!-- formats:")[2].partition("-->\n")[2].partition("\n<!-- end of formats -->")[0]
    )
    assert between == expected, f"put this table into docs/sources.md:\n{expected}"


def test_format_list_has_a_line_for_each() -> None:
    ran = run_cli("format", "list")
    assert ran.code == 0, ran
    lines = ran.out.splitlines()
    assert [line.split()[0] for line in lines] == list(NAMES)
    assert [line for line, form in zip(lines, ALL, strict=True) if not line.endswith(form.proof)] == []


def test_format_explain_prints_the_page() -> None:
    ran = run_cli("format", "explain", "dbmate")
    assert ran.code == 0, ran
    assert ran.out.startswith("dbmate: plain SQL files with ``-- migrate:up``")
    assert re.search(r"\nTested against dbmate [\d.]+\.\n\Z", ran.out)


def test_an_unknown_format_is_refused_with_the_names() -> None:
    ran = run_cli("format", "explain", "nope")
    assert ran.code == 2, ran
    assert "unknown format nope" in ran.err
    assert "dbmate" in ran.err
