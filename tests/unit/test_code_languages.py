"""Python and Go beside TypeScript, names that only a configuration knows, and files that cannot be understood."""

from __future__ import annotations

import json

import pytest

from fix_code import judged, write
from migration_audit.artifacts.code.imports import Resolver
from migration_audit.artifacts.code.languages import TYPESCRIPT
from migration_audit.artifacts.code.syntax import read_source
from migration_audit.model.finding import Outcome

PY, GO = "service/app/main.py", "service/cmd/main.go"


def rules(module: str, *names: str) -> str:
    return f"""
[[rule]]
check = "RET003"
calls = {json.dumps(names)}
module = "{module}"
in = ["service"]
[[rule]]
check = "RET004"
mentions = ["alembic_version"]
in = ["service"]
[[rule]]
check = "RET005"
ddl = true
in = ["service"]
"""


# name: (path, source, lines with a call, lines with a mention, lines with DDL)
PYTHON = {
    "a call": (PY, "upgrade(config)", [1], [], []),
    "a member": (PY, "command.upgrade(config, 'head')", [1], [], []),
    "from the module": (PY, "from app.migrate import upgrade as up\nup()", [1, 2], [], []),
    "the module": (PY, "import app.migrate", [1], [], []),
    "the module under another name": (PY, "import app.migrate as m\nm.run()", [1], [], []),
    "from the package": (PY, "from app import migrate", [1], [], []),
    "from here": (PY, "from . import migrate", [1], [], []),
    "relative": ("service/app/web/a.py", "from ..migrate import x", [1], [], []),
    "relative, another one": ("service/app/web/a.py", "from .migrate import x", [], [], []),
    "from a folder above": ("service/app/web/a.py", "import migrate", [1], [], []),
    "from a folder beside": ("service/web/a.py", "import migrate", [], [], []),
    "in a folder of sources": ("service/tests/test_a.py", "from service.app.migrate import x", [1], [], []),
    "by its name": (PY, "importlib.import_module('app.migrate')", [1], [], []),
    "handed on": (PY, "from runner import upgrade\nrun_in_thread(upgrade)", [1, 2], [], []),
    "decorated": (PY, "@upgrade\ndef f(): pass", [1], [], []),
    "a comment": (PY, "# upgrade()\n", [], [], []),
    "a docstring": (PY, 'def f():\n    """upgrade() alembic_version CREATE TABLE x (a int)"""', [], [], []),
    "a name alike": (PY, "upgrade_all()\nself.upgraded()", [], [], []),
    "an f-string": (PY, "q(f'select * from {schema}.alembic_version')", [], [1], []),
    "texts side by side": (PY, "q('select * from '\n  'alembic_version')", [], [2], []),
    "in three quotes": (PY, 'q("""\n  select 1\n  from alembic_version""")', [], [3], []),
    "DDL": (PY, "op.execute('CREATE TABLE x (a int)')", [], [], [1]),
    "DDL with a part": (PY, "c.execute(f'ALTER TABLE {t} ADD COLUMN {c} int')", [], [], [1]),
    "DDL with a percent": (PY, "c.execute('DROP TABLE %s' % t)", [], [], [1]),
    "DDL with braces": (PY, "c.execute('CREATE TABLE {} ({})'.format(t, cols))", [], [], [1]),
    "DDL side by side": (PY, "c.execute('CREATE TABLE x ('\n 'a int)')", [], [], [1]),
    "DDL joined": (PY, "c.execute(' '.join(['create table', t, '(a int)']))", [], [], [1]),
    "DDL appended": (PY, "q = 'drop '\nif x:\n    q += 'table t'\n", [], [], [1]),
    "SQLAlchemy's builder": (PY, "Base.metadata.create_all(engine)", [], [], [1]),
    "Alembic's builder": (PY, "op.add_column('t', c)", [], [], [1]),
    "DDL on a later line": (PY, 'SQL = """\nselect 1;\ncreate index i on t (a);\n"""', [], [], [3]),
    "raised": (PY, "raise ValueError('drop table failed')", [], [], []),
    "an entry point": ("service/pyproject.toml", '[project.scripts]\nup = "app.migrate:main"', [2], [], []),
    "a function as an entry point": ("service/pyproject.toml", '[project.scripts]\nx = "app.db:upgrade"', [2], [], []),
    "another entry point": ("service/pyproject.toml", '[project.scripts]\nx = "app.main:main"', [], [], []),
}


