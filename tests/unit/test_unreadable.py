"""Values that one role may not see, of objects that both sides have."""

from __future__ import annotations

import pytest

from fix_model import role, snapshot
from migration_audit.compare import compare
from migration_audit.model.other_servers import Subscription, UserMapping
from migration_audit.model.redaction import Redacted
from migration_audit.model.snapshot import RolesRead


def subscription(*options: str, **given):
    return Subscription(
        **{"name": "s", "publications": ("p",), "enabled": True, "options": options, "owner": "o", "comment": None, **given}
    )


def test_one_value_of_many_is_not_known_and_the_others_are_compared():
    known = subscription("binary=false", Redacted("connection=(redacted)", "1"))
    hidden = subscription("binary=true", "connection=(not readable)")
    drift = compare(expected=snapshot(known), actual=snapshot(hidden))
    assert [f.name for d in drift.differences for f in d.fields] == ["options"]
    assert [(f.expected, f.actual) for d in drift.differences for f in d.fields] == [("binary=false", "binary=true")]
    assert [str(n) for n in drift.not_known] == ["subscription s: options connection cannot be read on the actual side"]
    assert not drift.only_not_known


def test_a_missing_mapping_is_missing_whatever_is_in_it():
    mapping = UserMapping(user="app", server="s", options=("(not readable)",))
    drift = compare(expected=snapshot(mapping), actual=snapshot())
    assert [d.verdict for d in drift.differences] == ["missing"]
    assert drift.not_known == ()


@pytest.mark.parametrize(
    ("left", "right", "roles", "not_known"),
    [
        (True, None, RolesRead.SHARED, []),
        (None, False, RolesRead.SHARED, []),
        (True, None, RolesRead.OWN, ["role app: password cannot be read on the actual side"]),
        (None, False, RolesRead.OWN, ["role app: password cannot be read on the expected side"]),
    ],
)
def test_a_password_that_was_not_read_is_no_difference(left, right, roles, not_known):
    sides = {
        "expected": snapshot(role(password=left), roles=RolesRead.OWN),
        "actual": snapshot(role(password=right), roles=roles),
    }
    if left is None and roles is RolesRead.SHARED:
        sides = {
            "expected": snapshot(role(password=left), roles=roles),
            "actual": snapshot(role(password=right), roles=RolesRead.OWN),
        }
    drift = compare(**sides)
    assert drift.differences == ()
    assert [str(n) for n in drift.not_known] == not_known


def test_a_password_that_one_role_has_and_the_other_has_not_differs():
    sides = [snapshot(role(password=each), roles=RolesRead.OWN) for each in (True, False)]
    drift = compare(expected=sides[0], actual=sides[1])
    assert [(f.name, f.expected, f.actual) for d in drift.differences for f in d.fields] == [("password", "yes", "no")]
