"""How a fresh stack is judged by its files: what depends on a variable or a condition, and what does not."""

from __future__ import annotations

import pytest

from fix_code import write
from migration_audit.audit.inputs.boot import boot_inputs
from migration_audit.checks import BY_ID, judge
from migration_audit.model.finding import CheckResult, Phase
from migration_audit.project import load_project

TOML = """
[project]
name = "p"
[legacy]
sql = ["a"]
[owner]
sql = ["b"]
[environments.e]
service = "s"
[boot]
compose = ["compose.yaml"]
owner_service = "owner"
writer_service = "writer"
database_service = "db"
""" + "".join(
    f'[[boot.step]]\nname = "{name}"\ncommand = "{command}"\n'
    for name, command in {
        "init": "init.sh",
        "bootstrap": "directus bootstrap",
        "apply": "schema apply",
        "start": "pm2",
    }.items()
)
COMPOSE = """services:
  db:
    image: postgres:17
    healthcheck: {test: [CMD, pg_isready]}
  owner:
    build: .
    depends_on: {db: {condition: service_healthy}}
    healthcheck: {test: [CMD, wget, -q, "http://127.0.0.1:8055/server/health"]}
  writer:
    image: writer
    depends_on: {owner: {condition: service_healthy}}
"""
BUILD = "    build: .\n"
INIT, BOOTSTRAP, APPLY, START = "sh /app/init.sh\n", "directus bootstrap\n", "directus schema apply x\n", "exec pm2 start\n"
RIGHT = f"set -e\n{INIT}{BOOTSTRAP}{APPLY}{START}"
WRONG = f"set -e\n{INIT}{APPLY}{BOOTSTRAP}{START}"
RIGHT_LINE = "init.sh && directus bootstrap && directus schema apply x && pm2 start"
WRONG_LINE = "init.sh && directus schema apply x && directus bootstrap && pm2 start"
DOCKERFILE = 'FROM directus/directus:11\nCOPY e.sh init.sh /app/\nENTRYPOINT ["sh", "/app/e.sh"]\n'


def judged(folder, files: dict[str, str], check: str = "BOOT001", phase: Phase = Phase.PREFLIGHT) -> CheckResult:
    """How the check ends on the stack with these files in the place of the usual ones."""
    usual = {"audit.toml": TOML, "compose.yaml": COMPOSE, "Dockerfile": DOCKERFILE, "init.sh": "psql\n", "e.sh": RIGHT}
    write(folder, {**usual, **files})
    project = load_project(folder / "audit.toml")
    (result,) = judge([BY_ID[check]], {**boot_inputs(project), "project": project}, phase)
    return result


def said(result: CheckResult) -> str | list[str]:
    """The keys of its findings, else its outcome."""
    return [finding.key.partition(":")[2] for finding in result.findings] or str(result.outcome)


def image(name: str, **keys: str) -> dict[str, str]:
    """An owner that runs an image with these keys, each with a shell's text."""
    lines = "".join(f'    {key}: [sh, -c, "{text}"]\n' for key, text in keys.items())
    return {"compose.yaml": COMPOSE.replace(BUILD, f"    image: {name}\n{lines}")}


def owner(*lines: str, script: str = RIGHT, **files: str) -> dict[str, str]:
    """The owner's service with these keys more."""
    text = COMPOSE.replace(BUILD, BUILD + "".join(f"    {line}\n" for line in lines))
    return {"compose.yaml": text, "e.sh": script, **files}


def built(keys: str, **files: str) -> dict[str, str]:
    return {"compose.yaml": COMPOSE.replace(BUILD, f"    build: {{{keys}}}\n"), **files}


