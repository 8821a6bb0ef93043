"""The demo's three databases, built on a real server: each is what its history says."""

import dataclasses
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migration_audit.artifacts.directus.snapshot import read_directus_snapshot
from migration_audit.demo import build_database, copy_tree, histories
from migration_audit.demo.histories import _ensure_role
from migration_audit.model.errors import SqlError
from migration_audit.project import Project, load_project

pytestmark = [pytest.mark.server, pytest.mark.timescale]

POSITIONS = {
    "device_id": "text",
    "ts": "timestamp with time zone",
    "ingested_at": "timestamp with time zone",
    "latitude": "double precision",
    "longitude": "double precision",
    "altitude": "real",
    "speed": "real",
    "heading": "real",
    "satellites": "smallint",
    "attributes": "jsonb",
    "faulty": "boolean",
}
UPSERT_INDEX = "CREATE UNIQUE INDEX positions_device_ts ON public.positions USING btree (device_id, ts)"
INDEXES = {
    UPSERT_INDEX,
    "CREATE INDEX positions_ts ON public.positions USING btree (ts DESC)",
    "CREATE INDEX positions_ts_idx ON public.positions USING btree (ts DESC)",
    "CREATE INDEX positions_device_ts_idx ON public.positions USING btree (device_id, ts DESC)",
}
BY_HAND = (
    "CREATE INDEX positions_speed_by_hand ON public.positions USING btree (speed) WHERE (speed > (100)::double precision)"
)
OWNER_FILES = ["001_extensions.sql", "002_positions_hypertable.sql", "003_faulty_column.sql"]
POST_FILES = ["001_vehicles_plate.sql", "002_devices_serial.sql"]
LEGACY_FILES = ["0001_positions.sql", "0002_positions_faulty.sql"]


@pytest.fixture(scope="module")
def trm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_tree(tmp_path_factory.mktemp("demo") / "trm")


@pytest.fixture(scope="module")
def project(trm: Path) -> Project:
    return load_project(trm / "audit.toml")


@pytest.fixture(scope="module")
def own_cluster(server: Any) -> Iterator[Any]:
    """Not the session's: the roles of the histories belong to a whole cluster."""
    with server.cluster() as running:
        yield running


@pytest.fixture(scope="module")
def live(own_cluster: Any, trm: Path, project: Project) -> dict[str, str]:
    """Connection strings by environment; built at the same time, as three databases of one server may well be."""
    made = histories(trm)
    databases = {history.environment: own_cluster.create_database(f"trm_{history.environment}") for history in made}
    with ThreadPoolExecutor(len(made)) as pool:
        list(pool.map(lambda history: build_database(history, databases[history.environment], project=project), made))
    return databases


def rows(conninfo: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query.encode()).fetchall()


def column(conninfo: str, query: str) -> list[Any]:
    return [row[0] for row in rows(conninfo, query)]


def shape(conninfo: str) -> tuple[dict[str, str], set[str], list[Any]]:
    """Columns with their types, indexes and chunk interval of positions."""
    columns = rows(
        conninfo,
        "select attname, format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end"
        "  || coalesce(' default ' || pg_get_expr(adbin, adrelid), '') from pg_attribute"
        "  left join pg_attrdef on adrelid = attrelid and adnum = attnum"
        " where attrelid = 'public.positions'::regclass and attnum > 0 order by attnum",
    )
    indexes = column(conninfo, "select indexdef from pg_indexes where schemaname = 'public' and tablename = 'positions'")
    interval = column(conninfo, "select time_interval::text from timescaledb_information.dimensions")
    return dict(columns), set(indexes), interval


def types(conninfo: str) -> dict[str, str]:
    return {name: text.partition(" not null")[0].partition(" default")[0] for name, text in shape(conninfo)[0].items()}


@pytest.mark.parametrize(
    ("environment", "device_id", "indexes", "interval"),
    [
        ("dev", "text", INDEXES, "1 day"),
        ("stage", "text", INDEXES, "1 day"),
        ("prod", "character varying(64)", INDEXES - {UPSERT_INDEX} | {BY_HAND}, "7 days"),
    ],
    ids=["dev", "stage", "prod"],
)
def test_positions_is_what_its_history_made(
    live: dict[str, str], environment: str, device_id: str, indexes: set[str], interval: str
) -> None:
    conninfo = live[environment]
    assert types(conninfo) == POSITIONS | {"device_id": device_id}
    assert shape(conninfo)[1:] == (indexes, [interval])


