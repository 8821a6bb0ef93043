"""What a commit and a workflow can check without a database: audit.toml, notebooks, and the files that call us."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SECRET = "hunter2-t0psecret"

LEAKS = {
    "a url in the source": new_code_cell(f'engine = create_engine("postgresql://app:{SECRET}@db/trm")'),
    "a url of another scheme": new_markdown_cell(f"see amqp://svc:{SECRET}@queue"),
    "conninfo": new_code_cell(f'connect("host=db password={SECRET}")'),
    "the variable of libpq": new_code_cell(f"%env PGPASSWORD={SECRET}"),
    "an output": new_code_cell("x", outputs=[new_output("stream", name="stdout", text=f"PASSWORD: {SECRET}\n")]),
    "a traceback": new_code_cell(
        "x",
        outputs=[new_output("error", ename="E", evalue="no", traceback=[f"at postgresql://a:{SECRET}@h/d"])],
    ),
    "html": new_code_cell(
        "x",
        outputs=[new_output("display_data", data={"text/html": f"<pre>postgres://a:{SECRET}@h</pre>"})],
    ),
    "lines split within a secret": new_code_cell(
        "x",
        outputs=[
            new_output("display_data", data={"application/json": {"x": [f"postgres://a:{SECRET[:4]}", f"{SECRET[4:]}@h"]}})
        ],
    ),
    "an API key": new_code_cell(f'client = Client(api_key="{SECRET}")'),
    "a token in a dictionary": new_code_cell(f'headers = {{"X-Auth-Token": "{SECRET}"}}'),
    "an element": new_code_cell(f'os.environ["AWS_SECRET"] = "{SECRET}"'),
    "a client's secret": new_code_cell(f"client_secret: str = '{SECRET}'"),
    "a variable of the shell": new_code_cell(f"!export DB_PASSWORD={SECRET} && psql"),
    "a magic": new_code_cell(f"%env OPENAI_API_KEY {SECRET}"),
    "a GitHub token": new_code_cell(f"clone(auth='ghp_{'hunter2' * 6}')"),
    "a JSON Web Token": new_code_cell("jwt('eyJhbGciOiJIUzI1NiJ9.eyJodW50ZXIyIjoxfQ.hunter2-hunter2')"),
    "a key": new_markdown_cell("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r\n-----END OPENSSH PRIVATE KEY-----"),
}
FINE = {
    "a url without a password": new_code_cell('engine("postgresql://app@db/trm")'),
    "a mask": new_code_cell('print("postgresql://app:***@db/trm, password=***")'),
    "a variable": new_code_cell("url = f'postgresql://app:{password}@db'"),
    "prose": new_markdown_cell(
        "The password is never written: PGPASSWORD or ~/.pgpass hold it. See https://example.org:443/a@b"
    ),
    "a keyword": new_code_cell("connect(password=None)"),
    "a question": new_code_cell("password = getpass.getpass('Password: ')\ntoken=input()"),
    "the environment": new_code_cell("password = os.environ['DB_PASSWORD']; api_key=os.getenv('API_KEY', '')"),
    "a variable as an argument": new_code_cell("connect(password=password, token=token, key=secret_key)"),
    "an annotation": new_code_cell("def connect(password: str, token: str | None = None): ..."),
    "keys of tables": new_code_cell("primary_key='device_id', sort_key = 'ts DESC', foreign_key: 'positions'"),
    "words": new_code_cell("pad_token='[PAD]', eos_token = '</s>', token == 'abcdefgh1'"),
    "placeholders": new_code_cell("api_key = 'your-api-key-1'; password='***'; secret='<secret>'; token=\"$TOKEN\""),
    "the name of a variable": new_code_cell("password_key = 'DB_PASSWORD_1'"),
}


def static(*arguments, cwd):
    command = [sys.executable, "-m", "migration_audit", "check", "static", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def notebook(tmp_path, cell):
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Title"), cell]), tmp_path / "look.ipynb")


@pytest.mark.parametrize("name", LEAKS)
def test_a_secret_in_a_notebook_is_found_and_not_repeated(tmp_path, name):
    notebook(tmp_path, LEAKS[name])
    done = static("look.ipynb", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "look.ipynb:cell 2: " in done.stderr
    assert SECRET[:7] not in done.stdout + done.stderr


@pytest.mark.parametrize("name", FINE)
def test_what_is_no_secret_is_let_through(tmp_path, name):
    notebook(tmp_path, FINE[name])
    done = static("look.ipynb", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_invalid_audit_toml_is_reported_with_its_line(tmp_path):
    (tmp_path / "audit.toml").write_text("[project]\nnaem = 'trm'\n", "utf-8")
    done = static(cwd=tmp_path)
    assert done.returncode == 2
    assert "audit.toml:2" in done.stderr


def test_another_tools_pyproject_is_not_ours(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n", "utf-8")
    assert static("pyproject.toml", cwd=tmp_path).returncode == 0


def test_without_files_it_looks_at_the_nearest_audit_toml_and_all_notebooks(tmp_path):
    shutil.copy(ROOT / "lib/migration_audit/demo/trm/audit.toml", tmp_path)
    (tmp_path / "notebooks").mkdir()
    notebook(tmp_path / "notebooks", LEAKS["conninfo"])
    (tmp_path / ".ipynb_checkpoints").mkdir()
    notebook(tmp_path / ".ipynb_checkpoints", LEAKS["conninfo"])
    done = static(cwd=tmp_path / "notebooks")
    assert done.returncode == 1
    assert done.stderr.count("cell 2") == 1


def test_what_is_no_notebook_cannot_be_checked(tmp_path):
    (tmp_path / "look.ipynb").write_text("{", "utf-8")
    assert static("look.ipynb", cwd=tmp_path).returncode == 3


def test_our_own_notebooks_hold_no_secret():
    done = static(*map(str, sorted((ROOT / "notebooks").glob("*.ipynb"))), cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)


def test_the_hooks_are_a_manifest_that_pre_commit_takes():
    done = run(sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml")
    assert done.returncode == 0, done.stdout
