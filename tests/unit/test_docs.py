"""README and docs/: each link leads somewhere; each command, option, variable and piece of audit.toml is one that exists."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest

from fix_pages import PAGES, ROOT, anchors, blocks, inline_code, links, read_page
from migration_audit.cli import main
from migration_audit.project import template
from migration_audit.project.validate import validate

each_page = pytest.mark.parametrize("page", PAGES)


def broken_links(page: str) -> Iterator[str]:
    """The relative links that lead to no file or no heading."""
    for link in links(page):
        path, _, anchor = link.partition("#")
        if "://" in path:
            continue
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        inside = target.is_relative_to(ROOT) and target.exists()
        if not inside or (anchor and anchor not in anchors(str(target.relative_to(ROOT)))):
            yield link


@each_page
def test_each_relative_link_leads_to_a_file_and_a_heading(page: str) -> None:
    assert list(broken_links(page)) == []


def test_a_broken_link_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.md").write_text("# A `b`, c\n\n[x](#a-b-c) [x](#b) [y](b.md) [z](../a.md) [w](https://x.org/) `[v](n)`\n")
    for module in ("fix_pages", __name__):
        monkeypatch.setattr(f"{module}.ROOT", tmp_path)
    assert list(broken_links("a.md")) == ["#b", "b.md", "../a.md"]


def test_readme_links_to_every_page() -> None:
    assert {page for page in PAGES if page != "README.md"} - {link.partition("#")[0] for link in links("README.md")} == set()


def test_readme_is_for_the_first_ten_minutes() -> None:
    text = read_page("README.md")
    assert text.startswith("# migration-audit\n\n```\nmake audit ")
    assert len(text.splitlines()) <= 125, "move what is not for the first ten minutes to docs/"


@pytest.mark.parametrize("word", ["legacy", "owner", "writer", "ledger", "probe"])
def test_readme_explains_a_word_where_it_first_appears(word: str) -> None:
    text = read_page("README.md")
    first = re.search(rf"\b{word}s?\b", text)
    assert first is not None
    assert text[first.start() - 2 :].startswith(f"**{word}**: ")


def test_readme_names_everything_that_ci_runs() -> None:
    script = [line for line in (ROOT / ".ci/run").read_text("utf-8").splitlines() if line and not line.startswith("#")]
    setup = ("set ", "cd ")
    commands = [
        re.sub(r"^(?:export |\.venv/bin/)", "", line).partition(" || ")[0] for line in script if not line.startswith(setup)
    ]
    assert len(commands) == 5
    assert [command for command in commands if command not in read_page("README.md")] == []


def commands_on(page: str) -> list[str]:
    """Each use of our program: in a block, between backticks, or by its command with an option (``gate --live``)."""
    lines = [line for block in blocks(page) for line in block.text.replace("\\\n", " ").splitlines()]
    found = [re.sub(r"\s+#.*", "", line) for line in lines if line.startswith("migration-audit ")]
    return found + [
        code if code.startswith("migration-audit ") else f"migration-audit {code}"
        for code in inline_code(page)
        if code.startswith("migration-audit ") or (code.split()[0] in main.commands and " -" in code)
    ]


def mistakes(line: str) -> Iterator[str]:
    """What of a command line, or of its synopsis, our program does not have."""
    words = [word for word in re.sub(r"[\[\]…,]", " ", line).split()[1:] if not word.startswith("$")]
    commands: list[click.Command] = [main]
    while words and all(isinstance(command, click.Group) for command in commands):
        names = words.pop(0).split("|")
        tables = [command.commands for command in commands if isinstance(command, click.Group)]
        unknown = [name for name in names if not any(name in table for table in tables)]
        if unknown:
            yield f"there is no command {', '.join(unknown)}"
            return
        commands = [table[name] for name in names for table in tables]
    params = {option: param for command in commands for param in command.params for option in param.opts}
    for word, following in pairwise([*words, ""]):
        option, _, value = word.partition("=")
        if not option.startswith("-"):
            continue
        if option not in params:
            yield f"there is no option {option}"
        elif isinstance(choice := params[option].type, click.Choice):
            yield from (f"{option} is never {v}" for v in (value or following).split("|") if v not in choice.choices)


@each_page
def test_each_command_and_option_exists(page: str) -> None:
    assert {line: found for line in commands_on(page) if (found := list(mistakes(line)))} == {}


MISTAKES = {
    "migration-audit frobnicate": ["there is no command frobnicate"],
    "migration-audit server status|install|pause": ["there is no command pause"],
    "migration-audit run [--env NAME]… [--fast]": ["there is no option --fast"],
    "migration-audit run [--phase preflight|later]": ["--phase is never later"],
    "migration-audit compare a b --format=xml": ["--format is never xml"],
    "migration-audit gate --live --format json": [],
}


@pytest.mark.parametrize(("line", "found"), MISTAKES.items(), ids=MISTAKES)
def test_a_command_that_does_not_exist_is_found(line: str, found: list[str]) -> None:
    assert list(mistakes(line)) == found


def test_readme_lists_every_command() -> None:
    listed = " ".join(code for code in inline_code("README.md") if code.startswith("migration-audit "))
    assert [name for name in main.commands if not re.search(rf"migration-audit {name}\b", listed)] == []


@each_page
def test_each_make_target_exists(page: str) -> None:
    code = [*inline_code(page), *(line for block in blocks(page) for line in block.text.splitlines())]
    targets = sorted({m[1] for text in code if (m := re.match(r"(?:\w+=\S+ )?make ([\w./-]+)", text))})
    assert targets or page not in ("README.md", "CONTRIBUTING.md")
    for target in targets:
        done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def variables() -> set[str]:
    """Those that the program, its tests and its templates read."""
    places = ["lib/**/*.py", "tests/fix_*.py", "tests/*/test_*.py", "examples/**/*.yml", "Makefile"]
    files = [path for place in places for path in ROOT.glob(place) if path != Path(__file__).resolve()]
    return {name for path in files for name in re.findall(r"MIGRATION_AUDIT_[A-Z0-9_]+", path.read_text("utf-8"))}


@each_page
def test_each_variable_is_read_somewhere(page: str, variables: set[str]) -> None:
    assert set(re.findall(r"MIGRATION_AUDIT_[A-Z0-9_]+", read_page(page))) - variables == set()


def with_base(piece: dict[str, Any]) -> dict[str, Any]:
    """A whole audit.toml: the template's, with the tables of a piece; another kind of source takes the place of its SQL."""
    whole = tomllib.loads(template())
    for name, table in piece.items():
        base = whole.get(name)
        replaces = isinstance(table, dict) and {"command", "snapshot", "dsn_env"} & table.keys()
        whole[name] = {**base, **table} if isinstance(base, dict) and not replaces else table
    return whole


TOML = [block for page in PAGES for block in blocks(page, "toml")]


@pytest.mark.parametrize("block", TOML, ids=[f"{block.page}: {block.heading}" for block in TOML])
def test_each_piece_of_audit_toml_is_valid(block: Any) -> None:
    assert validate(with_base(tomllib.loads(block.text))) == []