@pytest.mark.parametrize(
    ("environment", "owner", "recorded"),
    [
        ("dev", "directus", OWNER_FILES + POST_FILES),
        ("stage", "processor", OWNER_FILES + POST_FILES),
        ("prod", "processor", OWNER_FILES[:2] + POST_FILES[:1]),
    ],
    ids=["dev", "stage", "prod"],
)
def test_the_owner_keeps_its_ledger(
    live: dict[str, str], trm: Path, environment: str, owner: str, recorded: list[str]
) -> None:
    paths = {path.name: path for path in (trm / "directus").glob("db-init*/*.sql")}
    expected = {name: hashlib.sha256(paths[name].read_bytes()).hexdigest() for name in recorded}
    found = rows(live[environment], "select filename, checksum from directus.migrations_applied order by applied_at")
    assert found == list(expected.items())
    assert column(live[environment], "select tableowner from pg_tables where tablename = 'positions'") == [owner]


@pytest.mark.parametrize(("environment", "recorded"), [("stage", LEGACY_FILES), ("prod", LEGACY_FILES)])
def test_the_legacy_ledger_is_still_there(live: dict[str, str], environment: str, recorded: list[str]) -> None:
    assert rows(live[environment], "select id, filename from processor.migrations_applied order by id") == [
        *enumerate(recorded, start=1)
    ]


def test_dev_never_had_a_legacy_runner(live: dict[str, str]) -> None:
    assert column(live["dev"], "select to_regnamespace('processor')") == [None]


@pytest.mark.parametrize(("environment", "days", "chunks"), [("dev", 4, 4), ("stage", 8, 8), ("prod", 42, 7)])
def test_there_are_rows_at_fixed_times(live: dict[str, str], environment: str, days: int, chunks: int) -> None:
    query = "select count(distinct date_trunc('day', ts at time zone 'UTC')) from positions"
    assert column(live[environment], query) == [days]
    assert column(live[environment], "select num_chunks from timescaledb_information.hypertables") == [chunks]


def test_prod_holds_duplicates_that_stand_in_the_way(live: dict[str, str]) -> None:
    query = "select count(*) from (select 1 from positions group by device_id, ts having count(*) > 1) as twice"
    assert column(live["prod"], query)[0] > 0
    assert column(live["stage"], query) == [0]


@pytest.mark.parametrize(
    ("environment", "probe", "works"),
    [
        ("dev", "upsert", True),
        ("dev", "last position", True),
        ("dev", "mark faulty", True),
        ("stage", "upsert", True),
        ("prod", "upsert", False),
    ],
)
def test_the_writer_can_do_its_work_where_the_arbiter_is(
    live: dict[str, str], project: Project, environment: str, probe: str, works: bool
) -> None:
    statement = next(p.sql for p in project.probes if p.name == probe)
    with psycopg.connect(live[environment]) as connection:
        connection.execute("set role processor")
        if works:
            connection.execute(statement.encode())
            connection.rollback()
        else:
            with pytest.raises(psycopg.errors.InvalidColumnReference, match="no unique or exclusion constraint"):
                connection.execute(statement.encode())


def test_only_dev_keeps_ddl_from_the_writer(live: dict[str, str]) -> None:
    query = "select has_schema_privilege('processor', 'public', 'CREATE')"
    assert {name: column(conninfo, query)[0] for name, conninfo in live.items()} == {
        "dev": False,
        "stage": True,
        "prod": True,
    }


