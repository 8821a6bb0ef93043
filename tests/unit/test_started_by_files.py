"""Starts of the runner that a file does not spell out, and ordinary files, in which nothing starts it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from fix_code import judged, write
from fix_hidden import CLEAN, FOUND, OPEN

RULE = """[[rule]]
check = "RET003"
calls = ["migrate", "goose.Up"]
module = "src/db/migrate.ts"
in = ["s/**"]
"""
b64 = base64.b64encode(b"node dist/db/migrate.js\n").decode()
STARTS = {
    "sh plain": ("s/a.sh", "node dist/db/migrate.js\n", FOUND),
    "sh printf": ("s/a.sh", "$(printf 'node dist/db/mig%s.js' rate)\n", OPEN),
    "sh printf arg": ("s/a.sh", "node dist/db/$(printf 'mig%s' rate).js\n", OPEN),
    "sh base64": ("s/a.sh", f"echo {b64} | base64 -d | sh\n", OPEN),
    "sh base64 bash": ("s/a.sh", f'bash -c "$(echo {b64} | base64 -d)"\n', OPEN),
    "sh eval base64": ("s/a.sh", f'eval "$(echo {b64} | base64 --decode)"\n', OPEN),
    "sh npm run $1": ("s/a.sh", 'npm run "$1"\n', OPEN),
    "sh node var": ("s/a.sh", 'node "dist/db/$1.js"\n', OPEN),
    "sh hash -p": ("s/a.sh", "hash -p dist/db/migrate.js up; up\n", FOUND),
    "sh env -S": ("s/a.sh", "env -S 'node dist/db/migrate.js'\n", FOUND),
    "sh BASH_ENV": ("s/a.sh", "BASH_ENV=bin/migrate bash -c true\n", FOUND),
    "sh ENV": ("s/a.sh", "ENV=./bin/migrate sh -i\n", FOUND),
    "sh awk": ("s/a.sh", "awk 'BEGIN { system(\"node dist/db/migrate.js\") }'\n", FOUND),
    "sh awk joined": ("s/a.sh", 'awk \'BEGIN { system("node dist/db/mig" "rate.js") }\'\n', FOUND),
    "sh python -c": ("s/a.sh", "python3 -c \"import os; os.system('node dist/db/migrate.js')\"\n", FOUND),
    "sh python -c joined": ("s/a.sh", "python3 -c \"import os; os.system('node dist/db/mig' + 'rate.js')\"\n", FOUND),
    "sh node -e": ("s/a.sh", "node -e \"require('./dist/db/migrate')\"\n", FOUND),
    "sh node -e joined": ("s/a.sh", "node -e \"require('./dist/db/mig' + 'rate')\"\n", FOUND),
    "sh node -e tpl": ("s/a.sh", "node -e 'require(`./dist/db/${\"mig\"}rate`)'\n", FOUND),
    "sh node -p": ("s/a.sh", "node -p \"require('./dist/db/mig' + 'rate')\"\n", FOUND),
    "sh node --eval=": ("s/a.sh", "node --eval=\"require('./dist/db/migrate')\"\n", FOUND),
    "sh node <<": ("s/a.sh", "node <<'E'\nrequire('./dist/db/migrate')\nE\n", FOUND),
    "sh python <<": ("s/a.sh", "python3 - <<'E'\nimport os\nos.system('node dist/db/migrate.js')\nE\n", FOUND),
    "sh xargs": ("s/a.sh", "ls dist/db/*.js | xargs -n1 node\n", OPEN),
    "sh find exec": ("s/a.sh", "find dist -name 'mig*.js' -exec node {} \\;\n", FOUND),
    "sh glob": ("s/a.sh", "node dist/db/mig*.js\n", FOUND),
    "sh joined vars": ("s/a.sh", "a=mig; b=rate; node dist/db/$a$b.js\n", FOUND),
    "sh quotes": ("s/a.sh", 'node dist/db/mig"rate".js\n', FOUND),
    "sh ansi": ("s/a.sh", "node dist/db/$'m\\x69grate'.js\n", FOUND),
    "sh source": ("s/a.sh", ". dist/db/migrate\n", FOUND),
    "sh suffix": ("s/a.sh", "s=rate.x; node dist/db/mig${s%.x}.js\n", OPEN),
    "sh array": ("s/a.sh", 'a=(node dist/db/migrate.js); "${a[@]}"\n', FOUND),
    "sh read": ("s/a.sh", "read t < task; node dist/db/$t.js\n", OPEN),
    "sh trap": ("s/a.sh", "trap 'node dist/db/migrate.js' EXIT\n", FOUND),
    "sh curl": ("s/a.sh", "curl -s https://x.example/a.sh | sh\n", CLEAN),
    "go linkname": (
        "s/a.go",
        'package a\n\nimport _ "unsafe"\n\n//go:linkname up github.com/pressly/goose/v3.Up\nfunc up()\n',
        FOUND,
    ),
    "go linkname 1": ("s/a.go", "package a\n\n//go:linkname Up github.com/pressly/goose/v3.Up\nfunc Up()\n", FOUND),
    "go linkname other": ("s/a.go", "package a\n\n//go:linkname now runtime.nanotime\nfunc now() int64\n", CLEAN),
    "go exec": (
        "s/a.go",
        'package a\nimport "os/exec"\nfunc f() { exec.Command("node", "dist/db/migrate.js").Run() }\n',
        FOUND,
    ),
    "go exec joined": (
        "s/a.go",
        'package a\nimport "os/exec"\nfunc f() { exec.Command("node", "dist/db/mig" + "rate.js").Run() }\n',
        FOUND,
    ),
    "go exec var": (
        "s/a.go",
        'package a\nimport "os/exec"\nfunc f(s string) { exec.Command("sh", "-c", s).Run() }\n',
        CLEAN,
    ),
    "ts spawn joined": (
        "s/a.ts",
        "import { spawn } from 'child_process';\nspawn('node', ['dist/db/mig' + 'rate.js']);\n",
        FOUND,
    ),
    "ts import joined": ("s/a.ts", "await import('../src/db/mig' + 'rate.js');\n", FOUND),
    "ts import tpl": ("s/a.ts", "const m = 'rate';\nawait import(`../src/db/mig${m}.js`);\n", FOUND),
    "ts import unknown": ("s/a.ts", "await import(name);\n", OPEN),
    "ts import array": ("s/a.ts", "await import(['../src/db/mig','rate.js'].join(''));\n", FOUND),
    "ts member joined": ("s/a.ts", "db['mig' + 'rate']();\n", FOUND),
    "ts member unknown": ("s/a.ts", "db[name]();\n", CLEAN),
    "py getattr": ("s/a.py", "getattr(db, 'mig' + 'rate')()\n", FOUND),
    "py sub": ("s/a.py", "import subprocess\nsubprocess.run(['node', 'dist/db/' + 'migrate.js'])\n", FOUND),
    "yml run": (
        "s/ci.yml",
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: node dist/db/migrate.js\n",
        OPEN,
    ),
    "package": ("s/package.json", '{"scripts": {"up": "node -e \\"require(\'./dist/db/mig\' + \'rate\')\\""}}', FOUND),
    "package $": ("s/package.json", '{"scripts": {"up": "node dist/db/$TASK.js"}}', OPEN),
    "package npm run $": ("s/package.json", '{"scripts": {"up": "npm run $TASK"}}', OPEN),
    "a loop over files": ("s/a.sh", 'for f in dist/*.js; do node "$f"; done\n', OPEN),
    "a loop over arguments": ("s/a.sh", 'for t in "$@"; do npm run "$t"; done\n', OPEN),
    "a loop that sets its variable": ("s/a.sh", 'for t in seed; do t=$1; npm run "$t"; done\n', OPEN),
    "a loop with another variable": ("s/a.sh", 'for t in mig; do npm run "$t$1"; done\n', OPEN),
    "a variable that is given": (
        "s/.gitlab-ci.yml",
        "variables: {S: {value: x}}\na: {variables: {S: test}, script: ['npm run $S']}\n",
        OPEN,
    ),
    "a variable that a step sets": (
        "s/.gitlab-ci.yml",
        "variables: {S: test}\na: {script: ['export S=$(cat f)', 'npm run $S']}\n",
        OPEN,
    ),
    # ordinary
    "ordinary sh args": ("s/a.sh", 'exec node dist/main.js "$@"\n', CLEAN),
    "ordinary sh port": ("s/a.sh", 'node dist/main.js --port "$PORT"\n', CLEAN),
    "ordinary sh exec": ("s/a.sh", 'set -e\nexec "$@"\n', CLEAN),
    "ordinary sh awk": ("s/a.sh", "v=$(awk -F= '/^v=/ { print $2 }' f)\necho \"$v\"\n", CLEAN),
    "ordinary sh node -p": ("s/a.sh", 'V=$(node -p "require(\'./package.json\').version")\ngit tag "v$V"\n', CLEAN),
    "ordinary sh python -c": ("s/a.sh", "python3 -c 'import json,sys; print(json.load(sys.stdin)[\"a\"])' < x\n", CLEAN),
    "ordinary sh python os.environ": ("s/a.sh", "python -c \"import os; print(os.environ.get('A'))\"\n", CLEAN),
    "ordinary sh heredoc": ("s/a.sh", "cat > x <<E\na=$A\nE\n", CLEAN),
    "ordinary sh docker": ("s/a.sh", 'docker compose up -d "$SERVICE"\ndocker build -t "$TAG" .\n', CLEAN),
    "ordinary sh git": ("s/a.sh", 'git push origin "$(git rev-parse --abbrev-ref HEAD)"\n', CLEAN),
    "ordinary sh find": (
        "s/a.sh",
        "find . -name '*.sh' -exec shellcheck {} +\nfind . -name x -print0 | xargs -0 rm -f\n",
        CLEAN,
    ),
    "ordinary sh npm": ("s/a.sh", "npm ci\nnpm run build --if-present\nnpm test -- --coverage $ARGS\n", CLEAN),
    "ordinary sh until": ("s/a.sh", 'until pg_isready -h "$DB_HOST"; do sleep 1; done\n', CLEAN),
    "ordinary sh curl": ("s/a.sh", 'curl -fsS -o /tmp/x "$URL" && tar xzf /tmp/x -C /opt\n', CLEAN),
    "ordinary sh eval ssh": ("s/a.sh", 'eval "$(ssh-agent -s)"\n', CLEAN),
    "ordinary sh source nvm": ("s/a.sh", '. "$NVM_DIR/nvm.sh"\n. "$(dirname "$0")/lib.sh"\n', CLEAN),
    "ordinary sh poetry": ("s/a.sh", 'poetry run pytest "$@"\n', CLEAN),
    "ordinary sh go": ("s/a.sh", 'go test ./... -run "$T"\ngo build -o "$OUT" ./cmd/app\n', CLEAN),
    "ordinary sh case": ("s/a.sh", 'case "$1" in\n start) exec node dist/main.js;;\n *) exec "$@";;\nesac\n', CLEAN),
    "ordinary sh base64": ("s/a.sh", 'echo "$KEY" | base64 -d > /tmp/key\n', CLEAN),
    "ordinary pkg": (
        "s/package.json",
        '{"scripts": {"build": "tsc -p .", "start": "node dist/main.js", "test": "vitest run", "lint": "eslint $FILES"}}',
        CLEAN,
    ),
    "ordinary tr": (
        "s/a.sh",
        "sudo apt-get install $(cat packages | tr '\\n' ' ')\nsh -c \"echo $(echo $X | tr a-z A-Z)\"\n",
        CLEAN,
    ),
    "ordinary gunzip": ("s/a.sh", 'gunzip -c "$f" | "${psql[@]}"\nzcat a.gz | psql -f -\n', CLEAN),
    "ordinary xargs of a script": (
        "s/a.sh",
        "git ls-files | xargs node scripts/lint.js\ngit ls-files | xargs npx prettier -w\n",
        CLEAN,
    ),
    "ordinary variables of a file": ("s/a.sh", "export $(grep -v '^#' .env | xargs)\n", CLEAN),
}


@pytest.mark.parametrize("name", STARTS)
def test_what_starts_the_runner(tmp_path: Path, name: str) -> None:
    path, text, wanted = STARTS[name]
    write(tmp_path, {path: text})
    result = judged(tmp_path, RULE)["RET003"]
    found = FOUND if result.findings else OPEN if result.is_undecided else CLEAN
    assert found == wanted, f"{[f.summary for f in result.findings]} {result.reason}"
