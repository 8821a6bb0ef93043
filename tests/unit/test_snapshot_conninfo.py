"""A connection string that can be read in two ways is refused, and never quoted."""

from __future__ import annotations

import pytest

from migration_audit.catalog.server_errors import parse_conninfo, scrub, shown_server
from migration_audit.model.errors import DatabaseError
from migration_audit.model.redaction import MASK

REFUSED = {
    "two @": "postgresql://user:se@cret@host/db",
    "@ in the database": "postgresql://user:secret@host/d@b",
    "/ in the password": "postgresql://user:se/cret@host/db",
    "% that encodes nothing": "postgresql://user:se%cret@host/db",
    "% at the end": "postgresql://user:secret%@host/db",
    "a zero byte": "postgresql://user:se%00cret@host/db",
    "a port that is the password": "postgresql://user:secret/db",
    "no key": "host=h secret",
    "an unknown key": "host=h secret=1",
    "a quote left open": "host=h password='secret",
    "a port glued to the password": "host=h port=5432password=secret",
    "a timeout glued to the password": "host=h connect_timeout=10password=secret",
    "an unknown parameter": "postgresql://user:x@host/db?secret=1",
    "a parameter without a value": "postgresql://user:x@host/db?secret",
    "nothing": "  ",
}


@pytest.mark.parametrize("conninfo", REFUSED.values(), ids=REFUSED)
def test_what_is_malformed_is_refused_without_being_quoted(conninfo: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        parse_conninfo(conninfo)
    assert "secret" not in str(caught.value)
    assert "cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.todo


ACCEPTED = {
    "postgresql://u:p%40s%2Fs@h:5433/db": {"user": "u", "password": "p@s/s", "host": "h", "port": "5433", "dbname": "db"},
    "postgres://h/db": {"host": "h", "dbname": "db"},
    "postgresql://u:pa?ss#word@h/db": {"user": "u", "password": "pa?ss#word", "host": "h", "dbname": "db"},
    "postgresql://u@h1:1,h2:2/db": {"user": "u", "host": "h1,h2", "port": "1,2", "dbname": "db"},
    "postgresql:///db?host=/tmp&port=7": {"dbname": "db", "host": "/tmp", "port": "7"},
    "host=h dbname=db password='it''s'".replace("''", r"\'"): {"host": "h", "dbname": "db", "password": "it's"},
    "service=stage": {"service": "stage"},
}


@pytest.mark.parametrize("conninfo", ACCEPTED, ids=str)
def test_what_is_well_formed_is_taken_apart(conninfo: str) -> None:
    assert parse_conninfo(conninfo) == ACCEPTED[conninfo]


@pytest.mark.parametrize(
    ("conninfo", "said"),
    [
        ("postgresql://u:secret@h:5433/db", "db on h:5433"),
        ("postgresql://h", "h"),
        ("service=stage password=secret", "stage"),
        ("dbname=db", "db on the default host"),
    ],
)
def test_a_place_is_reported_without_user_and_password(conninfo: str, said: str) -> None:
    assert shown_server(parse_conninfo(conninfo)) == said


@pytest.mark.parametrize("form", ["p@s/s", "p%40s%2Fs", "p%40s%2fs"])
def test_a_password_is_taken_out_in_every_form(form: str) -> None:
    conninfo = "postgresql://u:p%40s%2fs@h/db"
    assert scrub(f"failed for {form}!", conninfo, parse_conninfo(conninfo)) == f"failed for {MASK}!"


def test_text_without_a_password_stays() -> None:
    conninfo = "postgresql://u@h/db"
    assert scrub("no u on h", conninfo, parse_conninfo(conninfo)) == "no u on h"


WHOLE = {
    "a letter": ("p", "server closed the connection unexpectedly", "server closed the connection unexpectedly"),
    "a letter that stands alone": ("p", 'no such thing as "p", p or %70', 'no such thing as "***", *** or %70'),
    "a short word": ("host", "the hostname host is no host", "the hostname *** is no ***"),
    "a long one within a word": ("secret1", "xsecret1x", "x***x"),
    "one with a meaning in patterns": ("a.c", "abc a.c", "abc ***"),
}


@pytest.mark.parametrize("case", WHOLE)
def test_a_short_password_is_masked_where_it_stands_alone(case: str) -> None:
    password, text, shown = WHOLE[case]
    conninfo = f"postgresql://u:{password}@h/db"
    assert scrub(text, conninfo, parse_conninfo(conninfo)) == shown
