"""Secrets out of what other programs print: those that are known, and what looks like one."""

from __future__ import annotations

import pytest

from migration_audit.model.redaction import Redaction

SECRET = "s3cret-of-the-shadow"

SHOWN = {
    "nothing secret": ('relation "users" already exists', 'relation "users" already exists'),
    "a known secret": (f"using {SECRET}!", "using ***!"),
    "a known secret, colored": (f"using \x1b[31m{SECRET[:5]}\x1b[0m{SECRET[5:]}", "using ***"),
    "a URL": ("postgresql://app:hunter2@db:5432/x?y", "postgresql://app:***@db:5432/x?y"),
    "a URL with @ in its password": ("redis://a:p@ss@h", "redis://a:***@h"),
    "a password": ("password=hunter2, user=app", "password=***, user=app"),
    "a quoted password": ('{"password": "hunter \\" 2", "user": "app"}', '{"password": ***, "user": "app"}'),
    "a variable": ("DB_PASSWORD=hunter2\nDB_USER=app", "DB_PASSWORD=***\nDB_USER=app"),
    "a name in its middle": ("AWS_SECRET_ACCESS_KEY: abc/def", "AWS_SECRET_ACCESS_KEY: ***"),
    "a hash in Ruby": ("api_key => 'abc'", "api_key => ***"),
    "a header": ("Authorization: Bearer abcdefgh.ijkl", "Authorization: Bearer ***"),
    "SQL": ("CREATE ROLE app PASSWORD 'it''s'", "CREATE ROLE app PASSWORD ***"),
    "a private key": ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", None),
    "half a private key": ("-----BEGIN PRIVATE KEY-----\nabc", "-----BEGIN PRIVATE KEY-----***"),
    "an AWS key": ("AKIAABCDEFGHIJKLMNOP", "***"),
    "a GitHub token": ("ghp_0123456789abcdefghij", "***"),
    "a JSON web token": ("eyJhbGciOiJI.eyJzdWIiOiIx.abc-_", "***"),
    "the folder": ("PWD=/srv/app", "PWD=/srv/app"),
    "a message about passwords": ("password authentication failed for user x", "password authentication failed for user x"),
    "what a terminal would obey": ("\x1b]0;title\x07\x1b[2Ja\x08b\tc\x00", "ab\tc"),
    "progress": ("10 %\r20 %\r\ndone", "10 %\n20 %\ndone"),
}


@pytest.mark.parametrize(("text", "shown"), SHOWN.values(), ids=SHOWN)
def test_what_is_shown_of_a_text(text: str, shown: str | None) -> None:
    found = Redaction.of(SECRET, named={}).of_text(text)
    assert "abc" not in found or shown == found
    assert shown is None or found == shown


def test_the_longest_secret_is_taken_out_first() -> None:
    redaction = Redaction.of("abcd", "abcdefgh", named={})
    assert redaction.of_text("abcdefgh abcd") == "*** ***"


def test_variables_are_secret_by_their_names() -> None:
    redaction = Redaction.of(named={"ADMIN_PASSWORD": "end-to-end", "NODE_ENV": "production", "TOKEN": "ab"})
    assert redaction.of_text("end-to-end production ab") == "*** production ab"


@pytest.mark.parametrize(
    "part", ["x", "x-", "://a:", "password ", "eyJ", "sk-", "'", 'token="\\', "-----BEGIN PRIVATE KEY-----"]
)
def test_long_lines_take_no_time(part: str) -> None:
    assert len(Redaction.of(SECRET, named={}).of_text(part * (65_536 // len(part)))) <= 2 * 65_536