NAMED = {"audit.toml": TOML.replace("[boot]\n", '[boot]\ndockerfile = "Dockerfile"\n')}
ORDER = ["apply:order"]
# name: (files, how BOOT001 ends, what it says)
UNSET = {
    "the version of an image, in order": (image("directus/directus:${TAG}", command=RIGHT_LINE), "passed", ""),
    "the version of an image, out of order": (image("directus/directus:${TAG}", command=WRONG_LINE), ORDER, ""),
    "the image, and its entrypoint in order": (image("${IMAGE}", entrypoint=RIGHT_LINE), "passed", ""),
    "the image, and its entrypoint out of order": (image("${IMAGE}", entrypoint=WRONG_LINE), ORDER, ""),
    "the image, and its command in order": (image("${IMAGE}", command=RIGHT_LINE), "skipped", "the variable IMAGE, which"),
    "the image, and its command out of order": (image("${IMAGE}", command=WRONG_LINE), ORDER, "the variable IMAGE, which"),
    "the registry": (image("${REGISTRY}/directus/directus:11", command=RIGHT_LINE), "skipped", "the variable REGISTRY"),
    "a Dockerfile within the Compose file": (
        built('context: ., dockerfile_inline: "FROM node"'),
        "skipped",
        "a Dockerfile within a Compose file is not read",
    ),
    "another Dockerfile than audit.toml names": (
        {**built("context: ., dockerfile: Other", Other=DOCKERFILE), **NAMED},
        "skipped",
        "this is not the Dockerfile that [boot] names",
    ),
    "the Dockerfile that audit.toml names": ({**built("context: ., dockerfile: ./Dockerfile"), **NAMED}, "passed", ""),
    "the base of the Dockerfile that audit.toml names": (
        {**image("directus/directus:11"), **NAMED},
        "skipped",
        "this is the base of the Dockerfile that [boot] names",
    ),
    "an image that the Dockerfile of audit.toml builds": ({**image("example.org/ours:1"), **NAMED}, "passed", ""),
    "a function in the place of a program": (
        owner(script=RIGHT.replace(BOOTSTRAP, f"directus() {{ :; }}\n{BOOTSTRAP}")),
        ["apply:missing", "bootstrap:missing"],
        "",
    ),
    "a function around a program": (
        owner(script=RIGHT.replace(BOOTSTRAP, f'directus() {{ node cli.js "$@"; }}\n{BOOTSTRAP}')),
        "passed",
        "",
    ),
    "a script that starts nothing": (owner(**{"init.sh": "echo done\nexit 0\n"}), ["init:missing"], ""),
    "a script that starts what nobody knows": (owner(**{"init.sh": '"$RUN"\n'}), "passed", ""),
    "a mount elsewhere": (owner("volumes: ['${DATA}:/data']"), "passed", ""),
    "a mount elsewhere, out of order": (owner("volumes: ['${DATA}:/data']", script=WRONG), ORDER, ""),
    "a mount over the script": (owner("volumes: ['${DATA}/e.sh:/app/e.sh']"), "skipped", "on the variable DATA, which"),
    "a mount over its folder": (
        owner("volumes: [{type: bind, source: '${DATA}', target: /app}]"),
        "skipped",
        "the mount at compose.yaml:7 depends on the variable DATA",
    ),
    "a mount at a place that nobody knows": (owner("volumes: ['./x:${PLACE}']"), "skipped", "the variable PLACE"),
    "a whole mount": (owner("volumes: ['${MOUNT}']"), "skipped", "the variable MOUNT"),
    "a known mount over an unknown one": (
        owner("volumes: ['${DATA}:/app', './other.sh:/app/e.sh']", **{"other.sh": RIGHT.replace("sh /app/", "sh /srv/")}),
        "passed",
        "",
    ),
    "an argument of the build": (built("context: ., args: {V: '${V}'}"), "passed", ""),
    "an argument in COPY": (
        built("context: ., args: {S: '${V}'}", Dockerfile=DOCKERFILE.replace("COPY e.sh", "ARG S\nCOPY ${S}/e.sh")),
        "skipped",
        "the COPY at Dockerfile:3 contains a variable that is not set",
    ),
    "an argument in FROM": (
        built("context: ., args: {V: '${V}'}", Dockerfile="ARG V\n" + DOCKERFILE.replace(":11", ":$V")),
        "passed",
        "",
    ),
    "the folder of the build": (built("context: '${C}'"), "skipped", "compose.yaml:5: ${C}: the image depends on"),
    "the Dockerfile": (built("context: ., dockerfile: '${D}'"), "skipped", "the variable D, which"),
    "the stage": (built("context: ., target: '${T}'"), "skipped", "the variable T, which"),
    "the name of what is built": (owner("image: '${REGISTRY}/x:${TAG}'", script=WRONG), ORDER, ""),
    "a word of a step's command": (image("node:22", command=f"{RIGHT_LINE} --level ${{L}}"), "passed", ""),
    "the word of a step": (
        image("node:22", command=RIGHT_LINE.replace("bootstrap", "${B}")),
        "skipped",
        "bootstrap may be `directus ${B}` at compose.yaml:7: what ${B} is",
    ),
    "a program": (image("node:22", command=f"${{FIRST}} && {RIGHT_LINE}"), "passed", ""),
    "a program, out of order": (image("node:22", command=f"${{FIRST}} && {WRONG_LINE}"), ORDER, ""),
    "the whole command of a script": (owner("command: ${COMMAND}"), "passed", ""),
    "a text in quotes": (
        image("node:22", command=RIGHT_LINE.replace("directus schema", "[ '${A}' = 1 ] && directus schema")),
        "skipped",
        "apply at compose.yaml:7 may not run: it depends on `[ '${A}' = 1 ]`",
    ),
    "the working folder of a script by its whole path": (owner("working_dir: ${W}"), "passed", ""),
    "the working folder of a script beside it": (
        owner("working_dir: ${W}", Dockerfile=DOCKERFILE.replace("/app/e.sh", "e.sh")),
        "skipped",
        "the folder from which e.sh is called",
    ),
    "a variable that nothing asks": (owner("environment: {LEVEL: '${L}'}", script=WRONG), ORDER, ""),
    "a variable that a step asks": (
        owner("environment: {DO: '${D}'}", script=RIGHT.replace(APPLY, '[ "$DO" = 1 ] && ' + APPLY)),
        "skipped",
        'it depends on `[ "$DO" = 1 ]`',
    ),
    "one with a default": (
        owner("environment: {DO: '${D:-1}'}", script=RIGHT.replace(APPLY, '[ "$DO" = 1 ] && ' + APPLY)),
        "passed",
        "",
    ),
    "one that .env takes from another": (
        owner("environment: {DO: '${A}'}", script=RIGHT.replace(APPLY, '[ "$DO" = 1 ] && ' + APPLY), **{".env": "A=${B}\n"}),
        "skipped",
        'it depends on `[ "$DO" = 1 ]`',
    ),
    "one that must have a value": (owner("environment: {KEY: '${KEY:?set it}'}"), "passed", ""),
}


@pytest.mark.parametrize(("files", "ends", "says"), UNSET.values(), ids=UNSET)
def test_a_variable_without_a_value_hides_only_what_depends_on_it(tmp_path, files, ends, says):
    result = judged(tmp_path, files)
    assert said(result) == ends, result
    assert says in (result.reason or "")
    assert "\ue0f0" not in repr(result)
    assert "\ue0f1" not in repr(result)


def script(*parts: str) -> dict[str, str]:
    return {"e.sh": "set -e\n" + "".join(parts)}


IF, FI = 'if [ "$X" = 1 ]; then\n', "fi\n"
# name: (files, how BOOT001 ends, what it says)
GUARDED = {
    "in its place": (script(INIT, BOOTSTRAP, IF, APPLY, FI, START), "skipped", "apply at e.sh:5 may not run"),
    "out of its place": (script(INIT, IF, APPLY, FI, BOOTSTRAP, START), ORDER, ""),
    "behind &&": (script(INIT, "[ $X ] && ", APPLY, BOOTSTRAP, START), ORDER, ""),
    "behind ||": (script(INIT, "[ $X ] || ", APPLY, BOOTSTRAP, START), ORDER, ""),
    "negated": (script(INIT, "if ! [ $X ]; then ", APPLY, FI, BOOTSTRAP, START), ORDER, ""),
    "within another condition": (script(INIT, IF, "if a; then ", APPLY, FI, FI, BOOTSTRAP, START), ORDER, ""),
    "in a loop": (
        script(INIT, "while [ $X ]; do ", APPLY, BOOTSTRAP, "done\n", START),
        ORDER,
        "",
    ),
    "in a function that may return": (
        script(INIT, "f() { [ $X ] && return 0\n", APPLY, "}\nf\n", BOOTSTRAP, START),
        ORDER,
        "",
    ),
    "in a function of a function that may return": (
        script(INIT, "g() { ", BOOTSTRAP, "}\nf() { [ $X ] && return 0\ng\n}\nf\n", APPLY, START),
        "skipped",
        "`return` at e.sh:5 may end the script earlier",
    ),
    "the same in both branches": (script(INIT, IF, BOOTSTRAP, "else\n", BOOTSTRAP, FI, APPLY, START), "passed", ""),
    "the same in every branch": (
        script(INIT, IF, BOOTSTRAP, 'elif [ "$X" = 2 ]; then\n', BOOTSTRAP, "else\n", BOOTSTRAP, FI, APPLY, START),
        "passed",
        "",
    ),
    "in all branches but one": (
        script(INIT, IF, BOOTSTRAP, 'elif [ "$X" = 2 ]; then\n:\n', "else\n", BOOTSTRAP, FI, APPLY, START),
        "skipped",
        "bootstrap at e.sh:4 may not run",
    ),
    "in every case": (
        script(INIT, 'case "$X" in\na) ', "directus bootstrap;;\n*) directus bootstrap;;\nesac\n", APPLY, START),
        "passed",
        "",
    ),
    "in some cases": (script(INIT, 'case "$X" in\na) ', "directus bootstrap;;\nesac\n", APPLY, START), "skipped", ""),
    "out of order in one branch": (
        script(INIT, IF, BOOTSTRAP, APPLY, "else\n", APPLY, BOOTSTRAP, FI, START),
        "skipped",
        "apply may run before bootstrap: e.sh:7",
    ),
    "out of order in both branches": (script(INIT, IF, APPLY, BOOTSTRAP, "else\n", APPLY, BOOTSTRAP, FI, START), ORDER, ""),
    "once early and once in its place": (
        script("[ $X ] && ", APPLY, INIT, BOOTSTRAP, APPLY, START),
        "skipped",
        "apply may run before bootstrap: e.sh:2",
    ),
    "behind an end that may come, in order": (script(INIT, "[ $X ] && exit 0\n", BOOTSTRAP, APPLY, START), "skipped", ""),
    "behind an end that may come, out of order": (script(INIT, "[ $X ] && exit 0\n", APPLY, BOOTSTRAP, START), ORDER, ""),
    "in the background of a branch": (
        script(INIT, "if [ $X ]; then directus bootstrap & fi\n", APPLY, START),
        ["bootstrap:background"],
        "",
    ),
    "behind a script that nobody knows": (script("sh /x.sh\n", INIT, IF, APPLY, FI, BOOTSTRAP, START), ORDER, ""),
    "more conditions than can be looked at": (
        script(INIT, *(f"[ $V{n} ] && {BOOTSTRAP}" for n in range(12)), APPLY, START),
        "skipped",
        "too many conditions",
    ),
}


