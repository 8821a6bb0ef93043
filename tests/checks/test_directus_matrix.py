"""What real Directus servers did, case by case: each case must make exactly the checks loud that it is about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import fix_directus as d
from fix_directus import LEDGER, OWNED, POSITIONS, edited, live, target, whole
from fix_inputs import environment
from migration_audit.checks import BY_ID, judge
from migration_audit.model.directus import DirectusRuntime, DirectusSnapshot, RawTable
from migration_audit.model.finding import CheckResult, Outcome, Phase
from migration_audit.sources import find_column_changes, load_source

CHECKS = [BY_ID[f"SNAP00{n}"] for n in range(1, 9)]
META = dict.fromkeys(d.real()["collections"][0]["meta"])
COLUMN = d.real()["fields"][1]["schema"]
NOT_OWNED = "here role directus does not own it: apply stops with `must be owner of table positions` (rc 1), the data stay"


def entry(name: str, **parts: Any) -> Any:
    """An edit that lists a collection."""

    def edit(body: dict[str, Any]) -> None:
        body["collections"].append({"collection": name, **parts})

    return edit


def ghost(name: str = "positions", *, null: bool = True) -> Any:
    return entry(name, meta={**META, "collection": name}, **({"schema": None} if null else {}))


def full(name: str = "positions") -> Any:
    return entry(name, meta={**META, "collection": name}, schema={"name": name})


def untracked(name: str = "positions") -> Any:
    return entry(name, meta=None, schema={"name": name})


def field(collection: str, *names: str) -> Any:
    """An edit that lists columns."""

    def edit(body: dict[str, Any]) -> None:
        for name in names:
            schema = {**COLUMN, "table": collection, "name": name}
            body["fields"].append({"collection": collection, "field": name, "type": "string", "meta": {}, "schema": schema})

    return edit


def without_key(section: str, part: str, key: str, collection: str = "devices", name: str | None = None) -> Any:
    def edit(body: dict[str, Any]) -> None:
        for item in body[section]:
            if item["collection"] == collection and (name is None or item["field"] == name):
                del item[part][key]
                return

    return edit


def section(name: str, value: Any = None, *, gone: bool = False) -> Any:
    def edit(body: dict[str, Any]) -> None:
        if gone:
            del body[name]
        else:
            body[name] = value

    return edit


EMPTY = live(collections=frozenset())
"""A database in which Directus tracks nothing yet."""
GONE = live(tables=frozenset(f"public.{name}" for name in d.MANAGED))
"""A database in which the owner's SQL did not run."""
ALL = tuple(f"SNAP004:{name}:meta" for name in sorted(d.MANAGED))
ZONED = DirectusRuntime(excluded=frozenset({"zones"}))
IGNORED = DirectusRuntime(ignored=frozenset({"positions"}))
EXCLUDED = DirectusRuntime(excluded=frozenset({"positions", "migrations_applied"}))
ZONES = RawTable(schema="public", name="zones", key="public.zones", single_key=True, columns=("id", "name"))
LAYOUT = replace(LEDGER, columns=("id", "name"))

