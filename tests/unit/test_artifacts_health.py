"""Health checks: what must answer for them to succeed, by cases."""

import pytest

from migration_audit.artifacts.container.health import read_test
from migration_audit.artifacts.shell.programs import ShellScript
from migration_audit.model.location import Location

AT = Location("compose.yaml", 5)
FILES = {
    "/usr/local/bin/health.sh": "#!/bin/sh\nset -e\ncurl -f http://localhost:8055/server/health\ntest -f /ready\n",
    "/app/check.sh": "#!/bin/sh\n# checks\nif ! curl -sf http://localhost:8055/; then\n  exit 1\nfi\nexit 0\n",
    "/app/check.js": "require('http').get({ host: '127.0.0.1', port: 8055, path: '/server/health' })\n",
    "/app/ping.js": "#!/usr/bin/env node\nfetch('http://localhost:8055')\n",
    "/app/odd.js": "fetch(process.env.URL)\n",
}
OWN = {("localhost", "8055")}

# name: (test, for each way the servers that must answer)
CASES = {
    "curl": ("curl -f http://localhost:8055/server/health", [OWN]),
    "curl with options": ("curl -sS -o /dev/null --max-time 3 http://localhost:8055/server/health", [OWN]),
    "curl without a scheme": ("curl -f localhost:8055/server/health", [OWN]),
    "or exit": ("curl -f http://localhost:8055 || exit 1", [OWN]),
    "or true": ("curl -f http://localhost:8055 || true", [OWN, set()]),
    "or exit 0": ("curl -f http://localhost:8055 || exit 0", [OWN, set()]),
    "wget": ("wget -q --spider http://127.0.0.1:8055/server/health || exit 1", [{("127.0.0.1", "8055")}]),
    "a port from a variable": ("wget -qO- http://localhost:$PORT/", [OWN]),
    "an unknown port": ("wget -qO- http://localhost:$UNKNOWN/", [{("localhost", None)}]),
    "IPv6": ("curl -f http://[::1]:8055/", [{("[::1]", "8055")}]),
    "user and password": ("curl -f http://a:b@localhost:8055/", [OWN]),
    "pg_isready": ("pg_isready -h localhost", [set()]),
    "true": ("true", [set()]),
    "false": ("false", []),
    "a file": ("test -f /ready", [set()]),
    "a file, in brackets": ("[ -f /ready ]", [set()]),
    "a process": ("pgrep node", [set()]),
    "both": ("test -f /ready && curl -f http://localhost:8055", [OWN]),
    "either": ("test -f /ready || curl -f http://localhost:8055", [set(), OWN]),
    "the last one decides": ("curl -f http://localhost:8055; true", [set()]),
    "the last one decides, well": ("true; curl -f http://localhost:8055", [OWN]),
    "its own status": ("curl -f http://localhost:8055; exit $?", [OWN]),
    "turned round": ("! curl -f http://localhost:8055", [set()]),
    "a filter": ("curl -s http://localhost:8055/server/health | grep -q ok", [OWN]),
    "a filter that fails where nothing comes in": ("curl -s http://localhost:8055/server/health | jq -e .ok", [OWN]),
    "a filter that does not": ("curl -s http://localhost:8055/server/health | jq .ok", [set()]),
    "into cat": ("wget -qO- http://localhost:8055/server/health | cat", [set()]),
    "through cat": ("wget -qO- http://localhost:8055/server/health | cat | grep -qv no", [OWN]),
    "into cat, with pipefail": ("set -o pipefail; wget -qO- http://localhost:8055/ | cat", [OWN]),
    "in the background": ("curl -f http://localhost:8055 &", [set()]),
    "in the background, with more": ("curl -f http://localhost:8055 & test -f /ready", [set()]),
    "an answer in brackets": ('[ "$(curl -s http://localhost:8055/server/health)" = ok ]', [OWN]),
    "a code in brackets": ('test "$(curl -so /dev/null -w %{http_code} http://localhost:8055)" = 200', [OWN]),
    "an answer in a variable": ('X=$(curl -sf http://localhost:8055) && [ -n "$X" ]', [OWN]),
    "if": ("if curl -f http://localhost:8055; then exit 0; else exit 1; fi", [OWN]),
    "if, and nothing else": ("if test -f /x; then curl -f http://localhost:8055; fi", [OWN, set()]),
    "if not": ("if ! curl -f http://localhost:8055; then exit 1; fi", [OWN]),
    "a socket": ("nc -z localhost 8055", [OWN]),
    "bash's own": ("bash -c 'true </dev/tcp/localhost/8055'", [OWN]),
    "bash's own, with exec": ("bash -c 'exec 3<>/dev/tcp/localhost/8055'", [OWN]),
    "sh -ec": ("sh -ec 'curl -f http://localhost:8055; true'", [OWN]),
    "node": ("node -e \"fetch('http://localhost:8055').then(r => process.exit(r.ok ? 0 : 1))\"", [OWN]),
    "node with a port": ("node -e \"require('http').get({port: 8055}, r => process.exit(r.statusCode !== 200))\"", [OWN]),
    "python": ("python3 -c \"import urllib.request; urllib.request.urlopen('http://localhost:8055')\"", [OWN]),
    "a socket in python": ("python -c \"import socket; socket.create_connection(('localhost', 8055))\"", [OWN]),
    "node that asks nobody": ("node -e 'process.exit(0)'", [set()]),
    "a script in node": ("node /app/check.js", [{("127.0.0.1", "8055")}]),
    "a script in node by itself": ("/app/ping.js", [OWN]),
    "a script by its name": ("health.sh", [OWN]),
    "a script by its path": ("./check.sh", [OWN]),
    "a guard before the end": ("curl -sf http://localhost:8055 || exit 1; exit 0", [OWN]),
    "a guard that says success": ("if test -f /off; then exit 0; fi; curl -f http://localhost:8055", [set(), OWN]),
    "a guard that says failure": ("if test -f /off; then exit 1; fi; curl -f http://localhost:8055", [OWN]),
    "a wrapper": ("timeout 5 curl -f http://localhost:8055", [OWN]),
    "another server": ("curl -f http://postgres:5432", [{("postgres", "5432")}]),
    "another server and its own": ("nc -z redis 6379 && curl -f http://localhost:8055", [OWN | {("redis", "6379")}]),
}


