"""The comparison: what is a difference, which kind, and what it amounts to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fix_model import column, constraint, extension, index, role, routine, schema, sequence, snapshot, table, trigger, view
from migration_audit.compare import AGAINST_LIVE, Rules, compare, of_interest
from migration_audit.model.drift import DiffVerdict
from migration_audit.model.errors import AuditError, UsageError
from migration_audit.model.finding import Severity
from migration_audit.model.objects import owners
from migration_audit.model.other_servers import ForeignServer
from migration_audit.model.redaction import Redacted
from migration_audit.model.snapshot import RolesRead, Unmodelled

OBJECTS = (
    extension(),
    schema(),
    table(),
    column("device_id"),
    column("ts", type="timestamp with time zone"),
    index(),
    index("positions_ts", "(ts DESC)", unique=False),
    constraint(),
    sequence(),
    view(),
    routine(),
    trigger(),
)
subsets = st.lists(st.sampled_from(OBJECTS), unique_by=lambda o: (o.kind, o.key)).map(lambda objs: snapshot(*objs))


@given(subsets)
def test_a_snapshot_equals_itself(side):
    drift = compare(expected=side, actual=side)
    assert drift.differences == ()
    assert drift.equal == drift.covered == (not drift.compared_nothing)


@given(subsets, subsets)
def test_what_is_missing_one_way_is_unexpected_the_other_way(left, right):
    there = compare(expected=left, actual=right)
    back = compare(expected=right, actual=left)
    mirrored = {DiffVerdict.MISSING: DiffVerdict.UNEXPECTED, DiffVerdict.UNEXPECTED: DiffVerdict.MISSING}
    assert {(d.kind, d.key, mirrored.get(d.verdict, d.verdict)) for d in there.differences} == {
        (d.kind, d.key, d.verdict) for d in back.differences
    }
    assert there.equal == back.equal == (left.objects == right.objects and not there.compared_nothing)


@given(subsets, subsets)
def test_covered_means_that_everything_expected_is_there(left, right):
    drift = compare(expected=left, actual=right)
    assert drift.covered == (set(left.objects) <= set(right.objects) and not drift.compared_nothing)


def mutations():
    for obj in OBJECTS:
        for name in obj.compared():
            yield pytest.param(obj, name, id=f"{obj.kind}-{name}")


@pytest.mark.parametrize(("obj", "name"), list(mutations()))
def test_every_attribute_is_compared(obj, name):
    value = getattr(obj, name)
    other = (
        not value
        if isinstance(value, bool)
        else (*value, "x")
        if isinstance(value, tuple)
        else value + 1
        if isinstance(value, int)
        else f"{value} x"
    )
    if name == "column_order":
        other = tuple(reversed(value))
    drift = compare(expected=snapshot(obj), actual=snapshot(replace(obj, **{name: other})))
    assert [(d.verdict, d.key, [f.name for f in d.fields]) for d in drift.differences] == [
        (DiffVerdict.CHANGED, obj.key, [name])
    ]
    assert not drift.equal


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("comment", Severity.INFO),
        ("owner", Severity.WARNING),
        ("privileges", Severity.WARNING),
        ("column_order", Severity.INFO),
        ("persistence", Severity.BLOCKER),
        ("options", Severity.BLOCKER),
    ],
)
def test_the_default_weight_of_an_attribute(name, severity):
    changed = {"column_order": ("ts", "device_id"), "privileges": ("x",), "options": ("fillfactor=70",)}
    other = replace(table(), **{name: changed.get(name, "other")})
    drift = compare(expected=snapshot(table()), actual=snapshot(other))
    assert drift.differences[0].severity is severity
    assert drift.covered == (severity is not Severity.BLOCKER)
    assert not drift.equal


def test_a_rule_changes_the_weight_and_hides_nothing():
    sides = {"expected": snapshot(table()), "actual": snapshot(table(comment="other"))}
    strict = compare(**sides, rules=Rules().override({"comments": Severity.BLOCKER}))
    assert not strict.covered
    assert len(strict.differences) == len(compare(**sides).differences) == 1


def test_an_unknown_rule_is_refused_with_the_names_that_exist():
    with pytest.raises(UsageError, match="unknown rule colour") as caught:
        Rules().override({"colour": Severity.INFO})
    assert "column_order" in caught.value.todo


def test_extension_versions_weigh_less_against_a_live_server():
    sides = {"expected": snapshot(extension()), "actual": snapshot(extension(version="2.22.1"))}
    assert not compare(**sides).covered
    assert compare(**sides, rules=AGAINST_LIVE).covered


def test_an_extra_column_in_the_middle_is_one_difference():
    left = snapshot(table(column_order=("a", "b", "c")))
    right = snapshot(table(column_order=("a", "x", "b", "c")), column("x"))
    drift = compare(expected=left, actual=right)
    assert [(d.kind, d.verdict) for d in drift.differences] == [("column", DiffVerdict.UNEXPECTED)]


def test_the_parts_of_a_missing_table_are_reported_with_it():
    drift = compare(expected=snapshot(*OBJECTS), actual=snapshot())
    assert {(d.kind, d.key) for d in drift.roots} >= {("table", "public.positions"), ("view", "public.latest")}
    assert not {d.kind for d in drift.roots} & {"column", "constraint", "trigger"}
    assert len(drift.differences) == len(OBJECTS)
    assert [d.key for d in drift.of("index")] == ["public.positions_device_ts", "public.positions_ts"]


def test_the_same_under_another_name_is_one_difference_that_blocks():
    (one,) = compare(expected=snapshot(index("a")), actual=snapshot(index("b"))).differences
    assert (one.verdict, one.key, one.note) == (DiffVerdict.RENAMED, "public.a", "the same except for its name: public.b")
    assert [(f.name, f.expected, f.actual) for f in one.fields] == [("name", "a", "b")]
    assert one.severity is Severity.BLOCKER
    assert not compare(expected=snapshot(index("a")), actual=snapshot(index("b"))).covered


NOT_RENAMED = {
    "another definition": ([index("a")], [index("b", "(ts)")]),
    "two that could be meant": ([index("a")], [index("b"), index("c")]),
    "another type": (
        [table(column_order=("a",)), column("a")],
        [table(column_order=("b",)), column("b", type="integer")],
    ),
    "another place": (
        [table(column_order=("a", "k")), column("a"), column("k")],
        [table(column_order=("k", "b")), column("b"), column("k")],
    ),
    "one more beside it": (
        [table(column_order=("k", "a", "l")), *map(column, "kal")],
        [table(column_order=("k", "b", "c", "l")), *map(column, "kbcl")],
    ),
}


@pytest.mark.parametrize("pair", NOT_RENAMED)
def test_what_could_be_another_object_is_missing(pair):
    expected, actual = NOT_RENAMED[pair]
    found = {d.verdict for d in compare(expected=snapshot(*expected), actual=snapshot(*actual)).differences}
    assert DiffVerdict.MISSING in found
    assert DiffVerdict.RENAMED not in found


def test_two_columns_in_a_row_are_renamed_each():
    left = snapshot(table(column_order=("k", "lat", "lon")), *map(column, ("k", "lat", "lon")))
    right = snapshot(table(column_order=("k", "y", "x")), *map(column, ("k", "y", "x")))
    found = compare(expected=left, actual=right).differences
    assert [(d.verdict, d.key, d.fields[0].actual) for d in found] == [
        (DiffVerdict.RENAMED, "public.positions.lat", "y"),
        (DiffVerdict.RENAMED, "public.positions.lon", "x"),
    ]


@pytest.mark.parametrize("side", ["expected", "actual"])
def test_nothing_is_covered_while_something_was_not_compared(side):
    sides = {"expected": snapshot(table()), "actual": snapshot(table())}
    sides[side] = snapshot(table(), unmodelled=(Unmodelled(kind="cast", identity="a as b"),))
    drift = compare(**sides)
    assert not drift.covered
    assert not drift.equal


def test_what_objects_belong_to_ends_where_they_belong_to_each_other():
    one, other = column("c", table="s", relation="sequence"), sequence(name="s", owned_by="public.s.c")
    by_key = {(obj.kind, obj.key): obj for obj in (one, other)}
    assert list(owners(one, by_key)) == [("sequence", "public.s"), ("column", "public.s.c")]


def test_a_key_that_stands_twice_is_an_error():
    twice = snapshot(table(), table(comment="other"))
    with pytest.raises(AuditError, match=r"the actual snapshot contains table public\.positions twice"):
        compare(expected=snapshot(table()), actual=twice)


@pytest.mark.parametrize(
    ("applied_by", "owner", "differs"),
    [("postgres", "postgres", False), (None, "postgres", True), ("postgres", "directus", True)],
)
def test_an_owner_that_the_sql_did_not_state_is_not_compared_with_live(applied_by, owner, differs):
    drift = compare(
        expected=snapshot(table(owner=owner)), actual=snapshot(table(owner="processor")), expected_applied_by=applied_by
    )
    assert bool(drift.differences) is differs
    assert bool(drift.assumptions) is (applied_by is not None)


def test_differences_come_in_one_order():
    drift = compare(expected=snapshot(*reversed(OBJECTS)), actual=snapshot())
    assert list(drift.differences) == sorted(drift.differences, key=lambda d: (d.kind, d.key))


OWN, SHARED = {"roles": RolesRead.OWN}, {"roles": RolesRead.SHARED}
WITH_ROLES = snapshot(table(), role("app"), role("others"), **SHARED)


@pytest.mark.parametrize(
    ("expected", "actual", "reported"),
    [
        (snapshot(role(), **OWN), snapshot(**OWN), [("missing", "app")]),
        (snapshot(**OWN), snapshot(role(), **OWN), [("unexpected", "app")]),
        (snapshot(role(), **OWN), snapshot(**SHARED), [("missing", "app")]),
        (snapshot(**OWN), snapshot(role(), **SHARED), []),
        (snapshot(role(), **SHARED), snapshot(**OWN), []),
        (snapshot(role(), **OWN), snapshot(role(connection_limit=3), **SHARED), [("changed", "app")]),
        (snapshot(role(), **OWN), snapshot(), []),
    ],
    ids=["lacking", "more", "live_lacks", "live_has_more", "sql_has_less", "live_has_another", "not_read"],
)
def test_roles_count_as_far_as_they_are_the_sqls(expected, actual, reported):
    drift = compare(expected=expected, actual=actual)
    assert [(d.verdict, d.key) for d in drift.differences] == reported
    assert bool(drift.not_compared) is (RolesRead.NONE in {expected.roles, actual.roles})


def test_a_role_that_the_other_side_takes_for_granted_is_missing_and_that_is_reported():
    actual = snapshot(roles=RolesRead.OWN, assumed_roles=("app",))
    [missing] = compare(expected=snapshot(role(), **OWN), actual=actual).differences
    assert missing.note == "the actual side assumes it: it names it but does not create it"


def test_roles_of_others_are_kept_out_of_a_live_snapshot_and_of_its_digest():
    kept, left_out = of_interest(WITH_ROLES, snapshot(role("app"), **OWN))
    assert ([obj.key for obj in kept.objects], left_out) == (["app", "public.positions"], 1)
    assert kept.digest == WITH_ROLES.digest == snapshot(table()).digest
    assert snapshot(table(), role(), **OWN).digest != kept.digest


def test_a_redacted_value_that_differs_says_so():
    sides = [server_of(Redacted("password=(redacted)", value)) for value in ("one", "two")]
    [changed] = compare(expected=snapshot(sides[0]), actual=snapshot(sides[1])).differences
    [options] = changed.fields
    assert (options.expected, options.actual) == ("host=a, password=(redacted)", "host=a, password=(redacted, differs)")


def server_of(*secret: str) -> ForeignServer:
    none: Any = {"type": None, "version": None, "privileges": (), "comment": None}
    return ForeignServer(name="s", wrapper="w", options=("host=a", *secret), owner="me", **none)
