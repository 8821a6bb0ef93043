"""The shell steps of a CI template, run as the CI system runs them: in a fresh clone, with what the step names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

ROOT = Path(__file__).resolve().parents[1]
INSTALLATION = "Install the program outside the checkout"


def schema_errors(schema: str, *arguments: str | Path) -> str:
    """What ``check-jsonschema`` prints about these files where they do not fit a schema that comes with it."""
    command = ["--builtin-schema", schema, *map(str, arguments)]
    done = CliRunner().invoke(check_jsonschema, command, catch_exceptions=False)
    return f"{done.output}exit code {done.exit_code}" if done.exit_code else ""


@dataclass
class Machine:
    """A runner's machine: its folders, and what it knows of the event."""

    workspace: Path
    temp: Path
    known: Mapping[str, str]
    """The expressions between ``${{`` and ``}}``, and their values."""

    def run(self, script: str, *, folder: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """One script, in a shell that stops at the first error."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("GIT", "PYTHON", "PYTEST"))}
        own |= {"RUNNER_TEMP": str(self.temp), "CI": "true", "PIP_NO_DEPS": "1"}
        return subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=folder,
            env={**own, **env},
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )

    def value(self, text: str) -> str:
        """A value of the template with its expressions filled in; KeyError for one that nobody knows."""
        return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda found: self.known[found[1]], text)


def github_job(
    machine: Machine, template: Path, job: str, origin: Path, branch: str, *, is_installed: bool = False
) -> Iterator[tuple[str, int, str]]:
    """Name, exit code and output of each ``run`` step, until one fails; without the installation where that ran before."""
    body: dict[str, Any] = yaml.safe_load(template.read_text("utf-8"))["jobs"][job]
    for step in body["steps"]:
        if step.get("uses", "").startswith("actions/checkout@"):
            checkout(origin, branch, machine.workspace / step["with"]["path"])
        if "run" not in step or (is_installed and step.get("name") == INSTALLATION):
            continue
        env = {name: machine.value(str(value)) for name, value in step.get("env", {}).items()}
        if "GITHUB_OUTPUT" in step["run"]:
            env["GITHUB_OUTPUT"] = os.devnull
        done = machine.run(machine.value(step["run"]), folder=machine.workspace / step.get("working-directory", ""), env=env)
        share_dependencies(machine.temp / "migration-audit")
        yield step.get("name", step["run"]), done.returncode, done.stdout + done.stderr
        if done.returncode:
            return


def checkout(origin: Path, branch: str, into: Path) -> None:
    """A clone at a branch, with the other branches as ``origin/…``, and HEAD at a commit rather than at a branch."""
    subprocess.run(["git", "clone", "-q", str(origin), str(into)], check=True, capture_output=True)
    subprocess.run(["git", "-C", str(into), "checkout", "-q", "--detach", f"origin/{branch}"], check=True)


def share_dependencies(venv: Path) -> None:
    """Let a virtual environment find the packages that are installed for the tests, so that none is fetched again."""
    folder = venv / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    if folder.is_dir():
        (folder / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