GOLANG = {
    "a call": (GO, "package main\nfunc main() { upgrade(ctx) }", [2], [], []),
    "of a package": (GO, 'package main\nimport "example.com/x/app/migrate"\nfunc f() { migrate.Up() }', [2], [], []),
    "under another name": (GO, 'package main\nimport m "example.com/x/app/migrate"', [2], [], []),
    "another package": (GO, 'package main\nimport "github.com/golang-migrate/migrate/v4"', [], [], []),
    "handed on": (GO, "package main\nfunc upgrade() {}\nfunc f() { run(upgrade) }", [3], [], []),
    "a comment": (GO, "package main\n// upgrade(ctx) alembic_version CREATE TABLE x (a int)\n", [], [], []),
    "in a raw text": (GO, "package main\nvar q = `\nselect *\nfrom alembic_version`", [], [4], []),
    "added up": (GO, 'package main\nvar q = "select * from " + "alembic_version"', [], [2], []),
    "DDL": (GO, 'package main\nvar q = fmt.Sprintf("CREATE TABLE %s (a int)", t)', [], [], [2]),
    "DDL added up": (GO, 'package main\nconst v = "CREATE " + "TABLE x (a int)"', [], [], [2]),
    "DDL appended": (GO, 'package main\nfunc f() { q := "drop "\nq += "table t" }', [], [], [2]),
    "GORM's builder": (GO, "package main\nfunc f() { db.AutoMigrate(&User{}) }", [], [], [2]),
    "an error": (GO, 'package main\nvar e = fmt.Errorf("drop table %s failed", t)', [], [], []),
}


def check(tmp_path, text, path, source, calls, mentions, ddl):
    write(tmp_path, {"service/clean.py": "", path: source})
    results = judged(tmp_path, text)
    found = {name: sorted({int(f.where.rpartition(":")[2]) for f in results[name].findings}) for name in results}
    assert found == {"RET003": calls, "RET004": mentions, "RET005": ddl}, [r.findings for r in results.values()]
    assert all(r.outcome in {Outcome.PASSED, Outcome.FAILED} for r in results.values()), results


@pytest.mark.parametrize(("path", "source", "calls", "mentions", "ddl"), PYTHON.values(), ids=PYTHON.keys())
def test_python(tmp_path, path, source, calls, mentions, ddl):
    check(tmp_path, rules("service/app/migrate.py", "upgrade"), path, source, calls, mentions, ddl)


@pytest.mark.parametrize(("path", "source", "calls", "mentions", "ddl"), GOLANG.values(), ids=GOLANG.keys())
def test_go(tmp_path, path, source, calls, mentions, ddl):
    check(tmp_path, rules("service/app/migrate/migrate.go", "upgrade"), path, source, calls, mentions, ddl)


# Names of several parts, whatever the file calls the first of them: name: (path, source, lines with a call)
DOTTED = {
    "a package under another name": (GO, 'package main\nimport gm "github.com/x/migrate/v4"\nvar m, _ = gm.New(a)', [3]),
    "a package with a version": (GO, 'package main\nimport "github.com/x/migrate/v4"\nvar m, _ = migrate.New(a)', [3]),
    "another package's New": (GO, 'package main\nimport "errors"\nvar e = errors.New("x")', []),
    "a module under another name": (PY, "from alembic import command as cmd\ncmd.upgrade(c)", [2]),
    "a function of the module": (PY, "from alembic.command import upgrade\nupgrade(c)", [1, 2]),
    "a function under another name": (PY, "from alembic.command import upgrade as up\nup(c)", [1, 2]),
    "the whole path under another name": (PY, "import alembic.command as ac\nac.upgrade(c)", [2]),
    "the whole path": (PY, "import alembic.command\nalembic.command.upgrade(c)", [2]),
    "by its name": (PY, "from alembic import command\ngetattr(command, 'upgrade')(c)", [2]),
    "another module's upgrade": (PY, "import apt.command\napt.upgrade(c)", []),
}


@pytest.mark.parametrize(("path", "source", "calls"), DOTTED.values(), ids=DOTTED.keys())
def test_names_of_several_parts(tmp_path, path, source, calls):
    check(tmp_path, rules("service/gone/x.py", "command.upgrade", "migrate.New"), path, source, calls, [], [])


def test_a_package_of_go_that_stays_may_be_imported(tmp_path):
    files = {GO: 'package main\nimport "x/service/db"\nvar p = db.Open()', "service/db/pool.go": "package db"}
    write(tmp_path, files)
    assert judged(tmp_path, rules("service/db/migrate.go", "Migrate"))["RET003"].outcome is Outcome.PASSED
    write(tmp_path, {GO: 'package main\nimport "x/service/db"\nvar e = db.Migrate()'})
    assert [f.where for f in judged(tmp_path, rules("service/db/migrate.go", "Migrate"))["RET003"].findings] == [f"{GO}:3"]