@pytest.mark.parametrize(("files", "ends", "says"), GUARDED.values(), ids=GUARDED)
def test_a_step_behind_a_condition_is_judged_in_every_case(tmp_path, files, ends, says):
    result = judged(tmp_path, files)
    assert said(result) == ends, result
    assert says in (result.reason or "")


def asking(test: str, *instructions: str, base: str = "directus/directus:11", **files: str) -> dict[str, str]:
    """A boot whose first step runs where ``test`` says so; nothing runs before it that may write files."""
    text = f"set -e\nif {test}; then\n{INIT}fi\n{BOOTSTRAP}{APPLY}{START}"
    head, _, tail = DOCKERFILE.replace("directus/directus:11", base).partition("ENTRYPOINT")
    more = "".join(f"{line}\n" for line in instructions)
    return {"e.sh": text, "Dockerfile": f"{head}{more}ENTRYPOINT{tail}", "snap/s.yaml": "a: 1\n", **files}


def staged(test: str, copy: str) -> dict[str, str]:
    """The same with a stage that has the files."""
    last = DOCKERFILE.replace("COPY e", f"{copy}\nCOPY e")
    return {**asking(test), "Dockerfile": f"FROM alpine AS b\nCOPY snap /b\n{last}"}


def mounted(volume: str) -> str:
    return COMPOSE.replace(BUILD, BUILD + f"    volumes: ['{volume}']\n")


def with_key(line: str) -> str:
    return COMPOSE.replace(BUILD, BUILD + f"    {line}\n")


def looping(loop: str) -> dict[str, str]:
    return script(INIT, BOOTSTRAP, f"{loop}\n", START)


