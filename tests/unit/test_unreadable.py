"""Values that one role may not see, of objects that both sides have."""

from __future__ import annotations

from fix_model import snapshot
from migration_audit.compare import compare
from migration_audit.model.foreign import UserMapping
from migration_audit.model.redacted import Redacted
from migration_audit.model.replication import Subscription


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
    assert [str(n) for n in drift.not_known] == ["subscription s: options connection not readable on the actual side"]
    assert not drift.only_not_known


def test_a_missing_mapping_is_missing_whatever_is_in_it():
    mapping = UserMapping(user="app", server="s", options=("(not readable)",))
    drift = compare(expected=snapshot(mapping), actual=snapshot())
    assert [d.verdict for d in drift.differences] == ["missing"]
    assert drift.not_known == ()