# Case, edits of the real 11.17.4 file, what else differs from A, then for each loud finding its key and its words.
MATRIX: list[tuple[str, tuple[Any, ...], dict[str, Any], dict[str, str]]] = [
    ("A 11.17.4", (), {}, {}),
    ("A 12.4.0", (), {"version": "12.4.0", "file": "12.4.0"}, {}),
    ("A 11.10.0", (), {"version": "11.10.0", "wrote": "11.10.0"}, {}),
    ("A 10.13.4", (), {"version": "10.13.4", "wrote": "10.13.4"}, {}),
    ("A 11.1.0", (), {"version": "11.1.0", "wrote": "11.1.0"}, {}),
    *(
        (
            f"A {version}",
            (),
            {"version": version, "wrote": version},
            {
                "SNAP001:public.positions:drop": f"each boot: schema apply of Directus {version} runs DROP TABLE positions, "
                "and exits 0",
                "SNAP001:public.migrations_applied:drop": "runs DROP TABLE migrations_applied, and exits 0",
            },
        )
        for version in ("11.1.1", "11.2.2", "11.9.2")
    ),
    (
        "own snapshot of 11.2.2",
        (untracked(), untracked("migrations_applied"), field("migrations_applied", *LEDGER.columns)),
        {"version": "11.2.2", "wrote": "11.2.2"},
        {"SNAP002:migrations_applied:snapshot": "Directus 11.2.2 writes it so (No changes)"},
    ),
    (
        "11.2.2's snapshot against the processor's layout",
        (untracked("migrations_applied"), field("migrations_applied", "filename")),
        {"version": "11.2.2", "wrote": "11.2.2", "raw_tables": (LAYOUT,)},
        {
            "SNAP002:migrations_applied:snapshot": "boot 1: Delete id, name, Create filename "
            "(rows in the way: `contains null values`, rc 1, rolled back)"
        },
    ),
    (
        "11.2.2's snapshot on 11.17.4",
        (untracked(), untracked("migrations_applied"), field("migrations_applied", *LEDGER.columns)),
        {},
        {
            "SNAP001:public.positions:stuck": 'stops with `relation "positions" already exists` (rc 1)',
            "SNAP002:migrations_applied:snapshot": 'stops with `Collection "migrations_applied" already exists` (rc 1)',
        },
    ),
    (
        "B",
        (),
        {"live": live("positions")},
        {"SNAP003:prod:public.positions": "boot 1 runs DROP TABLE positions, and exits 0"},
    ),
    (
        "B 12.4.0",
        (),
        {"live": live("positions"), "version": "12.4.0", "file": "12.4.0"},
        {"SNAP003:prod:public.positions": "boot 1 runs DROP TABLE positions, and exits 0"},
    ),
    (
        "B2",
        (),
        {"live": live("migrations_applied")},
        {
            "SNAP002:prod:migrations_applied:directus_collections": "the next schema apply runs "
            "DROP TABLE migrations_applied, and exits 0"
        },
    ),
    (
        "B5",
        (),
        {"live": live(fields=(("migrations_applied", "checksum"),))},
        {
            "SNAP002:prod:migrations_applied:directus_fields": "the next schema apply deletes migrations_applied.checksum "
            "(DROP COLUMN), and exits 0"
        },
    ),
    (
        "B5 of a table that is no ledger",
        (),
        {
            "live": live(fields=(("migrations_applied", "checksum"),)),
            "raw_tables": (replace(LEDGER, is_ledger=False),),
        },
        {"SNAP003:prod:public.migrations_applied.checksum": "boot 1 deletes migrations_applied.checksum (DROP COLUMN)"},
    ),
    *(
        (
            f"C {case}",
            (ghost(null=null),),
            {"version": version, "file": version},
            {
                "SNAP001:public.positions:drop": "boot 1 only records positions in directus_collections; boot 2 runs "
                "DROP TABLE positions, and exits 0"
            },
        )
        for case, null, version in (("null", True, "11.17.4"), ("C2 absent", False, "11.17.4"), ("12.4.0", True, "12.4.0"))
    ),
    (
        "H",
        (ghost(),),
        {"live": live("positions")},
        {
            "SNAP001:public.positions:drop": "boot 1 runs DROP TABLE positions, and exits 0 (boot 2 where another "
            "difference of its meta comes first)"
        },
    ),
    (
        "D",
        (full(), field("positions", *POSITIONS.columns)),
        {},
        {"SNAP001:public.positions:stuck": 'schema apply stops with `relation "positions" already exists` (rc 1)'},
    ),
    (
        "E",
        (full(),),
        {"live": live("positions")},
        {"SNAP001:public.positions:fresh": "here Directus has a row for it: No changes; on a fresh database it has none"},
    ),
    (
        "E2",
        (full(), field("positions", *POSITIONS.columns)),
        {"live": live("positions")},
        {"SNAP001:public.positions:stuck": "`Cannot read properties of undefined (reading 'fields')` (rc 1)"},
    ),
    (
        "a tracked table with a key whose fields have no rows",
        (full("zones"), field("zones", "id", "name")),
        {"live": live("zones", tables=None), "raw_tables": (ZONES,), "runtime": ZONED},
        {"SNAP001:public.zones:stuck": 'stops with `Field "id" already exists in collection "zones"` (rc 1)'},
    ),
    (
        "a tracked table with a key and all rows",
        (full("zones"), field("zones", "id", "name")),
        {
            "live": live("zones", tables=None, fields=(("zones", "id"), ("zones", "name"))),
            "raw_tables": (ZONES,),
            "runtime": ZONED,
        },
        {"SNAP001:public.zones:fresh": "on a fresh database it has none"},
    ),
    (
        "a tracked table with a key and a row too many",
        (full("zones"), field("zones", "id")),
        {
            "live": live("zones", tables=None, fields=(("zones", "id"), ("zones", "name"))),
            "raw_tables": (ZONES,),
            "runtime": ZONED,
        },
        {"SNAP001:public.zones:drop": "boot 1 runs DROP COLUMN name"},
    ),
    (
        "F",
        (full(), field("positions", *POSITIONS.columns)),
        {"live": GONE},
        {
            "SNAP001:public.positions:create": '`create table "positions" ("id" serial primary key, …)`, no hypertable, '
            "and the owner's SQL then fails"
        },
    ),
    (
        "G2",
        (full(),),
        {"live": replace(GONE, collections=GONE.collections | {"positions"})},
        {"SNAP001:public.positions:stuck": '`"collection" is required` (rc 1) on boot 2 and on each one after'},
    ),
    (
        "I1",
        (full("migrations_applied"), field("migrations_applied", *LEDGER.columns)),
        {},
        {"SNAP002:migrations_applied:snapshot": '`Collection "migrations_applied" already exists` (rc 1)'},
    ),
    (
        "I2",
        (ghost("migrations_applied"),),
        {},
        {"SNAP002:migrations_applied:snapshot": '`Collection "migrations_applied" already exists` (rc 1)'},
    ),
    (
        "I4",
        (full("migrations_applied"), field("migrations_applied", *LEDGER.columns)),
        {"live": GONE},
        {"SNAP002:migrations_applied:snapshot": "created empty, and the runner believes that nothing was applied"},
    ),
    ("J", (), {"live": live("positions"), "runtime": IGNORED}, {}),
    ("J2", (), {"live": live("positions"), "runtime": EXCLUDED}, {}),
    (
        "J3",
        (full(), field("positions", *POSITIONS.columns)),
        {"runtime": EXCLUDED},
        {"SNAP001:public.positions:stuck": "already exists` (rc 1)"},
    ),
    ("P1", (), {"live": live("positions"), "rights": ()}, {"SNAP003:prod:public.positions": NOT_OWNED}),
    (
        "P1 of a ghost",
        (ghost(),),
        {"rights": ()},
        {"SNAP001:public.positions:drop": NOT_OWNED},
    ),
    *(
        (
            f"T1 {version}",
            (without_key("collections", "meta", "note"),),
            {"version": version, "file": version},
            {
                "SNAP004:devices:meta": f"collection devices lacks meta.note, which Directus {version} writes: boot 1 runs "
                "DROP TABLE devices, and exits 0; boot 2 creates it again, empty; boot 3 drops it again"
            },
        )
        for version in ("11.17.4", "12.3.1")
    ),
    ("T1 12.4.0", (without_key("collections", "meta", "note"),), {"version": "12.4.0", "file": "12.4.0"}, {}),
    ("T3", (without_key("fields", "meta", "note", name="model"),), {}, {}),
    *(
        (
            f"T8 {version}",
            (without_key("fields", "schema", "is_indexed", name="model"),),
            {"version": version, "file": version},
            {
                "SNAP004:devices.model:schema": f"devices.model lacks schema.is_indexed, which Directus {version} writes"
                ": boot 1 runs DROP COLUMN devices.model, and exits 0; boot 2 adds it again, empty"
            },
        )
        for version in ("11.17.4", "12.4.0")
    ),
    (
        "T5",
        (section("systemFields", gone=True),),
        {},
        {"SNAP004:systemFields": "boot 1 drops 3 indexes of Directus's own tables, and exits 0"},
    ),
    (
        "T6",
        (section("collections", []),),
        {},
        {
            "SNAP004:collections": "DROP TABLE on every table that Directus tracks (devices, organization_users, "
            "organizations), and exits 0"
        },
    ),
    (
        "T9",
        (section("relations", []),),
        {},
        {
            "SNAP004:relations": "boot 1 drops every foreign key of Directus's tables (devices.organization, "
            "organization_users.organization), and exits 0"
        },
    ),
    (
        "a collection of the database that the snapshot lacks",
        (),
        {"live": live("vehicles", tables=frozenset({"public.vehicles"}))},
        {"SNAP004:collections:vehicles": "boot 1 runs DROP TABLE vehicles, and exits 0"},
    ),
    (
        "a relation without a key",
        (without_key("relations", "schema", "on_delete"),),
        {},
        {"SNAP004:relation:devices.organization": "boot 1 deletes the relation and its foreign key, and exits 0"},
    ),
    (
        "a relation without a key of meta",
        (without_key("relations", "meta", "sort_field"),),
        {},
        {"SNAP004:relation:devices.organization": "boot 1 deletes the relation and its foreign key, and exits 0"},
    ),
    (
        "a column without schema",
        (lambda body: body["fields"][2].pop("schema"),),
        {},
        {"SNAP004:devices.model:schema": "boot 1 runs DROP COLUMN devices.model, and exits 0"},
    ),
    (
        "a column whose schema is null",
        (lambda body: body["fields"][2].update(schema=None),),
        {},
        {"SNAP004:devices.model:schema": "boot 1 runs DROP COLUMN devices.model, and exits 0"},
    ),
    (
        "E on a fresh database",
        (full(),),
        {"live": EMPTY},
        {"SNAP001:public.positions:stuck": 'stops with `relation "positions" already exists` (rc 1)'},
    ),
    (
        "a collection that lost its table",
        (without_key("collections", "schema", "name"),),
        {},
        {"SNAP004:devices:schema": "boot 1 runs DROP TABLE devices, and exits 0"},
    ),
    (
        "11.17.4 on 12.3.1",
        (),
        {"version": "12.3.1"},
        {
            **dict.fromkeys(ALL, "lacks meta.autosave_revision_interval, meta.status, which Directus 12.3.1 writes"),
            "SNAP005:directus": "boot 1 runs DROP TABLE on all collections, and exits 0",
        },
    ),
    (
        "11.17.4 on 12.4.0",
        (),
        {"version": "12.4.0"},
        {"SNAP005:directus": "written by Directus 11.17.4 and is applied by 12.4.0 (FROM directus/directus:12.4.0)"},
    ),
    (
        "12.4.0 on 11.17.4",
        (),
        {"file": "12.4.0"},
        {"SNAP005:directus": "a downgrade, which was not measured"},
    ),
    ("another vendor", (section("vendor", "mysql"),), {}, {"SNAP005:vendor": "written for mysql"}),
]


