"""``[boot]`` of audit.toml: what it gives, and what is refused."""

import pytest

from migration_audit.model.errors import ConfigError
from migration_audit.project import load_project

HEAD = """[project]
name = "x"
[legacy]
sql = ["l/*.sql"]
[owner]
sql = ["o/*.sql"]
[environments.dev]
dsn_env = "X"
"""
BOOT = """[boot]
compose = ["deploy/a.yaml", "deploy/b.yaml"]
owner_service = "cms"
writer_service = "writer"
database_service = "db"
dockerfile = "cms/Dockerfile"
post_sql = ["cms/post/*.sql"]
[[boot.step]]
name = "first"
command = "a * b"
[[boot.step]]
name = "second"
command = "c"
"""


def load(tmp_path, text):
    (tmp_path / "audit.toml").write_text(HEAD + text)
    return load_project(tmp_path / "audit.toml")


def test_what_it_gives(tmp_path):
    boot = load(tmp_path, BOOT).boot
    assert boot.compose == (tmp_path / "deploy/a.yaml", tmp_path / "deploy/b.yaml")
    assert (boot.owner_service, boot.writer_service, boot.database_service) == ("cms", "writer", "db")
    assert (boot.dockerfile, boot.context) == (tmp_path / "cms/Dockerfile", None)
    assert [(step.name, step.command, step.at.line) for step in boot.steps] == [("first", "a * b", 16), ("second", "c", 19)]


def test_without_it(tmp_path):
    assert load(tmp_path, "").boot is None


REFUSED = {
    "no owner": ('owner_service = "cms"\n', "", "boot.owner_service is missing"),
    "no writer": ('writer_service = "writer"\n', "", "boot.writer_service is missing"),
    "services of no file": (
        'compose = ["deploy/a.yaml", "deploy/b.yaml"]\n',
        "",
        "boot.owner_service requires Compose files, but none are named",
    ),
    "the context of nothing": ("dockerfile =", "context =", "boot.context is the context of a Dockerfile"),
    "one name twice": ('"second"', '"first"', "boot.step[2].name is also the name of another step"),
    "a step without a command": ('command = "c"\n', "", "boot.step[2].command is missing"),
    "an unknown key": ("post_sql", "post_sqls", "boot.post_sqls is not a known key"),
    "an absolute glob": ('"cms/post', '"/cms/post', "boot.post_sql is wrong"),
    "a text for a list": ('["cms/post/*.sql"]', '"cms/post/*.sql"', "boot.post_sql is wrong"),
}


@pytest.mark.parametrize(("old", "new", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(old, new, message, tmp_path):
    assert old in BOOT
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, BOOT.replace(old, new, 1))
    assert message in str(caught.value)
