"""How a real Directus is called in a rehearsal: exact argument vectors, variables, and what is made of its output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migration_audit.directus.command_line import FILE, apply_call
from migration_audit.model.directus import DirectusRuntime, DirectusVersion
from migration_audit.model.errors import ServerError
from migration_audit.model.location import Location
from migration_audit.project import Rehearse, SnapshotSettings
from migration_audit.shadow import directus_program
from migration_audit.shadow.command import CommandRun, Target
from migration_audit.shadow.directus_program import (
    VARIABLES,
    Called,
    Program,
    call_environment,
    find_program,
    message_of,
    reported_version,
)

VERSION = DirectusVersion(11, 17, 4)
TARGET = Target("127.0.0.1", "5433", "directus", "of-the-shadow", "shadow", "disable")
PASSED = tuple(part for name in VARIABLES for part in ("-e", name))


def program(tmp_path: Path, rehearse: Rehearse, *command: str) -> Program:
    settings = SnapshotSettings(
        file=tmp_path / "schema.yaml",
        shown="schema.yaml",
        rehearse=rehearse,
        rehearse_command=command,
        at=Location("audit.toml", 9),
    )
    return find_program(settings, VERSION, directory="/project", progress=lambda _: None)


def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache in which somebody has installed this version."""
    monkeypatch.setenv("MIGRATION_AUDIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(directus_program, "cache_dir", lambda _: tmp_path / "cache")
    home = tmp_path / "cache/directus/11.17.4"
    home.mkdir(parents=True)
    (home / ".installed").touch()


def test_npm_calls_the_script_behind_the_wrapper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch)
    found = program(tmp_path, Rehearse.NPM)
    home = f"{tmp_path}/cache/directus/11.17.4"
    assert found.words(("schema", "apply", "--yes", FILE), "/tmp/x/schema.yaml") == (
        "node",
        f"{home}/node_modules/@directus/api/dist/cli/run.js",
        "schema",
        "apply",
        "--yes",
        "/tmp/x/schema.yaml",
    )
    assert (found.by, found.directory) == ("directus@11.17.4 from npm", home)


def test_docker_runs_the_image_of_the_exact_version(tmp_path: Path) -> None:
    found = program(tmp_path, Rehearse.DOCKER)
    assert found.words(("schema", "apply", "--yes", FILE, "--ignoreRules", "positions"), "/tmp/x/schema.yaml") == (
        *("docker", "run", "--rm", "--init", "--network", "host"),
        *("-v", "/tmp/x/schema.yaml:/tmp/rehearsal/schema.yaml:ro"),
        *PASSED,
        *("--entrypoint", "node", "directus/directus:11.17.4", "/directus/cli.js"),
        *("schema", "apply", "--yes", "/tmp/rehearsal/schema.yaml", "--ignoreRules", "positions"),
    )
    assert found.by == "the image directus/directus:11.17.4"
    assert not any("of-the-shadow" in word for word in found.words(("bootstrap",), "/tmp/x/schema.yaml"))


def test_a_command_gets_the_words_of_directus(tmp_path: Path) -> None:
    found = program(tmp_path, Rehearse.COMMAND, "npx", "directus")
    assert found.words(("schema", "apply", "-y", FILE), "/tmp/f.yml") == (
        *("npx", "directus", "schema", "apply", "-y", "/tmp/f.yml"),
    )
    assert (found.directory, found.by) == ("/project", "audit.toml:9: rehearse_command")


def test_the_variables_lead_to_the_shadow_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRM_PROD_DSN", "postgresql://prod")
    found = call_environment(TARGET, DirectusRuntime(search_path=("public", "app"), excluded=frozenset({"b", "a"})))
    assert {name: found[name] for name in found if name.startswith("DB_")} == {
        "DB_CLIENT": "pg",
        "DB_HOST": "127.0.0.1",
        "DB_PORT": "5433",
        "DB_DATABASE": "shadow",
        "DB_USER": "directus",
        "DB_PASSWORD": "of-the-shadow",
        "DB_SEARCH_PATH": "array:public,app",
        "DB_EXCLUDE_TABLES": "a,b",
    }
    assert set(found) <= set(VARIABLES)
    assert "DB_EXCLUDE_TABLES" not in call_environment(TARGET, DirectusRuntime())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--yes snapshots/schema.yaml", ("--yes", FILE)),
        ("$SNAPSHOT -y", (FILE, "-y")),
        ("--ignoreRules positions,devices.a --yes s.yaml", ("--ignoreRules", "positions,devices.a", "--yes", FILE)),
        ("--ignoreRules=positions s.yaml", ("--ignoreRules=positions", FILE)),
        ("--nope s.yaml", ("--nope", FILE)),
        ("--yes", ("--yes",)),
    ],
)
def test_the_entrypoints_own_words_are_called(words: str, expected: tuple[str, ...]) -> None:
    call = apply_call(("npx", "directus", "schema", "apply", *words.split()), VERSION)
    assert call is not None
    assert call.words == expected


def line(level: int, **more: object) -> str:
    return json.dumps({"level": level, "time": 1, "hostname": "vm", **more})


@pytest.mark.parametrize(
    ("status", "output", "message"),
    [
        (
            0,
            [line(30, msg="Extensions loaded"), line(30, msg="Snapshot applied successfully")],
            "Snapshot applied successfully",
        ),
        (0, [line(30, msg="No changes to apply.")], "No changes to apply."),
        (1, [line(50, msg="relation exists"), line(30, msg="Done")], "relation exists"),
        (1, [line(50, err={"message": "must be owner of table positions"})], "must be owner of table positions"),
        (1, [line(40, msg="Couldn't load"), "error: unknown option '--nope'"], "error: unknown option '--nope'"),
        (1, ["node:events:497", "TypeError: x is not a function", "    at y"], "TypeError: x is not a function"),
        (1, ["Segmentation fault"], "Segmentation fault"),
        (1, [], "it printed nothing"),
        (0, ["{not json", "{}"], "{}"),
    ],
)
def test_the_message_is_what_directus_says_at_the_end(status: int, output: list[str], message: str) -> None:
    assert message_of(CommandRun(failure=None, output="\n".join(output), status=status)) == message


@pytest.mark.parametrize(
    ("code", "output", "version"),
    [(0, "11.17.4\n", "11.17.4"), (0, f"{line(40, msg='x')}\nv12.4.0", "12.4.0"), (0, "latest", None), (1, "11.17.4", None)],
)
def test_the_version_that_answers(code: int, output: str, version: str | None) -> None:
    assert reported_version(Called(code=code, message="", output=output)) == version


NPM = """#!/bin/sh
echo "npm warn old" >&2
echo "npm error code ETARGET" >&2
echo "npm error notarget No matching version found for @directus/app@18.0.1, token=abcdefghijkl" >&2
exit 1
"""


def test_what_npm_says_is_reported_without_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bin/npm"
    path.parent.mkdir()
    path.write_text(NPM, "utf-8")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")
    with pytest.raises(ServerError, match=r"npm install directus@12\.4\.1 failed; its last lines:") as caught:
        directus_program.install_directus("12.4.1", progress=lambda _: None, folder=tmp_path / "cache")
    assert "No matching version found for @directus/app@18.0.1" in str(caught.value)
    assert "abcdefghijkl" not in str(caught.value)
    assert not (tmp_path / "cache/12.4.1/.installed").exists()


def test_no_npm_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServerError, match="npm is not on the PATH") as caught:
        directus_program.install_directus("11.17.4", progress=lambda _: None, folder=tmp_path / "cache")
    assert "rehearse with docker or a command" in str(caught.value)