ALIASES = {
    "paths": ({"tsconfig.json": '{"compilerOptions": {"paths": {"@/*": ["./src/*"]}}}'}, "@/db/up"),
    "one path": ({"tsconfig.json": '{"compilerOptions": {"paths": {"up": ["src/db/up.ts"]}}}'}, "up"),
    "paths from a base": ({"tsconfig.json": '{"compilerOptions": {"baseUrl": "src", "paths": {"~/*": ["*"]}}}'}, "~/db/up"),
    "a base alone": ({"tsconfig.json": '{"compilerOptions": {"baseUrl": "./src"}}'}, "db/up"),
    "with comments": ({"tsconfig.json": '{ // yes\n"compilerOptions": {"paths": {"u": ["./src/db/up"],}}}'}, "u"),
    "inherited": (
        {
            "tsconfig.json": '{"extends": "./config/base"}',
            "config/base.json": '{"compilerOptions": {"paths": {"u": ["../src/db/up"]}}}',
        },
        "u",
    ),
    "imports of the package": ({"package.json": '{"imports": {"#up": "./src/db/up.js"}}'}, "#up"),
    "imports by a pattern": ({"package.json": '{"imports": {"#*": {"default": "./src/*.js"}}}'}, "#db/up"),
    "no configuration, two parts": ({}, "@app/db/up"),
}


@pytest.mark.parametrize(("files", "written"), ALIASES.values(), ids=ALIASES.keys())
def test_a_module_under_an_alias(tmp_path, files, written):
    write(tmp_path, {f"service/{path}": text for path, text in files.items()})
    write(tmp_path, {"service/src/a/b.ts": f"import x from '{written}';\nimport y from 'upper';"})
    text = rules("service/src/db/up.ts", "never").replace('in = ["service"]', 'in = ["service/src"]')
    (finding,) = judged(tmp_path, text)["RET003"].findings
    assert finding.where == "service/src/a/b.ts:1"


UNREAD = {
    "an unknown language": ("service/a.rb", "upgrade", "service/a.rb:1 is in a language that the audit does not read"),
    "no language": ("service/Makefile", "up:", "service/Makefile:1 is in a language that the audit does not read"),
    "SQL that never ends": ("service/a.sql", "select 1;\nselect 'a", "service/a.sql:2 is not understood as SQL"),
    "JSON that is none": ("service/package.json", "{", "service/package.json:1 is not valid JSON"),
    "TOML that is none": ("service/pyproject.toml", "[", "service/pyproject.toml:1 is not valid TOML"),
}


@pytest.mark.parametrize(("path", "source", "reason"), UNREAD.values(), ids=UNREAD.keys())
def test_what_is_not_understood_is_never_passed(tmp_path, path, source, reason):
    write(tmp_path, {"service/clean.ts": "export {};", path: source})
    for result in judged(tmp_path, rules("service/m.ts", "upgrade")).values():
        assert (result.outcome, result.required) == (Outcome.SKIPPED, True)
        assert reason in result.reason


# name: (path, source, how RET003, RET004 and RET005 end, what they say)
NAMED, OTHER = "and its text mentions the rule's names", "the text does not mention the rule's names"
P, S, F = Outcome.PASSED, Outcome.SKIPPED, Outcome.FAILED
BROKEN = {
    "nothing of a rule": (
        "a.ts",
        "a();\nlet x = @@@;\nb();",
        [P, P, P],
        f"service/a.ts:2 is not understood as TypeScript here; {OTHER}",
    ),
    "a call behind it": ("a.ts", "let x = @@@;\nupgrade();", [F, P, P], OTHER),
    "a call in it": (
        "a.ts",
        "a();\nrun(upgrade( ;\nb();",
        [S, P, P],
        f"service/a.ts:2 is not understood as TypeScript here, {NAMED}",
    ),
    "a call on another line of its statement": ("a.ts", "a(\n  @@,\n  () => upgrade,\n);", [None, P, P], ""),
    "the module in it": ("a.ts", "import x from @ './m.js';", [None, P, P], ""),
    "a module that only a run knows": ("a.ts", "let x = @ import(name) @;", [S, P, P], ""),
    "the ledger in it": ("a.ts", "let x = @@ 'alembic_version';", [P, None, P], ""),
    "DDL in it": ("a.ts", "let x = @@ `create table ${x}` @;", [P, P, None], ""),
    "a quote too many": (
        "a.ts",
        "a = `x`y`;\nupgrade();\nb = `z`;",
        [S, P, P],
        f"service/a.ts:1 is not understood as TypeScript here, {NAMED}",
    ),
    "in a member of a class": (
        "a.ts",
        "class A {\n m() { return 1 +; }\n n() { upgrade(); }\n}",
        [F, P, P],
        "service/a.ts:2",
    ),
    "JavaScript": ("a.js", "const x = y |> upgrade;\nok();", [S, P, P], "service/a.js:1 is not understood as JavaScript"),
    "Python": (
        "a.py",
        "def f():\n  x = = 1\n  a()\ndef g():\n  b()",
        [P, P, P],
        "service/a.py:2 is not understood as Python",
    ),
    "Python, a call behind it": ("a.py", "def f():\n  x = = 1\n  upgrade()", [F, P, P], "service/a.py:2"),
    "Python, a call in it": ("a.py", "x = = upgrade()", [None, P, P], "service/a.py:1"),
    "Go": (
        "a.go",
        "package a\nfunc f() {\n x := := 1\n}\nfunc g() { b() }",
        [P, P, P],
        "service/a.go:3 is not understood as Go",
    ),
    "Go, a call in it": ("a.go", "package a\nfunc f() { x := := m.upgrade }", [None, P, P], "service/a.go:2"),
    "shell": ("a.sh", "x=(1 2\nupgrade", [None, P, P], "service/a.sh:2 is not understood as shell"),
}


