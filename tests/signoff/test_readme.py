"""The README's walk-through, executed line by line as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_EXIT_CODE = re.compile(r"# exit code (\d):")


def walk_through() -> str:
    section = (ROOT / "README.md").read_text("utf-8").partition("### Try it on the example")[2]
    return re.search(r"```sh\n(.*?)```", section, re.DOTALL).group(1)


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
    (place / ".venv" / "bin").mkdir(parents=True)
    program = place / ".venv" / "bin" / "migration-audit"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{place / "lib"}" exec "{sys.executable}" -m migration_audit "$@"\n', "utf-8")
    program.chmod(0o755)
    done = subprocess.run([program, "demo"], cwd=place, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return place


def test_every_command_of_the_walk_through_ends_as_the_readme_says(clone):
    lines = [line for line in walk_through().splitlines() if line.strip()]
    expected = [(n, int(m.group(1))) for n, line in enumerate(lines, start=1) if (m := _EXIT_CODE.search(line))]
    assert len(expected) == 5, "the README says how these commands end"
    script = "".join(f'{line}\necho "line {number} $?"\n' for number, line in enumerate(lines, start=1))
    done = subprocess.run(["sh"], input=script, cwd=clone, capture_output=True, text=True, timeout=300, check=False)
    ended = {int(n): int(code) for n, code in re.findall(r"^line (\d+) (\d+)$", done.stdout, re.MULTILINE)}
    told = f"{done.stdout}\n{done.stderr}"
    assert len(ended) == len(lines), told
    assert {n: ended[n] for n, _ in expected} == dict(expected), told
    unsaid = set(ended) - {n for n, _ in expected}
    assert {n: ended[n] for n in unsaid} == dict.fromkeys(unsaid, 0), told
    after = done.stdout.partition("verify reports/signed/dev")[2] or done.stdout
    assert "report.html" in after
    assert "LIV004" in done.stdout, "prod is refused with its reasons"
