"""Paths that must be gone or stay: what counts as an empty folder, as ignored, as unchanged. git itself is the witness."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from fix_code import HEAD, judged, write
from migration_audit.artifacts.git.working_tree import ignoring_rule
from migration_audit.artifacts.paths import read_path
from migration_audit.audit.inputs.retirement import retirement_inputs
from migration_audit.audit.preflight.loading import load, source_facts
from migration_audit.audit.preflight.owner_alone import is_legacy_gone
from migration_audit.checks import BY_ID
from migration_audit.checks.judge import judge
from migration_audit.model.finding import CheckResult, Outcome, Phase
from migration_audit.project import load_project

GONE = '[[rule]]\ncheck = "RET001"\nabsent = ["service/db/migrations"]\n'
FOLDER = "service/db/migrations"


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    settings = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    author = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    return subprocess.run(
        ["git", *author, *arguments], cwd=folder, env={**clean, **settings}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    assert git(tmp_path, "init", "--quiet", "--initial-branch=main").returncode == 0
    return tmp_path


# name: .gitignore files
RULES = {
    "no rule": {},
    "the folder": {".gitignore": "/service/db/migrations/\n"},
    "a folder above": {".gitignore": "service/\n"},
    "a name anywhere": {".gitignore": "migrations\n"},
    "a name anywhere, folders only": {".gitignore": "migrations/\n"},
    "by the kind of file": {".gitignore": "*.sql\n"},
    "another kind of file": {".gitignore": "*.ts\n"},
    "all in it": {".gitignore": "service/db/migrations/*\n"},
    "all in it but a placeholder": {"service/db/migrations/.gitignore": "*\n!.gitignore\n"},
    "from the folder between": {"service/.gitignore": "db/migrations\n"},
    "anchored in the folder between": {"service/.gitignore": "/migrations\n"},
    "with stars": {".gitignore": "**/migrations/**\n"},
    "taken back": {".gitignore": "migrations\n!migrations\n"},
    "taken back further in": {".gitignore": "*.sql\n", "service/db/.gitignore": "!*.sql\n"},
    "too late to take back": {".gitignore": "service/db/\n", "service/db/.gitignore": "!migrations/*.sql\n"},
    "only one file": {".gitignore": "service/db/migrations/0001_a.sql\n"},
    "a comment": {".gitignore": "# migrations\n"},
    "escaped": {".gitignore": "\\#migrations\n\nmigrations   \n"},
    "nearest wins": {".gitignore": "!migrations/\n", "service/.gitignore": "migrations/\n"},
}


@pytest.mark.parametrize("files", RULES.values(), ids=RULES.keys())
def test_ignored_means_what_git_means(repository, files):
    write(repository, files)
    (repository / FOLDER).mkdir(parents=True, exist_ok=True)
    asked = git(repository, "check-ignore", "--verbose", "--no-index", f"{FOLDER}/0001_new_file.sql")
    found = ignoring_rule(repository / FOLDER, repository)
    head = asked.stdout.split("\t")[0].split(":")
    expected = f"{head[0]}:{head[1]}" if asked.returncode == 0 and not head[2].startswith("!") else None
    assert (str(found) if found else None) == expected


@pytest.mark.parametrize(
    ("files", "outcome", "keys"),
    [
        ({"service/a.ts": ""}, Outcome.PASSED, []),
        ({f"{FOLDER}/.gitkeep": "", ".gitignore": "migrations/\n"}, Outcome.PASSED, []),
        ({f"{FOLDER}/.gitignore": "*\n"}, Outcome.PASSED, []),
        ({f"{FOLDER}/.gitkeep": ""}, Outcome.FAILED, [f"RET001:{FOLDER}"]),
        ({f"{FOLDER}/1.sql": "", f"{FOLDER}/x/2.sql": ""}, Outcome.FAILED, [f"RET001:{FOLDER}/{n}.sql" for n in (1, "x/2")]),
        ({f"{FOLDER}/1.sql": "", ".gitignore": "*.sql\n"}, Outcome.FAILED, [f"RET001:{FOLDER}/1.sql"]),
        ({FOLDER: "a file now"}, Outcome.FAILED, [f"RET001:{FOLDER}"]),
        ({"service/db/Migrations/1.sql": ""}, Outcome.PASSED, []),
    ],
    ids=["gone", "placeholder", "own rule", "git would take", "files", "ignored files", "a file", "case"],
)  # fmt: skip
def test_what_is_gone(tmp_path, files, outcome, keys):
    write(tmp_path, files)
    result = judged(tmp_path, GONE)["RET001"]
    assert (result.outcome, [f.key for f in result.findings]) == (outcome, keys)


def test_a_link_that_leads_nowhere_is_not_gone(tmp_path):
    write(tmp_path, {"service/db/a.ts": ""})
    (tmp_path / FOLDER).symlink_to(tmp_path / "nowhere")
    (finding,) = judged(tmp_path, GONE)["RET001"].findings
    assert "a broken link" in finding.summary


def test_a_glob_that_must_be_gone(tmp_path):
    write(tmp_path, {"service/db/001_a.sql": "", "service/db/pool.ts": ""})
    rule = GONE.replace("service/db/migrations", "service/db/*.sql")
    assert [f.key for f in judged(tmp_path, rule)["RET001"].findings] == ["RET001:service/db/001_a.sql"]
    (tmp_path / "service/db/001_a.sql").unlink()
    assert judged(tmp_path, rule)["RET001"].outcome is Outcome.PASSED


def test_a_folder_that_may_not_be_read_is_not_empty(tmp_path, monkeypatch):
    write(tmp_path, {f"{FOLDER}/1.sql": ""})

    def refused(folder, root):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("migration_audit.artifacts.paths._files_in", refused)
    assert read_path(tmp_path, FOLDER).unknown == "cannot be read: Permission denied"


STAY = '[[rule]]\ncheck = "RET009"\npresent = ["service/pool.ts"]\n'


class TestStaying:
    @pytest.fixture
    def committed(self, repository: Path) -> Path:
        write(repository, {"service/pool.ts": "export const pool = 1;\n"})
        git(repository, "add", "-A")
        assert git(repository, "commit", "-m", "first", "--quiet").returncode == 0
        return repository

    def result(self, folder: Path, rule: str = STAY + 'unchanged_since = "main"\n'):
        return judged(folder, rule)["RET009"]

    def test_unchanged(self, committed):
        assert self.result(committed).outcome is Outcome.PASSED

    def test_changed_in_the_working_tree(self, committed):
        write(committed, {"service/pool.ts": "export const pool = 2;\n"})
        assert [f.key for f in self.result(committed).findings] == ["RET009:service/pool.ts:changed"]

    def test_changed_in_a_later_commit(self, committed):
        git(committed, "checkout", "-q", "-b", "work")
        write(committed, {"service/pool.ts": "export const pool = 2;\n"})
        git(committed, "commit", "-qam", "second")
        assert "differs from main" in self.result(committed).findings[0].summary
        assert self.result(committed, STAY + 'unchanged_since = "work"\n').outcome is Outcome.PASSED

    def test_new_since(self, committed):
        rule = STAY.replace("pool.ts", "new.ts") + 'unchanged_since = "main"\n'
        write(committed, {"service/new.ts": ""})
        assert "it does not exist in main" in self.result(committed, rule).findings[0].summary

    def test_gone(self, committed):
        (committed / "service/pool.ts").unlink()
        assert [f.key for f in self.result(committed).findings] == ["RET009:service/pool.ts"]

    def test_a_revision_that_is_not_there(self, committed):
        result = self.result(committed, STAY + 'unchanged_since = "origin/main"\n')
        assert (result.outcome, "git does not know the revision origin/main" in result.reason) == (Outcome.SKIPPED, True)

    def test_no_repository(self, tmp_path):
        write(tmp_path, {"service/pool.ts": ""})
        result = self.result(tmp_path)
        assert (result.outcome, "add a sha256 to the rule" in result.reason) == (Outcome.SKIPPED, True)

    @pytest.mark.parametrize(("text", "outcome"), [("a", Outcome.PASSED), ("b", Outcome.FAILED)])
    def test_a_digest(self, tmp_path, text, outcome):
        write(tmp_path, {"service/pool.ts": text})
        digest = hashlib.sha256(b"a").hexdigest().upper()
        assert self.result(tmp_path, f'{STAY}sha256 = "{digest}"\n').outcome is outcome

    def test_a_folder_is_no_file(self, tmp_path):
        write(tmp_path, {"service/pool.ts/a": ""})
        assert self.result(tmp_path, STAY).findings[0].actual == "is not a file"


class TestBeforeItIsDue:
    def test_what_is_found_is_the_work(self, tmp_path):
        write(tmp_path, {f"{FOLDER}/1.sql": "", f"{FOLDER}/2.sql": ""})
        result = judged(tmp_path, GONE, Phase.PREFLIGHT)["RET001"]
        assert (result.outcome, len(result.findings)) == (Outcome.PENDING, 2)
        assert result.reason == "due in the phase retired; 2 to do"

    def test_nothing_to_do(self, tmp_path):
        result = judged(tmp_path, GONE, Phase.PREFLIGHT)["RET001"]
        assert (result.outcome, result.findings) == (Outcome.PENDING, ())
        assert result.reason == f"due in the phase retired; nothing to do: {FOLDER} does not exist"

    def test_what_cannot_be_seen_blocks_nothing_yet(self, tmp_path):
        rule = '[[rule]]\ncheck = "RET005"\nddl = true\nin = ["nowhere/*.ts"]\n'
        result = judged(tmp_path, rule, Phase.PREFLIGHT)["RET005"]
        assert result.outcome is Outcome.PENDING
        assert "the work could not be listed: nowhere/*.ts matches no file or folder" in result.reason


def test_a_folder_of_links_to_folders_is_not_empty(tmp_path):
    write(tmp_path, {"service/elsewhere/1.sql": "", ".gitignore": "migrations\n"})
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "all").symlink_to("../../elsewhere")
    result = judged(tmp_path, GONE)["RET001"]
    assert (result.outcome, [f.key for f in result.findings]) == (Outcome.FAILED, [f"RET001:{FOLDER}/all"])


def result_without_rule(folder: Path, others: str, phase: Phase = Phase.RETIRED, *, of: str = 'sql = ["a"]') -> CheckResult:
    (folder / "audit.toml").write_text(HEAD.replace('sql = ["a"]', of) + others, "utf-8")
    project = load_project(folder / "audit.toml")
    (result,) = judge([BY_ID["RET001"]], {**retirement_inputs(project), "sources": (), "project": project}, phase)
    return result


SQL, COMMAND = 'sql = ["legacy/*.sql"]', 'command = ["sh", "run.sh"]'
ANOTHER = '[[rule]]\ncheck = "RET001"\nabsent = ["old-migrations"]\n'
BY_FILES = f'{COMMAND}\nfiles = ["package.json", "legacy/*.js"]'
# name: [legacy], [owner], files (a target in <> is a link), what of them is left over
FILES_OF_LEGACY = {
    "a file that no rule names": (SQL, "own/*.sql", {"legacy/1.sql": "", "own/1.sql": ""}, ["legacy/1.sql"]),
    "none": (SQL, "own/*.sql", {"own/1.sql": ""}, []),
    "the owner's as well": (SQL, "legacy/*.sql", {"legacy/1.sql": ""}, []),
    "one of them the owner's": (SQL, "legacy/1.sql", {"legacy/1.sql": "", "legacy/2.sql": ""}, ["legacy/2.sql"]),
    "a link to a file of the owner": (
        SQL,
        "own/*.sql",
        {"own/1.sql": "", "legacy/1.sql": "<../own/1.sql>"},
        ["legacy/1.sql"],
    ),
    "a link to the owner's folder": (SQL, "own/*.sql", {"own/1.sql": "", "legacy": "<own>"}, ["legacy/1.sql"]),
    "a command's, by a pattern": (BY_FILES, "own/*.sql", {"legacy/1.js": "", "own/1.sql": ""}, ["legacy/1.js"]),
    "a command's, by a folder": (
        f'{COMMAND}\nfiles = ["legacy", "./package.json"]',
        "own/*.sql",
        {"legacy/1.js": "", "legacy/package.json": "", "own/1.sql": ""},
        ["legacy/1.js", "legacy/package.json"],
    ),
    "a command's, one by one": (
        f'{COMMAND}\nfiles = ["package.json", "run.sh"]',
        "own/*.sql",
        {"own/1.sql": ""},
        ["package.json", "run.sh"],
    ),
}


@pytest.mark.parametrize(("legacy", "owner", "files", "left"), FILES_OF_LEGACY.values(), ids=FILES_OF_LEGACY)
def test_what_is_left_where_legacy_says_that_the_migrations_are(tmp_path, legacy, owner, files, left):
    write(tmp_path, {"run.sh": "", "package.json": "{}", **{path: text or "SELECT 1;" for path, text in files.items()}})
    for path, target in files.items():
        if target.startswith("<"):
            (tmp_path / path).unlink()
            (tmp_path / path).symlink_to(target.strip("<>"))
    head = HEAD.replace('sql = ["a"]', legacy).replace('["b"]', f'["{owner}"]')
    (tmp_path / "audit.toml").write_text(head + ANOTHER, "utf-8")
    project = load_project(tmp_path / "audit.toml")
    sources = [source_facts("owner", load(project, project.owner))]
    sources += [] if is_legacy_gone(project) else [source_facts("legacy", load(project, project.legacy))]
    given = {**retirement_inputs(project), "sources": tuple(sources), "project": project}
    (result,) = judge([BY_ID["RET001"]], given, Phase.RETIRED)
    assert [f.key for f in result.findings] == [f"RET001:{path}" for path in left]
    assert result.outcome is (Outcome.FAILED if left else Outcome.PASSED)


class TestWithoutARule:
    """Nothing says which files the migrations are."""

    @pytest.mark.parametrize("others", ["", STAY], ids=["no rule at all", "a rule of another check"])
    def test_the_migrations_may_still_be_there(self, tmp_path, others):
        result = result_without_rule(tmp_path, others)
        assert (result.outcome, result.is_undecided) == (Outcome.SKIPPED, True)
        assert "add one with absent = [the folder of the migrations]" in result.reason

    def test_before_the_deletion_it_is_named_and_decides_nothing(self, tmp_path):
        result = result_without_rule(tmp_path, "", Phase.PREFLIGHT)
        assert result.outcome is Outcome.PENDING
        assert 'the work could not be listed: audit.toml has no [[rule]] with check = "RET001"' in result.reason

    def test_a_legacy_schema_without_files_has_none_to_remove(self, tmp_path):
        result = result_without_rule(tmp_path, "", of='dsn_env = "LEGACY_URL"')
        assert (result.outcome, result.is_undecided) == (Outcome.SKIPPED, False)


LOOKS = "nothing was searched for what could start it"
ABOUT_THE_RUNNER = {
    "only the migrations": (GONE, True),
    "an acceptance command": (f'{GONE}[[rule]]\ncheck = "CMD001"\ncommand = "pnpm lint"\n', True),
    "the module": (GONE + GONE.replace("RET001", "RET002"), False),
    "its calls": (f'{GONE}[[rule]]\ncheck = "RET003"\ncalls = ["migrate"]\nin = ["*.ts"]\n', False),
    "its library": (f'{GONE}[[rule]]\ncheck = "RET006"\npackages = ["knex"]\nin = ["*.json"]\n', False),
    "its image": (f'{GONE}[[rule]]\ncheck = "RET007"\nimage = "Dockerfile"\nruns = ["migrate"]\n', False),
}


@pytest.mark.parametrize(("rules", "is_open"), ABOUT_THE_RUNNER.values(), ids=ABOUT_THE_RUNNER)
@pytest.mark.parametrize("of", ['sql = ["a"]', 'dsn_env = "LEGACY_URL"'], ids=["sql", "no migrations"])
def test_without_a_rule_about_the_runner_it_may_still_be_called(tmp_path, rules, is_open, of):
    write(tmp_path, {"Dockerfile": "FROM node\n", "package.json": "{}", "a.ts": ""})
    (tmp_path / "audit.toml").write_text(HEAD.replace('sql = ["a"]', of) + rules, "utf-8")
    project = load_project(tmp_path / "audit.toml")
    (result,) = judge([BY_ID["RET003"]], {**retirement_inputs(project), "project": project}, Phase.RETIRED)
    assert (LOOKS in str(result.reason), result.is_undecided) == (is_open and "sql" in of,) * 2
