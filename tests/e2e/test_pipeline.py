"""The real pipeline: a real Directus boots on a fresh database by the demo's own scripts, then the audit looks at it.

Then three disasters: what the audit says before, and what Directus does afterwards. ``make e2e`` runs this; npm installs
Directus (about 0.8 GB) into the user's cache once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import yaml
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from e2e.pipeline import WANTED, Stack, directus_home
from fix_demo import evidence_of, run_cli
from fix_outside import replace_in, with_environments
from migration_audit.audit.demo import demo_root
from migration_audit.shadow.binaries import BinaryServer
from migration_audit.shadow.cluster import PrivateCluster, open_cluster
from migration_audit.shadow.directus_program import command_line

pytestmark = [
    pytest.mark.skipif(WANTED not in {"1", "if-possible"}, reason="installs a real Directus from npm: `make e2e` runs it"),
    pytest.mark.slow,
]

PASSWORD = "end-to-end"
APPLY = ("directus", "schema", "apply", "--yes", "snapshots/schema.yaml")
BOOT = ("sh", "entrypoint.sh", "pm2-runtime", "start", "ecosystem.config.cjs")
ECOSYSTEM = """
module.exports = {{ apps: [{{ name: 'directus', script: '{cli}', args: ['start'] }}] }};
"""


@pytest.fixture(scope="module")
def running(server) -> Iterator[PrivateCluster]:
    """A server that Directus can reach: loopback, with roles that have passwords, as in the compose file."""
    if not isinstance(server, BinaryServer):
        pytest.skip("needs a server of our own")
    with open_cluster(server.recipe(), fresh=True, tcp=True) as cluster:
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            for role, rights in (("directus", "superuser"), ("processor", "")):
                connection.execute(
                    sql.SQL("create role {} login password {} {}").format(
                        sql.Identifier(role), sql.Literal(PASSWORD), sql.SQL(rights)
                    )
                )
        yield cluster


@dataclass
class Trm:
    """One copy of the demo tree, a database of its own, and Directus installed beside it."""

    root: Path
    stack: Stack
    cluster: PrivateCluster
    database: str

    def conninfo(self, user: str) -> str:
        found = conninfo_to_dict(self.cluster.conninfo())
        return f"postgresql://{user}:{PASSWORD}@{found['host']}:{found['port']}/{self.database}"

    def ask(self, query: str, *, user: str = "directus"):
        with psycopg.connect(self.conninfo(user), autocommit=True) as connection:
            cursor = connection.execute(query)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None

    def exists(self, table: str) -> bool:
        return bool(self.ask(f"select to_regclass('public.{table}') is not null"))

    def audit(self, *, phase: str = "preflight"):
        """The evidence of this database as an environment."""
        out = self.root.parent / f"reports-{phase}"
        arguments = ("run", "--config", str(self.root), "--phase", phase, "--out", str(out))
        ran = run_cli(*arguments, E2E_DSN=self.conninfo("directus"))
        evidence = evidence_of(out, "e2e")
        assert evidence["complete"], ran.err
        return evidence


@pytest.fixture(scope="module")
def make(server, running, tmp_path_factory, retired_tree) -> Callable[..., Trm]:
    """Makes a copy of the demo, with an empty database or a copy of another one's."""

    def made(name: str, *, is_retired: bool = False, like: Trm | None = None) -> Trm:
        place = tmp_path_factory.mktemp(name)
        root = Path(shutil.copytree(retired_tree if is_retired else demo_root(), place / "trm"))
        with_environments(root, e2e='dsn_env = "E2E_DSN"')
        (root / "directus" / "ecosystem.config.cjs").write_text(ECOSYSTEM.format(cli=command_line(directus_home())), "utf-8")
        with psycopg.connect(running.conninfo(), autocommit=True) as connection:
            template = sql.Identifier(like.database) if like else sql.SQL("template1")
            connection.execute(
                sql.SQL("create database {} owner directus template {}").format(sql.Identifier(name), template)
            )
        found = conninfo_to_dict(running.conninfo())
        conninfo = f"postgresql://directus:{PASSWORD}@{found['host']}:{found['port']}/{name}"
        stack = Stack(tree=root / "directus", conninfo=conninfo, programs=server.programs)
        return Trm(root=root, stack=stack, cluster=running, database=name)

    return made


@pytest.fixture(scope="module")
def booted(make) -> Trm:
    """A fresh stack after its first boot, its writer with the documented rights, stopped again."""
    trm = make("booted")
    with trm.stack.booted(*BOOT) as log:
        said = log()
    for number in range(1, 6):
        assert f"==> {number}/5" in said
    trm.ask((trm.root / "environments/dev/grants.sql").read_text("utf-8"))
    return trm


