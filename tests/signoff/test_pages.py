"""Each ``sh`` block of README and docs/ is executed line by line, and each line ends as the page says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fix_pages import EXIT_CODE, PAGES, ROOT, Block, blocks, execute

pytestmark = pytest.mark.slow

TRY_IT = ("docs/sign-off.md", "Try it on the example")
IN_A_SIGNED_RUN = ("docs/sign-off.md", "Without our program")
IN_A_PULL_REQUEST = ("docs/ci.md", "Several repositories")
"""test_layouts.py executes this one, between repositories."""

BLOCKS = [block for page in PAGES for block in blocks(page, "sh")]
IN_THE_CLONE = [b for b in BLOCKS if (b.page, b.heading) not in (IN_A_SIGNED_RUN, IN_A_PULL_REQUEST)]
EXECUTED = sorted({block.page for block in IN_THE_CLONE})


def block_of(place: tuple[str, str]) -> Block:
    (found,) = (block for block in BLOCKS if (block.page, block.heading) == place)
    return found


def git(*arguments, cwd):
    # No configuration of the machine: its hooks and signatures are not what this is about.
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-c", "user.name=Author", "-c", "user.email=author@example.org", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def clone(server, tmp_path_factory) -> Path:
    """A repository with everything that this one tracks, committed, and an audited example in it: as after `make audit`."""
    del server
    place = tmp_path_factory.mktemp("clone") / "migration-audit"
    tracked = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    for name in filter(None, tracked):
        if (ROOT / name).is_file() and not name.startswith("reports/signed/"):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    git("init", "--quiet", cwd=place)
    git("add", "--all", cwd=place)
    git("commit", "--quiet", "--message", "Everything", cwd=place)
    for program, module in (("migration-audit", "migration_audit"), ("papermill", "papermill")):
        path = place / ".venv" / "bin" / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\nPYTHONPATH="{place / "lib"}" exec "{sys.executable}" -m {module} "$@"\n', "utf-8")
        path.chmod(0o755)
    command = [place / ".venv" / "bin" / "migration-audit", "demo"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return place


@pytest.mark.parametrize("page", EXECUTED)
def test_every_command_of_a_page_ends_as_the_page_says(clone: Path, page: str) -> None:
    printed = execute("".join(block.text for block in IN_THE_CLONE if block.page == page), clone)
    assert [text for text in PRINTED[page] if text not in printed] == []


PRINTED = {
    "docs/ci.md": ["Project: trm", "nothing found in 2 files"],
    "docs/explore.md": ["LIV004  ", "✓ equal: no differences", "table  public.positions", "column  public.positions.faulty"],
    "docs/sign-off.md": ["report.html", "LIV004"],
    "docs/sources.md": [
        "✓ equal: no differences",
        "variable :schema is not set here",
        'set format = "dbmate"',
        "Tested against dbmate",
    ],
}
"""Why they end so."""


def test_the_pages_with_commands_are_these() -> None:
    assert set(EXECUTED) == set(PRINTED)
    assert len(EXIT_CODE.findall(block_of(TRY_IT).text)) == 5, "the walk-through names how its commands end"
    assert block_of(IN_A_PULL_REQUEST).text.startswith("migration-audit gate ")


def test_a_line_that_ends_otherwise_is_found(tmp_path: Path) -> None:
    assert execute("echo a \\\n  b\nfalse # exit code 1: no\n", tmp_path) == "line 0 0\n".join(("a b\n", "line 1 1\n"))
    for text in ("false\n", "true # exit code 1: no\n", "true\nexit 0\n"):
        with pytest.raises(AssertionError, match=text.splitlines()[-1]):
            execute(text, tmp_path)


def test_a_signed_run_is_verified_without_our_program(clone: Path) -> None:
    (clone / ".audit").mkdir()
    execute(
        """PATH=$PWD/.venv/bin:$PATH
ssh-keygen -q -t ed25519 -N "" -C ann@example.org -f .audit/key
echo "ann@example.org namespaces=\\"migration-audit\\" $(cat .audit/key.pub)" > .audit/allowed_signers
example="--config lib/migration_audit/demo/trm --allowed-signers .audit/allowed_signers"
migration-audit sign reports/stage --as ann@example.org --key .audit/key --decision reject --yes $example
""",
        clone,
    )
    (run,) = (clone / "reports" / "signed" / "stage").iterdir()
    commands = block_of(IN_A_SIGNED_RUN).text
    printed = execute(commands, run)
    assert "report.html: OK" in printed
    assert 'Good "migration-audit" signature for ann@example.org' in printed
    report = run / "report.html"
    report.write_text(report.read_text("utf-8").replace("review", "clean"), "utf-8")
    with pytest.raises(AssertionError, match=r"report\.html: FAILED"):
        execute(commands, run)
