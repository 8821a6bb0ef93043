"""Calls of the runner that are spelt so that nobody finds them by its name, and beside them what only looks like one."""

from __future__ import annotations

from pathlib import Path

import pytest

from fix_code import judged, write
from migration_audit.model.finding import CheckResult

TYPESCRIPT, PYTHON, GO = "processor/src/db/migrate.ts", "processor/app/migrate.py", "processor/cmd/migrate/main.go"
FOUND, OPEN, CLEAN = "found", "could not check", "clean"
# name: (source, how RET003 ends)
SHELL = {
    "a word in two quotes": ('npm run mig"rate"\n', FOUND),
    "two quoted parts": ("npm run 'mig''rate'\n", FOUND),
    "a path in parts": ('node dist/db/mig"rat"e.js\n', FOUND),
    "a backslash": ("npm run mig\\rate\n", FOUND),
    "ANSI-C": ("npm run $'mig\\x72ate'\n", FOUND),
    "ANSI-C, octal": ("npm run $'\\155igrate'\n", FOUND),
    "ANSI-C within a word": ("npm run mig$'\\x72'ate\n", FOUND),
    "a text for translators": ('npm run $"migrate"\n', FOUND),
    "two variables": ('a=mig\nb=rate\nnpm run "$a$b"\n', FOUND),
    "two variables without quotes": ("a=mig\nb=rate\nnpm run $a$b\n", FOUND),
    "two variables in a path": ("a=mig\nb=rate\nnode dist/db/$a$b.js\n", FOUND),
    "a quote of PostgreSQL": ("x=1\npsql <<'E'\nDO $x$BEGIN migrate; END$x$;\nE\n", CLEAN),
    "a variable of variables": ('a=mig\nb=${a}rate\nnpm run "$b"\n', FOUND),
    "a variable and a text": ('a=mig\nnpm run "${a}rate"\n', FOUND),
    "a variable that is set again": ('a=mig\na=x\nnpm run "${a}rate"\n', OPEN),
    "a part of a variable": ('a=mig\nnpm run "${a%g}rate"\n', OPEN),
    "an alias": ("alias m='npm run migrate'\nm\n", FOUND),
    "an alias of one word": ("alias up=migrate\nup\n", FOUND),
    "a second alias": ("alias ll='ls -la' m='npm run migrate'\nm\n", FOUND),
    "an alias that only prints": ("alias h='echo migrate'\nh\n", CLEAN),
    "eval of parts": ("eval 'npm run mig''rate'\n", FOUND),
    "eval of a variable": ('c="npm run"\neval "$c migrate"\n', FOUND),
    "braces": ("npm run mi{grate,x}\n", FOUND),
    "braces in quotes": ("npm run 'mi{grate,x}'\n", CLEAN),
    "xargs": ("echo migrate | xargs npm run\n", FOUND),
    "xargs of another": ("echo build | xargs npm run\n", CLEAN),
    "another name": ('npm run emigrate\necho "migrate later"\n', CLEAN),
    "another name in quotes": ('npm run "mig-rate"\n', CLEAN),
    "another name of variables": ('a=e\nnpm run "${a}migrate"\n', CLEAN),
}
TASKS = {
    "turbo": ("turbo.json", '{"tasks": {"dev": {"dependsOn": ["migrate"]}}}', FOUND),
    "turbo, of dependencies": ("turbo.json", '{"tasks": {"dev": {"dependsOn": ["^migrate"]}}}', FOUND),
    "turbo, of a package": ("turbo.json", '{"tasks": {"dev": {"dependsOn": ["api#migrate"]}}}', FOUND),
    "turbo, a task": ("turbo.json", '{"tasks": {"migrate": {"cache": false}}}', FOUND),
    "turbo, at the same time": ("turbo.json", '{"tasks": {"dev": {"with": ["migrate"]}}}', FOUND),
    "turbo 1": ("turbo.json", '{"pipeline": {"dev": {"dependsOn": ["migrate"]}}}', FOUND),
    "turbo with comments": ("turbo.jsonc", '{"tasks": {"dev": {"dependsOn": [/* first */ "migrate"]}}}', FOUND),
    "turbo, another task": ("turbo.json", '{"tasks": {"build": {"dependsOn": ["^build"], "outputs": ["dist/**"]}}}', CLEAN),
    "turbo, a variable": ("turbo.json", '{"tasks": {"build": {"env": ["migrate"]}}}', CLEAN),
    "nx": ("project.json", '{"targets": {"serve": {"dependsOn": ["migrate"]}}}', FOUND),
    "nx, an object": ("project.json", '{"targets": {"serve": {"dependsOn": [{"target": "migrate"}]}}}', FOUND),
    "nx, for all": ("nx.json", '{"targetDefaults": {"serve": {"dependsOn": ["migrate"]}}}', FOUND),
    "an editor": (".vscode/tasks.json", '{"tasks": [{"label": "up", "type": "npm", "script": "migrate"}]}', FOUND),
    "wireit": (
        "package.json",
        '{"scripts": {"up": "wireit"}, "wireit": {"up": {"command": "node x.js", "dependencies": ["migrate"]}}}',
        FOUND,
    ),
    "a hook on the line of the scripts": (
        "package.json",
        '{"scripts": {"up": "x"}, "lint-staged": {"*.ts": "npm run migrate"}}',
        FOUND,
    ),
    "words about it": ("package.json", '{"name": "x", "keywords": ["migrate"], "description": "migrate"}', CLEAN),
}
GENERATED = {
    "a folder": ("//go:generate go run ./cmd/migrate", FOUND),
    "a package": ("//go:generate go run example.org/x/cmd/migrate up", FOUND),
    "a program": ("//go:generate migrate -path x up", FOUND),
    "an alias": ("//go:generate -command up go run ./cmd/migrate\n//go:generate up", FOUND),
    "a comment": ("// go:generate go run ./cmd/migrate", CLEAN),
    "something else": ("//go:generate stringer -type=Kind", CLEAN),
}
RUN_TEXTS = {
    "exec of a file": (PYTHON, "exec(open('app/migrate.py').read())", FOUND),
    "exec of a text": (PYTHON, "exec('from app.migrate import run; run()')", FOUND),
    "eval of a call": (PYTHON, "eval('migrate()')", FOUND),
    "exec of a file that is compiled": (PYTHON, "exec(compile(open('app/migrate.py').read(), 'm', 'exec'))", FOUND),
    "exec of something": (PYTHON, "exec(code)", OPEN),
    "compile of something": (PYTHON, "run(compile(code, 'm', 'exec'))", OPEN),
    "a function called exec": (PYTHON, "def exec(x):\n    return x\nexec(query)", CLEAN),
    "a method": (PYTHON, "session.exec(query)\nmodel.eval()", CLEAN),
    "a pattern": (PYTHON, "import re\nre.compile(pattern)", CLEAN),
    "words about it": (PYTHON, "'''exec(code) is bad'''", CLEAN),
    "runpy": (PYTHON, "import runpy\nrunpy.run_module('app.migrate')", FOUND),
    "runpy of a path": (PYTHON, "import runpy\nrunpy.run_path('app/migrate.py')", FOUND),
    "runpy by another name": (PYTHON, "from runpy import run_module as r\nr('app.migrate')", FOUND),
    "runpy of something": (PYTHON, "import runpy, sys\nrunpy.run_module(sys.argv[1])", OPEN),
    "runpy of some path": (PYTHON, "import runpy, sys\nrunpy.run_path(sys.argv[1])", OPEN),
    "a loader": (PYTHON, "import importlib.util as u\nu.spec_from_file_location('m', 'app/migrate.py')", FOUND),
    "a loader of something": (PYTHON, "from importlib.machinery import SourceFileLoader\nSourceFileLoader('m', p)", OPEN),
    "pydoc": (PYTHON, "import pydoc\npydoc.locate('app.migrate.run')()", FOUND),
    "eval": (TYPESCRIPT, "eval('migrate()')", FOUND),
    "eval of something": (TYPESCRIPT, "eval(code)", OPEN),
    "a function of a text": (TYPESCRIPT, "new Function('return migrate()')()", FOUND),
    "a function of something": (TYPESCRIPT, "new Function(code)()", OPEN),
    "vm": (TYPESCRIPT, "import vm from 'node:vm';\nvm.runInThisContext(code)", OPEN),
    "all of a folder": (TYPESCRIPT, "const m = import.meta.glob('./db/*.ts')", FOUND),
    "a regular expression": (TYPESCRIPT, "const m = /x/.exec(text)", CLEAN),
}
EXPLAINED = {
    "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1": FOUND,
    "EXPLAIN (ANALYZE, BUFFERS) CREATE TABLE t AS SELECT 1": FOUND,
    "EXPLAIN ANALYSE VERBOSE CREATE MATERIALIZED VIEW t AS SELECT 1": FOUND,
    "EXPLAIN (COSTS OFF, ANALYZE true) CREATE TABLE t AS EXECUTE p": FOUND,
    "EXPLAIN (ANALYZE false) CREATE TABLE t AS SELECT 1": CLEAN,
    "EXPLAIN CREATE TABLE t AS SELECT 1": CLEAN,
    "EXPLAIN ANALYZE SELECT 1": CLEAN,
}