def test_a_fresh_stack_lets_the_writer_write(booted):
    upsert = (
        "INSERT INTO positions (device_id, ts, latitude, longitude, altitude, speed, heading, satellites, attributes)"
        " VALUES ('probe', '2026-01-01T00:00:00Z', 48.1, 11.5, 519, 42, 270, 9, '{}')"
        " ON CONFLICT (device_id, ts) DO NOTHING RETURNING device_id"
    )
    assert booted.ask(upsert, user="processor") == "probe"
    assert booted.ask(upsert, user="processor") is None
    assert booted.ask("UPDATE positions SET faulty = true RETURNING faulty", user="processor") is True
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        booted.ask("CREATE TABLE mine (id int)", user="processor")


def test_the_second_boot_changes_nothing(booted):
    before = booted.ask("select count(*) from directus.migrations_applied")
    with booted.stack.booted(*BOOT) as log:
        said = log()
    assert "No changes to apply" in said
    assert said.count("applied before") == before


@pytest.mark.parametrize("phase", ["preflight", "retired"])
def test_the_audit_of_a_real_stack_has_no_blockers(make, booted, phase):
    trm = make(f"audited_{phase}", is_retired=phase == "retired", like=booted)
    evidence = trm.audit(phase=phase)
    blocking = [c for c in evidence["checks"] if c["outcome"] == "failed" and c["severity"] == "blocker"]
    undecided = [
        (c["id"], c["reason"])
        for c in evidence["checks"]
        if c["outcome"] == "errored" or (c["outcome"] == "skipped" and c["required"])
    ]
    assert blocking == []
    # Acceptance commands of the demo's TypeScript run elsewhere.
    assert {check for check, _ in undecided} <= ({"CMD001"} if phase == "retired" else set()), undecided


def said_by(evidence, check: str) -> str:
    (result,) = (c for c in evidence["checks"] if c["id"] == check)
    assert result["outcome"] == "failed", result
    return "\n".join(finding["summary"] for finding in result["findings"])


def without_exclusion(trm: Trm) -> None:
    """The guard in the compose file taken away: what the snapshot alone would do."""
    replace_in(
        trm.root / "deploy/compose.yaml", "      DB_EXCLUDE_TABLES: positions,migrations_applied,spatial_ref_sys\n", ""
    )


def change_snapshot(trm: Trm, change: Callable[[dict], None]) -> None:
    path = trm.stack.tree / "snapshots/schema.yaml"
    snapshot = yaml.safe_load(path.read_text("utf-8"))
    change(snapshot)
    path.write_text(yaml.safe_dump(snapshot, sort_keys=False), "utf-8")


def apply(trm: Trm):
    ran = trm.stack.run(*APPLY)
    return ran.code, ran.output


def test_a_ghost_in_the_snapshot_drops_the_table_on_the_second_boot(make, booted):
    trm = make("ghost", like=booted)
    without_exclusion(trm)

    def add_ghost(snapshot):
        devices = next(c for c in snapshot["collections"] if c["collection"] == "devices")
        ghost = {"collection": "positions", "meta": {**devices["meta"], "collection": "positions"}, "schema": None}
        snapshot["collections"].append(ghost)

    change_snapshot(trm, add_ghost)
    said = said_by(trm.audit(), "SNAP001")
    assert "boot 2" in said
    assert "DROP TABLE" in said
    assert "positions" in said
    first, _ = apply(trm)
    assert (first, trm.exists("positions")) == (0, True)
    second, output = apply(trm)
    assert (second, trm.exists("positions")) == (0, False), output


def test_a_tracked_table_that_the_snapshot_lacks_is_dropped_on_the_next_boot(make, booted):
    trm = make("tracked", like=booted)
    without_exclusion(trm)
    trm.ask("insert into directus_collections (collection) values ('positions')")
    said = said_by(trm.audit(), "SNAP003")
    assert "DROP TABLE" in said
    assert "positions" in said
    code, output = apply(trm)
    assert (code, trm.exists("positions")) == (0, False), output


def test_a_missing_meta_key_drops_a_collection(make, booted):
    trm = make("missing_key", like=booted)

    def take_key(snapshot):
        devices = next(c for c in snapshot["collections"] if c["collection"] == "devices")
        del devices["meta"]["versioning"]

    change_snapshot(trm, take_key)
    said = said_by(trm.audit(), "SNAP004")
    assert "versioning" in said
    assert "devices" in said
    assert "DROP TABLE" in said
    code, output = apply(trm)
    assert (code, trm.exists("devices")) == (0, False), output
