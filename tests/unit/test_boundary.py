"""What audited files name is read in their repository alone: no other file of the machine is opened, and none is shown."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from migration_audit import sources
from migration_audit.artifacts.code.sources import SourceTree
from migration_audit.artifacts.compose.stack import read_stack
from migration_audit.artifacts.container.startup import read_boot
from migration_audit.artifacts.directus.version import version_of_package
from migration_audit.artifacts.documents.commands import read_junit
from migration_audit.artifacts.documents.markdown import read_document
from migration_audit.artifacts.files import find_files
from migration_audit.artifacts.manifests.libraries import read_manifests
from migration_audit.artifacts.paths import read_path
from migration_audit.detect.listing import list_folder
from migration_audit.model.errors import AuditError
from migration_audit.project.boundary import boundary_of, boundary_of_sides

SECRET = "HUNTER2"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A repository, and a secret file and folder beside it."""
    root = tmp_path / "home"
    (root / ".git").mkdir(parents=True)
    (root / "sql").mkdir()
    out = tmp_path / "private"
    out.mkdir()
    for name in ("secret.sql", "secret.env", "secret.yaml", "secret.txt", "Dockerfile", "package.json", "requirements.txt"):
        (out / name).write_text(f"{SECRET}: ={SECRET} (\n")
    return root


def write(root: Path, path: str, text: str) -> Path:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)
    return root / path


def _globs(root: Path) -> object:
    return sources.load_globs("owner", root, ["sql/*.sql"], shown_from=root)


def _folder(root: Path) -> object:
    path = root / "sql"
    return sources.load_source("side", [path], shown_from=root, boundary=boundary_of_sides((path,)))


INCLUDES = {
    r"\i": "\\i {out}/secret.sql",
    r"\i, relative": "\\i ../private/secret.sql",
    r"\ir": "\\ir ../../private/secret.sql",
    r"\include": "\\include '{out}/secret.sql'",
    r"\include_relative": "\\include_relative ../../private/secret.sql;",
    "of a variable": "\\set where {out}\n\\i :where/secret.sql",
    "through a link of the tree": "\\ir linked/secret.sql",
    "that does not exist": "\\i {out}/none.sql",
    "a folder": "\\i {out}",
    "a device": "\\i /dev/stdin",
    "a process": "\\i /proc/self/environ",
}


@pytest.mark.parametrize("load", [_globs, _folder])
@pytest.mark.parametrize("name", INCLUDES)
def test_an_include_that_leaves_the_repository_is_refused(home: Path, name: str, load: Callable[[Path], object]) -> None:
    out = home.parent / "private"
    (home / "sql/linked").symlink_to(out)
    text = INCLUDES[name].format(out=out)
    write(home, "sql/1.sql", f"select 1;\n{text}\n")
    with pytest.raises(
        AuditError, match=r"^sql/1\.sql:\d: the included file .* leads to /.*outside of .*is not read"
    ) as refused:
        load(home)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("load", [_globs, _folder])
def test_a_link_that_leaves_the_repository_is_refused(home: Path, load: Callable[[Path], object]) -> None:
    (home / "sql/1.sql").symlink_to("../../private/secret.sql")
    with pytest.raises(AuditError, match=r"^sql/1\.sql: leads to /.*/private/secret\.sql, which is outside") as refused:
        load(home)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("load", [_globs, _folder])
def test_a_folder_that_is_such_a_link_is_refused(home: Path, load: Callable[[Path], object]) -> None:
    (home / "sql").rmdir()
    (home / "sql").symlink_to("../private")
    with pytest.raises(AuditError, match=r"leads to /.*/private.*, which is outside") as refused:
        load(home)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("load", [_globs, _folder])
def test_files_of_the_repository_are_read_wherever_they_are(home: Path, load: Callable[[Path], object]) -> None:
    write(home, "shared/2.sql", "select 2;")
    write(home, "sql/1.sql", "\\ir ../shared/2.sql\n")
    (home / "sql/3.sql").symlink_to("../shared/2.sql")
    assert load(home)


