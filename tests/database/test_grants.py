"""The rights that ``migration-audit grants`` prints: enough for full evidence, and each of them needed by what it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from fix_demo import run_cli
from migration_audit.audit.grants import Grant, as_sql, grants_for
from migration_audit.model.finding import Outcome, Phase
from migration_audit.project import Project, load_project
from migration_audit.workbook.audit import Audit
from migration_audit.workbook.demo import demo_root

PAGE = Path(__file__).parents[2] / "docs" / "grants.md"
DECIDED = {Outcome.PASSED, Outcome.FAILED}
ALWAYS = ("owner ledger", "legacy ledger", "directus")


@dataclass(frozen=True)
class World:
    """An environment of the demo, and the facts of the two sources, which every audit here shares."""

    project: Project
    name: str
    conninfo: str
    shared: Path

    def outcomes(self, role: str | None) -> dict[str, Outcome]:
        """Check id to outcome of an audit by this role; None for the superuser who built the database."""
        environment = self.project.environment(self.name)
        for kept in ("environment.json.gz", "live.json.gz"):
            (self.shared / kept).unlink(missing_ok=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(environment.dsn_env or "", f"{self.conninfo} user='{role}'" if role else self.conninfo)
            audit = Audit(self.project, environment=environment, phase=Phase.PREFLIGHT, folder=self.shared)
            return {result.id: result.outcome for result in audit.results}

    def execute(self, *statements: str) -> None:
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    @property
    def grants(self) -> dict[str, Grant]:
        """The rights that are always needed beside CONNECT, by what they are for."""
        found = [grant for grant in grants_for(self.project, role="auditor") if grant.when is None]
        return dict(zip(ALWAYS, found[1:], strict=True))


@pytest.fixture(scope="module", params=["stage", "prod"])
def world(
    request: pytest.FixtureRequest, demo_variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    project = load_project(demo_root() / "audit.toml")
    variable = project.environment(request.param).dsn_env or ""
    made = World(project, request.param, demo_variables[variable], tmp_path_factory.mktemp("facts"))
    made.execute("create role auditor login")
    yield made
    made.execute("drop owned by auditor", "drop role auditor")


def undecided(outcomes: dict[str, Outcome], whole: dict[str, Outcome]) -> set[str]:
    """The checks that decided for the superuser and do not here; fails where one decides otherwise."""
    changed = {check for check, outcome in outcomes.items() if outcome is not whole[check]}
    assert not {check for check in changed if outcomes[check] in DECIDED}
    return changed


def test_these_rights_are_enough_and_each_is_needed(world: World) -> None:
    whole = world.outcomes(None)
    world.execute(*(grant.sql for grant in world.grants.values()))
    lacking = undecided(world.outcomes("auditor"), whole)
    cases = {check for grant in grants_for(world.project, role="auditor") if grant.when for check in grant.checks}
    assert lacking <= cases
    for name, grant in world.grants.items():
        tables = grant.sql.partition("GRANT SELECT ON ")[2].removesuffix(" TO auditor;")
        world.execute(f"revoke select on {tables} from auditor")
        less = undecided(world.outcomes("auditor"), whole) - lacking
        assert less, name
        assert less <= set(grant.checks), name
        world.execute(grant.sql)


def test_the_page_shows_what_the_command_prints() -> None:
    ran = run_cli("grants", cwd=demo_root())
    assert ran.code == 0, ran.err
    assert f"```sql\n{ran.out}```" in PAGE.read_text("utf-8"), "write it anew: migration-audit grants in the demo"


def test_hostile_names_are_quoted(tmp_path: Path) -> None:
    text = (demo_root() / "audit.toml").read_text("utf-8")
    text = text.replace('"processor.migrations_applied"', '\'"Order"."we""ird; drop"\'')
    (tmp_path / "audit.toml").write_text(text, encoding="utf-8")
    (tmp_path / "directus").symlink_to(demo_root() / "directus")
    (tmp_path / "processor").symlink_to(demo_root() / "processor")
    printed = as_sql(grants_for(load_project(tmp_path / "audit.toml"), role="order"))
    assert 'GRANT SELECT ON "Order"."we""ird; drop" TO "order";' in printed
