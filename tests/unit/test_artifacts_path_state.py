"""What stands at a path: scripts that make and remove files, against a real shell; COPY and its kin, by cases."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from migration_audit.artifacts.shell.path_state import FOLDER, NOTHING, PathKind, PathState
from migration_audit.artifacts.shell.programs import ShellScript, run_script
from migration_audit.model.location import Location

PATHS = ["f", "empty", "tool", "d", "d/g", "d/h", "n", "n/m", "./f", "d/../f"]
SHELL = shutil.which("dash") or "sh"


class Writer:
    """Writes a random script: what changes files, and steps behind tests of files."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._step = 0

    def script(self) -> str:
        lines = ["set -e"] * self._random.randrange(2)
        lines += [self._random.choice([self.change, self.change, self.test])() for _ in range(12)]
        return "\n".join(lines)

    def path(self) -> str:
        return self._random.choice(PATHS)

    def change(self) -> str:
        forms: list[Callable[[], str]] = [
            lambda: f"mkdir -p {self.path()}",
            lambda: f"mkdir {self.path()}",
            lambda: f"touch {self.path()}",
            lambda: f"rm -f {self.path()}",
            lambda: f"rm -rf {self.path()}",
            lambda: f"rm {self.path()} {self.path()}",
            lambda: f"rmdir {self.path()}",
            lambda: f"cp {self.path()} {self.path()}",
            lambda: f"cp -r {self.path()} {self.path()}/",
            lambda: f"cp {self.path()} {self.path()} {self.path()}",
            lambda: f"mv {self.path()} {self.path()}",
            lambda: f"ln -s {self.path()} {self.path()}",
            lambda: f"echo x > {self.path()}",
            lambda: f"true >> {self.path()}",
            lambda: f"echo x | tee {self.path()} >/dev/null",
            lambda: f"chmod {self._random.choice(['+x', '644', '-x', '755', 'u+x'])} {self.path()}",
            lambda: f"( cd d && touch {self.path()} )",
            lambda: f'[ "$X" ] && touch {self.path()}',
            lambda: f"touch {self.path()} || true",
            lambda: f"cd {self._random.choice(['d', 'n', 'f', '.'])}",
            lambda: f"cat {self.path()} >/dev/null || true",
        ]
        return self._random.choice(forms)()

    def test(self) -> str:
        self._step += 1
        operator, mark = self._random.choice(["-f", "-d", "-e", "-s", "-x"]), self._random.choice(["", "! "])
        test = self._random.choice([f"[ {mark}{operator} {self.path()} ]", f"test {mark}{operator} {self.path()}"])
        more = self._random.choice(["", "", f" && [ -e {self.path()} ]", f" || [ -f {self.path()} ]"])
        return f"if {test}{more}; then step {self._step}; else step -{self._step}; fi"


def tree(folder: Path) -> Path:
    (folder / "d").mkdir(parents=True)
    (folder / "f").write_text("text")
    (folder / "empty").touch()
    (folder / "tool").write_text("#!/bin/sh\n")
    (folder / "d/g").write_text("g")
    for name in ("f", "empty", "d/g"):
        (folder / name).chmod(0o644)
    (folder / "tool").chmod(0o755)
    return folder


def standing(path: Path) -> PathState:
    if not path.exists():
        return NOTHING
    if path.is_dir():
        return FOLDER
    return PathState(kind=PathKind.FILE, is_empty=path.stat().st_size == 0, mode=path.stat().st_mode)


@dataclass(frozen=True)
class Folder:
    """The paths of a folder that the script calls /w."""

    root: Path

    def text(self, path: str) -> None:
        return None

    def standing(self, path: str) -> PathState:
        return standing(self.root / path.removeprefix("/w").lstrip("/"))

    def replaced(self, path: str) -> str | None:
        return None

    def names(self, pattern: str) -> tuple[str, ...]:
        return ()


