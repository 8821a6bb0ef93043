"""Names in rules: what ``*`` and ``?`` find, and every name that could match nothing, refused at its line."""

from __future__ import annotations

import json

import pytest

from fix_code import judged, write
from migration_audit.model.errors import ConfigError
from migration_audit.model.finding import Outcome
from migration_audit.project import load_project

MINIMAL = '[project]\nname = "p"\n[legacy]\nsql = ["a"]\n[owner]\nsql = ["b"]\n[environments.e]\nservice = "s"\n'
LINE = MINIMAL.count("\n") + 5

# name: (key, name, what the error says)
REFUSED = {
    "a call with brackets": ("calls", "migrate()", "holds a bracket: it would match nothing"),
    "a call with arguments": ("calls", "migrate(pool)", "holds a bracket"),
    "two words": ("calls", "prisma migrate", "contains a space, but is compared with one word"),
    "a path": ("calls", "src/db/migrate.ts", "holds a path: it would match nothing"),
    "a path from here": ("calls", "./migrate", "holds a path"),
    "a scope with a path": ("calls", "@acme/a/b", "holds a path"),
    "parts of another language": ("calls", "Runner::up", "joins its parts by other characters than a dot"),
    "a method of a prototype": ("calls", "Runner#up", "joins its parts by other characters than a dot"),
    "a trailing dot": ("calls", "goose.", "has an empty part"),
    "a leading dot": ("calls", ".up", "has an empty part"),
    "two dots": ("calls", "goose..Up", "has an empty part"),
    "a regular expression": ("calls", "^migrate$", "contains a character that names cannot have"),
    "a class of characters": ("calls", "migrate[0-9]", "contains a character that names cannot have"),
    "alternatives": ("calls", "{up,down}", "contains a character that names cannot have"),
    "everything": ("calls", "*", "contains no letter or digit: it would match nothing, or everything"),
    "everything of everything": ("calls", "*.*", "contains no letter or digit: it would match nothing, or everything"),
    "a blank behind a name": ("mentions", "applied ", "begins or ends with a space"),
    "any mention": ("mentions", "*", "contains no letter or digit: it would match nothing, or everything"),
    "a version": ("packages", "node-pg-migrate@7", "contains a version or an extra"),
    "a lower bound": ("packages", "alembic>=1.13", "contains a version or an extra"),
    "an extra": ("packages", "alembic[tz]", "contains a version or an extra"),
    "two libraries": ("packages", "knex umzug", "contains a space, but is compared with one word"),
    "a path of an image": ("carries", "db/migrations", "contains a slash, but is compared with each part of a path"),
    "a folder of an image": ("carries", "migrations/", "contains a slash, but is compared with each part of a path"),
    "a command of an image": ("runs", "knex migrate:latest", "contains a space, but is compared with one word"),
}
RULES = {
    "calls": 'check = "RET003"\nin = ["a"]',
    "mentions": 'check = "RET004"\nin = ["a"]',
    "packages": 'check = "RET006"\nin = ["a"]',
    "carries": 'check = "RET007"\nimage = "Dockerfile"',
    "runs": 'check = "RET007"\nimage = "Dockerfile"',
}


def load(tmp_path, key, name):
    text = f"[[rule]]\n{RULES[key]}\n{key} = [\n  'fine',\n  {json.dumps(name)}]\n"
    (tmp_path / "audit.toml").write_text(MINIMAL + text)
    return load_project(tmp_path / "audit.toml").retirement[0]


@pytest.mark.parametrize(("key", "name", "message"), REFUSED.values(), ids=REFUSED)
def test_a_name_that_can_match_nothing_is_refused(tmp_path, key, name, message):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, key, name)
    assert f"rule[1].{key}[2] {message}" in str(caught.value)
    assert f"audit.toml:{LINE + 1}: " in str(caught.value)


TAKEN = [
    *(("calls", name) for name in ("migrate", "goose.*", "db.migrate", "run_*", "$up", "db:migrate", "node-pg-migrate")),
    *(("calls", name) for name in ("@acme/migrate", "migrate.sh", "Run?", "*migrate*")),
    *(("mentions", name) for name in ("schema_migrations", "public.applied", "migrations_*", "select * from x")),
    *(("packages", name) for name in ("@acme/migrate-*", "github.com/pressly/goose/v3", "node-pg-migrate")),
    *(("carries", name) for name in ("migrations", "*.sql")),
    *(("runs", name) for name in ("migrate*", "bin/migrate")),
]


@pytest.mark.parametrize(("key", "name"), TAKEN)
def test_a_name_that_can_match_is_taken(tmp_path, key, name):
    rule = load(tmp_path, key, name)
    assert name in {"carries": rule.carries, "runs": rule.runs}.get(key, rule.what)


