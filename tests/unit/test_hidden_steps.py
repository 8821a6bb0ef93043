"""Steps of a boot that are written and do not run, shells that are none, and texts that not all readers see."""

from __future__ import annotations

from pathlib import Path

import pytest

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
BOOTS = {
    "as it is": ({}, CLEAN),
    "an alias that does nothing": (steps("alias directus=true", INIT, BOOTSTRAP, START), FOUND),
    "an alias that prints": (steps("alias directus='echo'", INIT, BOOTSTRAP, START), FOUND),
    "an alias of itself": (steps("alias directus='directus --log'", INIT, BOOTSTRAP, START), CLEAN),
    "another alias": (steps("alias ll='ls -la'", INIT, BOOTSTRAP, START), CLEAN),
    "a step by an alias": (steps("alias up='directus bootstrap'", INIT, "up", START), CLEAN),
    "another directus in front of PATH": (steps("export PATH=/app/fake:$PATH", INIT, BOOTSTRAP, START), FOUND),
    "another directus for one command": (steps(INIT, "PATH=/app/fake:$PATH directus bootstrap", START), FOUND),
    "another directus by ENV": (built("ENV PATH=/app/fake:$PATH"), FOUND),
    "a folder of programs in PATH": (steps("export PATH=/directus/bin:$PATH", INIT, BOOTSTRAP, START), CLEAN),
    "from a folder that lacks it": (steps("cd /tmp", "sh ./init.sh", BOOTSTRAP, START), OPEN),
    "from its folder": (steps("cd /app", "sh ./init.sh", BOOTSTRAP, START), CLEAN),
    "removed": (built("RUN rm /app/init.sh"), OPEN),
    "removed with its folder": (built("RUN rm -rf /app"), OPEN),
    "removed by a pattern": (built("RUN rm /app/*.sh"), OPEN),
    "moved": (built("RUN mv /app/init.sh /app/old.sh"), OPEN),
    "removed by find": (built("RUN find /app -name init.sh -delete"), OPEN),
    "other files removed": (built("RUN apt-get update && rm -rf /var/lib/apt/lists/*"), CLEAN),
    "removed and copied again": (built("RUN rm /app/init.sh", "COPY init.sh /app/"), CLEAN),
    "made executable": (built("RUN chmod +x /app/init.sh"), CLEAN),
    "a word in quotes": (steps(INIT, "dir\"ectus\" $'boot\\x73trap'", START), CLEAN),
}
IMAGES = {
    "a shell that is the runner": ('SHELL ["node", "dist/db/migrate.js"]\nRUN up\nCMD ["node", "x.js"]', FOUND),
    "a shell that is the runner, of CMD": ('SHELL ["node", "dist/db/migrate.js"]\nCMD up', FOUND),
    "a shell that is the runner, of ENTRYPOINT": ('SHELL ["node", "dist/db/migrate.js"]\nENTRYPOINT up', FOUND),
    "a shell with a script": ('SHELL ["sh", "migrate.sh"]\nRUN up\nCMD ["node", "x.js"]', FOUND),
    "a shell with a text of its own": ('SHELL ["sh", "-c", "node dist/db/migrate.js"]\nRUN up\nCMD ["node", "x.js"]', FOUND),
    "code of a shell of JavaScript": ('SHELL ["node", "-e"]\nCMD require(\'./dist/db/migrate\').run()', FOUND),
    "a shell that nothing uses": ('SHELL ["node", "dist/db/migrate.js"]\nCMD ["node", "x.js"]', CLEAN),
    "a shell of Windows": ('SHELL ["pwsh", "-Command"]\nRUN npm ci\nCMD ["node", "x.js"]', OPEN),
    "bash with pipefail": ('SHELL ["/bin/bash", "-eo", "pipefail", "-c"]\nRUN npm ci\nCMD node x.js', CLEAN),
    "ash with -exc": ('SHELL ["/bin/ash", "-exc"]\nRUN npm ci\nCMD node x.js', CLEAN),
    "code on the command line": ("CMD node -e \"require('./dist/db/migrate')\"", FOUND),
    "an alias": ("CMD alias m='node dist/db/migrate.js'; m", FOUND),
    "joined variables": ("CMD a=mig; b=rate; node dist/db/$a$b.js", FOUND),
    "ANSI-C": ("CMD node dist/db/$'m\\x69grate'.js", FOUND),
}
UNSAID = {
    f"<span hidden>{SAID}</span>": FOUND,
    f'<span style="display: none">{SAID}</span>': FOUND,
    f'<span style="visibility:hidden">{SAID}</span>': FOUND,
    f'<span style="font-size:0">{SAID}</span>': FOUND,
    f'<span style="font-size:0.9em">{SAID}</span>': CLEAN,
    f"<div hidden>{SAID}</div>": FOUND,
    f"<div hidden>\n\n{SAID}\n\n</div>": FOUND,
    f"<div hidden><div>x</div>\n\n{SAID}\n\n</div>": FOUND,
    f"<div hidden>\n\nx\n\n</div>\n\n{SAID}": CLEAN,
    f"<template>{SAID}</template>": FOUND,
    f"![{SAID}](x.png)": FOUND,
    f'<img alt="{SAID}">': FOUND,
    f"<br hidden>{SAID}": CLEAN,
    f'<span class="note">{SAID}</span>': CLEAN,
    "Processor never ![x](y) runs DDL.": CLEAN,
}
CLAIMS = {
    f"![{CLAIM}](x.png)": FOUND,
    f'<img src="x" alt="{CLAIM}">': FOUND,
    f'<p><img src="x" alt="{CLAIM}"></p>': FOUND,
    f'[x](y "{CLAIM}")': FOUND,
    f'![x](y "{CLAIM}")': FOUND,
    f'<abbr title="{CLAIM}">x</abbr>': FOUND,
    f"|a|\n|-|\n|![{CLAIM}](x)|": FOUND,
    f"# ![{CLAIM}](x)": FOUND,
    f"<span hidden>{CLAIM}</span>": FOUND,
    "![Processor](x) runs the migrations": CLEAN,
    "Processor ![x](y)\n\nruns the migrations": FOUND,
    f"<!-- {CLAIM} -->": CLEAN,
}


