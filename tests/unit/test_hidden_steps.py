"""Steps of a boot that are written and do not run, shells that are none, and texts that not all readers see."""

from __future__ import annotations

from pathlib import Path

import pytest

from fix_hidden import BOOTSTRAP, CLAIM, CLEAN, FOUND, INIT, OPEN, SAID, START, built, ends, steps

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
