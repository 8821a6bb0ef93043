r"""psql and we read the same scripts: what reaches the server is the same, statement by statement.

``psql -L`` writes down every query that it sends. The scripts are random: ``\set`` with odd values, variables in all
spellings and all places, ``\if``, included files, the data of COPY.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from migration_audit.catalog import read_snapshot
from migration_audit.compare import compare
from migration_audit.formats.lexer import tokens
from migration_audit.model.errors import SourceError
from migration_audit.shadow.apply import apply_sources
from migration_audit.sources import load_globs

pytestmark = pytest.mark.server

GIVEN = {"given": "a b", "note": "it's"}
_QUERY = re.compile(rb"^/?\*+ QUERY \*+/?\n(.*?)\n/?\*{20,}/?\n", re.DOTALL | re.MULTILINE)


class Psql:
    """The psql of the test server."""

    def __init__(self, program: str, conninfo: str, folder: Path) -> None:
        self._program = program
        self._conninfo = conninfo
        self.folder = folder

    def run(self, name: str) -> tuple[list[bytes], str]:
        """The queries that ``psql -f name`` sends, and what it complains of."""
        log = self.folder / "psql.log"
        log.write_bytes(b"")
        variables = [part for pair in GIVEN.items() for part in ("-v", "=".join(pair))]
        command = [self._program, "-X", "-q", "-L", str(log), *variables, "-d", self._conninfo, "-f", name]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=60
        )
        return _QUERY.findall(log.read_bytes()), done.stderr.decode()


@pytest.fixture
def psql(server: Any, database: str, tmp_path: Path) -> Psql:
    program = server.programs / "psql" if server.programs else shutil.which("psql")
    if not program:
        pytest.skip("no psql beside this server")
    return Psql(str(program), database, tmp_path)


def words(query: bytes) -> list[bytes]:
    """The tokens of a query; how much space is between and in them does not matter, nor does a last semicolon."""
    found = [b" ".join(query[token.start : token.end].split()) for token in tokens(query)]
    while found and not found[-1].strip(b"; "):
        found.pop()
    if found:
        found[-1] = found[-1].rstrip(b"; ")
    return found


NAMES = ("a", "b", "x1", "2", "é", "given", "note")
VALUES = (
    *("1", "foo", "'it''s'", r"'a\\b'", '"q x"', "'select 1;'", "'--'", "'/*'", "'*/'", "''", "'a\\nb'", "'x;y'", "1;"),
    *("''''", "'$$'", "'\"'", "'('", "')'", "'E'", "':a'", ":a", ":'a'", ':"a"', ":{?a}", "':b:b'", "12:30", "a'b'c"),
    *(r"'\x41\102\q'", "o'f'\"f\"", r"'\ta'", r"'E''a\\'''", "'::'", "':'", "'['", "'create function f() begin atomic'"),
)
TEXT = (
    *("select 1", "select ", ",", "::int", " + ", "'lit :a'", '"id:a"', "$$:a$$", "-- :a\n", "/* :a */", "[1:2]", "[:a]"),
    *("(", ")", ";\n", "\n", "\n\n", ":= ", " a:b ", "'12:30'", r"E'\':a'", "$t$ :a $t$", "json('a':b)", r"\:a "),
    *("create function f() returns int begin atomic select 1; select :a; end;", "u&'x'", "e", "\r\n"),
)
_names = st.sampled_from(NAMES)
_set = st.builds(r"\set {} {}".format, _names, st.lists(st.sampled_from(VALUES), max_size=2).map(" ".join))
_commands = st.one_of(
    _set, _set, st.just(r"\unset nope"), st.just(r"\ir inc.sql"), _set.map(lambda one: f"{one} \\\\ select :'a';")
).map("\n{}\n".format)
_use = st.builds(str.format, st.sampled_from([":{}", ":'{}'", ':"{}"', ":{{?{}}}"]), _names)
_copy = st.just("\n;\ncopy t from stdin;\n:a 'it\n;\n\\.\nselect 'copied';\n")
_odd = st.sampled_from(["'", '"', "$$", "/*", "--", ":nope", "12:30", "\n\\unset a\n"])
_plain = st.one_of(*[_commands] * 3, *[_use] * 3, *[st.sampled_from(TEXT)] * 3, *[st.just("; ")] * 3, _copy, _odd)
_condition = st.sampled_from(["true", "false", ":{?a}", ":{?nope}", "0", "'yes'"])


def _conditional(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    body = st.lists(part, max_size=4).map("".join)
    other = st.one_of(st.just(""), body.map("\\else\n{}\n".format), body.map("\\elif true\n{}\n".format))
    return st.builds("\n\\if {}\n{}\n{}\\endif\n".format, _condition, body, other)


_head = "".join(f"\\set {name} 'v{name}'\n" for name in sorted({*NAMES} - {*GIVEN}))
_part = st.one_of(*[_plain] * 9, _conditional(st.one_of(*[_plain] * 9, _conditional(_plain))))
scripts = st.lists(_part, max_size=12).map("".join).map(_head.__add__)


@pytest.mark.slow
@given(text=scripts)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_same_statements_reach_the_server(psql: Psql, database: str, text: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table if not exists t (a text)")
    (psql.folder / "inc.sql").write_text("\\set a 'from inc'\nselect 'i', :'a', :'b';\n\\set b :a\n")
    (psql.folder / "s.sql").write_bytes(text.encode())
    try:
        found = load_globs("x", psql.folder, ["s.sql"], shown_from=psql.folder, variables=GIVEN).statements
    except SourceError:
        event("refused")  # what psql sends then would be guessed, or is a mistake
        return
    event("read")
    sent, complaints = psql.run("s.sql")
    assert [ours for each in found if (ours := words(each.text.encode()))] == [
        psqls for each in sent if (psqls := words(each))
    ]
    assert not re.search(r"^psql:.*: error: ", complaints, re.MULTILINE)


SCRIPT = r"""
\set schema app
\set owner 'it''s "mine"'
\set body 'begin\n  return new;\nend'
\if :{?note}
\set remark :note
\else
\set remark none
\endif
create schema :schema;
create table :"schema".t (a int default length(:'owner'), b text default :'given', "c:d" int[], e text default E'\':schema');
comment on table :schema.t is :'remark';
create function :schema.f() returns trigger language plpgsql as :'body';
create function :schema.g() returns int language sql as $$ select 1 /* :schema */ $$;
create view :schema.v as select a::text, "c:d"[1:2] as s, time '12:30' as at from :schema.t;
copy :schema.t (b) from stdin;
:schema
:'owner'
\.
\ir :dir/more.sql
create index :"index" on :schema.t (b) where b <> :'owner';
\if :extra \\ create table :schema.extra (); \endif
"""
MORE = "\\set index 'odd \"name\"'\n\\set extra on\ncreate table :schema.:dir (x int check (x > :limit));\n"


def test_the_same_catalog_comes_out(psql: Psql, cluster: Any, database: str) -> None:
    folder = psql.folder
    (folder / "parts").mkdir()
    (folder / "parts/more.sql").write_text(MORE)
    (folder / "s.sql").write_text(f"\\set dir parts\n\\set limit 5\n{SCRIPT}")
    _, complaints = psql.run("s.sql")
    assert complaints == ""
    source = load_globs("x", folder, ["s.sql"], shown_from=folder, variables=GIVEN)
    ours = cluster.create_database("psql_variables")
    try:
        assert apply_sources(ours, [source]).applied.failure is None
        drift = compare(expected=read_snapshot(database).snapshot, actual=read_snapshot(ours).snapshot)
        assert not drift.differences
        with psycopg.connect(ours) as one, psycopg.connect(database) as other:
            rows = b"select * from app.t order by b"
            assert one.execute(rows).fetchall() == other.execute(rows).fetchall() != []
    finally:
        cluster.drop_database("psql_variables")
