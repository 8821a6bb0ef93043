"""An invalid audit.toml is refused with every problem at once, each at its line, and without repeating a value."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from migration_audit.model.errors import AuditError, ConfigError, UsageError
from migration_audit.project import load_project, template

# Every key there is, each with a good value.
FULL = re.sub(r"(?m)^#(?=[\[\w])", "", template())

Refuse = Callable[[str], list[str]]


@pytest.fixture
def refuse(tmp_path: Path) -> Refuse:
    """Each problem of a text as ``line: message``: without the file in front and without what to do."""

    def refuse(text: str) -> list[str]:
        (tmp_path / "audit.toml").write_bytes(text.encode())
        with pytest.raises(ConfigError) as caught:
            load_project(tmp_path / "audit.toml")
        assert caught.value.exit_code == 2
        heads = [line for line in str(caught.value).splitlines() if not line.startswith("  →")]
        return [head.partition("audit.toml:")[2] for head in heads]

    return refuse


def changed(old: str, new: str) -> str:
    """The full text with its first ``old`` replaced; an empty ``old`` stands for its end."""
    assert old in FULL, old
    return FULL.replace(old, new, 1) if old else FULL + new


# name: (old, new, the line that the error points at, what the message must hold)
REFUSED = {
    "unknown table": ("", "[sources]", "[sources]", "sources is not a known key"),
    "unknown key": ("\nname =", "\nnmae =", 'nmae = "my-project"', "project.nmae is not a known key"),
    "missing key": ('\nname = "my-project"', "", "[project]", "project.name is missing, expected the name of the project"),
    "missing table": ("[report]", "[raport]", "[raport]", "raport is not a known key"),
    "text for a list": ('["public"]', '"public"', 'schemas = "public"', "expected a list of schema names"),
    "empty list": ('["public"]', "[]", "schemas = []", "scope.schemas is wrong"),
    "number in a list": ('["public"]', "[1]", "schemas = [1]", "scope.schemas is wrong"),
    "absolute pattern": ('"service/mig', '"/mig', 'sql = ["/migrations/*.sql"]', "legacy.sql is wrong"),
    "empty text": ('"my-project"', '" "', 'name = " "', "project.name is wrong: expected the name of the project; found an"),
    "line break in a name": ('"my-project"', r'"a\nb"', r'name = "a\nb"', "project.name is wrong"),
    "number for a text": ('"my-project"', "1", "name = 1", "found a whole number"),
    "date for a text": ('"my-project"', "2026-01-01", "name = 2026-01-01", "found a date or time"),
    "key of another table": ("[report]\n", "", 'out = "reports"', "hypertable[2].out is not"),
    "table for an array": ("[[probe]]", "[probe]", "[probe]", "expected an array of tables: [[probe]]; found a table"),
    "unqualified ledger": ('"service.migrations_applied"', '"a"', 'table = "a"', "legacy.ledger.table is wrong: expected"),
    "ledger without its column": ("name_column", "#", "[legacy.ledger]", "legacy.ledger.name_column is missing"),
    "clean-up of the owner": ("[environments.stage]", "cleanup=1\n[environments.stage]", "cleanup=1", "ledger.cleanup is"),
    "name format": ('"file"', '"fiel"', 'name_format = "fiel"', "expected one of file, stem; found another text"),
    "a seed's mode": ('"exact"', '"exactly"', 'mode = "exactly"', "seed[1].mode is wrong: expected one of ignore"),
    "both of a seed": ('except = ["note"]', 'except = ["a"]\ncolumns = ["b"]', "[[seed]]", "has both columns and except"),
    "columns of a seed that is counted": ('"exact"', '"count"', 'columns = ["code", "name"]', "has no effect with mode"),
    "a text for true": ("rerun = true", 'rerun = "yes"', 'rerun = "yes"', "legacy.rerun is wrong: expected true or false"),
    "connection twice": ('"app-prod"', '"x"\ndsn_env = "X"', "[environments.prod]", "has both dsn_env and service"),
    "no connection": ("service = ", "database = ", "[environments.prod]", "has neither dsn_env nor service"),
    "variable with a dash": ('"STAGE_DATABASE_URL"', '"A-B"', 'dsn_env = "A-B"', "expected the NAME of an env"),
    "service with a space": ('"app-prod"', '"app prod"', 'service = "app prod"', "expected the name of an entry"),
    "dsn": ('database = "app"', 'dsn = "app"', 'dsn = "app"', "connections are not stored in this file"),
    "environment is a word": ("[environments.prod]\n", "[environments]\nprod = 1\n", "prod = 1", "environments.prod is"),
    "environment name": ("[environments.prod]", "[environments.Prod]", "[environments.Prod]", "environments.Prod is"),
    "reserved environment": ("ments.prod]", "ments.signed]", "[environments.signed]", "environments.signed is reserved"),
    "phase": ('"retired"]', '"retire"]', 'phases = ["preflight", "retire"]', "one or more of preflight, retired"),
    "phase twice": ('"retired"]', '"preflight"]', 'phases = ["preflight", "preflight"]', "stage.phases is wrong"),
    "system identifier": ('"7301234567890123456"', "730", "system_identifier = 730", "in quotes; found a whole number"),
    "timeout of zero": ("out = 60\n", "out = 0\n", "statement_timeout = 0", "at least 1; found another whole number"),
    "timeout of true": ("out = 60\n", "out = true\n", "statement_timeout = true", "found true or false"),
    "provider": ('"debian"', '"debain"', 'provider = "debain"', "one of url, local, docker, debian"),
    "exclusion without a reason": ("reason =", "#", "[[scope.exclude]]", "scope.exclude[1].reason is missing"),
    "exclusion of a kind": ('kind = "table"', 'kind = "tables"', 'kind = "tables"', "scope.exclude[1].kind is wrong"),
    "severity": ('"info"', '"error"', 'comments = "error"', "rules.comments is wrong: expected one of"),
    "rule": ("comments =", "coments =", 'coments = "info"', "rules.coments is not a known key"),
    "arbiter": ('"public.users_pkey"', '"pkey"', 'arbiter = "pkey"', "probe[1].arbiter is wrong"),
    "probe of a name twice": ("", '[[probe]]\nsql = "x"\nname = "upsert"', 'name = "upsert"', "probe[2].name is also"),
    "interval": ('"1 day"', '"daily"', 'chunk_interval = "daily"', "hypertable[1].chunk_interval is wrong"),
    "interval of nothing": ('"1 day"', '"0 days"', 'chunk_interval = "0 days"', "hypertable[1].chunk_interval is wrong"),
    "pin of nothing": ("chunk_interval =", "#", "[[hypertable]]", "hypertable[1] has neither"),
    "pin of both": ("partitions = 4", 'partitions = 4\nchunk_interval = "1 day"', "[[hypertable]]", "[2] has both"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_at_the_line(refuse: Refuse, old: str, new: str, line: str, message: str) -> None:
    text = changed(old, new)
    found = refuse(text)
    numbers = [int(head.partition(":")[0]) for head in found if message in head]
    assert [text.split("\n")[number - 1] for number in numbers] == [line], found
    # One mistake is reported once, or twice where the right key is missing as well.
    assert len(found) <= 2


MINIMAL = '[project]\nname = "p"\n[legacy]\nsql = ["a"]\n[owner]\nsql = ["b"]\n[environments.e]\nservice = "s"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1: project is", "1: legacy is", "1: owner is", "1: environments is"]),
        (MINIMAL.replace("[owner]\nsql", "[ownr]\nsql"), ["1: owner is missing", "5: ownr is not a known key"]),
        (MINIMAL.partition("[env")[0] + "[environments]", ["7: environments is empty, expected at least one table"]),
    ],
    ids=["nothing at all", "no owner", "no environment"],
)
def test_what_is_missing_is_reported(refuse: Refuse, text: str, expected: list[str]) -> None:
    found = refuse(text)
    assert len(found) == len(expected)
    assert all(any(head.startswith(start) for head in found) for start in expected), found


def test_all_problems_are_reported_at_once_in_the_order_of_lines(refuse: Refuse) -> None:
    text = changed('"info"', '"error"').replace('"STAGE_DATABASE_URL"', '"no name"').replace('"file"', '"dir"')
    keys = [head.split()[1] for head in refuse(text)]
    assert keys == ["legacy.ledger.name_format", "owner.ledger.name_format", "environments.stage.dsn_env", "rules.comments"]


def test_a_single_problem_has_its_three_parts(tmp_path: Path) -> None:
    (tmp_path / "audit.toml").write_text(MINIMAL + "[rules]\ncoments = 'info'\n")
    with pytest.raises(ConfigError) as caught:
        load_project(tmp_path / "audit.toml")
    assert str(caught.value.where).endswith("audit.toml:10")
    assert (caught.value.what, caught.value.todo) == ("rules.coments is not a known key", "did you mean comments?")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (MINIMAL + "[enviroments]", "did you mean environments?"),
        (MINIMAL + "[rules]\nowners = 'warn'", "did you mean warning?"),
        (MINIMAL + "phases = ['retire']", "did you mean retired?"),
        (MINIMAL + "[zzz]", "known here: project, server, legacy"),
        (MINIMAL + "password = 'x'", "name it with dsn_env"),
    ],
    ids=["table", "word", "word in a list", "nothing near", "a connection"],
)
def test_it_says_what_to_do(tmp_path: Path, text: str, hint: str) -> None:
    (tmp_path / "audit.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_project(tmp_path / "audit.toml")
    assert hint in str(caught.value)


NOT_TOML = {
    "no value": ("[project]\nname =\n", "2: is not valid TOML at column 7: "),
    "open string": ('a = 1\nb = "x\n', "2: is not valid TOML at column 7: "),
    "end of the file": ("a = 1\nb = [1,\n", "2: is not valid TOML at the end of the file: "),
    "key twice": ("a = 1\na = 2\n", "2: is not valid TOML at column 6: "),
    "too deep": (f"a = {'[' * 9999}{']' * 9999}", "1: is nested too deeply"),
}


@pytest.mark.parametrize(("text", "message"), NOT_TOML.values(), ids=NOT_TOML.keys())
def test_text_that_is_not_toml(refuse: Refuse, text: str, message: str) -> None:
    (found,) = refuse(text)
    assert found.startswith(message)


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "audit.toml").write_bytes(b"# one\n# caf\xe9\n")
    with pytest.raises(ConfigError, match=r"audit\.toml:2: is not UTF-8 here"):
        load_project(tmp_path / "audit.toml")


@pytest.mark.parametrize("name", ["missing.toml", "."], ids=["file does not exist", "a folder"])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        load_project(tmp_path / name)


SECRET = "hunter2"
SECRETS = {
    "URL": f"postgresql://u:{SECRET}@db/x",
    "short URL": f"postgres://{SECRET}",
    "URL of a driver": f"postgresql+psycopg://db/{SECRET}",
    "URL in upper case": f"POSTGRESQL://{SECRET}",
    "URL of something else": f"redis://:{SECRET}@cache",
    "conninfo": f"host=db password={SECRET}",
    "conninfo with spaces": f"password = {SECRET}",
    "URL with a setting": f"https://db/?password={SECRET}",
    "URL in prose": f"see postgres://{SECRET} for more",
}
STRINGS = {
    "name": ('"my-project"', "{}"),
    "root": ('root = "."', "root = {}"),
    "pattern in a list": ('["service/migrations/*.sql"]', '["a", {}]'),
    "variable": ('"STAGE_DATABASE_URL"', "{}"),
    "service": ('"app-prod"', "{}"),
    "phase": ('["preflight", "retired"]', "[{}]"),
    "reason": ('"the CMS makes and changes these tables itself"', "{}"),
    "probe": ("\"INSERT INTO public.users (id, name) VALUES (1, 'a') ON CONFLICT (id) DO NOTHING\"", "{}"),
    "unknown key": ("partitions = 4", "partitons = {}"),
    "unknown table": ("[report]", "[more]\nx = [{{ y = {} }}]\n[report]"),
    "table for a text": ('"my-project"', "{{ x = {} }}"),
    "text for a table": ("[report]", "[server.x]\ny = {}\n[report]"),
    "name of a key": ("[report]", "[report]\n{} = 1"),
    "name of a table": ("[report]", "[environments.{}]\nservice = 'x'\n[report]"),
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
@pytest.mark.parametrize(("old", "new"), STRINGS.values(), ids=STRINGS.keys())
def test_a_secret_is_refused_and_never_repeated(refuse: Refuse, old: str, new: str, secret: str) -> None:
    text = changed(old, new.format(f"'{secret}'"))
    number = text[: text.index(SECRET)].count("\n") + 1
    found = refuse(text)
    assert SECRET not in "".join(found)
    assert any(head.startswith(f"{number}: ") for head in found), found


@pytest.mark.parametrize("kind", ["URL", "URL of something else"])
def test_a_comment_is_a_part_of_the_file(refuse: Refuse, kind: str) -> None:
    (found,) = refuse(changed("[report]", f"# {SECRETS[kind]}\n[report]"))
    assert "contains a URL with a password, which must not be in this file" in found
    assert SECRET not in found


@pytest.mark.parametrize("broken", ["", "\n[", "\nx = "], ids=["valid", "broken table", "broken key"])
def test_a_password_is_not_repeated_by_the_parser(tmp_path: Path, broken: str) -> None:
    (tmp_path / "audit.toml").write_text(f'a = {{ "redis://u:{SECRET}@h" = 1, "redis://u:{SECRET}@h" = 2 }}{broken}')
    with pytest.raises(AuditError) as caught:
        load_project(tmp_path / "audit.toml")
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "text",
    ["https://wiki.example.org/why#a", "ask ops@example.org", "SELECT 1 -- postgres", "the password is not here", "C:\\x"],
)
def test_harmless_text_is_no_secret(tmp_path: Path, text: str) -> None:
    (tmp_path / "audit.toml").write_text(changed('"the CMS makes and changes these tables itself"', f"'{text}'"))
    assert load_project(tmp_path / "audit.toml").scope.exclude[0].reason == text
