"""Which migrations graphile-migrate applies and with what of .gmrc; tests/runners asks graphile-migrate itself."""

from __future__ import annotations

import hashlib

import pytest

from fix_formats import applied, plan, tree
from migration_audit.formats import EntryState, LedgerEntry, find_format
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import THIS_DATABASE, TransactionMode

NAME = "graphile-migrate"
Files = dict[str, str | bytes]


def committed(*bodies: str, below: str = "committed/", headers: str = "") -> Files:
    files: Files = {}
    previous = "-"
    for number, body in enumerate(bodies, 1):
        text = f"{'' if previous == '-' else previous}\n{body.strip()}".strip() + "\n"
        digest = f"sha1:{hashlib.sha1(text.encode()).hexdigest()}"
        files[f"{below}{number:06}.sql"] = f"--! Previous: {previous}\n--! Hash: {digest}\n{headers}\n{body}"
        previous = digest
    return files


@pytest.mark.parametrize(
    ("below", "gmrc"),
    [("committed/", "../.gmrc"), ("migrations/committed/", ".gmrc"), ("", "../../.gmrc")],
    ids=["migrations", "the project", "committed"],
)
def test_the_folder_and_its_settings(below: str, gmrc: str) -> None:
    files = committed("create table :AA ();", below=below)
    found = plan(NAME, tree(files, other={gmrc: '{placeholders: {":AA": "a"}, pgSettings: {search_path: "it\'s"}}'}))
    assert [file.text.decode().splitlines()[-1] for file in found.files] == ["create table a ();"]
    assert found.opening == ("select pg_catalog.set_config('search_path', 'it''s', false)",)
    assert [note.split(": ")[1] for note in found.notes] == ["search_path = it's"]


def test_without_settings_a_note() -> None:
    assert plan(NAME, tree(committed("a;"))).notes == (
        "there is no .gmrc next to the migrations folder: no pgSettings, placeholders and actions are assumed",
    )


def test_a_program_as_settings_is_named() -> None:
    found = plan(NAME, tree(committed("a;"), other={"../.gmrc.js": "module.exports = {}"}))
    assert [(str(each), each.by_rule) for each in found.not_applied] == [
        (".gmrc.js: a program: its placeholders, settings and actions are not known here", False)
    ]


def test_transactions() -> None:
    found = plan(NAME, tree(committed("a;", "--! no-transaction\nb;", "c;\n--! no-transaction")))
    modes = [TransactionMode.FILE, TransactionMode.MESSAGE, TransactionMode.FILE]
    assert [file.transaction for file in found.files] == modes


def test_values_of_audit_toml_come_first_and_the_database_has_no_name_yet() -> None:
    gmrc = {"../.gmrc": '{placeholders: {":AA": "a", ":BB": "!ENV"}}'}
    found = find_format(NAME)
    text = "x :AA :BB :DATABASE_NAME :DATABASE_OWNER :AA_B;"
    files = plan(
        NAME, tree(committed(text), other=gmrc), placeholders={":AA": "1", "BB": "2", "DATABASE_OWNER": "me", ":AA_B": "3"}
    ).files
    assert files[0].text.decode().splitlines()[-1] == f"x 1 2 {THIS_DATABASE} me 3;"
    assert found.takes_placeholders


def test_actions_have_a_session_of_their_own_and_no_entry() -> None:
    after = '["b/c.sql", {command: "x"}, {_: "sql", file: "d.sql", shadow: true}]'
    gmrc = f'{{beforeAllMigrations: "a.sql", afterAllMigrations: {after}}}'
    files = committed("m;") | {"a.sql": ":AA;", "b/c.sql": "c;", "d.sql": "d;"}
    found = plan(NAME, tree(files, other={"../.gmrc": gmrc}), placeholders={"AA": "a"})
    assert [(file.path, file.session, file.entry) for file in found.files] == [
        ("a.sql", "actions", ""),
        ("committed/000001.sql", None, "000001.sql"),
        ("b/c.sql", "actions", ""),
    ]
    assert [(str(each), each.by_rule) for each in found.not_applied] == [
        ("db/d.sql: graphile-migrate only reads committed migrations", False),
        (".gmrc:1: a command of afterAllMigrations, which may change the database", False),
    ]


def test_what_is_not_applied_is_named() -> None:
    files = committed("--!include x.sql\na;", below="m/committed/") | {
        "m/current.sql": "b;",
        "m/fixtures/x.sql": "c;",
        "m/reset.sql": "d;",
        "m/notes.sql": "e;",
        "m/committed/x.sql": "f;",
        "other.sql": "g;",
        ".gmrc": '{afterReset: ["!reset.sql"]}',
    }
    found = plan(NAME, tree(files))
    assert [(str(each).removeprefix("db/"), each.by_rule) for each in found.not_applied] == [
        ("m/committed/x.sql: graphile-migrate reads names such as 000001.sql and 000001-words.sql", False),
        ("m/current.sql: the current migration is not committed, so `graphile-migrate migrate` does not apply it", False),
        ("m/fixtures/x.sql: a fixture, which is included when a migration is committed", True),
        ("m/notes.sql: graphile-migrate only reads committed migrations", False),
        ("m/reset.sql: `graphile-migrate reset` runs afterReset, `migrate` does not", True),
        ("other.sql: outside of db/m", True),
        ("m/committed/000001.sql:4: --!include has no effect in a committed migration", False),
    ]


@pytest.mark.parametrize(
    ("current", "by_rule"), [({"current.sql": "-- Enter migration here\n"}, True), ({"current/1-a.sql": "b;"}, False)]
)
def test_the_current_migration(current: Files, by_rule: bool) -> None:
    assert [each.by_rule for each in plan(NAME, tree(committed("a;") | current)).not_applied] == [by_rule]


