"""Compose files: what the specification merges, by cases; each of them is checked against ``docker compose config`` too."""

# ruff: noqa: E501 - tables of cases, each a line

import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from migration_audit.artifacts.compose.stack import read_stack
from migration_audit.model.compose import Service, Stack
from migration_audit.model.errors import ArtifactError

DB = "\n  db: {image: postgres}"
BASE = "services:\n  db: {image: postgres}\n  a:\n    image: a\n"


def two(first: str, second: str, **more: str) -> dict[str, str]:
    """Two files, the second over the first; what follows is the body of the service ``a``."""
    return {"compose.yaml": BASE + indent(first), "over.yaml": "services:\n  a:\n" + indent(second), **more}


def one(body: str, **more: str) -> dict[str, str]:
    return {"compose.yaml": BASE + indent(body), **more}


def indent(body: str) -> str:
    return "".join(f"    {line}\n" for line in body.strip("\n").splitlines())


STARTED = {"db": ("service_started", True)}
HEALTHY = {"db": ("service_healthy", True)}
LONG = "depends_on:\n  db:\n    condition: service_healthy"

# name: (files, profiles, what is expected of the service a)
CASES: dict[str, tuple[dict[str, str], tuple[str, ...], dict[str, Any]]] = {
    "depends_on short": (one("depends_on: [db]"), (), {"depends_on": STARTED}),
    "depends_on long": (one(LONG), (), {"depends_on": HEALTHY}),
    "depends_on in braces": (one("depends_on: {db: {condition: service_healthy}}"), (), {"depends_on": HEALTHY}),
    "depends_on not required": (
        one("depends_on: {db: {condition: service_healthy, required: false}}"),
        (),
        {"depends_on": {"db": ("service_healthy", False)}},
    ),
    "depends_on completed": (
        one("depends_on: {db: {condition: service_completed_successfully}}"),
        (),
        {"depends_on": {"db": ("service_completed_successfully", True)}},
    ),
    "depends_on nothing": (one("expose: ['80']"), (), {"depends_on": {}}),
    "depends_on by an anchor": (
        {"compose.yaml": "x-d: &d\n  db: {condition: service_healthy}\n" + BASE + "    depends_on: *d\n"},
        (),
        {"depends_on": HEALTHY},
    ),
    "depends_on by a merge key": (
        {"compose.yaml": "x-s: &s\n  depends_on: {db: {condition: service_healthy}}\n" + BASE + "    <<: *s\n"},
        (),
        {"depends_on": HEALTHY},
    ),
    "a merge key does not merge deeply": (
        {
            "compose.yaml": "x-s: &s\n  depends_on: {db: {condition: service_healthy}}\n"
            + BASE
            + "    <<: *s\n    depends_on: [b]\n  b: {image: b}\n"
        },
        (),
        {"depends_on": {"b": ("service_started", True)}},
    ),
    "two merged mappings: the first wins": (
        {
            "compose.yaml": "x-s: &s {depends_on: {db: {condition: service_healthy}}}\n"
            "x-t: &t {depends_on: [db], command: c}\n" + BASE + "    <<: [*s, *t]\n"
        },
        (),
        {"depends_on": HEALTHY, "command": ("c",)},
    ),
    "short over long keeps the condition of neither": (two(LONG, "depends_on: [db]"), (), {"depends_on": STARTED}),
    "long over short": (two("depends_on: [db]", LONG), (), {"depends_on": HEALTHY}),
    "another service beside": (
        two(LONG, "depends_on: [b]", **{"more.yaml": "services:\n  b: {image: b}\n"}),
        (),
        {"depends_on": {**HEALTHY, "b": ("service_started", True)}},
    ),
    "reset": (two(LONG, "depends_on: !reset []"), (), {"depends_on": {}}),
    "reset to nothing": (two(LONG, "depends_on: !reset null"), (), {"depends_on": {}}),
    "reset one entry": (two(LONG, "depends_on:\n  db: !reset null"), (), {"depends_on": {}}),
    "override": (two(LONG, "depends_on: !override [db]"), (), {"depends_on": STARTED}),
    "nothing replaces nothing": (two(LONG, "depends_on:"), (), {"depends_on": HEALTHY}),
    "extends in the same file": (
        {"compose.yaml": BASE + "    extends: b\n  b:\n    image: b\n" + indent(LONG)},
        (),
        {"depends_on": HEALTHY},
    ),
    "extends another file": (
        one("extends: {file: base/b.yaml, service: b}", **{"base/b.yaml": "services:\n  b:\n" + indent(LONG)}),
        (),
        {"depends_on": HEALTHY},
    ),
    "extends adds to depends_on": (
        one(
            "extends: {file: b.yaml, service: b}\ndepends_on: [c]",
            **{"b.yaml": "services:\n  b:\n" + indent(LONG), "c.yaml": "services:\n  c: {image: c}\n"},
        ),
        (),
        {"depends_on": {**HEALTHY, "c": ("service_started", True)}},
    ),
    "extends in a file of another folder": (
        {
            "compose.yaml": BASE,
            "sub/over.yaml": "services:\n  a:\n    extends: {file: b.yaml, service: b}\n    build: x\n",
            "b.yaml": "services:\n  b:\n" + indent(LONG),
            "sub/b.yaml": "services:\n  b: {image: b}\n",
        },
        (),
        {"depends_on": HEALTHY, "context": "x"},
    ),
    "extends and reset": (
        one("extends: {file: b.yaml, service: b}\ndepends_on: !reset []", **{"b.yaml": "services:\n  b:\n" + indent(LONG)}),
        (),
        {"depends_on": {}},
    ),
    "extends what extends": (
        one(
            "extends: {file: d/b.yaml, service: b}",
            **{
                "d/b.yaml": "services:\n  b:\n    extends: {file: c.yaml, service: c}\n",
                "d/c.yaml": "services:\n  c:\n    build: here\n" + indent(LONG),
            },
        ),
        (),
        {"depends_on": HEALTHY, "context": "d/here"},
    ),
    "included": (
        {
            "compose.yaml": "include: [inc/db.yaml]\nservices:\n  a:\n    image: a\n" + indent(LONG),
            "inc/db.yaml": "services:" + DB,
        },
        (),
        {"depends_on": HEALTHY},
    ),
    "included by path and changed by the next file": (
        {
            "compose.yaml": "include:\n  - path: inc/a.yaml\nservices:\n  db: {image: postgres}\n",
            "inc/a.yaml": "services:\n  a:\n    build: .\n    healthcheck: {test: x}\n",
            "over.yaml": "services:\n  a:\n    depends_on: [db]\n    healthcheck: {test: z}\n",
        },
        (),
        {"depends_on": STARTED, "test": ("CMD-SHELL", "z"), "context": "inc"},
    ),
    "included with two paths and a directory": (
        {
            "compose.yaml": "include:\n  - path: [inc/a.yaml, inc/b.yaml]\n    project_directory: other\nservices:" + DB,
            "other/.env": "",
            "inc/a.yaml": "services:\n  a:\n    build: x\n    healthcheck: {test: x}\n",
            "inc/b.yaml": "services:\n  a:\n    healthcheck: {test: y}\n",
        },
        (),
        {"test": ("CMD-SHELL", "y"), "context": "other/x"},
    ),
    "included with its own .env": (
        {
            "compose.yaml": "include: [inc/a.yaml]\nservices:" + DB,
            ".env": "B=outer\n",
            "inc/.env": "A=1\nB=2\n",
            "inc/a.yaml": 'services:\n  a:\n    image: a\n    command: ["$A", "$B"]\n',
        },
        (),
        {"command": ("1", "outer")},
    ),
    "a profile that is not chosen": (one("profiles: [ops]"), (), {"active": False}),
    "a profile that is chosen": (one("profiles: [ops]"), ("ops",), {"active": True}),
    "one of two profiles": (one("profiles: [ops, dev]"), ("dev",), {"active": True}),
    "all profiles": (one("profiles: [ops]"), ("*",), {"active": True}),
    "profiles of two files": (two("profiles: [ops]", "profiles: [dev]"), ("dev",), {"active": True}),
    "profiles by .env": (one("profiles: [ops]", **{".env": "COMPOSE_PROFILES=x,ops\n"}), (), {"active": True}),
    "test as a text": (one("healthcheck: {test: curl -f x || exit 1}"), (), {"test": ("CMD-SHELL", "curl -f x || exit 1")}),
    "test as CMD": (one('healthcheck: {test: ["CMD", "curl", "-f"]}'), (), {"test": ("CMD", "curl", "-f")}),
    "test as CMD-SHELL": (one('healthcheck: {test: ["CMD-SHELL", "a && b"]}'), (), {"test": ("CMD-SHELL", "a && b")}),
    "test NONE": (one('healthcheck: {test: ["NONE"]}'), (), {"disabled": True}),
    "test disabled": (one("healthcheck: {disable: true}"), (), {"disabled": True}),
    "test disabled by the next file": (
        two("healthcheck: {test: x}", "healthcheck: {disable: true}"),
        (),
        {"disabled": True, "test": ("CMD-SHELL", "x")},
    ),
    "test replaced, interval kept": (
        two("healthcheck: {test: [CMD, a, b], interval: 5s}", "healthcheck: {test: [CMD, c]}"),
        (),
        {"test": ("CMD", "c")},
    ),
    "only the interval": (one("healthcheck: {interval: 5s}"), (), {"test": None, "disabled": False}),
    "a folded test": (one("healthcheck:\n  test: >-\n    curl -f\n    x"), (), {"test": ("CMD-SHELL", "curl -f x")}),
    "variables": (
        one(
            'command: ["${A}", "$B", "${C:-d}", "${D-e}", "${E:-f}", "${E-f}", "$$A", "${A:+yes}", "${C:+no}", "${C:-${B}}"]',
            **{".env": "A=1\nB = 'b c'\nE=\n"},
        ),
        (),
        {"command": ("1", "b c", "d", "e", "f", "", "$A", "yes", "", "b c")},
    ),
    "dollars that are no variables": (
        one("command: ['a $ b', '$1', '$-', 'c$']"),
        (),
        {"command": ("a $ b", "$1", "$-", "c$")},
    ),
    "a variable in a condition": (
        one("depends_on: {db: {condition: '${C:-service_healthy}'}}"),
        (),
        {"depends_on": HEALTHY},
    ),
    "a variable as a flag": (
        one("healthcheck: {disable: $D, test: x}", **{".env": "D=true"}),
        (),
        {"disabled": True},
    ),
    ".env in all its forms": (
        one(
            'command: ["$A", "$B", "$C", "$D", "$E", "$F", "$G"]',
            **{
                ".env": '# comment\nexport A=1 # comment\n\nB="x\\ny $A"\nC=\'x $A\'\nD=a#b\nE=${A}2\nF: 3\nG="two\nlines"\n'
            },
        ),
        (),
        {"command": ("1", "x\ny 1", "x $A", "a#b", "12", "3", "two\nlines")},
    ),
    "a command as a text": (one("command: sh -c \"a && b\" 'c d'"), (), {"command": ("sh", "-c", "a && b", "c d")}),
    "a command as a text is no shell": (one("command: a b && c"), (), {"command": ("a", "b")}),
    "a command replaced": (two("command: [a, b]", "command: [c]"), (), {"command": ("c",)}),
    "an empty command": (one("command: []"), (), {"command": ()}),
    "no command": (two("command: [a]", "command:"), (), {"command": None}),
    "no image": (two("working_dir: /x", "image:"), (), {}),
    "an entrypoint": (one("entrypoint: /x.sh a\ncommand: b"), (), {"entrypoint": ("/x.sh", "a"), "command": ("b",)}),
    "an empty entrypoint": (one('entrypoint: ""'), (), {"entrypoint": ()}),
    "build": (one("build: ../x"), (), {"context": "../x", "dockerfile": "Dockerfile"}),
    "build in full": (
        one("build: {context: x, dockerfile: y/D, target: t, args: [A=1]}"),
        (),
        {"context": "x", "dockerfile": "y/D", "target": "t", "args": {"A": "1"}},
    ),
    "build of two files": (
        two("build: x", "build: {args: {B: '2'}, target: t}"),
        (),
        {"context": "x", "target": "t", "args": {"B": "2"}},
    ),
    "environment of two files": (
        two("environment: [A=1, B=2]", "environment: {B: 3, C: '4'}"),
        (),
        {"environment": {"A": "1", "B": "3", "C": "4"}},
    ),
    "mounts": (
        two(
            "volumes: ['./x:/x', 'data:/d']",
            "volumes: [{type: bind, source: ./y, target: /x}]",
            **{"v.yaml": "volumes: {data: }"},
        ),
        (),
        {"mounts": {"/x": "y"}},
    ),
    "two documents": (
        {"compose.yaml": BASE + "---\nservices:\n  a:\n" + indent(LONG)},
        (),
        {"depends_on": HEALTHY},
    ),
    "line ends of Windows": (
        {"compose.yaml": (BASE + indent(LONG)).replace("\n", "\r\n")},
        (),
        {"depends_on": HEALTHY},
    ),
    "extends a service with a health check": (
        one(
            "extends: {file: b.yaml, service: b}\nhealthcheck: {interval: 1s}",
            **{"b.yaml": "services:\n  b: {healthcheck: {test: [CMD, x]}}\n"},
        ),
        (),
        {"test": ("CMD", "x")},
    ),
}

