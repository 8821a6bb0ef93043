"""The recipes of docs/fleet.md: those that can be executed here are, and the others say that they are not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from fix_fleet import EQUAL, Fleet
from fix_pages import Block, blocks, execute, read_page
from fix_signed import MAL, World

pytestmark = pytest.mark.slow

PAGE = "docs/fleet.md"
GATE = "A gate for all tenants"
RECIPES = ("One machine, every night", GATE, "Parts on several machines")
"""Those that are executed here."""
ELSEWHERE = ("Dask on machines with SSH",)
"""test_fleet_dask.py starts these programs."""

TOML = """\
[project]
name = "tenants"
[legacy]
sql = ["none/*.sql"]
[owner]
sql = ["schema.sql"]
[environments.one]
dsn_env = "FLEET"
[policy]
allowed_signers = "allowed_signers"
"""


def block_below(heading: str) -> Block:
    (found,) = blocks(PAGE, heading=heading)
    return found


def commit_on_main(world: World) -> None:
    """All but keys is on origin/main, committed by somebody who is not the reviewer."""
    world.git("init", "-q", "-b", "work")
    world.git("config", "user.email", MAL)
    world.write("audit.toml", TOML)
    world.write(".gitignore", "ann.key*\nreports/\n")
    world.commit()
    world.publish()


@pytest.mark.server
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_ends_as_the_page_says(recipe: str, fleet: Fleet, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    databases = {"acme": EQUAL[0], "globex": "drift_a1", "hooli": "drift_a2", "initech": EQUAL[1]}
    lines = "".join(f"{name} = env:FLEET/{database}\n" for name, database in databases.items())
    (place / "targets.txt").write_text(lines, "utf-8")
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ann@example.org", "-f", "ann.key"]
    subprocess.run(command, cwd=place, check=True)
    (place / "allowed_signers").write_text(f"ann@example.org {(place / 'ann.key.pub').read_text('utf-8')}", "utf-8")
    if recipe == GATE:
        commit_on_main(World(root=place, keys=place))
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    for name, value in {**fleet.variables, "PATH": path}.items():
        monkeypatch.setenv(name, value)
    printed = execute(block_below(recipe).text, place)
    assert "2 targets blocked: globex, hooli" in printed
    assert ("the owner's SQL, applied here, is what targets were compared" in " ".join(printed.split())) == (recipe == GATE)


def test_recipes_that_are_not_executed_say_so() -> None:
    text = read_page(PAGE).partition("\n## Recipes\n")[2].partition("\n## ")[0]
    parts = text.split("\n### ")[1:]
    assert len(parts) == 7
    for part in parts:
        heading = part.partition("\n")[0]
        assert ("Not executed here." in part) == (heading not in (*RECIPES, *ELSEWHERE)), heading


def test_what_other_programs_read_is_yaml() -> None:
    for block in blocks(PAGE, "yaml"):
        assert yaml.safe_load(block.text)
