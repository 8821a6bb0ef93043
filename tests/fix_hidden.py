"""A stack with a boot of three steps and an image with a rule, and how a check ends on other files in their place."""

from __future__ import annotations

from pathlib import Path

from fix_code import write
from migration_audit.audit.inputs.boot import boot_inputs
from migration_audit.audit.inputs.retirement import documents_inputs, retirement_inputs
from migration_audit.checks import BY_ID, judge
from migration_audit.model.finding import CheckResult, Phase
from migration_audit.project import load_project

FOUND, OPEN, CLEAN = "found", "could not check", "clean"
HEAD = '[project]\nname = "p"\n[legacy]\nsql = ["a"]\n[owner]\nsql = ["b"]\n[environments.e]\nservice = "s"\n'
BOOT = (
    '[boot]\ncompose = ["compose.yaml"]\nowner_service = "owner"\nwriter_service = "writer"\ndatabase_service = "db"\n'
    + "".join(
        f'[[boot.step]]\nname = "{name}"\ncommand = "{command}"\n'
        for name, command in {"init": "init.sh", "bootstrap": "directus bootstrap", "start": "pm2"}.items()
    )
)
RULES = """
[[rule]]
check = "RET007"
image = "Dockerfile"
carries = ["migrations"]
runs = ["migrate"]
[[rule]]
check = "DOC001"
in = ["README.md"]
says = ["Processor never runs DDL."]
[[rule]]
check = "DOC002"
in = ["docs"]
says_not = ["Processor runs the migrations"]
"""
COMPOSE = "services:\n  db: {image: postgres:17}\n  owner: {build: .}\n  writer: {image: writer}\n"
DOCKERFILE = 'FROM directus/directus:11\nCOPY fake /app/fake\nCOPY e.sh init.sh /app/\nENTRYPOINT ["sh", "/app/e.sh"]\n'
SAID, CLAIM = "Processor never runs DDL.", "Processor runs the migrations"
FILES = {
    "compose.yaml": COMPOSE,
    "Dockerfile": DOCKERFILE,
    "e.sh": "set -e\nsh /app/init.sh\ndirectus bootstrap\nexec pm2 start\n",
    "init.sh": "psql\n",
    "fake/directus": "#!/bin/sh\nexit 0\n",
    "migrate.sh": "psql\n",
    "README.md": f"{SAID}\n",
    "docs/a.md": "Words.\n",
}


def steps(*lines: str) -> dict[str, str]:
    return {"e.sh": "".join(f"{line}\n" for line in ("set -e", *lines))}


def built(*lines: str) -> dict[str, str]:
    return {"Dockerfile": DOCKERFILE + "".join(f"{line}\n" for line in lines)}


INIT, BOOTSTRAP, START = "sh /app/init.sh", "directus bootstrap", "exec pm2 start"


def ends(tmp_path: Path, check: str, files: dict[str, str]) -> tuple[str, str]:
    """How the check ends on a stack and its documents, with these files in the place of the usual ones."""
    write(tmp_path, {"audit.toml": HEAD + BOOT + RULES, **FILES, **files})
    project = load_project(tmp_path / "audit.toml")
    given = {**boot_inputs(project), **retirement_inputs(project), **documents_inputs(project), "project": project}
    result: CheckResult
    (result,) = judge([BY_ID[check]], given, Phase.RETIRED)
    said = f"{[f.summary for f in result.findings]} {result.unchecked or result.reason}"
    return FOUND if result.findings else OPEN if result.is_undecided else CLEAN, said