# Files that are part of a case and not named on the command line.
_NAMED = ("compose.yaml", "over.yaml", "sub/over.yaml", "more.yaml", "c.yaml", "v.yaml")


def write(files: dict[str, str], folder: Path) -> list[Path]:
    """Write the case; gives back the files that Compose is called with."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return [folder / name for name in _NAMED if name in files]


def read(files: dict[str, str], folder: Path, profiles: tuple[str, ...] = ()) -> Stack:
    return read_stack(write(files, folder), profiles=profiles, shown_from=folder)


def shown(service: Service, folder: Path) -> dict[str, Any]:
    """The facts in the form of the table."""
    check, build = service.healthcheck, service.build
    return {
        "active": service.active,
        "depends_on": {d.service: (d.condition, d.required) for d in service.depends_on},
        "test": check.test if check else None,
        "disabled": bool(check and check.disabled),
        "command": service.command.words if service.command else None,
        "entrypoint": service.entrypoint.words if service.entrypoint else None,
        "context": os.path.relpath(build.context, folder) if build else None,
        "dockerfile": build.dockerfile if build else None,
        "target": build.target if build else None,
        "args": dict(build.args) if build else {},
        "environment": dict(service.environment),
        "mounts": {m.target: os.path.relpath(m.source, folder) for m in service.mounts if m.kind == "bind"},
    }


@pytest.mark.parametrize(("files", "profiles", "expected"), CASES.values(), ids=CASES)
def test_a_case(files, profiles, expected, tmp_path):
    service = read(files, tmp_path, profiles).service("a")
    made = shown(service, tmp_path)
    assert {key: made[key] for key in expected} == expected


REFUSED = {
    "no file": ({}, "compose.yaml: the file does not exist"),
    "no YAML": ({"compose.yaml": "services:\n  a: [\n"}, "compose.yaml:3: is not valid YAML"),
    "no mapping": ({"compose.yaml": "- a\n"}, "compose.yaml:1: must be a mapping"),
    "no services": ({"compose.yaml": "volumes: {}\n"}, "compose.yaml:1: has no services"),
    "services are a list": ({"compose.yaml": "services: [a]\n"}, "compose.yaml:1: services must be a mapping"),
    "a key twice": (one("image: b"), "compose.yaml:5: the key image appears twice"),
    "a bad variable": (one("command: ${A"), "compose.yaml:5: '${A' contains a variable that Compose cannot parse"),
    "no name of a variable": (
        one("command: a ${1}"),
        "compose.yaml:5: 'a ${1}' contains a variable that Compose cannot parse",
    ),
    "a bad flag": (one("healthcheck: {disable: maybe}"), "compose.yaml:5: 'maybe' is neither true nor false"),
    "extends nothing": (
        one("extends: {service: x}"),
        "compose.yaml:5: the service a extends x, which compose.yaml does not",
    ),
    "extends no file": (one("extends: {file: x.yaml, service: x}"), "compose.yaml:5: extends names x.yaml"),
    "extends itself": (
        {"compose.yaml": "services:\n  a: {extends: b}\n  b: {extends: a}\n"},
        "compose.yaml:2: the service a extends itself",
    ),
    "includes no file": (
        {"compose.yaml": "include: [x.yaml]\nservices: {a: {image: a}}\n"},
        "compose.yaml:1: include names",
    ),
    "includes itself": (
        {"compose.yaml": "include: [compose.yaml]\nservices: {a: {}}\n"},
        "compose.yaml:1: include contains itself",
    ),
    "includes the same service": (
        {"compose.yaml": "include: [x.yaml]\nservices:\n  a: {image: a}\n", "x.yaml": "services: {a: {image: b}}\n"},
        "compose.yaml:3: the service a conflicts with the one included at x.yaml:1",
    ),
    "a bad .env": (one("command: a", **{".env": "A=1\nA B\n"}), ".env:2: is not an assignment"),
    "an open quote in a command": (one("command: sh -c 'a"), "compose.yaml:5: cannot be split into words"),
    "an alias within its anchor": (
        {"compose.yaml": "services: &s\n  a: *s\n"},
        "compose.yaml:1: an anchor contains an alias to itself",
    ),
    "not UTF-8": ({"compose.yaml": "services:\n  a: \udcff\n"}, "compose.yaml:2: is not UTF-8"),
}


@pytest.mark.parametrize(("files", "message"), REFUSED.values(), ids=REFUSED)
def test_what_compose_would_not_load_is_refused(files, message, tmp_path):
    for name, text in files.items():
        (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ArtifactError) as caught:
        read_stack([tmp_path / "compose.yaml"], shown_from=tmp_path)
    assert str(caught.value).startswith(message)


DOUBTS = {
    "contains a variable that is not set": (
        "depends_on: {db: {condition: $C}}",
        "depends_on",
        "the variable C is not set here",
    ),
    "a variable that must have one": ("command: ['${C:?tell}']", "command", "does not run without the variable C"),
    "one within another": ("command: ['${C:-${D}}']", "command", "the variable D is not set here"),
    "a shell's operator": ("command: a && b", "command", "no shell runs it"),
    "a test of no kind": ("healthcheck: {test: [curl, x]}", "healthcheck", "the engine rejects 'curl'"),
    "variables of a file": ("env_file: a.env", "environment", "variables of env_file"),
}


@pytest.mark.parametrize(("body", "part", "reason"), DOUBTS.values(), ids=DOUBTS)
def test_what_the_files_leave_open_is_reported(body, part, reason, tmp_path):
    (doubt,) = read(one(body), tmp_path).service("a").doubts_about(part)
    assert reason in doubt.reason
    assert str(doubt.at) == "compose.yaml:5"


def test_no_doubt_about_what_has_a_value(tmp_path):
    files = one("command: ['$A', '${B:-x}', '${A:?x}', '$$C', '${D:+$E}']", **{".env": "A=1"})
    assert read(files, tmp_path).service("a").doubts == ()


def test_the_callers_environment_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("CONDITION", "service_started")
    stack = read(one("depends_on: {db: {condition: '${CONDITION:-service_healthy}'}}"), tmp_path)
    assert stack.service("a").dependency("db").condition == "service_healthy"


def test_a_fact_knows_its_line(tmp_path):
    files = {
        "compose.yaml": "x-d: &d\n  db:\n    condition: service_healthy\nservices:\n  db: {}\n  a:\n    depends_on: *d\n",
        "over.yaml": "services:\n  a:\n    healthcheck:\n      test: [CMD, x]\n    command: b\n",
    }
    service = read(files, tmp_path).service("a")
    assert str(service.dependency("db").at) == "compose.yaml:2"
    assert str(service.healthcheck.at) == "over.yaml:4"
    assert str(service.command.at) == "over.yaml:5"


def test_an_override_file_that_no_one_names_is_reported(tmp_path):
    stack = read(one("command: a", **{"compose.override.yaml": "services: {}"}), tmp_path)
    assert stack.notes == (
        "compose.override.yaml is also merged when Compose runs without -f, but audit.toml does not name it",
    )


@cache
def reference() -> str | None:
    """The program that the cases are checked against: Docker Compose of version 2 or newer, as the dev extra installs it."""
    installed = shutil.which("docker-compose", path=str(Path(sys.executable).parent))
    for program in (os.environ.get("MIGRATION_AUDIT_DOCKER_COMPOSE"), installed, shutil.which("docker-compose")):
        if program and re.search(r" v?(?:[2-9]|\d\d+)\.\d", _run([program, "version"]).stdout):
            return program
    return None


def _run(command: list[str], folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=60, check=False)


def as_reference_says(said: dict[str, Any], folder: Path) -> dict[str, Any]:
    """``docker compose config`` in the form of the table; it writes $$ for a dollar."""
    said = json.loads(json.dumps(said).replace("$$", "$"))
    check, build = said.get("healthcheck") or {}, said.get("build") or {}
    words = {name: said.get(name) for name in ("command", "entrypoint")}
    binds = [v for v in said.get("volumes") or [] if v["type"] == "bind"]
    return {
        "active": True,
        "depends_on": {n: (d["condition"], d["required"]) for n, d in (said.get("depends_on") or {}).items()},
        "test": tuple(check["test"]) if check.get("test") else None,
        "disabled": bool(check.get("disable") or (check.get("test") or [""])[0] == "NONE"),
        **{name: None if value is None else tuple(value) for name, value in words.items()},
        "context": os.path.relpath(build["context"], folder) if build else None,
        "dockerfile": build.get("dockerfile"),
        "target": build.get("target"),
        "args": build.get("args") or {},
        "environment": said.get("environment") or {},
        "mounts": {v["target"]: os.path.relpath(v["source"], folder) for v in binds},
    }


@pytest.mark.slow
@pytest.mark.parametrize(("files", "profiles"), [case[:2] for case in CASES.values()], ids=CASES)
def test_docker_compose_says_the_same(files, profiles, tmp_path):
    program = reference()
    if program is None:
        pytest.skip("no docker-compose of version 2 or newer: pip has none for this platform, and none is on PATH")
    folder = tmp_path.resolve()
    named = write(files, folder)
    options = [word for file in named for word in ("-f", str(file))] + [w for p in profiles for w in ("--profile", p)]
    done = _run([program, *options, "config", "--format", "json"], folder)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)["services"]
    stack = read_stack(named, profiles=profiles, shown_from=folder)
    assert {s.name for s in stack.services if s.active} == set(said)
    for service in stack.services:
        if service.active:
            assert shown(service, folder) == as_reference_says(said[service.name], folder)