def test_the_current_migration_next_to_the_committed_ones_is_seen() -> None:
    found = plan(NAME, tree(committed("a;", below=""), other={"../current.sql": "b;"}, is_whole=False))
    assert [(each.path, each.by_rule) for each in found.not_applied] == [("current.sql", False)]


def edited(old: str, new: str, *bodies: str, name: str = "000001.sql") -> Files:
    files = committed(*(bodies or ("a;",)))
    files[f"committed/{name}"] = str(files[f"committed/{name}"]).replace(old, new)
    return files


FIRST = "db/committed/000001.sql"
REFUSED = {
    "contents": (edited("a;", "b;"), f"{FIRST}:2: the hash of this migration is sha1:"),
    "previous": (
        edited("Previous: sha1", "Previous: x", "a;", "b;", name="000002.sql"),
        "db/committed/000002.sql:1: Previous is x:",
    ),
    "no previous": (edited("--! Previous: -\n", ""), f"{FIRST}:1: the header has no `--! Previous:`"),
    "no empty line": (edited("\n\n", "\n"), f"{FIRST}:3: an empty line has to follow the header"),
    "line ends": (edited("\n", "\r\n"), f"{FIRST}:1: an empty line has to follow the header"),
    "a last line end": (
        edited("\n\n", "\n\r\n"),
        f"{FIRST}:3: an empty line has to follow the header of a committed migration; it has Windows line ends",
    ),
    "twice": (edited("--! Hash", "--! Previous: -\n--! Hash"), f"{FIRST}:2: the header Previous appears twice"),
    "allowed": (edited("\n\n", "\n--! AllowInvalidHash\n\n"), f"{FIRST}:3: AllowInvalidHash is set"),
    "one number twice": (
        committed("a;") | {"committed/000001-b.sql": committed("a;")["committed/000001.sql"]},
        f"{FIRST}: its number 000001 is the same as that of db/committed/000001-b.sql",
    ),
    "placeholder": (committed("x;\n:NOPE;"), f"{FIRST}:5: the placeholder :NOPE is not set"),
    "owner": (committed("x ':DATABASE_OWNER';"), f"{FIRST}:4: the value of :DATABASE_OWNER comes from"),
    "several folders": (
        committed("a;", below="x/committed/") | committed("a;", below="y/committed/"),
        "db: several folders contain migrations: db/x/committed, db/y/committed",
    ),
}


@pytest.mark.parametrize(("files", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(files: Files, message: str) -> None:
    with pytest.raises(SourceError) as refused:
        plan(NAME, tree(files))
    assert str(refused.value).startswith(message)


SETTINGS = {
    "JSON": ("{\n a: }", ".gmrc:2: is not JSON5"),
    "a list": ("[]", ".gmrc:1: graphile-migrate expects an object"),
    "a setting": ('{\n "x": 1}', ".gmrc:2: graphile-migrate does not know the setting x"),
    "a placeholder": ('{placeholders: {\n ":a": "b"}}', ".gmrc:2: graphile-migrate rejects the placeholder :a"),
    "a value": ('{placeholders: {":AB": 1}}', ".gmrc:1: placeholders requires a one-line string for :AB"),
    "settings": ('{pgSettings: {"x": true}}', ".gmrc:1: pgSettings requires a one-line string for x"),
    "an action": (
        "{afterAllMigrations: 1}",
        ".gmrc:1: graphile-migrate does not understand an action of afterAllMigrations",
    ),
    "a missing file": (
        '{\n\nafterAllMigrations: "x.sql"}',
        ".gmrc:3: afterAllMigrations runs x.sql, which does not exist in db",
    ),
    "root": ('{beforeAllMigrations: "!x.sql"}', ".gmrc:1: graphile-migrate rejects an action with root rights in"),
    "the environment": ('{placeholders: {":AB": "!ENV"}}', "db/committed/000001.sql:4: the value of :AB comes from"),
}


@pytest.mark.parametrize(("text", "message"), SETTINGS.values(), ids=SETTINGS)
def test_settings_that_are_refused(text: str, message: str) -> None:
    with pytest.raises(SourceError) as refused:
        plan(NAME, tree(committed("x :AB;"), other={"../.gmrc": text}))
    assert str(refused.value).startswith(message)


def test_slices_and_strings_are_no_placeholders() -> None:
    text = "select a[1:NOPE], ':NOPE', $$:NOPE$$; -- :NOPE"
    assert applied(plan(NAME, tree(committed(text))))[0][1].endswith(text)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (committed("a;", below="m/committed/"), "db/m/committed/000001.sql begins with `--! Previous:`"),
        (committed("a;", below=""), "db/000001.sql begins with `--! Previous:`"),
        ({"committed/000001.sql": "a;"}, None),
        ({"000001.sql": "a;"}, None),
    ],
)
def test_recognised(files: Files, reason: str | None) -> None:
    assert find_format(NAME).recognise(tree(files)) == reason


def test_the_ledger() -> None:
    ledger = find_format(NAME).ledger
    assert ledger is not None
    entries = [LedgerEntry(name=f"{n}.sql", path=f"{n}-x.sql", checksum=f"sha1:{n}") for n in (1, 2, 3)]
    rows = [{"filename": f"{n}.sql", "hash": "sha1:1", "previous_hash": None} for n in (0, 1, 3)]
    found = ledger.read(rows, entries)
    assert [each.state for each in found.verdicts] == [EntryState.APPLIED, EntryState.ABSENT, EntryState.CHANGED]
    assert [each.why for each in found.verdicts][1] == (
        "no row has filename 2.sql, but 3.sql is recorded: graphile-migrate will never apply it"
    )
    assert found.beyond == ("0.sql",)