@pytest.mark.parametrize("order", [("legacy",), ("owner",), ("legacy", "owner"), ("owner", "legacy"), ("owner", "owner")])
def test_the_two_sources_mean_the_same_in_any_order(database: str, project: Project, order: tuple[str, ...]) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        for side in order:
            source = getattr(project, side)
            for file in sorted(path for glob in source.sql for path in source.root.glob(glob)):
                connection.execute(file.read_bytes())
    columns, indexes, interval = shape(database)
    assert {name: text.split()[0] for name, text in columns.items()} == {n: t.split()[0] for n, t in POSITIONS.items()}
    assert columns["ingested_at"] == "timestamp with time zone not null default now()"
    assert columns["faulty"] == "boolean not null default false"
    assert columns["attributes"] == "jsonb not null default '{}'::jsonb"
    assert {name for name, text in columns.items() if "not null" not in text} == {
        "altitude",
        "speed",
        "heading",
        "satellites",
    }
    assert (indexes, interval) == (INDEXES, ["1 day"])


def test_both_runners_may_be_asked_to_share_a_ledger(own_cluster: Any, trm: Path, project: Project) -> None:
    shared = dataclasses.replace(project, owner=dataclasses.replace(project.owner, ledger=project.legacy.ledger))
    stage = next(history for history in histories(trm) if history.environment == "stage")
    conninfo = own_cluster.create_database("trm_shared")
    build_database(stage, conninfo, project=shared)
    found = column(conninfo, "select filename from processor.migrations_applied order by id")
    assert found == LEGACY_FILES + OWNER_FILES + POST_FILES


def test_two_databases_may_make_a_role_at_the_same_time(own_cluster: Any) -> None:
    """The second waits for the first and then finds the role there; neither fails."""
    first, second = (psycopg.connect(own_cluster.conninfo(), autocommit=True) for _ in range(2))
    with first, second, ThreadPoolExecutor(1) as pool:
        with first.transaction():
            _ensure_role(first, "racer")
            waiting = pool.submit(_ensure_role, second, "racer")
            _until(own_cluster, f"select true from pg_locks where pid = {second.info.backend_pid} and not granted")
        waiting.result(timeout=10)


def _until(cluster: Any, query: str) -> None:
    with psycopg.connect(cluster.conninfo(), autocommit=True) as watch:
        for _ in range(1000):
            if watch.execute(f"select pg_sleep(0.01), exists ({query})".encode()).fetchall()[0][1]:
                return
    pytest.fail(f"never true: {query}")


def test_a_file_that_fails_is_named(own_cluster: Any, trm: Path, project: Project, tmp_path: Path) -> None:
    broken = copy_tree(tmp_path / "trm")
    (broken / "directus/db-init/003_faulty_column.sql").write_text("alter table position add column x int;")
    dev = next(history for history in histories(broken) if history.environment == "dev")
    with pytest.raises(SqlError, match=r'003_faulty_column\.sql: relation "position" does not exist') as caught:
        build_database(dev, own_cluster.create_database("trm_broken"), project=project)
    assert caught.value.sqlstate == "42P01"


@pytest.mark.parametrize(
    ("environment", "constraints"),
    [
        ("dev", ["devices_manufacturer_serial_number_unique", "vehicles_country_plate_unique"]),
        ("stage", ["devices_manufacturer_serial_number_unique", "vehicles_country_plate_unique"]),
        ("prod", ["vehicles_country_plate_unique"]),
    ],
)
def test_prod_lacks_what_the_newest_release_adds_after_schema_apply(
    live: dict[str, str], environment: str, constraints: list[str]
) -> None:
    query = (
        "select conname from pg_constraint where contype = 'u' and cardinality(conkey) > 1"
        " and connamespace = 'public'::regnamespace order by 1"
    )
    assert column(live[environment], query) == constraints


@pytest.mark.parametrize("environment", ["dev", "stage", "prod"])
def test_the_collections_are_those_of_the_snapshot(live: dict[str, str], trm: Path, environment: str) -> None:
    snapshot = read_directus_snapshot(trm / "directus/snapshots/schema.yaml", shown="schema.yaml")
    query = "select table_name, column_name from information_schema.columns where table_name in ('devices', 'vehicles')"
    fields = [(field.collection, field.field) for field in snapshot.fields]
    assert sorted(rows(live[environment], query)) == sorted(fields)
    assert sorted(rows(live[environment], "select collection, field from directus_fields")) == sorted(fields)
    tracked = set(column(live[environment], "select collection from directus_collections"))
    assert tracked - {c.collection for c in snapshot.collections} == ({"positions"} if environment == "prod" else set())