def judged(tmp_path: Path, edits: tuple[Any, ...], given: dict[str, Any]) -> dict[str, CheckResult]:
    wrote = given.get("file", "11.17.4")
    snapshot: DirectusSnapshot = edited(tmp_path, *edits, version=wrote) if edits else whole(wrote)
    seen = given.get("live", live())
    inputs = d.inputs(
        directus_snapshot=replace(snapshot, directus=given.get("wrote", snapshot.directus)),
        directus_target=target(given.get("version", "11.17.4")),
        raw_tables=given.get("raw_tables", (POSITIONS, LEDGER)),
        directus_live=replace(seen, rights=OWNED) if "rights" not in given else seen,
        directus_runtime=given.get("runtime", DirectusRuntime()),
        environment=environment(),
    )
    return {result.id: result for result in judge(CHECKS, inputs, Phase.PREFLIGHT)}


@pytest.mark.parametrize(("case", "edits", "given", "loud"), MATRIX, ids=[row[0] for row in MATRIX])
def test_each_measured_case_is_told_as_it_was(
    tmp_path: Path, case: str, edits: tuple[Any, ...], given: dict[str, Any], loud: dict[str, str]
) -> None:
    results = judged(tmp_path, edits, given)
    found = {f.key: f for name in sorted(results) if name < "SNAP007" for f in results[name].findings}
    assert sorted(found) == sorted(loud)
    for key, words in loud.items():
        assert words in found[key].summary
    assert not [r for r in results.values() if r.outcome is Outcome.ERRORED or (r.outcome is Outcome.SKIPPED and r.required)]
    assert all(f.where is None or f.where.startswith("directus/") for f in found.values())