MOUNT = {"compose.yaml": mounted("./snap:/t")}
MISSING = ["init:missing"]
COPY = "COPY snap /s"
# name: (files, how BOOT001 ends, what it says)
FILES = {
    "-f of what COPY brings": (asking("[ -f /s/s.yaml ]", COPY), "passed", ""),
    "test -f": (asking("test -f /s/s.yaml", COPY), "passed", ""),
    "in double brackets": (asking("[[ -f /s/s.yaml && -d /s ]]", COPY), "passed", ""),
    "-e, -d, -s, -r": (asking("[ -e /s ] && [ -d /s ] && [ -s /s/s.yaml ] && [ -r /s/s.yaml ]", COPY), "passed", ""),
    "-a and -o": (asking("[ -f /s/s.yaml -a ! -d /t -o -f /u ]", COPY), "passed", ""),
    "-x of a file without the right": (asking("[ -x /s/s.yaml ]", COPY), MISSING, ""),
    "-x after chmod": (asking("[ -x /s/s.yaml ]", COPY, "RUN chmod +x /s/s.yaml"), "passed", ""),
    "-x by --chmod": (asking("[ -x /s/s.yaml ]", "COPY --chmod=755 snap /s"), "passed", ""),
    "-x after a chmod that may miss": (asking("[ -x /s/s.yaml ]", COPY, "RUN chmod +x /s/*"), "skipped", ""),
    "-s of an empty file": (asking("[ -s /s/s.yaml ]", COPY, **{"snap/s.yaml": ""}), MISSING, ""),
    "-f of a folder": (asking("[ -f /s ]", COPY), MISSING, ""),
    "-d of a file": (asking("[ -d /s/s.yaml ]", COPY), MISSING, ""),
    "a link": (asking("[ -L /s/s.yaml ]", COPY), MISSING, ""),
    "newer than another": (asking("[ /s/s.yaml -nt /t ]", COPY), "skipped", ""),
    "not copied": (asking("[ -f /s/s.yaml ]"), MISSING, ""),
    "not copied, negated": (asking("[ ! -f /s/s.yaml ]"), "passed", ""),
    "not copied, and the base may have it": (
        asking("[ -f /directus/s.yaml ]"),
        "skipped",
        "no file of the project is copied there, and it is not known whether directus/directus:11 contains it",
    ),
    "not copied, and the base is not known": (
        asking("[ -f /s/s.yaml ]", base="acme/cms:1"),
        "skipped",
        "it is not known whether acme/cms:1 contains it",
    ),
    "kept out of the build": (asking("[ -f /s/s.yaml ]", COPY, **{".dockerignore": "**/*.yaml\n"}), MISSING, ""),
    "a folder of which nothing is left": (asking("[ -d /s/snap ]", "COPY . /s", **{".dockerignore": "snap\n"}), MISSING, ""),
    "under another name": (asking("[ -f /t.yaml ]", "COPY snap/s.yaml /t.yaml"), "passed", ""),
    "into a folder": (asking("[ -f /t/s.yaml ] && [ -d /t ]", "COPY snap/s.yaml /t/"), "passed", ""),
    "by a pattern": (asking("[ -f /t/s.yaml ]", "COPY snap/*.yaml /t/"), "passed", ""),
    "a folder above": (asking("[ -d /a/b ]", "COPY snap /a/b/c"), "passed", ""),
    "with everything": (asking("[ -f /s/snap/s.yaml ]", "COPY . /s"), "passed", ""),
    "from where it starts": (asking("[ -f snap/s.yaml ]", "WORKDIR /w", "COPY . ."), "passed", ""),
    "as a text of the Dockerfile": (asking("[ -s /t.yaml ]", "COPY <<EOF /t.yaml\na: 1\nEOF"), "passed", ""),
    "by ADD from the network": (asking("[ -f /t/s.yaml ]", "ADD https://a.example/s.yaml /t/"), "passed", ""),
    "in an archive": (asking("[ -f /t/s.yaml ]", "ADD a.tar.gz /t/", **{"a.tar.gz": ""}), "skipped", "unpacks"),
    "from another stage": (staged("[ -f /t/s.yaml ]", "COPY --from=b /b /t"), "passed", ""),
    "a file of another stage": (staged("[ -f /s.yaml ]", "COPY --from=b /b/s.yaml /"), "passed", ""),
    "a pattern of another stage": (staged("[ -f /t/s.yaml ]", "COPY --from=b /b/*.yaml /t/"), "skipped", "may copy it"),
    "another pattern of a stage": (staged("[ -f /t/s.yaml ]", "COPY --from=b /b/*.json /t/"), MISSING, ""),
    "what another stage does not have": (staged("[ -f /t/u.yaml ]", "COPY --from=b /b /t"), MISSING, ""),
    "from another image": (asking("[ -f /t/s.yaml ]", "COPY --from=acme/x /b /t"), "skipped", "copies it from acme/x"),
    "mkdir": (asking("[ -d /t ] && [ -d /t/u ]", "RUN mkdir -p /t/u"), "passed", ""),
    "touch": (asking("[ -f /t/u ]", "RUN mkdir -p /t && touch /t/u"), "passed", ""),
    "a redirection": (asking("[ -f /t ]", "RUN echo x > /t"), "passed", ""),
    "rm": (asking("[ -f /s/s.yaml ]", COPY, "RUN rm -rf /s"), MISSING, ""),
    "mv": (asking("[ -e /t ] && [ ! -e /s ]", COPY, "RUN mv /s /t"), "passed", ""),
    "perhaps rm": (asking("[ -f /s/s.yaml ]", COPY, "RUN [ -n $X ] && rm -rf /s"), "skipped", "`rm -rf /s` at Dockerfile:4"),
    "a program that is given the folder": (
        asking("[ -f /t/u ]", "RUN fetch /t"),
        "skipped",
        "`fetch /t` at Dockerfile:3",
    ),
    "a program that is started there": (
        asking("[ -f /t/u ]", "WORKDIR /t", "RUN make"),
        "skipped",
        "`make` at Dockerfile:4",
    ),
    "a program elsewhere": (asking("[ -f /t/u ]", "WORKDIR /v", "RUN make"), MISSING, ""),
    "a package manager": (asking("[ -f /t/u ]", "RUN apk add --no-cache curl"), MISSING, ""),
    "curl into a file": (asking("[ -f /t/u ]", "RUN curl -fsSLo /t/u http://a.example"), "skipped", "curl"),
    "a script that nobody reads": (
        asking("[ -f /t/u ]", "RUN curl http://a.example | sh"),
        "skipped",
        "may have written it",
    ),
    "WORKDIR": (asking("[ -d /t/u ]", "WORKDIR /t/u"), "passed", ""),
    "VOLUME": (asking("[ -d /t ]", 'VOLUME ["/t"]'), "passed", ""),
    "a mount": (asking("[ -f /t/s.yaml ]", **MOUNT), "passed", ""),
    "a mount without the file": (asking("[ -f /t/u ]", **MOUNT), MISSING, ""),
    "a mount of nothing": (asking("[ -f /t/u ]", **{"compose.yaml": mounted("./none:/t")}), "skipped", "from the host"),
    "a mount over what COPY brings": (
        asking("[ -f /s/s.yaml ]", COPY, **{"compose.yaml": mounted("./other:/s"), "other/x": ""}),
        MISSING,
        "",
    ),
    "COPY onto a folder": (asking("[ -f /t/s.yaml ] && [ -d /t ]", "WORKDIR /t", "COPY snap/s.yaml /t"), "passed", ""),
    "COPY onto a folder of the base": (asking("[ -f /tmp/s.yaml ]", "COPY snap/s.yaml /tmp"), "passed", ""),
    "COPY onto a folder of another COPY": (asking("[ -f /s/Dockerfile ]", COPY, "COPY Dockerfile /s"), "passed", ""),
    "COPY onto what may be a folder": (
        asking("[ ! -f /opt/x/s.yaml ]", "COPY snap/s.yaml /opt/x"),
        "skipped",
        "it is not known whether /opt/x is already a folder, into which the COPY at Dockerfile:3 would put it",
    ),
    "COPY with parents": (
        asking("[ -f /t/s.yaml ]", "COPY --parents snap/s.yaml /t/"),
        "skipped",
        "the COPY at Dockerfile:3 uses --parents, which is not followed",
    ),
    "COPY that leaves a file out": (asking("[ -f /s/s.yaml ]", "COPY --exclude=*.yaml snap /s"), MISSING, ""),
    "COPY that leaves others out": (asking("[ -f /s/s.yaml ]", "COPY --exclude=*.sql snap /s"), "passed", ""),
    "ADD of an address with a question": (asking("[ -f /t/s.yaml ]", "ADD https://a.example/s.yaml?v=1 /t/"), "passed", ""),
    "ADD of a branch": (asking("[ -f /t/u ]", "ADD https://a.example/r.git#main:x /t/"), "skipped", "unpacks"),
    "in a tmpfs": (asking("[ -f /s/s.yaml ]", COPY, **{"compose.yaml": with_key("tmpfs: /s")}), MISSING, ""),
    "in a config": (
        asking("[ -f /t/u ]", **{"compose.yaml": with_key("configs: [{source: c, target: /t/u}]")}),
        "skipped",
        "the config c at compose.yaml:",
    ),
    "in a volume, and from the image": (
        asking("[ -f /s/s.yaml ]", COPY, **{"compose.yaml": mounted("data:/s")}),
        "passed",
        "",
    ),
    "in a volume, and from nowhere": (
        asking("[ ! -f /s/done ]", COPY, **{"compose.yaml": mounted("data:/s")}),
        "skipped",
        "the volume data at compose.yaml:",
    ),
    "in the mounts of another": (
        asking("[ ! -f /t/u ]", **{"compose.yaml": with_key("volumes_from: [postgres]")}),
        "skipped",
        "volumes_from postgres at compose.yaml:",
    ),
    "what an engine makes": (asking("[ -f /.dockerenv ]"), "skipped", "some engines create /.dockerenv"),
    "a path that ends in a stroke": (asking("[ -d /s/ ] && [ ! -e /s/s.yaml/ ]", COPY), "passed", ""),
    "after a cd that fails": (asking("cd /none; [ -f s.yaml ]", "WORKDIR /s", COPY), "skipped", ""),
    "find that deletes": (asking("[ -f /s/s.yaml ]", COPY, "RUN find /s -type f -delete"), "skipped", "find /s"),
    "xargs rm": (asking("[ -f /s/s.yaml ]", COPY, "RUN ls | xargs rm"), "skipped", "xargs rm"),
    "a cache that is cleaned": (asking("[ -f /s/s.yaml ]", "WORKDIR /s", COPY, "RUN npm cache clean --force"), "passed", ""),
    "a mount of an unset variable": (
        asking("[ -f /s/s.yaml ]", COPY, **{"compose.yaml": mounted("${D}:/s")}),
        "skipped",
        "the variable D, which is not set here",
    ),
    "a folder above of a mount": (asking("[ -d /t ]", **{"compose.yaml": mounted("./snap:/t/u")}), "passed", ""),
    "the path in a variable": (asking('[ -f "$S" ]', "ENV S=/s/s.yaml", COPY), "passed", ""),
    "the path in an unset variable": (asking('[ -f "$S" ]', COPY), "skipped", ""),
    "a pattern": (asking("[ -f /s/*.yaml ]", COPY), "skipped", ""),
    "a file of no project in the same test": (asking("[ -f /etc/passwd ] && [ -f /t ]"), MISSING, ""),
    "a first boot": (
        script("if [ ! -f /t/done ]; then\n", INIT, BOOTSTRAP, "touch /t/done\n", FI, APPLY, START),
        "passed",
        "",
    ),
    "written meanwhile": (
        script(INIT, BOOTSTRAP, "if [ ! -f /t/done ]; then\n", APPLY, FI, START),
        "skipped",
        "nothing creates it earlier, and `directus bootstrap` at e.sh:3 may have written it",
    ),
    "made by the script itself": (
        script(INIT, BOOTSTRAP, "mkdir -p /t\n: > /t/u\nif [ -f /t/u ]; then\n", APPLY, FI, START),
        "passed",
        "",
    ),
    "an end where it is missing": (
        {**asking("true", COPY), **script(INIT, BOOTSTRAP, "[ -f /s/s.yaml ] || exit 0\n", APPLY, START)},
        "passed",
        "",
    ),
    "an end where it is there": (
        {**asking("true", COPY), **script(INIT, BOOTSTRAP, "[ -f /s/s.yaml ] && exit 0\n", APPLY, START)},
        ["apply:missing", "start:missing"],
        "",
    ),
    "out of order behind it": (
        {**asking("true", COPY), **script(INIT, "if [ -f /s/s.yaml ]; then\n", APPLY, FI, BOOTSTRAP, START)},
        ORDER,
        "",
    ),
    "a loop over what COPY brings": (
        {
            **asking("true", COPY),
            **script(INIT, BOOTSTRAP, "for f in /s/*.yaml; do directus schema apply $f; done\n", START),
        },
        "passed",
        "",
    ),
    "a loop with a test": (
        {
            **asking("true", COPY),
            **script(
                INIT, BOOTSTRAP, 'for f in /s/*.yaml; do [ -e "$f" ] || continue; directus schema apply "$f"; done\n', START
            ),
        },
        "passed",
        "",
    ),
    "a loop over what is mounted": (
        {**asking("true"), **looping("for f in /t/*; do directus schema apply $f; done"), **MOUNT},
        "passed",
        "",
    ),
    "a loop over nothing that is known": (
        {**asking("true"), **looping("for f in /t/*.yaml; do directus schema apply $f; done")},
        "skipped",
        "it is in a loop over `/t/*.yaml`",
    ),
}


