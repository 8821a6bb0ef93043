"""``[snapshot]`` in audit.toml: read with its defaults, refused at its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_audit.audit.grants import as_sql, grants_for
from migration_audit.model.errors import ConfigError
from migration_audit.project import Project, Rehearse, SnapshotSettings, compare_settings, load_project, write_template


def loaded(folder: Path, text: str) -> Project:
    path = write_template(folder)
    path.write_text(f"{path.read_text()}\n{text}\n")
    return load_project(path)


def test_left_out_there_is_none(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").snapshot is None


def test_the_file_is_relative_to_audit_toml(tmp_path: Path) -> None:
    settings = loaded(tmp_path, '[snapshot]\nfile = "cms/schema.yaml"').snapshot
    assert isinstance(settings, SnapshotSettings)
    assert (settings.file, settings.shown) == ((tmp_path / "cms/schema.yaml").resolve(), "cms/schema.yaml")
    assert (settings.version, settings.role) == (None, None)
    assert (settings.rehearse, settings.rehearse_command, settings.rehearse_timeout) == (None, (), 300)
    assert (tmp_path / "audit.toml").read_text().splitlines()[settings.at.line - 1] == "[snapshot]"


@pytest.mark.parametrize("by", list(Rehearse))
def test_a_rehearsal_is_asked_for(tmp_path: Path, by: Rehearse) -> None:
    more = 'rehearse_command = ["npx", "directus"]' if by is Rehearse.COMMAND else ""
    settings = loaded(tmp_path, f'[snapshot]\nfile = "a"\nrehearse = "{by}"\nrehearse_timeout = 60\n{more}').snapshot
    assert settings is not None
    assert (settings.rehearse, settings.rehearse_timeout) == (by, 60)
    assert settings.rehearse_command == (("npx", "directus") if by is Rehearse.COMMAND else ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[snapshot]", r"snapshot\.file is missing"),
        ('[snapshot]\nfile = ""', r"snapshot\.file is wrong"),
        ('[snapshot]\nfile = "a"\nversion = "latest"', r"snapshot\.version is wrong: expected a release of Directus"),
        ('[snapshot]\nfile = "a"\nversion = "11.17"', r"snapshot\.version is wrong"),
        ('[snapshot]\nfile = "a"\nrehearse = "yes"', r"snapshot\.rehearse is wrong: expected one of npm, docker, command"),
        ('[snapshot]\nfile = "a"\nrehearse = "command"', r"snapshot\.rehearse_command is missing"),
        ('[snapshot]\nfile = "a"\nrehearse = "npm"\nrehearse_command = ["x"]', r"rehearse_command belongs to rehearse"),
        ('[snapshot]\nfile = "a"\nrehearse_timeout = 9', "rehearse_timeout is about a rehearsal, but none is configured"),
        ('[snapshot]\nfile = "a"\nrehearse = "npm"\nrehearse_timeout = 0', r"snapshot\.rehearse_timeout is wrong"),
        ('[snapshot]\nfile = "a"\nversions = "11.17.4"', "did you mean version"),
    ],
)
def test_what_is_wrong_is_reported_at_its_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        loaded(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new", "is_less"),
    [
        ({}, {"rehearse": "npm"}, False),
        ({}, {"rehearse": "command", "rehearse_command": ["directus"]}, False),
        ({"rehearse": "npm"}, {}, True),
        ({"rehearse": "npm"}, {"rehearse": "command", "rehearse_command": ["true"]}, True),
        (
            {"rehearse": "command", "rehearse_command": ["a"]},
            {"rehearse": "command", "rehearse_command": ["b"]},
            True,
        ),
        ({"rehearse": "npm", "rehearse_timeout": 600}, {"rehearse": "npm", "rehearse_timeout": 1}, True),
    ],
    ids=["asked", "by a command", "no longer", "by another", "another command", "another limit"],
)
def test_a_proposal_may_ask_for_a_rehearsal_and_not_take_it_away(
    old: dict[str, object], new: dict[str, object], is_less: bool
) -> None:
    """What the model says stays beside it, so that one more is never less."""
    found = compare_settings({"snapshot": {"file": "a", **old}}, {"snapshot": {"file": "a", **new}})
    assert found
    assert any(one.is_less for one in found) is is_less


def test_a_rehearsal_needs_one_table_more(tmp_path: Path) -> None:
    needed = "GRANT SELECT ON public.directus_migrations TO auditor;"
    asked = loaded(tmp_path, '[snapshot]\nfile = "a"\nrehearse = "npm"')
    (grant,) = [one for one in grants_for(asked, role="auditor") if needed in one.sql]
    assert grant.checks == ("SNAP009",)
    other = tmp_path / "other"
    other.mkdir()
    assert needed not in as_sql(grants_for(loaded(other, '[snapshot]\nfile = "a"'), role="auditor"))