UNKNOWN = [
    ("nothing wrong", (), {}, {"SNAP001": "11.1.1 to 11.9 drop", "SNAP004": "which keys", "SNAP005": "fits"}, ()),
    (
        "a ghost is one in each version",
        (ghost(),),
        {},
        {"SNAP004": "which keys", "SNAP005": "fits"},
        ("SNAP001:public.positions:drop",),
    ),
    (
        "an entry without meta depends on it",
        (untracked(),),
        {},
        {"SNAP001": "whose entry has no meta", "SNAP004": "which keys", "SNAP005": "fits"},
        (),
    ),
    (
        "an empty section is one in each version",
        (section("collections", []),),
        {},
        {"SNAP001": "11.1.1 to 11.9 drop", "SNAP005": "fits"},
        ("SNAP004:collections",),
    ),
]


@pytest.mark.parametrize(("case", "edits", "given", "blind", "loud"), UNKNOWN, ids=[row[0] for row in UNKNOWN])
def test_an_unknown_version_is_never_fine(
    tmp_path: Path,
    case: str,
    edits: tuple[Any, ...],
    given: dict[str, Any],
    blind: dict[str, str],
    loud: tuple[str, ...],
) -> None:
    results = judged(tmp_path, edits, {"version": None, **given})
    skipped = {name: r for name, r in results.items() if r.outcome is Outcome.SKIPPED}
    assert sorted(skipped) == sorted(blind)
    assert all(r.required and blind[name] in (r.reason or "") for name, r in skipped.items())
    assert all("names no exact release" in (r.reason or "") for r in skipped.values())
    found = [f.key for name, r in results.items() if name < "SNAP007" for f in r.findings]
    assert tuple(found) == loud


