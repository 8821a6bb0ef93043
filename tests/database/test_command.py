"""A command as a source: what it gets, what becomes of its processes, output and files, and what is said when it fails."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from fix_outside import HALVES, PASSWORD, Guarded, wait_until
from fix_signals import default_signals
from migration_audit.model.command import CommandSource
from migration_audit.model.errors import SourceError
from migration_audit.model.location import Location
from migration_audit.project import CommandSettings
from migration_audit.shadow.apply import Application, apply_sources
from migration_audit.shadow.binaries import BinaryServer
from migration_audit.shadow.url import UrlCluster
from migration_audit.sources import load_command, load_source

pytestmark = pytest.mark.server

AT = Location("audit.toml", 5)
PSQL = 'psql -X -q -v ON_ERROR_STOP=1 "$DATABASE_URL" -c'
Run = Callable[..., Application]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A project's folder that every account may read: the command runs as another user where the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="ma-command-", dir="/tmp") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="module")
def listening(server: Any) -> Iterator[Any]:
    with server.cluster(tcp=True) as cluster:
        yield cluster


@pytest.fixture
def shadow(listening: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    name = re.sub(r"\W", "_", request.node.name)[:50]
    yield listening.create_database(name)
    listening.drop_database(name)


def source(folder: Path, script: str, *, files: tuple[str, ...] = (), timeout: int = 60, **env: str) -> CommandSource:
    (folder / "migrate.sh").write_text(textwrap.dedent(script))
    env = {"DATABASE_URL": "{url}", **env}
    given = CommandSettings(words=("sh", "migrate.sh"), directory=folder, env=env, files=files, timeout=timeout, at=AT)
    return load_command("legacy", given, root=folder, shown_from=folder)


@pytest.fixture
def run(folder: Path, shadow: str) -> Run:
    """Applies a shell script to an empty database."""

    def run(script: str, **given: Any) -> Application:
        return apply_sources(shadow, [source(folder, script, **given)])

    return run


def ask(conninfo: str, query: str) -> Any:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def message_of(application: Application) -> str:
    assert application.applied.failure is not None
    assert str(application.applied.failure.at) == "command `sh migrate.sh`"
    return application.applied.failure.message


def alive(mark: str) -> list[str]:
    """The command lines that hold the mark, of processes that still run."""
    listed = subprocess.run(["ps", "-eo", "stat=,args="], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in listed if mark in line and not line.startswith("Z")]


def test_it_migrates_the_shadow_and_all_that_it_makes_is_its_own(run: Run, shadow: str) -> None:
    application = run(f"{PSQL} 'create table t (a int); create index i on t (a)'")
    assert application.applied.failure is None
    assert application.applied.sequence == ("legacy",)
    with psycopg.connect(shadow) as connection:
        found = connection.execute(
            "select xmin::text::bigint, cmin::text::bigint from pg_class where relname in ('t', 'i')"
        ).fetchall()
    assert {str(application.trace.locate(*row)) for row in found} == {"command `sh migrate.sh`"}


def test_commands_and_sql_follow_each_other(folder: Path, shadow: str) -> None:
    (folder / "b.sql").write_text("create table b as select * from a")
    other = load_source("owner", [folder / "b.sql"], shown_from=folder)
    command = source(folder, f"{PSQL} 'create table if not exists a (x int)'")
    application = apply_sources(shadow, [command, other, command])
    assert application.applied.failure is None
    assert application.applied.sequence == ("legacy", "owner", "legacy")
    assert len(application.applied.outputs) == 2


@pytest.mark.parametrize(
    "connect",
    [
        'psql -X -q "$DATABASE_URL"',
        'psql -X -q "$MADE"',
        "psql -X -q",
        "env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE psql -X -q -h $H -p $P -U $U -d $D",
    ],
    ids=["a URL", "a URL of its parts", "libpq's variables", "parts"],
)
def test_every_way_to_the_shadow_leads_there(run: Run, shadow: str, connect: str) -> None:
    made = "postgresql://{user}:{password}@{host}:{port}/{database}"
    application = run(
        f"{connect} -c 'create table here (a int)'", MADE=made, H="{host}", P="{port}", U="{user}", D="{database}"
    )
    assert application.applied.failure is None
    assert ask(shadow, "select to_regclass('here') is not null")


def test_one_that_writes_nothing_into_its_shadow_says_so(run: Run) -> None:
    application = run(f"{PSQL} 'select 1'")
    assert application.applied.failure is None
    assert application.applied.notes == ("command `sh migrate.sh` wrote nothing into its database",)


@pytest.mark.timescale
def test_what_the_apache_edition_may_have_left_out_is_not_looked_at_and_said(run: Run) -> None:
    application = run(f"{PSQL} 'create extension timescaledb'")
    assert application.applied.failure is None
    (note,) = application.applied.notes
    assert note.startswith(
        "command `sh migrate.sh`: not checked whether it uses features of TimescaleDB's Community edition"
    )


def test_it_gets_nothing_of_the_callers_environment_but_what_is_listed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION", "hunter2-of-the-caller")
    monkeypatch.setenv("PGPASSFILE", "/hunter2-of-the-caller")
    monkeypatch.setenv("PGOPTIONS", "-c search_path=x")
    monkeypatch.setenv("LANG", "C.UTF-8")
    (output,) = run("env; pwd; id -u; echo end", NODE_ENV="test").applied.outputs
    names = set(re.findall(r"(?m)^(\w+)=", output))
    listed = {"PATH", "LANG", "HOME", "TMPDIR", "DATABASE_URL", "NODE_ENV"}
    libpq = {"PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE"}
    assert names - {"PWD", "OLDPWD", "SHLVL", "_"} == listed | libpq
    assert "hunter2" not in output


def test_it_has_a_home_of_its_own_that_goes_away(run: Run) -> None:
    (output,) = run("touch ~/x $TMPDIR/y && mkdir -m 0 ~/closed && echo home: $HOME, $TMPDIR").applied.outputs
    home, temporary = re.findall(r"home: (\S+), (\S+)", output)[0]
    assert Path(home) in Path(temporary).parents
    assert home != os.environ.get("HOME")
    assert not Path(home).parent.exists()


def test_a_root_who_audits_does_not_run_it_as_root(run: Run) -> None:
    (output,) = run("echo $(id -u) $(id -G)").applied.outputs
    uid, *groups = map(int, output.split())
    assert uid != 0
    assert 0 not in groups
    assert os.geteuid() == 0 or uid == os.geteuid()


def test_standard_input_is_closed(run: Run) -> None:
    assert run("read line && exit 3; echo nothing to read").applied.failure is None


def test_a_failure_names_the_command_the_folder_and_the_end_of_the_output(run: Run, shadow: str) -> None:
    application = run(f"{PSQL} 'create table half (a int)'\necho step two\necho went wrong >&2; exit 7")
    reported = message_of(application)
    assert "it ended with exit code 7" in reported
    assert "step two" in reported
    assert "went wrong" in reported
    assert application.applied.failure is not None
    assert application.applied.failure.statement == "sh migrate.sh"
    assert ask(shadow, "select to_regclass('half') is not null"), "half of it was done, and that is no success"


def test_a_failure_ends_the_sequence(folder: Path, shadow: str) -> None:
    (folder / "b.sql").write_text("create table b (a int)")
    other = load_source("owner", [folder / "b.sql"], shown_from=folder)
    application = apply_sources(shadow, [source(folder, "exit 1"), other])
    assert application.applied.failure is not None
    assert "it printed nothing" in message_of(application)
    assert not ask(shadow, "select to_regclass('b') is not null")


@pytest.mark.parametrize(
    "script",
    [
        'echo "at $DATABASE_URL"; echo "$PGPASSWORD"; exit 1',
        'printf "%s" "$PGPASSWORD" | sed "s/./&/" ; echo; exit 1',
        'python3 -c "import os; print(dict(os.environ))" || env; exit 1',
        "echo ADMIN_PASSWORD=$ADMIN_PASSWORD; exit 1",
        "echo the token is $ADMIN_TOKEN; exit 1",
        "echo connecting to amqp://guest:hunter2@rabbit; exit 1",
    ],
)
def test_what_it_prints_is_shown_without_secrets(run: Run, shadow: str, script: str) -> None:
    application = run(script, ADMIN_PASSWORD="hunter2-admin", ADMIN_TOKEN="hunter2-token")
    password = psycopg.conninfo.conninfo_to_dict(shadow)["password"]
    for text in (message_of(application), *application.applied.outputs):
        assert str(password) not in text
        assert "hunter2" not in text


@pytest.mark.slow
def test_the_end_of_endless_output_is_kept(run: Run) -> None:
    application = run("head -c 1000000000 /dev/zero | tr '\\0' x; echo; echo the last line; exit 1")
    assert message_of(application).endswith("the last line")
    assert len(message_of(application)) < 10_000
    assert all(len(output) <= 65_536 for output in application.applied.outputs)


def test_a_secret_that_the_cut_goes_through_is_not_shown(run: Run, shadow: str) -> None:
    password = str(psycopg.conninfo.conninfo_to_dict(shadow)["password"])
    # Of what is kept, the first bytes are the end of the password.
    application = run('printf "%s" "$PGPASSWORD"; head -c 66550 /dev/zero | tr "\\0" x; exit 1')
    (output,) = application.applied.outputs
    assert not any(password[-n:] in output for n in range(5, len(password)))


def test_a_terminal_obeys_nothing_of_it(run: Run) -> None:
    reported = message_of(run(r"printf '\033[2J\033]0;title\007plain\n'; exit 1"))
    assert "\x1b" not in reported
    assert reported.endswith("plain")


@pytest.mark.slow
@pytest.mark.parametrize(
    "script",
    [
        "sleep 4242 & exit 0",
        "(setsid sleep 4242 >/dev/null 2>&1 </dev/null &) ; exit 0",
        "nohup setsid sh -c 'trap \"\" TERM HUP INT; sleep 4242; sleep 4242' >/dev/null 2>&1 & exit 0",
    ],
    ids=["in the background", "a daemon", "a daemon that ignores signals"],
)
def test_nothing_that_it_starts_outlives_it(run: Run, script: str) -> None:
    application = run(script)
    assert application.applied.failure is None
    assert alive("sleep 4242") == []
    assert any("left processes running, which were stopped: s" in note for note in application.applied.notes)


def test_what_ends_soon_after_it_is_waited_for(run: Run, shadow: str) -> None:
    application = run(f"({PSQL} 'create table late (a int)' &); exit 0")
    assert application.applied.failure is None
    assert application.applied.notes == ()
    assert ask(shadow, "select to_regclass('late') is not null")


@pytest.mark.slow
@pytest.mark.parametrize(
    "script",
    ["sleep 4343", "trap '' TERM INT HUP; while :; do sleep 4343; done", "setsid sleep 4343 & wait"],
    ids=["hangs", "ignores signals", "waits for a daemon"],
)
def test_it_is_killed_when_its_time_is_over(run: Run, script: str) -> None:
    reported = message_of(run(f"echo waiting\n{script}", timeout=1))
    assert "it did not end within 1 s and was killed" in reported
    assert "waiting" in reported
    assert alive("sleep 4343") == []


def test_a_session_that_it_leaves_open_is_rolled_back(run: Run, shadow: str) -> None:
    script = f"""
        {PSQL} 'create table t (a int)'
        (setsid psql -X -q "$DATABASE_URL" -c 'begin; lock table t; create table never (a int); select pg_sleep(600)' &)
        sleep 0.5
    """
    assert run(script).applied.failure is None
    assert not ask(shadow, "select to_regclass('never') is not null")
    assert ask(shadow, "select count(*) from t") == 0, "nobody holds the lock any more"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("echo more >> migrations/1.js", "migrations/1.js"),
        ("echo new > migrations/2.js; rm migrations/1.js", "migrations/1.js, migrations/2.js"),
        ("echo new > migrations/2.js", "migrations/2.js"),
        ("rm -r migrations", "no files match"),
    ],
)
def test_a_run_that_changes_its_own_files_is_no_success(folder: Path, run: Run, change: str, named: str) -> None:
    (folder / "migrations").mkdir()
    (folder / "migrations" / "1.js").write_text("one")
    for path in (folder, folder / "migrations", folder / "migrations" / "1.js"):
        path.chmod(0o777)
    reported = message_of(run(change, files=("migrations/*.js",)))
    assert "it changed files of the project" in reported
    assert named in reported


def test_the_digests_of_its_files_are_known(folder: Path) -> None:
    for name in ("migrations/2.js", "migrations/1.js", "migrations/__pycache__/x.js", "node_modules/y.js", "package.json"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"create extension if not exists postgis -- {name}")
    found = source(folder, "", files=("**/*.js", "package.json", "migrations"))
    assert [path for path, _ in found.files] == ["migrations/1.js", "migrations/2.js", "package.json"]
    assert found.extensions == {"postgis"}


@pytest.mark.parametrize(
    ("words", "more", "said"),
    [
        (["no-such-runner", "up"], {}, "audit.toml:5: the program no-such-runner is not on PATH"),
        (
            ["./node_modules/.bin/knex"],
            {},
            "audit.toml:5: the program ./node_modules/.bin/knex does not exist in the command's",
        ),
        (["sh"], {"directory": "nowhere"}, "audit.toml:5: the command's directory nowhere does not exist"),
        (["sh"], {"files": ("*.js",)}, "no files match '*.js'"),
        (["sh"], {"files": ("a.txt", "*.js")}, "no files match '*.js'"),
    ],
    ids=["program", "program of the project", "directory", "files", "some files"],
)
def test_what_is_not_there_is_reported_before_anything_runs(folder: Path, words: Any, more: Any, said: str) -> None:
    (folder / "a.txt").write_text("")
    directory, files = folder / more.get("directory", ""), tuple(more.get("files", ()))
    given = CommandSettings(words=tuple(words), directory=directory, files=files, at=AT)
    with pytest.raises(SourceError) as caught:
        load_command("legacy", given, root=folder, shown_from=folder)
    assert said in str(caught.value)


def test_a_program_that_cannot_be_run(folder: Path, shadow: str) -> None:
    (folder / "tool").write_text("no program")
    given = CommandSettings(words=("./tool",), directory=folder, timeout=9, at=AT)
    command = load_command("legacy", given, root=folder, shown_from=folder)
    failure = apply_sources(shadow, [command]).applied.failure
    assert failure is not None
    assert "it cannot be run" in failure.message
    assert "./tool: Permission denied" in failure.message


@pytest.mark.skipif(os.geteuid() != 0, reason="only who is root hands the command to another user")
@pytest.mark.parametrize("closed", ["folder", "file"])
def test_what_the_other_user_may_not_read_is_named(folder: Path, run: Run, closed: str) -> None:
    (folder / "1.js").write_text("one")
    (folder / "1.js").chmod(0o600 if closed == "file" else 0o644)
    folder.chmod(0o700 if closed == "folder" else 0o755)
    reported = message_of(run("exit 0", files=("1.js",)))
    assert str(folder / "1.js" if closed == "file" else folder) in reported
    assert "cannot be read by user" in reported
    assert "make it readable" in reported


@pytest.mark.skipif(os.geteuid() != 0, reason="only who is root hands the command to another user")
def test_modes_and_owners_of_the_projects_files_stay(folder: Path, run: Run) -> None:
    (folder / "1.js").write_text("one")
    before = {path: path.stat() for path in (folder, folder / "1.js")}
    assert run("touch 1.js 2.js; rm -f 1.js; exit 0", files=("1.js",)).applied.failure is None
    after = {path: path.stat() for path in before}
    assert {p: (s.st_mode, s.st_uid, s.st_mtime) for p, s in after.items() if p.is_file()} == {
        p: (s.st_mode, s.st_uid, s.st_mtime) for p, s in before.items() if p.is_file()
    }


@pytest.mark.parametrize(
    "connect",
    ['"$DATABASE_URL"', '"$MADE"', "", '"host=$H port=$P user=$U dbname=$D"'],
    ids=["a URL", "a URL of its parts", "libpq's variables", "parts"],
)
def test_a_server_of_the_user_with_an_odd_password(guarded: Guarded, folder: Path, connect: str) -> None:
    guarded.execute("drop role if exists builder", "create role builder createdb")
    with psycopg.connect(guarded.admin, autocommit=True) as connection:
        connection.execute(sql.SQL("alter role builder login password {}").format(sql.Literal(PASSWORD)))
    cluster = UrlCluster(guarded.url("postgres", user="builder"))
    try:
        conninfo = cluster.create_database("shadow")
        made = "postgresql://{user}@{host}:{port}/{database}"
        show = 'env; echo "$PGPASSWORD"; echo $DATABASE_URL; exit 5'
        script = f"psql -X -q {connect} -c 'create table t (a int)' || exit 1; {show}"
        given = source(folder, script, MADE=made, H="{host}", P="{port}", U="{user}", D="{database}", SPLIT="{password}")
        application = apply_sources(conninfo, [given])
        assert "exit code 5" in message_of(application)
        assert ask(conninfo, "select to_regclass('t') is not null")
        for text in (message_of(application), *application.applied.outputs):
            assert not any(half.decode() in text for half in HALVES), text
    finally:
        cluster.drop_all()


INTERRUPTED = """
import sys
from pathlib import Path
from migration_audit.model.location import Location
from migration_audit.shadow.apply import apply_sources
from migration_audit.project import CommandSettings
from migration_audit.sources import load_command
from migration_audit.audit.run_in_parallel import run_in_parallel