@pytest.mark.parametrize(("path", "source", "ends", "says"), BROKEN.values(), ids=BROKEN)
def test_a_file_is_read_around_what_is_not_understood(tmp_path, path, source, ends, says):
    write(tmp_path, {f"service/{path}": source})
    results = judged(tmp_path, rules("service/m.ts", "upgrade"))
    found = [results[check] for check in ("RET003", "RET004", "RET005")]
    # None: a finding or a doubt, and never nothing.
    assert [r.outcome if end else P for r, end in zip(found, ends, strict=True)] == [end or P for end in ends]
    assert all(r.outcome in (S, F) for r, end in zip(found, ends, strict=True) if end is None)
    assert any(says in (r.reason or "") for r in found)


def test_a_file_that_is_no_text(tmp_path):
    write(tmp_path, {"service/clean.ts": "export {};"})
    (tmp_path / "service/a.ts").write_bytes(b"\xff\xfe\x00")
    result = judged(tmp_path, rules("service/m.ts", "upgrade"))["RET005"]
    assert (result.outcome, "service/a.ts" in result.reason) == (Outcome.SKIPPED, True)


def test_findings_before_a_fault_are_reported_with_it(tmp_path):
    write(tmp_path, {"service/a.ts": "upgrade();\nfunction upgrade("})
    result = judged(tmp_path, rules("service/m.ts", "upgrade"))["RET003"]
    assert result.outcome is Outcome.FAILED
    assert "is not understood as TypeScript" in result.reason


def test_a_computed_import_is_named(tmp_path):
    write(tmp_path, {"service/a.ts": "for (const f of files) await import(f);"})
    result = judged(tmp_path, rules("service/m.ts", "upgrade"))["RET003"]
    assert (result.outcome, "service/a.ts:1 loads a module" in result.reason) == (Outcome.SKIPPED, True)


def test_packages_of_others_are_not_looked_at(tmp_path):
    write(
        tmp_path, {"service/clean.ts": "", "service/node_modules/x/index.js": "upgrade()", "service/.venv/a.py": "upgrade()"}
    )
    assert judged(tmp_path, rules("service/m.ts", "upgrade"))["RET003"].outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("pattern", "outcome", "reported"),
    [
        ("servce/**/*.ts", Outcome.SKIPPED, "servce/**/*.ts matches no file or folder"),
        ("service/main.ts", Outcome.SKIPPED, "service/main.ts matches no file or folder"),
        ("service/**/*.tsx", Outcome.PASSED, "no file matches service/**/*.tsx"),
        ("service/*.{ts,tsx}", Outcome.PASSED, "looked at 1 file"),
        ("./service/", Outcome.PASSED, "looked at 1 file"),
        ("**/clean.ts", Outcome.PASSED, "looked at 1 file"),
    ],
)
def test_a_pattern(tmp_path, pattern, outcome, reported):
    write(tmp_path, {"service/clean.ts": "export {};", "audit/x.ts": ""})
    text = rules("service/m.ts", "upgrade").replace('in = ["service"]', f'in = ["{pattern}", "audit/*"]')
    result = judged(tmp_path, text)["RET003"]
    assert (result.outcome, reported.replace("1 file", "2 files") in result.reason) == (outcome, True), result.reason


def test_calls_at_one_place_are_in_the_same_order_in_every_run():
    source = "\n".join(f"const {{ m{n}: up{n} }} = db; up{n}(); db.m{n}()" for n in range(20))
    calls = read_source(source.encode(), "a.ts", TYPESCRIPT, Resolver()).calls
    assert list(calls) == sorted(calls, key=lambda call: (call.at, call.callee, call.handed_on))
