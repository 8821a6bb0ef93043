"""A runner that is kept in one of the ways in which strangers keep one is found; one that is only spoken of is not."""

from __future__ import annotations

import json

import pytest

from fix_code import HEAD, judged, write
from migration_audit.audit.inputs.boot import boot_inputs
from migration_audit.checks import BY_ID, judge
from migration_audit.model.finding import Outcome, Phase
from migration_audit.project import load_project

NAMES = ("migrate", "node-pg-migrate", "alembic", "flyway", "goose")
GITLAB = ".gitlab-ci.yml"
CI, TS, JS, PY, GO, SH = ".github/workflows/a.yml", "src/a.ts", "src/a.js", "app/a.py", "cmd/a.go", "run.sh"


def package(**keys: object) -> tuple[str, str]:
    return "package.json", json.dumps(keys, indent=1)


def scripts(**named: str) -> tuple[str, str]:
    return package(scripts=named)


def go(body: str, imported: str = "") -> tuple[str, str]:
    return GO, f"package m\nimport {imported}\nfunc f() {{ {body} }}\n"


GOOSE = '"github.com/pressly/goose/v3"'
KEPT = {
    "before the start": scripts(prestart="node-pg-migrate up"),
    "with the start": scripts(start="node dist/db/migrate.js && node dist/main.js"),
    "a script of a shell": scripts(start='sh -c "npm run db:up && node main"', **{"db:up": "node-pg-migrate up"}),
    "a version": scripts(start="npx --yes node-pg-migrate@7 up"),
    "behind wrappers": scripts(start="cross-env A=b dotenv -e .env -- node-pg-migrate up"),
    "side by side": scripts(dev='concurrently "npm:db:*" "node-pg-migrate up"'),
    "a hook of git": package(husky={"hooks": {"post-merge": "npm run migrate"}}),
    "a watcher": package(nodemonConfig={"exec": "node dist/db/migrate.js && node ."}),
    "a program of the package": package(bin={"migrate": "./bin/x.js"}),
    "a letter by its number": ("package.json", '{"scripts": {"a": "tsx src/db/m\\u0069grate.ts"}}'),
    "a pattern of files": scripts(start="tsx src/db/migr*.ts"),
    "a pattern of built files": scripts(start="node dist/db/m?grate.js"),
    "code on the command line": scripts(start="node -e \"require('./dist/db/migrate.js')\""),
    "loaded before the program": scripts(start="NODE_OPTIONS=--require=./dist/db/migrate.js node dist/main.js"),
    "loaded before the program, among others": scripts(start="NODE_OPTIONS='--a --import ./dist/db/migrate.js' node x.js"),
    "a name with a letter by its number": (TS, "await m\\u0069grate(pool);"),
    "a name with a letter by its long number": (TS, "await db.m\\u{69}grate(pool);"),
    "a key that a constant has": (TS, "const k = 'migrate';\nawait db[k](pool);"),
    "spawn": (TS, "import {spawn} from 'child_process';\nspawn('npx', ['node-pg-migrate', 'up']);"),
    "spawn of a module": (TS, "cp.spawnSync('npm', ['run', 'migrate'], {stdio: 'inherit'});"),
    "execFile": (TS, "execFile('node', ['dist/db/migrate.js']);"),
    "a template": (TS, "exec(`npx node-pg-migrate up -m ${dir}`);"),
    "exec": (TS, "import { exec } from 'node:child_process';\nexec('flyway info');"),
    "zx": (TS, "await $`flyway info`;"),
    "Bun": (TS, "Bun.spawn(['bun', 'run', 'migrate']);"),
    "execa": (TS, "await execa('node-pg-migrate', ['up']);"),
    "the library": (TS, "import runner from 'node-pg-migrate';\nawait runner({});"),
    "the library, required": (JS, "const r = require('node-pg-migrate').default;\nr({});"),
    "the library, called at once": (JS, "require('node-pg-migrate')({});"),
    "a part of the library": (TS, "import { run } from 'node-pg-migrate/dist/runner';"),
    "put together": (TS, "await import('./db/' + 'migrate.js');"),
    "a worker": (TS, "new Worker(new URL('./db/migrate.ts', import.meta.url));"),
    "subprocess": (PY, "import subprocess\nsubprocess.run(['alembic', 'upgrade', 'head'], check=True)"),
    "subprocess by name": (PY, "from subprocess import run\nrun(['alembic', 'upgrade', 'head'])"),
    "os.system": (PY, "import os\nos.system('alembic upgrade head')"),
    "a text for a shell": (PY, "subprocess.check_call('alembic upgrade head', shell=True)"),
    "a command of Django": (
        PY,
        "from django.core.management import call_command as c\nmanagement.call_command('migrate')",
    ),
    "the command line of Django": (PY, "execute_from_command_line(['manage.py', 'migrate'])"),
    "asyncio": (PY, "await asyncio.create_subprocess_exec('alembic', 'upgrade', 'head')"),
    "a task": ("pyproject.toml", "[tool.poe.tasks]\nup = 'alembic upgrade head'\n"),
    "a program of Go": go('exec.Command("goose", "up").Run()', '"os/exec"'),
    "a shell of Go": go('exec.Command("sh", "-c", "goose up && app").Run()', '"os/exec"'),
    "a library of Go": go("", f"_ {GOOSE}"),
    "a shell": (SH, "set -e\nflyway migrate\nexec app\n"),
    "by its path": (SH, "/flyway/flyway info\n"),
    "its image": (SH, "docker run --rm flyway/flyway:10 info\n"),
    "its image elsewhere": (SH, "docker run --rm -v $PWD:/x ghcr.io/acme/goose up\n"),
    "a variable": (SH, 'CMD="npm run migrate"\n$CMD\n'),
    "a variable with the program": (SH, "CMD='flyway info'\neval \"$CMD\"\n"),
    "an array": (SH, 'cmd=(npm run migrate)\n"${cmd[@]}"\n'),
    "a text that is piped": (SH, "echo 'npm run migrate' | sh\n"),
    "a text of one line": (SH, "bash <<< 'npm run migrate'\n"),
    "arguments of an action": ("action.yml", "runs: {using: docker, image: x, args: [flyway, migrate]}\n"),
    "a variable of GitLab": (GITLAB, "variables: {S: migrate}\na: {script: ['npm run $S']}\n"),
    "a choice of GitLab": (GITLAB, "variables: {S: {value: x, options: [x, migrate]}}\na: {script: ['npm run ${S}']}\n"),
    "a variable of GitHub in a shell": (CI, "env: {S: migrate}\njobs: {a: {steps: [{run: npm run $S}]}}\n"),
    "a service of GitLab": (GITLAB, "a: {services: [{name: x, command: [npm, run, migrate]}], script: [x]}\n"),
    "an entrypoint of GitLab": (GITLAB, "a: {image: {name: x, entrypoint: [npm, run, migrate]}, script: [x]}\n"),
    "a hook of GitLab": (GITLAB, "a: {hooks: {pre_get_sources_script: [npm run migrate]}, script: [x]}\n"),
    "steps of GitLab": (GITLAB, "a: {run: [{name: x, script: npm run migrate}]}\n"),
    "a loop": (SH, 'for t in migrate seed; do npm run "$t"; done\n'),
    "a loop with braces": (SH, "for t in seed migrate\ndo\n  npm run ${t} -- -x\ndone\n"),
    "a list in a variable": (PY, "import subprocess\ncmd = ['alembic', 'upgrade', 'head']\nsubprocess.run(cmd)"),
    "arguments in a variable": (TS, "import cp from 'execa';\nconst a = ['node-pg-migrate', 'up'];\ncp.spawn('npx', a);"),
    "arguments of Go": go('a := []string{"goose", "up"}; exec.Command("sudo", a...)', '"os/exec"'),
    "another machine": (SH, "ssh host <<EOF\ncd /app\nnpm run migrate\nEOF\n"),
    "another shell": (SH, "bash -s <<'EOF'\nnpm run migrate\nEOF\n"),
    "a text for another machine": (SH, 'ssh host "cd app && npm run migrate"\n'),
    "another user": (SH, "su app -c 'npm run migrate'\n"),
    "another container": (SH, 'kubectl exec deploy/app -- sh -c "cd /app; npm run migrate"\n'),
    "a trap": (SH, "trap 'npm run migrate' EXIT\n"),
    "negated": (SH, "if ! npx node-pg-migrate up; then exit 1; fi\n"),
    "with a variable": (SH, "DATABASE_URL=x npx node-pg-migrate up\n"),
    "xargs": (SH, "ls | xargs -n1 flyway migrate\n"),
    "make": (SH, "make migrate\n"),
    "in a workflow": (CI, "jobs: {a: {steps: [{run: docker compose run --rm api npx node-pg-migrate up}]}}\n"),
}
OPEN = {
    "a module that only a run knows": (TS, "await import('./db/' + name);"),
    "a script for an action": (CI, "jobs: {a: {steps: [{uses: acme/ssh@v1, with: {script: npm run migrate}}]}}\n"),
    "a pipeline that GitLab starts": (GITLAB, "a: {trigger: {include: ci/other.yml}}\n"),
    "a pipeline that GitLab starts elsewhere": (GITLAB, "a: {trigger: acme/deploy}\n"),
    "make's rules": ("Makefile", "up:\n\tnpm run migrate\n"),
    "Procfile": ("Procfile", "release: npm run migrate\n"),
    "cron": ("crontab", "* * * * * npm run migrate\n"),
    "systemd": ("a.service", "[Service]\nExecStart=/usr/bin/npm run migrate\n"),
    "Kubernetes": ("k8s/job.yaml", "kind: Job\nspec: {command: [npm, run, migrate]}\n"),
    "Rust": ("src/main.rs", "fn main() { sqlx::migrate!().run(&pool); }"),
    "Java": ("src/A.java", "class A { void f() { Flyway.configure().load().migrate(); } }"),
}
GONE = {
    "echo": (SH, 'echo migrate is gone\necho "npm run migrate is gone"\n'),
    "a guard": (SH, "if grep -rn migrate src; then exit 1; fi\n! grep -q 'node-pg-migrate' package.json\n"),
    "rm": (SH, "rm -f src/db/migrate.ts\n"),
    "git": (SH, "git rm src/db/migrate.ts\ngit commit -m migrate\n"),
    "a test": (SH, "[ ! -f src/db/migrate.ts ] || exit 1\ntest ! -e src/db/migrate.ts\n"),
    "a script that says so": scripts(**{"migrate:gone": "echo 'migrate belongs to directus'"}),
    "a name alike": scripts(x="emigrate up"),
    "a description": package(description="we migrate data", keywords=["migrate"]),
    "patterns of all files": scripts(
        lint="eslint src/**/*.ts", test="vitest run src/db/*.test.ts", fmt="prettier -w 'src/**/*'"
    ),
    "code that prints": scripts(a="node -p 'process.version'"),
    "options of Node.js": scripts(a="NODE_OPTIONS=--max-old-space-size=99 node x.js"),
    "a key that a run decides": (TS, "const k = 'up';\nawait db[k](pool);"),
    "a message": (TS, "console.log('we do not migrate');\nthrow new Error('npm run migrate was retired');"),
    "a type": (TS, "type Kind = 'migrate' | 'x';\nconst k: Kind = 'migrate';"),
    "a function alike": (TS, "function emigrate() {}\nemigrate(); user.migrated = true;"),
    "another program": (TS, "import { spawn } from 'child_process';\nspawn('git', ['commit', '-m', 'migrate']);"),
    "an expression that is executed": (TS, "const m = /x/.exec('migrate'); worker.run('migrate');"),
    "Python": (PY, "# alembic\nlog.info('alembic is gone')\nkind = 'migrate'\n"),
    "a list that is no command": (TS, "import cp from 'child_process';\nconst kinds = ['seed', 'migrate'];"),
    "Go": go('log.Println("goose is gone")', '"log"'),
    "a workflow of this name": (CI, "name: migrate\njobs: {migrate: {name: npm run migrate, steps: [{run: npm test}]}}\n"),
    "a guard of a workflow": (
        CI,
        'jobs: {a: {steps: [{run: "if grep -r migrate src; then echo migrate; fi"}]}}\n',
    ),
    "a variable of GitLab that is not it": (GITLAB, "variables: {S: test}\na: {script: ['npm run $S']}\n"),
    "a service of GitLab that is not it": (
        GITLAB,
        "a: {services: [{name: x, command: [postgres, -c, a=b]}], script: [x]}\n",
    ),
    "a loop of other scripts": (SH, "for t in seed test; do npm run $t; done\nfor t in migrate; do echo $t; done\n"),
    "a plain workflow": (CI, "jobs: {a: {steps: [{uses: actions/checkout@v4}, {run: npm ci}]}}\n"),
}