@pytest.mark.parametrize(("files", "ends", "says"), FILES.values(), ids=FILES)
def test_a_file_that_a_script_asks_for_is_looked_up(tmp_path, files, ends, says):
    result = judged(tmp_path, files)
    assert said(result) == ends, result
    assert says in (result.reason or "")


def changed(old: str, new: str) -> dict[str, str]:
    assert old in COMPOSE
    return {"compose.yaml": COMPOSE.replace(old, new)}


WAITS = "    depends_on: {owner: {condition: service_healthy}}\n"
TEST = "[CMD, pg_isready]"
OWN_TEST = '[CMD, wget, -q, "http://127.0.0.1:8055/server/health"]'
# name: (files, check, how it ends, what it says)
OTHERS = {
    "another dependency": (
        changed(WAITS, WAITS.replace("}}", "}, x: {condition: '${C}'}}")),
        "BOOT002",
        "passed",
        "",
    ),
    "the condition": (
        changed(WAITS, WAITS.replace("service_healthy", "'${C}'")),
        "BOOT002",
        "skipped",
        "depends_on of writer: the variable C is not set here",
    ),
    "a dependency of unknown name": (
        changed(WAITS, "    depends_on: ['${D}']\n"),
        "BOOT002",
        "skipped",
        "the variable D is not set here",
    ),
    "a dependency of unknown name beside it": (
        changed(WAITS, "    depends_on: [owner, '${D}']\n"),
        "BOOT002",
        ["writer:owner"],
        "",
    ),
    "whether it is required": (changed(WAITS, WAITS.replace("}}", ", required: '${R}'}}")), "BOOT002", "skipped", ""),
    "the profile of the owner": (
        changed(BUILD, BUILD + "    profiles: ['${P}']\n"),
        "BOOT002",
        "skipped",
        "whether owner is started is undecided: the variable P is not set here",
    ),
    "the database's user": (changed(TEST, "'pg_isready -U ${U}'"), "BOOT003", "passed", ""),
    "the database's user in a list": (changed(TEST, "[CMD, pg_isready, -U, '${U}']"), "BOOT003", "passed", ""),
    "the database's test": (changed(TEST, "'${T}'"), "BOOT003", "skipped", "healthcheck of db: the variable T"),
    "whether the database's test is off": (
        changed(TEST + "}", TEST + ", disable: '${OFF}'}"),
        "BOOT003",
        "skipped",
        "healthcheck of db: the variable OFF",
    ),
    "how often the database is asked": (changed(TEST + "}", TEST + ", interval: '${I}'}"), "BOOT003", "passed", ""),
    "the owner's port": (changed(":8055/", ":${PORT}/"), "BOOT003", "passed", "queries its own server"),
    "the owner's path": (changed("server/health", "${PATH_OF_HEALTH}"), "BOOT003", "passed", ""),
    "the owner's host": (changed("127.0.0.1", "${HOST}"), "BOOT003", "skipped", "which server it queries is only known at"),
    "the owner's host in a shell": (
        changed(OWN_TEST, "'curl -f http://${HOST}:8055/ || exit 1'"),
        "BOOT003",
        "skipped",
        "`curl -f http://${HOST}:8055/`".strip("`"),
    ),
    "a host that only the container knows": (
        changed(OWN_TEST, "'curl -f http://$$HOST:8055/ || exit 1'"),
        "BOOT003",
        "skipped",
        "which server it queries is only known at",
    ),
    "how often the owner is asked": (changed(OWN_TEST, OWN_TEST + ", retries: '${N}'"), "BOOT003", "passed", ""),
    "another way to succeed": (
        changed(OWN_TEST, "'curl -f http://localhost:8055/ || ${OTHER}'"),
        "BOOT003",
        "skipped",
        "what ${OTHER} requests is only known at run time",
    ),
    "an owner without a container": (changed(BUILD, BUILD + "    scale: 0\n"), "BOOT002", ["writer:owner:started"], ""),
    "an owner without replicas": (
        changed(BUILD, BUILD + "    deploy: {replicas: 0}\n"),
        "BOOT002",
        ["writer:owner:started"],
        "",
    ),
    "an owner that no container runs": (
        changed(BUILD, BUILD + "    scale: 0\n"),
        "BOOT003",
        "skipped",
        "no container of owner",
    ),
    "a database without a container": (
        changed("    image: postgres:17\n", "    image: postgres:17\n    scale: 0\n"),
        "BOOT003",
        ["owner:db:started"],
        "",
    ),
    "a database's test that is always true": (changed(TEST, "[CMD, 'true']"), "BOOT003", ["healthcheck:db:always"], ""),
    "a database's test that may fail": (
        changed(TEST, "'pg_isready || true'"),
        "BOOT003",
        ["healthcheck:db:always"],
        "",
    ),
    "a database's test in a script of its image": (changed(TEST, "[CMD, /healthcheck.sh]"), "BOOT003", "passed", ""),
    "a test that needs nothing": (changed(OWN_TEST, "'true ${X}'"), "BOOT003", ["healthcheck:early"], ""),
}