folder = Path(sys.argv[1])
given = CommandSettings(
    words=("sh", "migrate.sh"), directory=folder, env={"DATABASE_URL": "{url}"}, timeout=600, at=Location("audit.toml", 1)
)
command = load_command("legacy", given, root=folder, shown_from=folder)
run_in_parallel(lambda conninfo: apply_sources(conninfo, [command]), [sys.argv[2]] * 2)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_it_ends_when_the_audit_is_ended(folder: Path, shadow: str, number: signal.Signals) -> None:
    source(folder, "trap '' TERM INT HUP\n(setsid sleep 4444 &)\necho $HOME > /dev/null\nsleep 4444")
    with default_signals():
        audit = subprocess.Popen([sys.executable, "-c", INTERRUPTED, str(folder), shadow], stderr=subprocess.DEVNULL)
    wait_until(lambda: len(alive("sleep 4444")) == 2)
    audit.send_signal(number)
    audit.wait(timeout=30)
    assert audit.returncode != 0
    wait_until(lambda: not alive("sleep 4444"))


@pytest.mark.slow
def test_two_audits_at_once_do_not_see_each_other(server: Any, folder: Path) -> None:
    if not isinstance(server, BinaryServer):
        pytest.skip("needs servers of our own")
    source(folder, f"{PSQL} 'create table t (a int)'; {PSQL} 'select pg_sleep(0.2)'")
    with server.cluster(tcp=True) as one, server.cluster(tcp=True) as other:
        targets = [one.create_database("x"), other.create_database("x")]
        programs = [
            subprocess.Popen([sys.executable, "-c", INTERRUPTED.replace("] * 2", "]"), str(folder), target])
            for target in targets
        ]
        assert [program.wait(timeout=60) for program in programs] == [0, 0]
        assert [ask(target, "select count(*) from pg_class where relname = 't'") for target in targets] == [1, 1]
