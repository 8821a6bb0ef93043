"""``[repository.NAME]`` and the paths ``NAME:path`` that lead into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_audit.model.errors import ConfigError
from migration_audit.project import Project, load_project

DECLARED = (
    '[repository.processor]\npath = "../processor/"\npolicy_from = "origin/main"\n[repository.data-cms]\npath = "../cms"\n'
)
HEAD = f'[project]\nname = "p"\n[environments.e]\nservice = "s"\n{DECLARED}'
SOURCES = '[legacy]\nsql = ["a"]\n[owner]\nsql = ["b"]\n'


def load(tmp_path: Path, text: str) -> Project:
    home = tmp_path / "audit"
    home.mkdir()
    (home / "audit.toml").write_text(HEAD + text)
    return load_project(home / "audit.toml")


def test_a_repository_has_a_name_a_path_and_a_protected_branch(tmp_path: Path) -> None:
    first, second = load(tmp_path, SOURCES).repositories
    assert (first.name, first.path, first.policy_from) == ("processor", "../processor", "origin/main")
    assert (second.name, second.directory, second.policy_from) == ("data-cms", tmp_path / "cms", None)
    assert first.at.line == 5


def test_the_path_of_the_repository_is_the_root_of_its_patterns(tmp_path: Path) -> None:
    project = load(tmp_path, '[legacy]\nsql = ["processor:db/*.sql", "processor:more/*.sql"]\n[owner]\nsql = ["b"]\n')
    assert (project.legacy.root, project.legacy.sql) == (tmp_path / "processor", ("db/*.sql", "more/*.sql"))
    assert project.owner.root == tmp_path / "audit"


def test_files_of_a_command_count_from_the_repository_too(tmp_path: Path) -> None:
    command = '[legacy]\ncommand = ["true"]\nfiles = ["processor:m/*.js"]\n[owner]\nsql = ["b"]\n'
    project = load(tmp_path, command)
    assert project.legacy.command is not None
    assert project.legacy.command.files == ("m/*.js",)
    assert project.legacy.command.directory == project.legacy.root == tmp_path / "processor"


PATHS = {
    "root": ('[legacy]\nroot = "processor:db"\nsql = ["a"]\n[owner]\nsql = ["b"]', lambda p: p.legacy.root, "processor/db"),
    "the repository itself": (
        '[legacy]\nroot = "processor:"\nsql = ["a"]\n[owner]\nsql = ["b"]',
        lambda p: p.legacy.root,
        "processor",
    ),
    "a saved snapshot": (
        '[legacy]\nsnapshot = "processor:a.json"\n[owner]\nsql = ["b"]',
        lambda p: p.legacy.snapshot,
        "processor/a.json",
    ),
    "the Directus snapshot": (
        f'{SOURCES}[snapshot]\nfile = "data-cms:s/schema.yaml"',
        lambda p: p.snapshot.file,
        "cms/s/schema.yaml",
    ),
    "a Dockerfile": (f'{SOURCES}[boot]\ndockerfile = "data-cms:Dockerfile"', lambda p: p.boot.dockerfile, "cms/Dockerfile"),
    "Compose files": (
        f'{SOURCES}[boot]\nowner_service = "a"\nwriter_service = "b"\ncompose = ["data-cms:./c.yaml"]',
        lambda p: p.boot.compose[0],
        "cms/c.yaml",
    ),
}


@pytest.mark.parametrize(("text", "found", "expected"), PATHS.values(), ids=PATHS.keys())
def test_a_path_becomes_one_from_the_root(tmp_path: Path, text: str, found, expected: str) -> None:
    assert found(load(tmp_path, text)) == tmp_path / expected


GLOBS = {
    "prelude": ('[project]\nname = "p"\nprelude = ["data-cms:*.sql"]\n', lambda p: p.prelude, ("../cms/*.sql",)),
    "post_sql": ('[boot]\npost_sql = ["data-cms:post/*.sql"]', lambda p: p.boot.post_sql, ("../cms/post/*.sql",)),
    "grants": ('[rehearsal]\ngrants = ["data-cms:g.sql"]', lambda p: p.rehearsal.grants, ("../cms/g.sql",)),
    "in and except": (
        '[[rule]]\ncheck = "RET004"\nmentions = ["x"]\nin = ["processor:src/**"]\nexcept = ["processor:src/a/**"]',
        lambda p: (*p.retirement[0].files, *p.retirement[0].excluded),
        ("../processor/src/**", "../processor/src/a/**"),
    ),
    "what a verb is about": (
        '[[rule]]\ncheck = "RET001"\nabsent = ["processor:src/db", "own/file"]',
        lambda p: p.retirement[0].what,
        ("../processor/src/db", "own/file"),
    ),
    "a module": (
        '[[rule]]\ncheck = "RET003"\ncalls = ["m"]\nin = ["processor:src/*"]\nmodule = "processor:src/m.ts"',
        lambda p: (p.retirement[0].module,),
        ("../processor/src/m.ts",),
    ),
    "a command": (
        '[[rule]]\ncheck = "CMD001"\ncommand = "processor:run"\ndirectory = "processor:"\njunit = "processor:j.xml"',
        lambda p: (p.retirement[0].directory, p.retirement[0].junit, p.retirement[0].what[0]),
        ("../processor", "../processor/j.xml", "processor:run"),
    ),
    "a plain path upwards": (
        '[[rule]]\ncheck = "RET001"\nabsent = ["../processor/src/db"]',
        lambda p: p.retirement[0].what,
        ("../processor/src/db",),
    ),
}


@pytest.mark.parametrize(("text", "found", "expected"), GLOBS.values(), ids=GLOBS.keys())
def test_a_pattern_becomes_one_from_audit_toml(tmp_path: Path, text: str, found, expected: tuple[str, ...]) -> None:
    whole = HEAD + SOURCES + text
    if text.startswith("[project]"):
        whole = HEAD.replace('[project]\nname = "p"\n', text) + SOURCES
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "audit.toml").write_text(whole)
    assert found(load_project(tmp_path / "audit" / "audit.toml")) == expected


REFUSED = {
    "an unknown name": (
        '[legacy]\nsql = [\n"a",\n"procesor:db"]\n[owner]\nsql = ["b"]',
        13,
        "legacy.sql[2] names a repository procesor that is not declared\n  → the repositories are processor, data-cms",
    ),
    "an unknown name in a rule": (
        f'{SOURCES}[[rule]]\ncheck = "RET001"\nabsent = ["cms:a"]',
        16,
        "rule[1].absent[1] names a repository cms that is not declared",
    ),
    "two repositories in one source": (
        '[legacy]\nsql = ["processor:a", "data-cms:b"]\n[owner]\nsql = ["b"]',
        11,
        "legacy.sql[2] is in a different repository than the first one: processor, data-cms",
    ),
    "a repository and none in one source": (
        '[legacy]\nsql = ["a", "data-cms:b"]\n[owner]\nsql = ["b"]',
        11,
        "legacy.sql[2] is in a different repository than the first one: no repository, data-cms",
    ),
    "a root besides": (
        '[legacy]\nroot = "x"\nsql = ["processor:a"]\n[owner]\nsql = ["b"]',
        12,
        "legacy.sql[1] names a repository, but root is also set",
    ),
    "out of the repository": (
        f'{SOURCES}[snapshot]\nfile = "data-cms:../x.yaml"',
        15,
        "snapshot.file leads out of the repository data-cms",
    ),
    "a name inside a pattern": (
        f'{SOURCES}[[rule]]\ncheck = "RET004"\nmentions = ["x"]\nin = ["{{processor:a,data-cms:b}}/*"]',
        17,
        "rule[1].in[1] names the repository processor inside a pattern",
    ),
    "from the file system's root": (
        f'{SOURCES}[snapshot]\nfile = "data-cms:/x.yaml"',
        15,
        "snapshot.file leads out of the repository data-cms",
    ),
    "the name of a format": (
        f'{SOURCES}[repository.flyway]\npath = "../x"',
        14,
        "repository.flyway is reserved as a path prefix",
    ),
    "the prefix of a side": (
        f'{SOURCES}[repository.env]\npath = "../x"',
        14,
        "repository.env is reserved as a path prefix",
    ),
    "a drive": (f'{SOURCES}[repository.c]\npath = "../x"', 14, "repository.c is not a valid name for a repository"),
    "capitals": (f'{SOURCES}[repository.Web]\npath = "../x"', 14, "repository.Web is not a valid name for a repository"),
    "a path twice": (
        f'{SOURCES}[repository.again]\npath = "../x/../cms"',
        15,
        "repository.again.path is also the path of data-cms",
    ),
    "no path": (f"{SOURCES}[repository.web]", 14, "repository.web.path is missing"),
    "an absolute path": (f'{SOURCES}[repository.web]\npath = "/srv/web"', 15, "repository.web.path is wrong"),
    "a wildcard": (f'{SOURCES}[repository.web]\npath = "../*"', 15, "repository.web.path is wrong"),
    "reports elsewhere": (
        f'{SOURCES}[report]\nout = "processor:reports"',
        15,
        "report.out is in another repository; reports and policy are in the repository of audit.toml",
    ),
    "keys elsewhere": (
        f'{SOURCES}[policy]\nallowed_signers = "processor:keys"',
        15,
        "policy.allowed_signers is in another repository",
    ),
}


@pytest.mark.parametrize(("text", "line", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_at_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert f"audit.toml:{line}: {message}" in str(caught.value)


def test_without_repositories_a_name_is_still_no_file(tmp_path: Path) -> None:
    (tmp_path / "audit.toml").write_text(HEAD.replace(DECLARED, "") + '[legacy]\nsql = ["web:a"]\n[owner]\nsql = ["./b:c"]')
    with pytest.raises(ConfigError, match=r"add \[repository\.web\] with its path; a file of that name is \./web:…"):
        load_project(tmp_path / "audit.toml")