@pytest.mark.parametrize(("files", "check", "ends", "says"), OTHERS.values(), ids=OTHERS)
def test_what_services_wait_for(tmp_path, files, check, ends, says):
    result = judged(tmp_path, files, check)
    assert said(result) == ends, result
    assert says in (result.reason or "")
    assert "\ue0f0" not in repr(result)


PROGRAMS = {
    "flyway/flyway:11": "flyway migrate",
    "ghcr.io/amacneil/dbmate:2": "/usr/local/bin/dbmate migrate",
    "docker.io/migrate/migrate": "migrate migrate",
    "registry:5000/a/postgres:17": "migrate",
    "docker.io/library/postgres:17": "migrate",
}


@pytest.mark.parametrize(("name", "runs"), PROGRAMS.items(), ids=PROGRAMS)
def test_a_known_image_hands_the_command_to_its_program(tmp_path, name, runs):
    files = {"compose.yaml": COMPOSE.replace(BUILD, f"    image: {name}\n    command: [migrate]\n")}
    write(tmp_path, {"audit.toml": TOML, **files})
    run = boot_inputs(load_project(tmp_path / "audit.toml"))["owner_boot"].run
    assert [command.text for command in run.commands] == [runs]
    assert (run.commands[0].maybe is None, run.undecided == ()) == ((True, True) if "5000" not in name else (False, False))


def test_tables_of_directus_are_known_although_another_variable_is_not(tmp_path):
    files = owner("environment: {DB_EXCLUDE_TABLES: a, DB_SEARCH_PATH: public, LEVEL: '${L}'}")
    write(tmp_path, {"audit.toml": TOML, "Dockerfile": DOCKERFILE, **files})
    assert boot_inputs(load_project(tmp_path / "audit.toml"))["owner_variables"]["DB_EXCLUDE_TABLES"] == "a"
    write(tmp_path, owner("environment: {LEVEL: '${L}'}"))
    assert boot_inputs(load_project(tmp_path / "audit.toml"))["owner_variables"] == {}
    write(tmp_path, owner("environment: {DB_EXCLUDE_TABLES: '${T}'}"))
    assert "the variable T" in boot_inputs(load_project(tmp_path / "audit.toml"))["owner_variables"].reason


RULE = '[[rule]]\ncheck = "RET007"\nimage = "w/Dockerfile"\ncarries = ["migrations"]\nruns = ["migrate"]\n'
WRITER = "    image: writer\n"
W_FILES = {"w/Dockerfile": 'FROM node:22\nCOPY m.js /app/\nENTRYPOINT ["node"]\nCMD ["m.js"]\n', "w/m.js": "1\n"}


def writer(keys: str, *, more: str = "", **files: str) -> dict[str, str]:
    """The writer's service with these keys, and other services behind it."""
    lines = "".join(f"    {line}\n" for line in keys.splitlines())
    text = COMPOSE.replace(WRITER, lines) + more
    return {**W_FILES, "compose.yaml": text, "audit.toml": TOML + RULE, **files}