def test_a_version_older_than_the_known_keys_is_not_guessed_at(tmp_path: Path) -> None:
    results = judged(tmp_path, (), {"version": "9.26.0", "wrote": "9.26.0"})
    assert results["SNAP004"].outcome is Outcome.SKIPPED
    assert "Directus 9.26.0" in (results["SNAP004"].reason or "")


def test_a_version_newer_than_the_measured_ones_is_told(tmp_path: Path) -> None:
    result = judged(tmp_path, (), {"version": "13.0.0", "file": "12.4.0", "wrote": "13.0.0"})["SNAP001"]
    assert result.outcome is Outcome.PASSED
    assert "newer than 12.4.0" in (result.reason or "")


def test_a_table_that_directus_cannot_show_is_named(tmp_path: Path) -> None:
    (finding,) = judged(tmp_path, (), {})["SNAP007"].findings
    assert finding.key == "SNAP007:public.positions"
    assert "Directus ignores it" in finding.summary


BLIND = live(
    collections=None, reason="Directus's tables in public cannot be read: permission denied", tables=None, rights=()
)


def test_rows_that_may_not_be_read_are_no_pass_and_hide_no_static_finding(tmp_path: Path) -> None:
    results = judged(tmp_path, (ghost(),), {"live": BLIND, "rights": ()})
    for name in ("SNAP002", "SNAP003"):
        assert (results[name].outcome, results[name].required) == (Outcome.SKIPPED, True)
        assert "permission denied" in (results[name].reason or "")
    assert [f.key for f in results["SNAP001"].findings] == ["SNAP001:public.positions:drop"]


def test_a_database_without_directus_has_no_rows_in_the_way(tmp_path: Path) -> None:
    result = judged(tmp_path, (), {"live": live(schema=None, collections=frozenset())})["SNAP003"]
    assert (result.outcome, result.required) == (Outcome.SKIPPED, False)
    assert "never bootstrapped" in (result.reason or "")


def test_a_ledger_in_a_schema_that_directus_does_not_see_is_fine_until_it_is_listed(tmp_path: Path) -> None:
    far = replace(LEDGER, schema="processor", key="processor.migrations_applied", visible=False)
    quiet = judged(tmp_path, (), {"raw_tables": (POSITIONS, far)})
    assert quiet["SNAP002"].outcome is Outcome.PASSED
    (finding,) = judged(tmp_path, (full("migrations_applied"),), {"raw_tables": (POSITIONS, far)})["SNAP002"].findings
    assert "an empty migrations_applied of its own beside processor.migrations_applied" in finding.summary


REVERTED = "the next schema apply reverts it without a word, and exits 0"
STOPS = "every boot: schema apply looks for devices_model_{} instead of {} and stops (`… does not exist`, rc 1)"