def read(test):
    def find(path):
        return ShellScript(text=FILES[path], at=Location(path, 1)) if path in FILES else None

    return read_test(test, AT, environment={"PORT": "8055"}, folder="/app", files=find)


def servers(health):
    return [{(asked.host, asked.port) for asked in way if asked.host} for way in health.ways]


@pytest.mark.parametrize(("test", "expected"), CASES.values(), ids=CASES)
def test_what_must_answer(test, expected):
    health = read(("CMD-SHELL", test))
    assert servers(health) == expected
    assert health.undecided == ()


def test_the_exec_form_has_no_shell():
    assert servers(read(("CMD", "curl", "-f", "http://localhost:8055", "||", "true"))) == [OWN]
    assert servers(read(("CMD", "sh", "-c", "curl http://localhost:8055 || true"))) == [OWN, set()]


UNDECIDED = {
    "an unknown program": ("healthy --now", "what healthy requests is only known at run time"),
    "a script that is not there": ("./nowhere.sh", "what ./nowhere.sh requests is only known at run time"),
    "a file of node that is not there": ("node dist/health.js", "no file of the project is copied to dist/health.js"),
    "a program whose server is computed": ("node odd.js", "which server it queries is only known at run time"),
    "a client without a server": ('curl -f "$URL"', "which server it queries is only known at run time"),
    "a filter that may fail or not": (
        "curl -s http://localhost:8055 | awk 1",
        "whether `awk 1` fails without input is not known",
    ),
    "no shell": ("if then", "this shell code cannot be parsed"),
}


@pytest.mark.parametrize(("test", "reason"), UNDECIDED.values(), ids=UNDECIDED)
def test_what_cannot_be_known_is_told(test, reason):
    assert reason in " ".join(undecided.reason for undecided in read(("CMD-SHELL", test)).undecided)