_RUNS, _MOUNTS = "w/Dockerfile:runs:", "w/Dockerfile:writer:mounts:"
# name: (files, how RET007 ends, what it says)
KEPT = {
    "nothing": (writer("build: w"), "passed", ""),
    "nothing, built elsewhere": (writer("image: example.org/writer:1"), "passed", ""),
    "a command": (writer("build: w\ncommand: [migrate.js]"), [f"{_RUNS}compose.yaml:migrate"], ""),
    "a command, built elsewhere": (writer("image: x\ncommand: [migrate.js]"), [f"{_RUNS}compose.yaml:migrate"], ""),
    "an entrypoint": (
        writer("build: w\nentrypoint: sh -c 'node migrate.js && node m.js'"),
        [f"{_RUNS}compose.yaml:migrate"],
        "",
    ),
    "a hook": (
        writer("build: w\npost_start: [{command: node migrate.js}]"),
        [f"{_RUNS}compose.yaml:migrate"],
        "",
    ),
    "a health check": (
        writer("build: w\nhealthcheck: {test: [CMD, node, migrate.js]}"),
        [f"{_RUNS}compose.yaml:migrate"],
        "",
    ),
    "a health check for a shell": (
        writer("build: w\nhealthcheck: {test: 'node x.js && node migrate.js'}"),
        [f"{_RUNS}compose.yaml:migrate"],
        "",
    ),
    "a health check of its own": (
        writer("build: w\nhealthcheck: {test: curl -f http://localhost/health || exit 1}"),
        "passed",
        "",
    ),
    "a command after a change of files": (
        writer("build: w\ndevelop: {watch: [{path: ., action: sync+exec, target: /x, exec: {command: node migrate.js}}]}"),
        [f"{_RUNS}compose.yaml:migrate"],
        "",
    ),
    "a variable of Node.js": (
        writer("build: w\nenvironment: {NODE_OPTIONS: --require=./migrate.js}"),
        [f"{_RUNS}w/Dockerfile:migrate"],
        "",
    ),
    "another service of the same image": (
        writer("build: w", more="  once:\n    build: w\n    profiles: [tools]\n    command: [migrate.js]\n"),
        [f"{_RUNS}compose.yaml:migrate"],
        "",
    ),
    "another service of the same name of an image": (
        writer("image: x", more="  once:\n    image: x\n    command: [migrate.js]\n"),
        [f"{_RUNS}compose.yaml:migrate"],
        "",
    ),
    "another program": (writer("build: w", more="  other:\n    image: y\n    command: [migrate.js]\n"), "passed", ""),
    "the owner's own": (
        {**writer("build: w"), "compose.yaml": COMPOSE.replace(BUILD, BUILD + "    command: [migrate]\n")},
        "passed",
        "",
    ),
    "a folder of migrations": (
        writer("build: w\nvolumes: ['./old/migrations:/m']", **{"old/migrations/1.sql": ""}),
        [f"{_MOUNTS}old/migrations"],
        "",
    ),
    "a folder with migrations in it": (
        writer("build: w\nvolumes: ['./old:/m']", **{"old/migrations/1.sql": ""}),
        [f"{_MOUNTS}old"],
        "",
    ),
    "a folder with nothing of that": (writer("build: w\nvolumes: ['./old:/m']", **{"old/1.sql": ""}), "passed", ""),
    "the runner's own image": (
        writer("build: w", more="  run:\n    image: migrate/migrate\n    volumes: ['./old/migrations:/m']\n"),
        ["w/Dockerfile:run:mounts:old/migrations"],
        "",
    ),
    "another Dockerfile": (
        writer("build: {context: w, dockerfile: Prod}", **{"w/Prod": "FROM node:22\n"}),
        "skipped",
        "writer is built from w/Prod, which no rule of RET007 names",
    ),
    "a Dockerfile that a variable names": (
        writer("build: {context: w, dockerfile: '${D}'}"),
        "skipped",
        "depends on the variable D",
    ),
    "a Dockerfile within the Compose file": (
        writer('build: {context: w, dockerfile_inline: "FROM node"}'),
        "skipped",
        "a Dockerfile within a Compose file is not read",
    ),
}


@pytest.mark.parametrize(("files", "ends", "says"), KEPT.values(), ids=KEPT)
def test_what_compose_makes_of_the_image(tmp_path, files, ends, says):
    result = judged(tmp_path, files, "RET007", Phase.RETIRED)
    assert said(result) == ends, result
    assert says in (result.reason or "")


_IN = "FROM node:22\nWORKDIR /app\n"
_ARCHIVE = "https://e.org/migrations.tgz"
_END = 'ENTRYPOINT ["node"]\nCMD ["m.js"]\n'
_FOUND, _CARRIES = ["w/Dockerfile:runs:w/Dockerfile:migrate"], "w/Dockerfile:0:carries:"
SQL = {"w/db/migrations/1.sql": "select 1;\n"}


def dockerfile(text: str, **files: str) -> dict[str, str]:
    """The writer's Dockerfile, and files around it."""
    return writer("build: w", **{"w/Dockerfile": text, **files})


# name: (files, how RET007 ends, what it says)
IMAGES = {
    "a base for other builds": (dockerfile(f"{_IN}ONBUILD COPY db/migrations m\n{_END}"), "skipped", "ONBUILD"),
    "a base for a later stage": (
        dockerfile(f"FROM node:22 AS one\nONBUILD RUN node migrate.js\nFROM one\n{_END}"),
        _FOUND,
        "ONBUILD",
    ),
    "an address": (
        dockerfile(f"{_IN}ADD {_ARCHIVE} /x\n{_END}"),
        [f"{_CARRIES}{_ARCHIVE}"],
        "",
    ),
    "a download": (
        dockerfile(f"{_IN}RUN wget https://e.org/migrations.tgz\n{_END}"),
        ["w/Dockerfile:0:handles:https://e.org/migrations.tgz"],
        "",
    ),
    "a variable without a value": (dockerfile(f"{_IN}ARG D\nCOPY $D /m\n{_END}"), "skipped", "what $D brings is only known"),
    "a variable in the target": (dockerfile(f"{_IN}ARG D\nCOPY m.js $D/\n{_END}"), "passed", ""),
    "the whole context in a mount": (
        dockerfile(f"{_IN}RUN --mount=type=bind,target=/c cp -r /c/db /x\n{_END}", **SQL),
        [f"{_CARRIES}."],
        "",
    ),
    "a folder of the context in a mount": (
        dockerfile(f"{_IN}RUN --mount=source=db,target=/c cp -r /c /x\n{_END}", **SQL),
        [f"{_CARRIES}db"],
        "",
    ),
    "nothing of that in a mount": (
        dockerfile(f"{_IN}RUN --mount=target=/c cp -r /c /x\n{_END}"),
        "passed",
        "",
    ),
    "capitals": (dockerfile(f"{_IN}COPY db /db\n{_END}", **{"w/db/Migrations/1.sql": ""}), [f"{_CARRIES}db"], ""),
    "capitals of a program": (dockerfile(f"{_IN}CMD node Migrate.js\n"), _FOUND, ""),
    "a script before the start, of pnpm": (
        dockerfile(
            f'{_IN}COPY package.json .\nENTRYPOINT ["pnpm"]\nCMD ["start"]\n',
            **{"w/package.json": '{"scripts": {"start": "node m.js", "prestart": "node migrate.js"}}'},
        ),
        ["w/Dockerfile:runs:w/package.json:migrate"],
        "",
    ),
    "scripts by a pattern": (
        dockerfile(
            f'{_IN}COPY package.json .\nENTRYPOINT ["npx", "run-s", "db:*"]\n',
            **{"w/package.json": '{"scripts": {"start": "node m.js", "db:up": "node migrate.js"}}'},
        ),
        ["w/Dockerfile:runs:w/package.json:migrate"],
        "",
    ),
    "settings of a process manager": (
        dockerfile(
            f'{_IN}COPY p.config.cjs .\nENTRYPOINT ["pm2-runtime", "start", "p.config.cjs"]\n',
            **{"w/p.config.cjs": "module.exports = {apps: [{script: 'dist/migrate.js'}]}\n"},
        ),
        ["w/Dockerfile:runs:w/p.config.cjs:migrate"],
        "",
    ),
    "other settings of a process manager": (
        dockerfile(
            f'{_IN}COPY p.config.cjs .\nENTRYPOINT ["pm2-runtime", "start", "p.config.cjs"]\n',
            **{"w/p.config.cjs": "module.exports = {apps: [{script: 'dist/m.js'}]}\n"},
        ),
        "passed",
        "",
    ),
    "cron": (dockerfile(f'{_IN}COPY t /etc/crontabs/root\nENTRYPOINT ["crond", "-f"]\n', **{"w/t": ""}), "skipped", "crond"),
}