def test_sql_behind_a_link_to_a_folder_is_named(home: Path) -> None:
    write(home, "shared/2.sql", "create table t2 ();")
    write(home, "sql/1.sql", "create table t1 ();")
    (home / "sql/more").symlink_to("../shared")
    (home / "sql/circle").symlink_to("..")
    with pytest.raises(AuditError, match=r"\.sql files in its subfolders"):
        _folder(home)
    for glob in ("sql/*.sql", "sql/**/*.sql"):
        source = sources.load_globs("owner", home, [glob], shown_from=home)
        left = {each.path for each in source.not_applied if not each.by_rule}
        assert [file.path for file in source.files] == ["sql/1.sql"]
        assert len(left) == 1, "shown once, whichever link leads there"
        assert left <= {"sql/more/2.sql", "sql/circle/shared/2.sql"}
    write(home, "fly/V1__a.sql", "create table t1 ();")
    (home / "fly/more").symlink_to("../flown")
    write(home, "flown/V2__b.sql", "create table t2 ();")
    source = sources.load_globs("owner", home, ["fly"], shown_from=home, form="flyway")
    assert [file.path for file in source.files] == ["fly/V1__a.sql", "fly/more/V2__b.sql"]


def test_a_link_to_a_folder_that_leaves_the_repository_is_named(home: Path) -> None:
    write(home, "sql/1.sql", "select 1;")
    (home / "sql/more").symlink_to("../../private")
    with pytest.raises(AuditError, match=r"^sql/more: leads to /.*/private, which is outside"):
        _folder(home)
    source = sources.load_globs("owner", home, ["sql/*.sql"], shown_from=home)
    (left,) = source.not_applied
    assert (left.path, left.by_rule) == ("sql/more", False)
    assert "leads out" in left.reason


REFUSED = (
    r"\copy t from '/etc/passwd'",
    r"\! cat /etc/passwd",
    r"\o /tmp/x",
    r"\w /tmp/x",
    r"\s /tmp/x",
    r"\g /tmp/x",
    r"select 1 \g |cat",
    r"select 'a' \gset",
    r"select 1 \gexec",
    r"\set x `id`",
    r"\lo_import /etc/passwd",
    r"\setenv A b",
    r"\cd /",
)


@pytest.mark.parametrize("line", REFUSED)
def test_commands_of_psql_that_read_write_or_run_are_refused(home: Path, line: str) -> None:
    write(home, "sql/1.sql", f"select 1;\n{line}\n")
    with pytest.raises(AuditError, match=r"sql/1\.sql:2: psql's \\\w+\S* is refused|sql/1\.sql:2: .*it runs a program"):
        _globs(home)


COMPOSE = {
    "include": "include: [../private/secret.yaml]\nservices: {a: {image: x}}\n",
    "include, absolute": "include: ['{out}/secret.yaml']\nservices: {{a: {{image: x}}}}\n",
    "env_file of include": "include: [{path: b.yaml, env_file: ../private/secret.env}]\nservices: {a: {image: x}}\n",
    "folder of include": "include: [{path: b.yaml, project_directory: ../private}]\nservices: {a: {image: x}}\n",
    "extends": "services:\n  a:\n    extends: {file: ../private/secret.yaml, service: a}\n",
}


@pytest.mark.parametrize("name", COMPOSE)
def test_what_a_compose_file_includes_is_in_its_repository(home: Path, name: str) -> None:
    write(home, "b.yaml", "services: {b: {image: y}}\n")
    text = COMPOSE[name]
    file = write(home, "compose.yaml", text.format(out=home.parent / "private") if "{out}" in text else text)
    with pytest.raises(AuditError, match=r"^compose\.yaml:\d: .*leads to /.*/private\S*, which is outside") as refused:
        read_stack([file], shown_from=home)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("build", ["{context: ../private}", "{context: ., dockerfile: ../private/Dockerfile}"])
def test_what_a_compose_file_builds_is_in_its_repository(home: Path, build: str) -> None:
    file = write(home, "compose.yaml", f"services:\n  a:\n    build: {build}\n")
    stack = read_stack([file], shown_from=home)
    with pytest.raises(AuditError, match=r"^compose\.yaml:\d: .*leads to /.*/private.*, which is outside") as refused:
        read_boot(stack.services[0], dockerfile=None, context=None, shown_from=home)
    assert SECRET not in str(refused.value)