# Case, SQL of db-init-post, for each loud finding its key and its words.
POST: list[tuple[str, str, dict[str, str]]] = [
    (
        "N1 UNIQUE of its own name",
        "alter table devices add constraint devices_model_key unique (model)",
        {"SNAP006:devices.model:unique": STOPS.format("unique", "devices_model_key")},
    ),
    (
        "N1 UNIQUE that PostgreSQL names",
        "alter table devices add unique (model)",
        {"SNAP006:devices.model:unique": STOPS.format("unique", "devices_model_key")},
    ),
    (
        "N2 UNIQUE of Directus's name",
        "alter table devices add constraint devices_model_unique unique (model)",
        {"SNAP006:devices.model:unique": REVERTED},
    ),
    (
        "N3 index",
        "create index by_model on devices (model)",
        {"SNAP006:devices.model:index": STOPS.format("index", "by_model")},
    ),
    (
        "N4 NOT NULL and default",
        "alter table devices alter model set not null, alter model set default 'x'",
        {"SNAP006:devices.model:not null": REVERTED, "SNAP006:devices.model:default": REVERTED},
    ),
    ("N5 extra column", "alter table devices add column extra text", {}),
    ("N6 type", "alter table devices alter model type text", {"SNAP006:devices.model:type": REVERTED}),
    ("N7 composite UNIQUE", "alter table devices add constraint c unique (model, organization)", {}),
    ("N8 CHECK", "alter table devices add constraint c check (model <> '')", {}),
    ("N8 partial unique index", "create unique index c on devices (model) where imei <> ''", {}),
    ("foreign key", "alter table devices add constraint fk foreign key (model) references models", {}),
    (
        "a column of Directus is dropped",
        "alter table devices drop column model",
        {"SNAP006:devices.model:dropped": 'stops with `Field "model" already exists in collection "devices"` (rc 1)'},
    ),
    ("unique index that is no constraint", "create unique index c on devices (model)", {}),
    (
        "partial index",
        "create index by_model on devices (model) where imei <> ''",
        {"SNAP006:devices.model:index": STOPS.format("index", "by_model")},
    ),
    ("what the snapshot wants", "alter table devices alter imei set not null", {}),
    ("another table", "alter table zones alter model type text", {}),
    (
        "undecided",
        "do $$ begin execute 'alter table ' || name; end $$",
        {"SNAP006:undecided:post/001.sql:1": "cannot be judged by reading"},
    ),
]


@pytest.mark.parametrize(("case", "text", "loud"), POST, ids=[row[0] for row in POST])
def test_each_measured_change_of_a_column_is_told_as_it_was(
    tmp_path: Path, case: str, text: str, loud: dict[str, str]
) -> None:
    folder = tmp_path / "post"
    folder.mkdir()
    (folder / "001.sql").write_text(f"{text};")
    changes = find_column_changes(load_source("post", [folder], shown_from=tmp_path))
    (result,) = judge([BY_ID["SNAP006"]], d.inputs(post_changes=changes), Phase.PREFLIGHT)
    assert {f.key for f in result.findings} == set(loud)
    assert all(loud[f.key] in f.summary for f in result.findings)
    assert all(f.where == "post/001.sql:1" for f in result.findings)


@pytest.mark.parametrize(
    ("single_key", "drops", "stops"), [(True, False, True), (False, True, False), (None, True, True)], ids=str
)
def test_what_a_ghost_does_depends_on_the_primary_key(
    tmp_path: Path, single_key: bool | None, drops: bool, stops: bool
) -> None:
    table = replace(POSITIONS, single_key=single_key)
    (finding,) = judged(tmp_path, (ghost(),), {"raw_tables": (table,)})["SNAP001"].findings
    assert ("boot 2 runs DROP TABLE positions" in finding.summary) is drops
    assert ('`Collection "positions" already exists` (rc 1)' in finding.summary) is stops


def test_the_sql_that_makes_directus_forget_a_table_is_quoted(tmp_path: Path) -> None:
    odd = replace(POSITIONS, name="o'dd", key='public."o\'dd"')
    seen = live("o'dd", schema="Cms")
    (finding,) = judged(tmp_path, (), {"raw_tables": (odd,), "live": seen})["SNAP003"].findings
    assert finding.fix_sql == (
        "DELETE FROM \"Cms\".directus_fields WHERE collection = 'o''dd';\n"
        "DELETE FROM \"Cms\".directus_collections WHERE collection = 'o''dd';"
    )