GO = 'package main\nimport "github.com/pressly/goose/v3"\n'
# name: (file, source, names of calls, lines with a use)
USES = {
    "a function of a package": ("a.go", GO + "func main() { goose.Up(db) }", ["goose.*"], [3]),
    "any function of it": ("a.go", GO + "var f = goose.UpContext\nfunc main() { goose.SetDialect(x) }", ["goose.*"], [3, 4]),
    "the package under another name": (
        "a.go",
        'package main\nimport g "github.com/pressly/goose/v3"\nfunc main() { g.Up(db) }',
        ["goose.*"],
        [3],
    ),
    "everything of the package by itself": (
        "a.go",
        'package main\nimport . "github.com/pressly/goose/v3"\nfunc main() { Up(db) }',
        ["goose.*"],
        [2],
    ),
    "another package": ("a.go", GO + "func main() { duck.Up(goose) }", ["goose.*"], []),
    "one function by its name": ("a.go", GO + "func main() { goose.Up(db); goose.Down(db) }", ["goose.Up"], [3]),
    "a beginning": ("a.ts", "runMigrations(pool); rerun();", ["run*"], [1]),
    "one letter": ("a.ts", "up1();\nup12();", ["up?"], [1]),
    "a member of anything": ("a.ts", "a.b.up();\nup();\nb.upper();", ["*.up"], [1]),
    "a renamed import": ("a.ts", "import { runMigrations as m } from 'x';\nm();", ["run*"], [1, 2]),
    "what a module exports by default": ("a.ts", "import g from 'umzug';\ng.up();\ng();", ["umzug.*"], [2]),
    "a namespace": ("a.ts", "import * as u from 'umzug';\nu.up();", ["umzug.*"], [2]),
    "applied": ("a.ts", "db.migrate.call(null);", ["db.*"], [1]),
    "of Python": ("a.py", "from alembic import command as c\nc.upgrade(x)\nc.stamp(x)", ["command.*"], [2, 3]),
    "imported from the module": ("a.py", "from alembic.command import upgrade\nupgrade(x)", ["command.*"], [1, 2]),
    "everything of a module": ("a.py", "from alembic.command import *\nupgrade(x)", ["command.*"], [1]),
    "everything of a module, one name": ("a.py", "from alembic.command import *\nupgrade(x)", ["command.upgrade"], [1]),
    "everything of another module": ("a.py", "from alembic.config import *\nConfig()", ["command.*"], []),
    "by its name": ("a.py", 'getattr(command, "upgrade")()', ["command.*"], [1]),
    "a script by its path": ("a.sh", "sh ./scripts/migrate.sh up", ["migrate.sh"], [1]),
    "a program by its path": ("a.sh", "node_modules/.bin/knex up\nls db/knex", ["knex"], [1]),
    "a version of a package": ("a.sh", "npx node-pg-migrate@7 up", ["node-pg-migrate"], [1]),
    "a package of a scope": ("a.sh", "npx @acme/migrate@1.2.3 up", ["@acme/migrate"], [1]),
    "a script of a package": (
        "package.json",
        '{"scripts": {\n"db:up": "x",\n"db:down": "y",\n"ab": "z"}}',
        ["db:*"],
        [2, 3],
    ),
}


@pytest.mark.parametrize(("path", "source", "names", "lines"), USES.values(), ids=USES)
def test_wildcards_of_calls(tmp_path, path, source, names, lines):
    write(tmp_path, {f"src/{path}": source})
    result = judged(tmp_path, f'[[rule]]\ncheck = "RET003"\ncalls = {json.dumps(names)}\nin = ["src"]')["RET003"]
    assert sorted({int(f.where.rpartition(":")[2]) for f in result.findings}) == lines, result
    assert result.outcome in (Outcome.PASSED, Outcome.FAILED)


# name: (text of a program, name, whether it mentions it)
MENTIONS = {
    "an end": ("q('select * from migrations_applied')", "migrations_*", True),
    "a beginning": ("q('from knex_migrations')", "*_migrations", True),
    "an identifier": ("const migrationsLog = 1;", "migrations*", True),
    "one character": ("q('from applied2')", "applied?", True),
    "two characters": ("q('from applied22')", "applied?", False),
    "another word": ("q('from emigrations_applied')", "migrations_*", False),
    "a star of SQL is a star": ("q('select * from x')", "select * from x", True),
    "a star of SQL is no word": ("q('select a from x')", "select * from x", False),
}


@pytest.mark.parametrize(("source", "name", "expected"), MENTIONS.values(), ids=MENTIONS)
def test_wildcards_of_mentions(tmp_path, source, name, expected):
    write(tmp_path, {"src/a.ts": source})
    result = judged(tmp_path, f'[[rule]]\ncheck = "RET004"\nmentions = [{json.dumps(name)}]\nin = ["src"]')["RET004"]
    assert (result.outcome is Outcome.FAILED) is expected


def test_wildcards_of_packages(tmp_path):
    write(tmp_path, {"package.json": '{"dependencies": {"@acme/migrate-core": "1", "@acme/pg": "1", "Acme_Migrate": "1"}}'})
    text = '[[rule]]\ncheck = "RET006"\npackages = ["@acme/migrate-*", "acme-migrate"]\nin = ["package.json"]'
    keys = [finding.key for finding in judged(tmp_path, text)["RET006"].findings]
    assert keys == ["RET006:package.json:@acme/migrate-core:dependencies", "RET006:package.json:acme-migrate:dependencies"]