def ends(tmp_path: Path, check: str, files: dict[str, str]) -> tuple[str, str]:
    """How the check ends on a stack and its documents, with these files in the place of the usual ones."""
    write(tmp_path, {"audit.toml": HEAD + BOOT + RULES, **FILES, **files})
    project = load_project(tmp_path / "audit.toml")
    given = {**boot_inputs(project), **retirement_inputs(project), **documents_inputs(project), "project": project}
    result: CheckResult
    (result,) = judge([BY_ID[check]], given, Phase.RETIRED)
    said = f"{[f.summary for f in result.findings]} {result.unchecked or result.reason}"
    return FOUND if result.findings else OPEN if result.is_undecided else CLEAN, said


@pytest.mark.parametrize("name", BOOTS)
def test_steps_of_a_boot(tmp_path: Path, name: str) -> None:
    files, wanted = BOOTS[name]
    found, said = ends(tmp_path, "BOOT001", files)
    assert found == wanted, said


@pytest.mark.parametrize("name", IMAGES)
def test_shells_of_an_image(tmp_path: Path, name: str) -> None:
    lines, wanted = IMAGES[name]
    found, said = ends(tmp_path, "RET007", {"Dockerfile": f"FROM node:20\nCOPY migrate.sh .\n{lines}\n"})
    assert found == wanted, said


@pytest.mark.parametrize("text", UNSAID)
def test_what_a_document_says_to_all_readers(tmp_path: Path, text: str) -> None:
    found, said = ends(tmp_path, "DOC001", {"README.md": f"# a\n\n{text}\n"})
    assert found == UNSAID[text], said


@pytest.mark.parametrize("name", ["a.md", "a.MD", "a.Markdown"])
@pytest.mark.parametrize("text", CLAIMS)
def test_what_a_document_shows_to_some_reader(tmp_path: Path, text: str, name: str) -> None:
    found, said = ends(tmp_path, "DOC002", {f"docs/{name}": f"# a\n\n{text}\n"})
    assert found == CLAIMS[text], said