def test_a_script_that_is_mounted_from_elsewhere_or_linked_is_not_read(home: Path) -> None:
    write(home, "Dockerfile", 'FROM alpine\nCOPY run.sh /run.sh\nENTRYPOINT ["/run.sh"]\n')
    (home / "run.sh").symlink_to("../private/secret.txt")
    _, image = read_boot(None, dockerfile=home / "Dockerfile", context=home, shown_from=home)
    assert "outside of" in repr(image.start) and SECRET not in repr(image)
    mounted = "services:\n  a:\n    build: .\n    volumes: ['../private/secret.txt:/run.sh:ro']\n"
    stack = read_stack([write(home, "compose.yaml", mounted)], shown_from=home)
    boot, _ = read_boot(stack.services[0], dockerfile=None, context=None, shown_from=home)
    assert "outside of" in repr(boot.run) and SECRET not in repr(boot)


def _source(home: Path) -> object:
    write(home, "src/run.sh", "#!/bin/sh\n. ../../private/secret.txt\n")
    return SourceTree(home).scope(["src/**"])


def _linked(home: Path) -> object:
    (home / "src").mkdir()
    (home / "src/a.ts").symlink_to("../../private/secret.txt")
    return SourceTree(home).scope(["src/**"])


def _linked_folder(home: Path) -> object:
    (home / "src").mkdir()
    (home / "src/lib").symlink_to("../../private")
    assert find_files(home, ["src/**/*.ts"]).paths == ("src/lib",)
    return SourceTree(home).scope(["src/**/*.ts"])


def _requirements(home: Path) -> object:
    write(home, "requirements.txt", "-r ../private/requirements.txt\n")
    return read_manifests(home, ["requirements.txt"])


def _document(home: Path) -> object:
    (home / "README.md").symlink_to("../private/secret.txt")
    return read_document(home / "README.md", shown_from=home)


def _junit(home: Path) -> object:
    (home / "junit.xml").symlink_to("../private/secret.txt")
    return read_junit(home / "junit.xml", shown_from=home)


def _package(home: Path) -> object:
    (home / "package.json").symlink_to("../private/package.json")
    return version_of_package(home, shown=".")


def _detected(home: Path) -> object:
    (home / "1.sql").symlink_to("../private/secret.sql")
    return list_folder(home)


@pytest.mark.parametrize("read", [_linked, _linked_folder, _requirements, _document, _junit, _detected])
def test_other_files_that_lead_out_are_named_and_not_read(home: Path, read: Callable[[Path], object]) -> None:
    try:
        said = repr(read(home))
    except AuditError as error:
        said = str(error)
    assert "which is outside of" in said
    assert SECRET not in said


@pytest.mark.parametrize("read", [_source, _package])
def test_what_leads_out_adds_nothing(home: Path, read: Callable[[Path], object]) -> None:
    assert SECRET not in repr(read(home))


def test_a_path_that_leads_out_is_a_link_whose_content_has_no_part(home: Path) -> None:
    (home / "gone").symlink_to("../private")
    (home / "kept").symlink_to("../private/secret.txt")
    assert read_path(home, "gone").kind == "link" and not read_path(home, "gone").holds
    assert read_path(home, "kept", sha256="0" * 64).kind == "link"


def test_folders_next_to_are_audited_where_audit_toml_names_them(home: Path) -> None:
    other = home.parent / "service"
    write(other, "migrations/1.sql", "\\ir ../shared/2.sql\n")
    write(other, "shared/2.sql", "select 2;")
    assert sources.load_globs("legacy", other / "migrations", ["*.sql"], shown_from=home).files
    assert boundary_of(home, other / "migrations").roots == (home, other)
    # A link that leads there is as good: it is in no repository, so nobody who writes files in one has made it.
    (home.parent / "link").symlink_to("service")
    assert boundary_of(home, home.parent / "link/migrations").roots == (home, other)


def test_a_repository_of_the_whole_home_is_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home.parent / ".git").mkdir()
    shutil.rmtree(home / ".git")
    assert boundary_of(home).roots == (home.parent,)
    monkeypatch.setenv("HOME", str(home.parent))
    assert boundary_of(home).roots == (home,)
