"""What real Directus servers did, case by case: the model must say the same, and the checks must be loud about it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import fix_directus as d
from fix_directus import LEDGER, OWNED, POSITIONS, live, own_file, target
from fix_inputs import environment
from migration_audit.checks import BY_ID, judge
from migration_audit.directus.apply import NO_CHANGES, ApplyOutcome
from migration_audit.directus.command_line import answers, apply_call
from migration_audit.model.directus import DirectusRuntime, DirectusVersion
from migration_audit.model.directus_database import Dependant, DirectusDatabase, DirectusEventTrigger
from migration_audit.model.finding import CheckResult, Outcome, Phase
from migration_audit.sources import find_column_changes, load_source

Body = dict[str, Any]
CHECKS = [BY_ID[f"SNAP00{n}"] for n in range(1, 9)]
META = dict.fromkeys(d.real()["collections"][0]["meta"])
DEFAULT_META = d.real()["collections"][0]["meta"] | {"icon": None}
COLUMN = d.real()["fields"][2]["schema"]


# Edits of a file


def entry(name: str, **parts: Any) -> Callable[[Body], None]:
    def edit(body: Body) -> None:
        body["collections"] = [each for each in body["collections"] if each["collection"] != name]
        body["collections"].append({"collection": name, **parts})

    return edit


def ghost(name: str = "positions", *, null: bool = True, **meta: Any) -> Callable[[Body], None]:
    return entry(name, meta={**DEFAULT_META, "collection": name, **meta}, **({"schema": None} if null else {}))


def full(name: str = "positions") -> Callable[[Body], None]:
    return entry(name, meta={**DEFAULT_META, "collection": name}, schema={"name": name})


def untracked(name: str = "positions") -> Callable[[Body], None]:
    return entry(name, meta=None, schema={"name": name})


def field(collection: str, *names: str) -> Callable[[Body], None]:
    def edit(body: Body) -> None:
        for name in names:
            schema = {**COLUMN, "table": collection, "name": name}
            made = copy.deepcopy(d.real()["fields"][2]) | {"collection": collection, "field": name, "schema": schema}
            made["meta"] |= {"collection": collection, "field": name}
            body["fields"].append(made)

    return edit


def without_key(section: str, part: str, *keys: str, of: str = "devices", name: str | None = None) -> Callable[[Body], None]:
    def edit(body: Body) -> None:
        for item in body[section]:
            if item["collection"] == of and (name is None or item["field"] == name):
                for key in keys:
                    item[part].pop(key)
                return

    return edit


def every_key(section: str, part: str, key: str) -> Callable[[Body], None]:
    def edit(body: Body) -> None:
        for item in body[section]:
            if item[part]:
                item[part].pop(key, None)

    return edit


def section(name: str, value: Any = None, *, gone: bool = False) -> Callable[[Body], None]:
    def edit(body: Body) -> None:
        body.pop(name)
        if not gone:
            body[name] = value

    return edit


def nowhere(name: str) -> Callable[[Body], None]:
    def edit(body: Body) -> None:
        for part in ("collections", "fields", "relations"):
            body[part] = [each for each in body[part] if each["collection"] != name]

    return edit


def no_field(collection: str, name: str, part: str = "fields") -> Callable[[Body], None]:
    def edit(body: Body) -> None:
        body[part] = [each for each in body[part] if (each["collection"], each["field"]) != (collection, name)]

    return edit


# What else is in the database

Change = Callable[[DirectusDatabase], DirectusDatabase]


def tracked(*names: str) -> Change:
    return lambda database: _with(database, d.rows(*names))


def recorded(*fields: tuple[str, str]) -> Change:
    return lambda database: _with(database, d.rows(fields=fields))


def _with(database: DirectusDatabase, other: DirectusDatabase) -> DirectusDatabase:
    plain = d.settled()
    blank = {row["collection"]: row for row in database.collections}
    more = [row for row in other.collections if row not in plain.collections and row["collection"] not in blank]
    keys = set(next(iter(database.collections)))
    return replace(
        database,
        collections=(*database.collections, *({**{k: "active" for k in keys if k == "status"}, **row} for row in more)),
        fields=(*database.fields, *(row for row in other.fields if row not in plain.fields)),
    )


def table(name: str, **given: Any) -> Change:
    return lambda database: replace(
        database, tables=tuple(replace(t, **given) if t.name == name else t for t in database.tables)
    )


def column(table_name: str, name: str) -> Change:
    def change(database: DirectusDatabase) -> DirectusDatabase:
        (found,) = (t for t in database.tables if t.name == table_name)
        return table(table_name, columns=(*found.columns, d.column(name)))(database)

    return change


def no_table(name: str) -> Change:
    return lambda database: replace(database, tables=tuple(t for t in database.tables if t.name != name))


def guarded(**given: Any) -> Change:
    trigger = DirectusEventTrigger(**{"name": "guard", "event": "sql_drop", "raises": True, **given})
    return lambda database: replace(database, event_triggers=(trigger,))


VIEW = table("positions", dependants=(Dependant(text="view recent"),))
NONE = "No changes"
LOST_ALL = "DROP TABLE devices, DROP TABLE organization_users, DROP TABLE organizations"
DEVICES_KEY = "DROP CONSTRAINT devices.devices_organization_foreign"
SYSTEM_INDEXES = ", ".join(
    f"DROP INDEX directus_{table}.directus_{table}_{column}_index"
    for table, column in (("activity", "timestamp"), ("revisions", "activity"), ("revisions", "parent"))
)

# Case, version, edits of the version's own file, changes of the settled database, options, and what each boot does: the
# statements that drop, create or add, or the message with which it stops. Run on real servers (facts of 11.2.2, 11.17.4 and
# 12.4.0), and again by `make directus`.
MATRIX: list[tuple[str, str, tuple[Any, ...], tuple[Change, ...], dict[str, Any], tuple[str, ...]]] = [
    ("A own file", "11.2.2", (), (), {}, (NONE,)),
    ("A own file", "11.17.4", (), (), {}, (NONE,)),
    ("A own file", "12.4.0", (), (), {}, (NONE,)),
    (
        "A untracked tables that the file does not have",
        "11.2.2",
        (nowhere("positions"), nowhere("migrations_applied")),
        (),
        {},
        ("DROP TABLE migrations_applied, DROP TABLE positions", NONE),
    ),
    ("meta: null entry, table absent", "11.2.2", (), (no_table("positions"),), {}, ("CREATE TABLE positions", NONE)),
    (
        "a field of an untracked table",
        "11.2.2",
        (no_field("migrations_applied", "checksum"),),
        (),
        {},
        ("DROP COLUMN migrations_applied.checksum", NONE),
    ),
    (
        "11.2.2's entries on 11.17.4",
        "11.17.4",
        (untracked(), untracked("migrations_applied")),
        (),
        {},
        ('relation "positions" already exists',) * 2,
    ),
    ("B", "11.17.4", (), (tracked("positions"),), {}, ("DROP TABLE positions", NONE)),
    ("B", "12.4.0", (), (tracked("positions"),), {}, ("DROP TABLE positions", NONE)),
    ("B2", "11.17.4", (), (tracked("migrations_applied"),), {}, ("DROP TABLE migrations_applied", NONE)),
    (
        "B5",
        "11.17.4",
        (),
        (recorded(("migrations_applied", "checksum")),),
        {},
        ("DROP COLUMN migrations_applied.checksum", NONE),
    ),
    *(
        (
            "C",
            v,
            (ghost(**({"status": "active", "autosave_revision_interval": None} if v == "12.4.0" else {})),),
            (),
            {},
            ("", "DROP TABLE positions", ""),
        )
        for v in ("11.17.4", "12.4.0")
    ),
    ("C2", "11.17.4", (ghost(null=False),), (), {}, ("", "DROP TABLE positions")),
    ("H", "11.17.4", (ghost(icon="map"),), (tracked("positions"),), {}, ("", "DROP TABLE positions")),
    ("D", "11.17.4", (full(), field("positions", "ts")), (), {}, ('relation "positions" already exists',) * 2),
    ("E", "11.17.4", (full(),), (tracked("positions"),), {}, (NONE,)),
    (
        "E2",
        "11.17.4",
        (full(), field("positions", "ts")),
        (tracked("positions"),),
        {},
        ("Cannot read properties of undefined (reading 'fields')",) * 2,
    ),
    (
        "F",
        "11.17.4",
        (full(), field("positions", "ts")),
        (no_table("positions"),),
        {},
        ("CREATE TABLE positions", "DROP COLUMN positions.id"),
    ),
    ("I1", "11.17.4", (full("zones"), field("zones", "id")), (), {}, ('Collection "zones" already exists',) * 2),
    ("I2", "11.17.4", (ghost("zones"),), (), {}, ('Collection "zones" already exists',) * 2),
    ("J", "11.17.4", (), (tracked("positions"),), {"ignored": ("positions",)}, (NONE,)),
    ("J2", "11.17.4", (), (tracked("positions"),), {"excluded": ("positions",)}, (NONE,)),
    (
        "J3",
        "11.17.4",
        (full(), field("positions", "ts")),
        (),
        {"excluded": ("positions",)},
        ('relation "positions" already exists',) * 2,
    ),
    ("ghost and ignoreRules", "11.17.4", (ghost(),), (), {"ignored": ("positions",)}, (NONE,)),
    (
        "ghost and DB_EXCLUDE_TABLES",
        "11.17.4",
        (ghost(),),
        (),
        {"excluded": ("positions",)},
        ("", 'Collection "positions" already exists', 'Collection "positions" already exists'),
    ),
    (
        "P1",
        "11.17.4",
        (),
        (tracked("positions"), table("positions", may_alter=False, may_drop=False)),
        {},
        ("must be owner of table positions",) * 2,
    ),
    ("P2 event trigger", "11.17.4", (), (tracked("positions"), guarded()), {}, ('event trigger "guard" refuses',) * 2),
    (
        "an event trigger that only looks",
        "11.17.4",
        (),
        (tracked("positions"), guarded(raises=False)),
        {},
        ("DROP TABLE positions", NONE),
    ),
    ("P3 view", "11.17.4", (), (tracked("positions"), VIEW), {}, ("cannot drop table positions because",) * 2),
    (
        "T1",
        "11.17.4",
        (without_key("collections", "meta", "note"),),
        (),
        {},
        ("DROP TABLE devices", "CREATE TABLE devices", "DROP TABLE devices"),
    ),
    ("T1", "12.4.0", (without_key("collections", "meta", "note"),), (), {}, ("", "")),
    ("T3", "11.17.4", (without_key("fields", "meta", "note", name="model"),), (), {}, ("", "")),
    *(
        (
            "T8",
            v,
            (without_key("fields", "schema", "is_indexed", name="model"),),
            (),
            {},
            ("DROP COLUMN devices.model", "ADD COLUMN devices.model", "DROP COLUMN devices.model"),
        )
        for v in ("11.17.4", "12.4.0")
    ),
    *(
        (
            "every field's keys, the primary key's too",
            v,
            (every_key("fields", "schema", "is_indexed"),),
            (),
            {},
            ('Collection "devices" doesn\'t exist',) * 2,
        )
        for v in ("11.17.4", "12.4.0")
    ),
    (
        "an older file: one missing key hides the other",
        "11.17.4",
        (
            without_key("fields", "schema", "is_indexed", name="model"),
            without_key("fields", "meta", "searchable", name="model"),
        ),
        (),
        {},
        ("", ""),
    ),
    (
        "T5",
        "11.17.4",
        (section("systemFields", gone=True),),
        (),
        {},
        (SYSTEM_INDEXES, NONE),
    ),
    ("T6", "11.17.4", (section("collections", []),), (), {}, (LOST_ALL, "Cannot read properties of undefined")),
    (
        "T9",
        "11.17.4",
        (section("relations", []),),
        (),
        {},
        (f"{DEVICES_KEY}, DROP CONSTRAINT organization_users.organization_users_organization_foreign",),
    ),
    *(
        (f"{name} {value}", "11.17.4", (section(name, gone=value == "gone"),), (), {}, ("Cannot read properties of",) * 2)
        for name in ("collections", "fields", "relations")
        for value in ("null", "gone")
    ),
    ("fields: []", "11.17.4", (section("fields", []),), (), {}, ('Collection "devices" doesn\'t exist',) * 2),
    ("a file of 12.4.0", "11.17.4", (lambda body: body.update(d.real("12.4.0")),), (), {}, ("reading 'meta'",) * 2),
    ("an entry of a field is gone", "11.17.4", (no_field("devices", "model"),), (), {}, ("DROP COLUMN devices.model", NONE)),
    (
        "a field of the admin app that is not in the file",
        "11.17.4",
        (),
        (column("devices", "note"), recorded(("devices", "note"))),
        {},
        ("DROP COLUMN devices.note", NONE),
    ),
    (
        "one of two relations is gone",
        "11.17.4",
        (no_field("devices", "organization", "relations"),),
        (),
        {},
        (DEVICES_KEY,),
    ),
    (
        "tracked ledger, the file has a column more",
        "11.17.4",
        (full("migrations_applied"), field("migrations_applied", "more")),
        (tracked("migrations_applied"),),
        {},
        ("ADD COLUMN migrations_applied.more", NONE),
    ),
    (
        "tracked ledger, the file lists a column that has no row",
        "11.17.4",
        (full("migrations_applied"), field("migrations_applied", "checksum")),
        (tracked("migrations_applied"),),
        {},
        ('Field "checksum" already exists in collection "migrations_applied"',) * 2,
    ),
]


def reported(done: ApplyOutcome) -> str:
    """One boot as the table has it."""
    if done.code:
        return done.message
    if done.message == NO_CHANGES:
        return NONE
    gone = {one.table for one in done.statements if one.verb == "drop table"}
    shown = [one for one in done.statements if one.verb.startswith(("drop", "create table", "add column"))]
    return ", ".join(str(one) for one in shown if one.verb == "drop table" or one.table not in gone)


@pytest.mark.parametrize(
    ("case", "version", "edits", "changes", "options", "expected"), MATRIX, ids=[f"{row[0]} {row[1]}" for row in MATRIX]
)
def test_the_model_does_what_real_servers_did(
    case: str,
    version: str,
    edits: tuple[Any, ...],
    changes: tuple[Change, ...],
    options: dict[str, Any],
    expected: tuple[str, ...],
) -> None:
    body, database = copy.deepcopy(own_file(version)), d.settled(version)
    for edit in edits:
        edit(body)
    for change in changes:
        database = change(database)
    done, _ = d.boots(database, body, d.behaviour(version), times=len(expected), **options)
    for one, words in zip(done, expected, strict=True):
        if one.code:
            assert words and words in one.message
            assert not one.statements
        else:
            assert reported(one) == words


OPTIONS = [
    ("--yes file.yaml", "11.17.4", None, ()),
    ("-y file.yaml --ignoreRules a,b.c", "11.17.4", None, ("a", "b.c")),
    ("--yes --ignoreRules=a file.yaml", "11.17.4", None, ("a",)),
    ("--yes --ignore-rules a file.yaml", "11.17.4", "error: unknown option '--ignore-rules'", ()),
    ("--yes", "11.17.4", "error: missing required argument 'path'", ()),
    ("--yes a.yaml b.yaml", "11.17.4", "error: too many arguments", ()),
    ("--yes a.yaml b.yaml", "11.2.2", None, ()),
    ("--yes file.yaml --ignoreRules", "11.17.4", "argument missing", ()),
]


@pytest.mark.parametrize(("words", "version", "problem", "ignored"), OPTIONS)
def test_the_command_line_is_read_as_commander_reads_it(
    words: str, version: str, problem: str | None, ignored: tuple[str, ...]
) -> None:
    call = apply_call(("npx", "directus", "schema", "apply", *words.split()), DirectusVersion.parse(version))
    assert call is not None
    assert (problem in (call.problem or "")) if problem else call.problem is None
    assert call.ignored == frozenset(ignored)


@pytest.mark.parametrize(
    ("words", "asks"),
    [("f.yaml", True), ("--yes f.yaml", False), ("f.yaml -y", False), ("--ignoreRules --yes f.yaml", True)],
)
def test_without_yes_it_asks(words: str, asks: bool) -> None:
    call = apply_call(("directus", "schema", "apply", *words.split()))
    assert call is not None
    assert (call.asks, call.path) == (asks, "f.yaml")


@pytest.mark.parametrize(
    ("words", "expected"), [("yes", True), ("echo y", True), ("printf Y", True), ("echo start", False), ("", False)]
)
def test_a_pipe_may_answer(words: str, expected: bool) -> None:
    assert answers(words.split()) is expected


@pytest.mark.parametrize(
    "words", ["schema apply --dry-run f.yaml", "schema apply -d f.yaml", "schema snapshot f.yaml", "start"]
)
def test_what_writes_nothing_is_no_apply(words: str) -> None:
    assert apply_call(("directus", *words.split())) is None


# The checks


def judged(tmp_path: Path, edits: tuple[Any, ...] = (), **given: Any) -> dict[str, CheckResult]:
    snapshot = d.edited(tmp_path, *edits) if edits else d.whole()
    inputs = d.inputs(
        directus_snapshot=given.pop("snapshot", snapshot),
        directus_target=target(given.pop("version", "11.17.4")),
        raw_tables=(POSITIONS, LEDGER),
        directus_live=given.pop("live", live(rights=OWNED)),
        directus_runtime=given.pop("runtime", DirectusRuntime()),
    )
    return {
        result.id: result for result in judge(CHECKS, {**inputs, "environment": environment(), **given}, Phase.PREFLIGHT)
    }


def findings(results: dict[str, CheckResult]) -> dict[str, str]:
    return {f.key: f.summary for name in sorted(results) if name < "SNAP007" for f in results[name].findings}


BOTH = 'each boot: schema apply stops with `relation "positions" already exists` (exit code 1)'
LOUD: list[tuple[str, tuple[Any, ...], dict[str, Any], dict[str, str]]] = [
    ("nothing", (), {}, {}),
    (
        "a tracked raw table",
        (),
        {"live": live("positions", rights=OWNED)},
        {"SNAP003:prod:public.positions": "prod: boot 1 runs DROP TABLE positions, and exits 0"},
    ),
    (
        "a tracked raw table that Directus does not own",
        (),
        {"live": live("positions")},
        {"SNAP003:prod:public.positions": "`must be owner of table positions` (exit code 1)"},
    ),
    (
        "a ghost",
        (ghost(),),
        {},
        {"SNAP001:public.positions:drop": "boot 2 runs DROP TABLE positions, and exits 0"},
    ),
    ("a ghost that is ignored", (ghost(),), {"runtime": DirectusRuntime(ignored=frozenset({"positions"}))}, {}),
    (
        "an option that is spelled wrongly",
        (ghost(),),
        {"runtime": DirectusRuntime(problem="error: unknown option '--ignore-rules'")},
        {"SNAP004:stuck": "each boot: schema apply stops with `error: unknown option '--ignore-rules'` (exit code 1)"},
    ),
    ("a full entry", (full(),), {}, {"SNAP001:public.positions:stuck": BOTH}),
    (
        "the ledger",
        (),
        {"live": live("migrations_applied", rights=OWNED)},
        {
            "SNAP002:migrations_applied:drop": "prod: boot 1 runs DROP TABLE migrations_applied, and exits 0",
            "SNAP002:prod:migrations_applied:directus_collections": "has a row for the ledger",
        },
    ),
    (
        "a lost key",
        (without_key("collections", "meta", "note"),),
        {},
        {
            "SNAP004:devices:drop": "the file's entry lacks meta.note: prod: boot 1 runs DROP TABLE devices, and exits 0; "
            "boot 2 runs CREATE TABLE devices, and exits 0; boot 3 runs DROP TABLE devices"
        },
    ),
    (
        "a lost field",
        (no_field("devices", "model"),),
        {},
        {"SNAP004:devices.model:drop": "the file lacks an entry for it: prod: boot 1 runs DROP COLUMN devices.model"},
    ),
    (
        "a file of 12.4.0",
        (),
        {"snapshot": d.whole("12.4.0")},
        {
            "SNAP004:stuck:devices": "each boot: schema apply stops with",
            "SNAP005:directus": "written by Directus 12.4.0 and is applied by 11.17.4",
        },
    ),
]


@pytest.mark.parametrize(("case", "edits", "given", "loud"), LOUD, ids=[row[0] for row in LOUD])
def test_the_checks_are_loud_about_what_boots_do(
    tmp_path: Path, case: str, edits: tuple[Any, ...], given: dict[str, Any], loud: dict[str, str]
) -> None:
    results = judged(tmp_path, edits, **given)
    found = findings(results)
    assert sorted(found) == sorted(loud)
    for key, words in loud.items():
        assert words in found[key]
    assert not [r for r in results.values() if r.is_undecided]


@pytest.mark.parametrize("version", [None, "10.13.4", "11.9.2", "12.3.0", "13.0.0"])
def test_a_version_that_the_model_does_not_know_is_never_fine(tmp_path: Path, version: str | None) -> None:
    results = judged(tmp_path, (ghost(),), version=version)
    for name in ("SNAP001", "SNAP004"):
        assert (results[name].outcome, results[name].required) == (Outcome.SKIPPED, True)
        reason = results[name].reason or ""
        assert (
            "does not name an exact release" if version is None else f"the model does not cover Directus {version}"
        ) in reason


def test_rows_that_may_not_be_read_are_no_pass_and_hide_nothing_of_a_fresh_database(tmp_path: Path) -> None:
    blind = live(collections=None, reason="permission denied", tables=None, rights=())
    results = judged(tmp_path, (ghost(),), live=blind)
    assert [f.key for f in results["SNAP001"].findings] == ["SNAP001:public.positions:drop"]
    assert all(results[name].is_undecided for name in ("SNAP001", "SNAP002", "SNAP003", "SNAP004"))


def test_a_boot_that_asks_waits_where_there_is_something_to_do(tmp_path: Path) -> None:
    asks = DirectusRuntime(asks=True, files=("schema.yaml",))
    (fresh,) = findings(judged(tmp_path, runtime=asks)).values()
    assert "Would you like to continue?" in fresh
    assert "a fresh database" in fresh
    (both,) = findings(judged(tmp_path, (no_field("devices", "model"),), runtime=asks)).values()
    assert "Would you like to continue?" in both
    assert "a fresh database" not in both
    assert "DROP COLUMN" not in both


def test_two_files_are_not_taken_for_one(tmp_path: Path) -> None:
    result = judged(tmp_path, runtime=DirectusRuntime(files=("a.yaml", "b.yaml")))["SNAP004"]
    assert result.is_undecided
    assert "applies a.yaml and b.yaml" in (result.reason or "")


def test_a_condition_in_an_event_trigger_leaves_the_guard_undecided(tmp_path: Path) -> None:
    seen = live(rights=OWNED)
    assert seen.database is not None
    result = judged(tmp_path, live=replace(seen, database=guarded(raises=None)(seen.database)))["SNAP008"]
    assert result.is_undecided
    assert 'event trigger "guard" refuses' in (result.reason or "")


@pytest.mark.parametrize(
    ("active", "is_licensed", "code", "guesses"),
    [(24, False, 0, 0), (25, False, 1, 0), (25, None, 0, 1), (25, True, 0, 1)],
    ids=["fits", "one too many", "unknown", "the license decides"],
)
def test_directus_12_allows_25_active_collections_without_a_license(
    active: int, is_licensed: bool | None, code: int, guesses: int
) -> None:
    body, database = copy.deepcopy(own_file("12.4.0")), d.settled("12.4.0")
    (row, *_), (shape, *_) = database.collections, [t for t in database.tables if t.name == "devices"]
    names = [f"more{n}" for n in range(active - len([row for row in database.collections if row["status"] == "active"]))]
    database = replace(
        database,
        is_licensed=is_licensed,
        collections=(*database.collections, *({**row, "collection": name} for name in names)),
        tables=(*database.tables, *(replace(shape, name=name, keys=(), indexes=()) for name in names)),
    )
    entry = next(one for one in body["collections"] if one["collection"] == row["collection"])
    for name in (*names, "new"):
        meta = {**entry["meta"], "collection": name}
        body["collections"].append({"collection": name, "meta": meta, "schema": {"name": name}})
    (done,), _ = d.boots(database, body, d.behaviour("12.4.0"), times=1)
    assert (done.code, len(done.guesses)) == (code, guesses)
    assert all("collections limit exceeded" in words for words in (done.message,) * code + done.guesses)


def test_a_view_or_an_event_trigger_is_a_guard(tmp_path: Path) -> None:
    seen = live(rights=OWNED)
    assert seen.database is not None
    for change, words in ((VIEW, "because other objects depend on it"), (guarded(), 'event trigger "guard" refuses')):
        result = judged(tmp_path, live=replace(seen, database=change(seen.database)))["SNAP008"]
        assert f"positions: {words}" in (result.reason or "") or words in (result.reason or "")
        assert "SNAP008:prod:public.positions" not in [f.key for f in result.findings]


REVERTED = "the next schema apply silently reverts it"
STOPS = 'constraint "{}" of relation "devices" does not exist'
POST: list[tuple[str, str, dict[str, str]]] = [
    (
        "N1 UNIQUE of its own name",
        "alter table devices add constraint devices_model_key unique (model)",
        {"SNAP006:devices.model:unique": STOPS.format("devices_model_unique")},
    ),
    (
        "N2 UNIQUE of Directus's name",
        "alter table devices add constraint devices_model_unique unique (model)",
        {"SNAP006:devices.model:unique": REVERTED},
    ),
    (
        "N3 index",
        "create index by_model on devices (model)",
        {"SNAP006:devices.model:index": 'index "devices_model_index" does not exist'},
    ),
    (
        "N4 NOT NULL and default",
        "alter table devices alter model set not null, alter model set default 'x'",
        {"SNAP006:devices.model:not null": REVERTED, "SNAP006:devices.model:default": REVERTED},
    ),
    ("N5 extra column", "alter table devices add column extra text", {}),
    ("N6 type", "alter table devices alter model type text", {"SNAP006:devices.model:type": REVERTED}),
    ("N7 composite UNIQUE", "alter table devices add constraint c unique (model, organization)", {}),
    ("CHECK", "alter table devices add constraint c check (model <> '')", {}),
    (
        "N8 partial index",
        "create index by_model on devices (model) where imei <> ''",
        {"SNAP006:devices.model:index": 'index "devices_model_index" does not exist'},
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
def test_what_later_sql_does_to_a_column_is_computed(tmp_path: Path, case: str, text: str, loud: dict[str, str]) -> None:
    folder = tmp_path / "post"
    folder.mkdir()
    (folder / "001.sql").write_text(f"{text};")
    changes = find_column_changes(load_source("post", [folder], shown_from=tmp_path))
    (result,) = judge([BY_ID["SNAP006"]], d.inputs(post_changes=changes), Phase.PREFLIGHT)
    found = {f.key: f.summary for f in result.findings}
    assert sorted(found) == sorted(loud)
    assert all(loud[key] in found[key] for key in loud)


def test_the_sql_that_makes_directus_forget_a_table_is_quoted(tmp_path: Path) -> None:
    seen = replace(live("positions", rights=OWNED), schema="Cms")
    (finding,) = judged(tmp_path, live=seen)["SNAP003"].findings
    assert finding.fix_sql == (
        "DELETE FROM \"Cms\".directus_fields WHERE collection = 'positions';\n"
        "DELETE FROM \"Cms\".directus_collections WHERE collection = 'positions';"
    )
