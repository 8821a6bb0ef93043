"""The rights that ``migration-audit grants`` prints: enough for full evidence, and each of them needed by what it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fix_demo import run_cli
from fix_production import DECIDED, ROLE, Production, production, undecided
from migration_audit.audit.demo import demo_root
from migration_audit.audit.grants import as_sql, grants_for
from migration_audit.project import load_project

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "grants.md"


@pytest.fixture(scope="module", params=["stage", "prod"])
def environment(request: pytest.FixtureRequest, demo_variables: dict[str, str], demo_facts: Path) -> Iterator[Production]:
    with production(request.param, demo_variables, demo_facts) as made:
        yield made


def test_these_rights_are_enough_and_each_is_needed(environment: Production) -> None:
    by_superuser = environment.results(environment.conninfo)
    whole = environment.results(environment.as_role())
    lacking = {c for c, r in whole.items() if r.outcome is not by_superuser[c].outcome}
    cases = {check for grant in grants_for(environment.project, role=ROLE) if grant.when for check in grant.checks}
    assert lacking <= cases
    assert not {check for check in lacking if whole[check].outcome in DECIDED}
    for grant in environment.grants:
        tables = grant.sql.partition("GRANT SELECT ON ")[2].removesuffix(f" TO {ROLE};")
        environment.execute(f"revoke select on {tables} from {ROLE}")
        less = undecided(environment.results(environment.as_role()), whole)
        environment.execute(grant.sql)
        assert less, grant.reads
        assert less <= set(grant.checks), grant.reads


def test_the_page_shows_what_the_command_prints() -> None:
    ran = run_cli("grants", cwd=demo_root())
    assert ran.code == 0, ran.err
    assert f"```sql\n{ran.out}```" in PAGE.read_text("utf-8"), "write it anew: migration-audit grants in the demo"


def test_hostile_names_are_quoted(tmp_path: Path) -> None:
    text = (demo_root() / "audit.toml").read_text("utf-8")
    text = text.replace('"processor.migrations_applied"', '\'"Order"."we""ird; drop"\'')
    (tmp_path / "audit.toml").write_text(text, encoding="utf-8")
    for name in ("directus", "processor"):
        (tmp_path / name).symlink_to(demo_root() / name)
    printed = as_sql(grants_for(load_project(tmp_path / "audit.toml"), role="order"))
    assert 'GRANT SELECT ON "Order"."we""ird; drop" TO "order";' in printed