@pytest.mark.parametrize(("files", "ends", "says"), IMAGES.values(), ids=IMAGES)
def test_what_the_image_carries_and_runs(tmp_path, files, ends, says):
    result = judged(tmp_path, files, "RET007", Phase.RETIRED)
    assert said(result) == ends, result
    assert says in (result.reason or "") + (result.unchecked or "")


def test_a_folder_that_is_a_link_is_carried(tmp_path):
    write(tmp_path, {"w/sql/1.sql": ""})
    (tmp_path / "w/db").mkdir()
    (tmp_path / "w/db/migrations").symlink_to("../sql")
    result = judged(tmp_path, dockerfile(f"{_IN}COPY db /db\n{_END}"), "RET007", Phase.RETIRED)
    assert said(result) == [f"{_CARRIES}db"], result


OWNED = TOML.replace('sql = ["b"]', 'sql = ["db/*.sql"]')
THREE = {f"db/{n}.sql": "select 1;\n" for n in (1, 2, 3)}


def with_sql(copy: str, *, compose: str = COMPOSE, **files: str) -> dict[str, str]:
    """The owner's image, which copies its SQL in this way."""
    dockerfile = DOCKERFILE.replace("ENTRYPOINT", f"{copy}\nENTRYPOINT")
    return {"audit.toml": OWNED, "compose.yaml": compose, "Dockerfile": dockerfile, **THREE, **files}


LACKS = ["image:lacks"]
# name: (files, how BOOT001 ends, which files the image lacks)
OWNERS_SQL = {
    "the folder": (with_sql("COPY db /db"), "passed", ""),
    "the whole context": (with_sql("COPY . /src"), "passed", ""),
    "a pattern of all": (with_sql("COPY db/*.sql /db/"), "passed", ""),
    "a pattern of some": (with_sql("COPY db/[12].sql /db/"), LACKS, "db/3.sql"),
    "one by one, and one forgotten": (with_sql("COPY db/1.sql db/3.sql /db/"), LACKS, "db/2.sql"),
    "left out by .dockerignore": (with_sql("COPY db /db", **{".dockerignore": "**/3.sql\n"}), LACKS, "db/3.sql"),
    "all left out by .dockerignore": (
        with_sql("COPY . /", **{".dockerignore": "*.md\n**/*.sql\n"}),
        LACKS,
        "db/1.sql, db/2.sql",
    ),
    "left out by an option": (with_sql("COPY --exclude=3.sql db /db"), LACKS, "db/3.sql"),
    "mounted": (
        with_sql("COPY db/1.sql /db/", compose=COMPOSE.replace(BUILD, BUILD + "    volumes: ['./db:/db']\n")),
        "passed",
        "",
    ),
    "another folder": (with_sql("COPY init.sh /x/"), "passed", ""),
    "a folder that a variable names": (with_sql("ARG D\nCOPY $D/1.sql /db/"), "passed", ""),
    "brought by another stage": (
        {**with_sql(""), "Dockerfile": "FROM alpine AS sql\nCOPY db /db\n" + DOCKERFILE + "COPY --from=sql /db /db\n"},
        "passed",
        "",
    ),
}


@pytest.mark.parametrize(("files", "ends", "lacks"), OWNERS_SQL.values(), ids=OWNERS_SQL)
def test_the_owners_image_has_the_owners_sql(tmp_path, files, ends, lacks):
    result = judged(tmp_path, files)
    assert said(result) == ends, result
    assert lacks in "".join(finding.actual or "" for finding in result.findings)


LOOP = "for f in db/*.sql; do {}; done\n"
UNGUARDED = ["init:unguarded"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (f"set -e\n{LOOP.format('psql -f $f')}", "passed"),
        (LOOP.format("psql -f $f"), UNGUARDED),
        (LOOP.format("psql -f $f || exit 1"), "passed"),
        (LOOP.format("psql -f $f || { echo failed; exit 1; }"), "passed"),
        (LOOP.format("if ! psql -f $f; then exit 1; fi"), "passed"),
        (f"set -e\n{LOOP.format('psql -f $f || true')}", UNGUARDED),
        ("cat db/*.sql | psql\n", "passed"),
        ("cat db/*.sql | psql\necho done\n", UNGUARDED),
        ("psql -f a.sql && psql -f b.sql\n", "passed"),
        ("psql -f a.sql\npsql -f b.sql\n", UNGUARDED),
        ("exec psql -f a.sql\n", "passed"),
        ("until psql -Atc 'select 1'; do sleep 1; done\npsql -f a.sql\n", "passed"),
        ("psql -tAc 'select 1'\npsql -lqt\npsql -c '\\q'\npsql -f a.sql\n", "passed"),
        ("psql --command='create extension postgis'\npsql -f a.sql\n", UNGUARDED),
        ("psql -c \"select create_hypertable('p', 'ts')\"\npsql -f a.sql\n", UNGUARDED),
        ("run() { psql -f $1; }\nrun a.sql\nrun b.sql\n", UNGUARDED),
        ("sh -c 'psql -f a.sql; psql -f b.sql'\n", UNGUARDED),
    ],
)
def test_a_script_hands_on_that_its_sql_failed(tmp_path, script, expected):
    assert said(judged(tmp_path, {"init.sh": script})) == expected


@pytest.mark.parametrize(
    ("body", "call", "expected"),
    [
        ("psql -f a.sql; psql -f b.sql", "init.sh", "passed"),
        ("psql -f a.sql && psql -f b.sql", "init.sh || exit 1", "passed"),
        ("psql -f a.sql; psql -f b.sql", "init.sh || exit 1", UNGUARDED),
        ("psql -f a.sql", "if ! init.sh; then exit 1; fi", "passed"),
    ],
)
def test_a_function_whose_status_is_asked_for_runs_without_errexit(tmp_path, body, call, expected):
    entrypoint = f"set -e\ninit.sh() {{ {body}; }}\n{call}\n{BOOTSTRAP}{APPLY}{START}"
    assert said(judged(tmp_path, {"e.sh": entrypoint})) == expected