def result(folder, path, source, names=NAMES, module="src/db/migrate.ts"):
    write(folder, {path: source})
    rule = f'[[rule]]\ncheck = "RET003"\ncalls = {json.dumps(names)}\nmodule = "{module}"\nin = ["{path}"]\n'
    return judged(folder, rule)["RET003"]


@pytest.mark.parametrize(("path", "source"), KEPT.values(), ids=KEPT)
def test_a_runner_that_is_kept_is_found(tmp_path, path, source):
    names = ("goose.*",) if GOOSE in source else NAMES
    assert result(tmp_path, path, source, names).outcome is Outcome.FAILED


@pytest.mark.parametrize(("path", "source"), OPEN.values(), ids=OPEN)
def test_what_is_not_read_is_not_passed(tmp_path, path, source):
    found = result(tmp_path, path, source)
    assert found.outcome in (Outcome.SKIPPED, Outcome.FAILED)
    assert found.required


@pytest.mark.parametrize(("path", "source"), GONE.values(), ids=GONE)
def test_what_only_speaks_of_the_runner_is_no_use_of_it(tmp_path, path, source):
    found = result(tmp_path, path, source)
    assert (found.outcome, found.findings) == (Outcome.PASSED, ())


DOCKERFILE = "FROM node:20\nWORKDIR /app\nCOPY . .\n"
DB = "node-pg-migrate up"
# name: (scripts of package.json, the rest of the Dockerfile, how RET007 ends)
IMAGES = {
    "a plain start": ({"start": "node ."}, 'CMD ["npm", "start"]', Outcome.PASSED),
    "before the start": ({"start": "node .", "prestart": DB}, 'CMD ["npm", "start"]', Outcome.FAILED),
    "a list of scripts": ({"start": "npm-run-all db serve", "db": DB}, "CMD npm start", Outcome.FAILED),
    "run-s": ({"start": "run-s db serve", "db": DB}, "CMD npm start", Outcome.FAILED),
    "concurrently": ({"start": 'concurrently "npm:db" "node ."', "db": DB}, "CMD npm start", Outcome.FAILED),
    "concurrently, in full": ({"start": f'concurrently "{DB}" "node ."'}, "CMD npm start", Outcome.FAILED),
    "node --run": ({"start": "node --run db && node .", "db": DB}, "CMD npm start", Outcome.FAILED),
    "another package": ({"start": "node ."}, "CMD npm --prefix sub start", Outcome.SKIPPED),
    "another folder": ({"start": "node ."}, "CMD npm -C sub start", Outcome.SKIPPED),
    "a workspace": ({"start": "node ."}, "CMD yarn workspace sub start", Outcome.SKIPPED),
    "packages of a workspace": ({"start": "node ."}, "RUN npm ci --workspace sub\nCMD npm start", Outcome.PASSED),
    "a Makefile": ({"start": "node ."}, "CMD make run", Outcome.SKIPPED),
    "onto a folder": ({"start": "node ."}, 'COPY e.sh /usr/local/bin\nENTRYPOINT ["e.sh"]', Outcome.FAILED),
    "a file that is removed": ({"start": "node ."}, "RUN rm -f src/db/migrate.ts\nCMD npm start", Outcome.PASSED),
    "a guard": ({"start": "node ."}, "RUN ! grep -q node-pg-migrate package.json\nCMD npm start", Outcome.PASSED),
}


@pytest.mark.parametrize(("named", "rest", "ends"), IMAGES.values(), ids=IMAGES)
def test_an_image_that_starts_the_runner_is_found(tmp_path, named, rest, ends):
    path, text = scripts(**named)
    files = {path: text, "Dockerfile": DOCKERFILE + rest, "Makefile": "run:\n\t./up\n", "e.sh": f"#!/bin/sh\nnpx {DB}\n"}
    write(tmp_path, files)
    rule = f'[[rule]]\ncheck = "RET007"\nimage = "Dockerfile"\nruns = {json.dumps(NAMES)}\n'
    (tmp_path / "audit.toml").write_text(HEAD + rule)
    project = load_project(tmp_path / "audit.toml")
    (found,) = judge([BY_ID["RET007"]], {**boot_inputs(project), "project": project}, Phase.RETIRED)
    assert found.outcome is ends, found


def test_commands_for_another_shell_have_the_lines_of_the_file(tmp_path):
    (finding,) = result(tmp_path, SH, "ls\nssh host <<EOF\ncd /app\nnpm run migrate\nEOF\n").findings
    assert finding.where == f"{SH}:4"
