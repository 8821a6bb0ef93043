"""A valid audit.toml becomes a Project that needs no second look."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from migration_audit.model.errors import ConfigError, UsageError
from migration_audit.model.finding import Phase, Severity
from migration_audit.model.location import Location
from migration_audit.model.rows import SeedMode
from migration_audit.project import NameFormat, Project, find_project, load_project

Load = Callable[..., Project]

LEDGER = 'ledger = {table = "x.applied", name_column = "f"}\n'

MINIMAL = """\
[project]
name = "trm"
[legacy]
sql = ["a/*.sql"]
[owner]
sql = ["b/*.sql"]
[environments.stage]
dsn_env = "STAGE_DSN"
"""

FULL = (
    MINIMAL.replace('name = "trm"', 'name = "trm"\nwriter_role = "w"')
    .replace("[owner]", '[legacy.ledger]\ntable = "Processor.applied"\nname_column = "name"\nname_format = "stem"\n[owner]')
    .replace(
        "[environments.stage]",
        '[owner.ledger]\ntable = \'x."Applied"\'\nname_column = "f"\nchecksum_column = "c"\n[environments.stage]',
    )
    + """\
[environments.prod]
service = "trm-prod"
writer_role = "w2"
phases = ["retired"]
database = "trm"
system_identifier = "7301234567890123456"
statement_timeout = 5
[server]
provider = "debian:sid"
[scope]
schemas = ["public"]
[[scope.exclude]]
pattern = "public.directus_*"
kind = "table"
reason = "Directus"
[rules]
comments = "blocker"
[[probe]]
name = "upsert"
sql = '''
select 1
'''
arbiter = "Public.positions_device_ts"
[[hypertable]]
table = "public.positions"
column = "ts"
chunk_interval = "1 day"
[[hypertable]]
table = "public.counters"
column = "n"
chunk_interval = 1000
[[seed]]
table = "public.price"
mode = "exact"
except = ["note"]
reason = "r"
[report]
out = "audit"
"""
)


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(text: str, name: str = "audit.toml") -> Project:
        (tmp_path / name).write_bytes(text.encode())
        return load_project(tmp_path / name)

    return load


class TestWhatItSays:
    def test_defaults(self, load: Load, tmp_path: Path) -> None:
        project = load(MINIMAL)
        stage = project.environment("stage")
        assert (project.legacy.name, project.owner.name) == ("legacy", "owner")
        assert project.legacy.root == tmp_path.resolve()
        assert project.legacy.ledger is None
        assert project.report_out == tmp_path.resolve() / "reports"
        assert project.scope.schemas is None
        assert (stage.phases, stage.statement_timeout, stage.writer_role) == (tuple(Phase), 60, None)
        assert dict(project.rules) == {}

    @pytest.mark.parametrize(
        ("keys", "expected"),
        [("", True), (LEDGER, False), ("rerun = true\n" + LEDGER, True), ("rerun = false\n", False)],
        ids=["no ledger", "a ledger", "a ledger, and rerun", "no ledger, and no rerun"],
    )
    def test_whether_files_run_again(self, load: Load, keys: str, expected: bool) -> None:
        project = load(MINIMAL.replace("[owner]\n", f"[owner]\n{keys}"))
        assert project.owner.may_rerun is expected

    def test_every_part(self, load: Load, tmp_path: Path) -> None:
        project = load(FULL)
        stage, prod = project.environments
        assert project.legacy.ledger is not None
        assert project.owner.ledger is not None
        assert project.legacy.ledger.key == "processor.applied"
        assert project.legacy.ledger.name_format is NameFormat.STEM
        assert project.legacy.ledger.entry("0001_a.sql") == "0001_a"
        assert (project.owner.ledger.schema, project.owner.ledger.table) == ("x", "Applied")
        assert project.owner.ledger.entry("0001_a.sql") == "0001_a.sql"
        assert (stage.writer_role, prod.writer_role) == ("w", "w2")
        assert (prod.phases, prod.service, prod.dsn_env) == ((Phase.RETIRED,), "trm-prod", None)
        assert (prod.database, prod.system_identifier, prod.statement_timeout) == ("trm", "7301234567890123456", 5)
        assert project.provider == "debian:sid"
        assert project.rules["comments"] is Severity.BLOCKER
        assert (project.probes[0].sql, project.probes[0].arbiter) == ("select 1", "public.positions_device_ts")
        assert [pin.chunk_interval for pin in project.hypertables] == ["1 day", "1000"]
        (seed,) = project.seeds
        assert (seed.table, seed.mode, seed.columns, seed.excluded) == ("public.price", SeedMode.EXACT, (), ("note",))
        assert project.report_out == tmp_path.resolve() / "audit"

    def test_both_runners_may_share_a_ledger(self, load: Load) -> None:
        ledger = '[{}.ledger]\ntable = "public.migrations_applied"\nname_column = "filename"\n'
        project = load(MINIMAL + ledger.format("legacy") + ledger.format("owner"))
        assert project.legacy.ledger == project.owner.ledger

    def test_parts_know_their_line(self, load: Load, tmp_path: Path) -> None:
        project = load(FULL)
        lines = FULL.splitlines()
        assert lines[project.environment("prod").at.line - 1] == "[environments.prod]"
        assert lines[project.probes[0].at.line - 1] == "[[probe]]"
        assert lines[project.scope.exclude[0].at.line - 1] == "[[scope.exclude]]"
        assert lines[project.hypertables[1].at.line + 0] == 'table = "public.counters"'

    def test_lines_do_not_make_two_projects_different(self, load: Load) -> None:
        assert load(FULL) == load("\n\n" + FULL)

    def test_it_is_frozen(self, load: Load) -> None:
        project = load(FULL)
        with pytest.raises(dataclasses.FrozenInstanceError):
            project.name = "other"
        with pytest.raises(TypeError):
            project.rules["owners"] = Severity.INFO

    def test_relative_paths_start_at_the_file(self, load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir("/")
        project = load(MINIMAL.replace("[legacy]", '[legacy]\nroot = "../other"'))
        assert project.legacy.root == tmp_path.resolve().parent / "other"

    def test_a_byte_order_mark_and_windows_line_ends_are_read(self, load: Load) -> None:
        assert load("\ufeff" + MINIMAL.replace("\n", "\r\n")).name == "trm"

    @pytest.mark.parametrize(
        ("pattern", "kind", "asked", "expected"),
        [
            ("public.directus_*", None, ("table", "public.directus_users"), True),
            ("public.directus_*", None, ("column", "public.directus_users.id"), True),
            ("public.directus_*", "table", ("index", "public.directus_users_pkey"), False),
            ("public.devices", None, ("table", "public.devices2"), False),
            ("public.Devices", None, ("table", "public.devices"), False),
            ("*.migrations_applied", None, ("table", "processor.migrations_applied"), True),
        ],
    )
    def test_scope_rules_match_keys(
        self, load: Load, pattern: str, kind: str | None, asked: tuple[str, str], expected: bool
    ) -> None:
        of_kind = f'kind = "{kind}"\n' if kind else ""
        project = load(MINIMAL + f'[[scope.exclude]]\npattern = "{pattern}"\nreason = "r"\n{of_kind}')
        assert project.scope.exclude[0].matches(kind=asked[0], key=asked[1]) is expected

    def test_an_environment_that_is_not_there(self, load: Load) -> None:
        with pytest.raises(UsageError, match=r"unknown environment stag(?s:.)*did you mean stage\?") as caught:
            load(FULL).environment("stag")
        assert "prod" in str(caught.value)


def test_a_place_is_the_same_wherever_one_stands(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path)
    project = load(MINIMAL, "deep/audit.toml")
    assert project.environment("stage").at == Location("audit.toml", 7)


class TestFinding:
    PYPROJECT = "[tool.other]\nx = 1\n" + "\n".join(
        f"[tool.migration-audit.{line[1:]}" if line.startswith("[") else line for line in MINIMAL.splitlines()
    )

    def test_it_walks_up(self, tmp_path: Path) -> None:
        (tmp_path / "audit.toml").write_text(MINIMAL)
        (tmp_path / "a/b").mkdir(parents=True)
        assert find_project(tmp_path / "a/b") == tmp_path.resolve() / "audit.toml"

    def test_a_pyproject_with_our_table_will_do(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "a/pyproject.toml").write_text("[tool.other]\n")
        (tmp_path / "pyproject.toml").write_text(self.PYPROJECT)
        assert find_project(tmp_path / "a") == tmp_path.resolve() / "pyproject.toml"

    def test_audit_toml_goes_first(self, tmp_path: Path) -> None:
        (tmp_path / "pyproject.toml").write_text(self.PYPROJECT)
        (tmp_path / "audit.toml").write_text(MINIMAL)
        assert find_project(tmp_path).name == "audit.toml"

    def test_a_broken_pyproject_is_not_ours(self, tmp_path: Path) -> None:
        (tmp_path / "pyproject.toml").write_text("[tool.migration-audit\n")
        with pytest.raises(UsageError, match=r"no audit\.toml here"):
            find_project(tmp_path)

    def test_it_says_the_same(self, load: Load) -> None:
        same = dataclasses.replace(load(self.PYPROJECT, "pyproject.toml"), path=load(MINIMAL).path)
        assert same == load(MINIMAL)

    def test_lines_and_keys_are_those_of_the_pyproject(self, load: Load) -> None:
        text = self.PYPROJECT.replace('name = "trm"', "name = 1")
        with pytest.raises(ConfigError, match=r"pyproject\.toml:4: tool\.migration-audit\.project\.name is wrong"):
            load(text, "pyproject.toml")

    def test_a_pyproject_without_our_table(self, load: Load) -> None:
        with pytest.raises(ConfigError, match=r"pyproject\.toml:1: has no table \[tool\.migration-audit\]"):
            load("[tool.other]\n", "pyproject.toml")