def ends(tmp_path: Path, path: str, source: str, *, module: str = TYPESCRIPT, check: str = "RET003") -> tuple[str, str]:
    """How the check ends on a program with this file, and what it says."""
    rules = f'[[rule]]\ncheck = "RET003"\ncalls = ["migrate"]\nmodule = "{module}"\nin = ["processor"]\n'
    write(tmp_path, {"processor/src/clean.ts": "export {};", path: source})
    result: CheckResult = judged(tmp_path, rules + '[[rule]]\ncheck = "RET005"\nddl = true\nin = ["processor"]\n')[check]
    said = f"{[f.summary for f in result.findings]} {result.unchecked or result.reason}"
    return FOUND if result.findings else OPEN if result.is_undecided else CLEAN, said


@pytest.mark.parametrize("name", SHELL)
def test_words_of_a_shell(tmp_path: Path, name: str) -> None:
    source, wanted = SHELL[name]
    found, said = ends(tmp_path, "processor/run.sh", source)
    assert found == wanted, said


@pytest.mark.parametrize("name", TASKS)
def test_tasks_of_task_runners(tmp_path: Path, name: str) -> None:
    path, source, wanted = TASKS[name]
    found, said = ends(tmp_path, f"processor/{path}", source)
    assert found == wanted, said


@pytest.mark.parametrize("name", GENERATED)
def test_what_go_generate_runs(tmp_path: Path, name: str) -> None:
    source, wanted = GENERATED[name]
    found, said = ends(tmp_path, "processor/a.go", f"package a\n\n{source}\n", module=GO)
    assert found == wanted, said


@pytest.mark.parametrize("name", RUN_TEXTS)
def test_texts_that_are_run_as_code(tmp_path: Path, name: str) -> None:
    module, source, wanted = RUN_TEXTS[name]
    path = "processor/app/main.py" if module == PYTHON else "processor/src/main.ts"
    found, said = ends(tmp_path, path, f"{source}\n", module=module)
    assert found == wanted, said


@pytest.mark.parametrize("sql", EXPLAINED)
@pytest.mark.parametrize("path", ["processor/src/main.ts", "processor/x.sql"])
def test_what_explain_executes(tmp_path: Path, path: str, sql: str) -> None:
    source = f"{sql};\n" if path.endswith(".sql") else f"await db.query('{sql}')"
    found, said = ends(tmp_path, path, source, check="RET005")
    assert found == EXPLAINED[sql], said