@pytest.mark.parametrize("seed", range(60))
def test_a_real_shell_finds_the_files_that_are_foreseen(seed, tmp_path):
    script, first, work = Writer(seed).script(), tree(tmp_path / "first"), tree(tmp_path / "work")
    walked = run_script(
        ShellScript(text=script, at=Location("e.sh", 1)),
        folder="/w",
        environment={"X": None},
        paths=Folder(first),
    )
    real = f"step() {{ echo $1; }}\n{script}"
    ran = subprocess.run(
        [SHELL, "-c", real], cwd=work, capture_output=True, text=True, check=False, timeout=20
    ).stdout.split()
    certain = {c.words[1] for c in walked.commands if c.words[0] == "step" and c.maybe is None}
    possible = {c.words[1] for c in walked.commands if c.words[0] == "step"}
    assert set(ran) <= possible, script
    # Under set -e a command that fails ends the script before what is certain where it does not.
    assert "set -e" in script or certain <= set(ran), script


CONDITIONS = [
    "[ -f f -a ! -d n -o -f n ]",
    "[ ! -f f -a -f d/g ]",
    "[ -n f ]",
    "[ -z '' ]",
    "[ ]",
    "[ -f ]",
    "[ '' ]",
    '[ -f "$FILE" ]',
    "[ -f $FILE ]",
    "[ -n $EMPTY ]",
    '[ -n "$EMPTY" ]',
    "[ -f $EMPTY ]",
    '[ -f "$EMPTY" ]',
    '[ "$FILE" = f ]',
    '[ "$FILE" != f ]',
    "[ ! $FILE = f ]",
    "[ 2 -gt 1 -a 1 -lt 2 ]",
    "test -d d",
    "test ! -d d",
    "test -d d -a -f f",
    "! [ -f f ]",
    "[ -f f ] && [ -d d ]",
    "[ -f n ] || [ -d d ]",
    "[ -f f ] && ! [ -d d ]",
    "[ -f n ] && [ -f $UNKNOWN ]",
    "[ -f f ] || [ -f $UNKNOWN ]",
    "[ -f f ] 2>/dev/null",
    "true",
    "false",
    "[[ -f f && -d d ]]",
    "[[ ! ( -f f || -d d ) ]]",
    "[[ $FILE == f* ]]",
    "[[ $FILE != f* ]]",
    "[[ $FILE == 'f*' ]]",
    "[[ -n $EMPTY ]]",
    "[[ -z $EMPTY || -f n ]]",
    "[ -f f/ ]",
    "[ -e f/ ]",
    "[ -d d/ ]",
]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_is_what_a_real_shell_finds(condition, tmp_path):
    work = tree(tmp_path / "w")
    script = f"FILE=f EMPTY=\nif {condition}; then yes1; else no1; fi"
    walked = run_script(ShellScript(text=script, at=Location("e.sh", 1)), folder="/w", paths=Folder(work))
    shell = "bash" if "[[" in condition else SHELL
    real = f"yes1() {{ echo yes1; }}; no1() {{ echo no1; }}\n{script}"
    ran = subprocess.run([shell, "-c", real], cwd=work, capture_output=True, text=True, check=False).stdout.split()
    assert [(c.text, c.maybe) for c in walked.commands] == [(ran[0], None)]


@pytest.mark.parametrize(
    "condition",
    [
        "[ -f $UNKNOWN ]",
        "[ -f f ] && [ -f $UNKNOWN ]",
        "[ -f n ] || [ -f $UNKNOWN ]",
        "[ -f f* ]",
        "[ -f {f,g} ]",
        "[ f -nt d ]",
        "[ -w f ]",
        "[ -f d/../f ]",
        "[[ $FILE =~ f ]]",
        "curl x || [ -f f ]",
        "[ -f f ] && curl x",
        "[ $FILE -eq 1 ]",
    ],
)
def test_a_condition_that_takes_a_run_to_know(condition, tmp_path):
    work = tree(tmp_path / "w")
    script = f"FILE=f\nif {condition}; then yes1; else no1; fi"
    walked = run_script(ShellScript(text=script, at=Location("e.sh", 1)), folder="/w", paths=Folder(work))
    assert [c.words[0] for c in walked.commands if c.maybe is not None] == ["yes1", "no1"]
