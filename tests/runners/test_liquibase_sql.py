"""The real Liquibase and our reading of formatted SQL changelogs: the same catalog, the same rows, the same refusals."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from fix_runners import (
    CASES,
    SEED,
    Outcome,
    Proof,
    Ran,
    Resident,
    Target,
    from_npm,
    migration,
    ran,
    reading,
    tcp_address,
    write,
)
from migration_audit.formats import EntryState, find_format

pytestmark = pytest.mark.server

PACKAGE = "liquibase@4.28.1"
Hold = Callable[..., Outcome]

HEAD = "--liquibase formatted sql\n"
ONE = "--changeset me:1\n"
MASTER = """<?xml version="1.0" encoding="UTF-8"?>
<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog
        http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">
  <includeAll path="changes/"/>
</databaseChangeLog>
"""


@pytest.fixture(scope="module")
def liquibase() -> Iterator[Resident]:
    """Liquibase's command line in one Java for all cases, from what its npm package ships."""
    java = shutil.which("java")
    if java is None or "jdk.compiler" not in ran([java, "--list-modules"], cwd=Path("/")).output:
        pytest.skip("Liquibase runs on Java, and there is no JDK here")
    jars = from_npm(PACKAGE) / "node_modules" / "liquibase" / "dist" / "liquibase" / "internal" / "lib" / "*"
    command = [
        java,
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-cp",
        jars,
        Path(__file__).with_name("LiquibaseServer.java"),
    ]
    with Resident(command, more={"LC_ALL": "C.UTF-8"}) as server:
        yield server


@pytest.fixture
def hold(liquibase: Resident, proof: Proof, tmp_path: Path) -> Hold:
    """Write changelogs, let Liquibase include them all and our format apply them, and hold one against the other."""

    def run(files: dict[str, str | bytes], rng: Random | None = None) -> Outcome:
        changes = write(tmp_path / "changes", files, rng)
        (tmp_path / "master.xml").write_text(MASTER)

        def migrate(target: Target) -> Ran:
            with tcp_address(target) as address:
                url = f"--url=jdbc:postgresql://{address}/{target.database}?sslmode=disable"
                login = [f"--username={target.user}", f"--password={target.password or 'none'}"]
                where = [f"--search-path={tmp_path}", "update", "--changelog-file=master.xml"]
                return liquibase.ask("--show-banner=false", url, *login, *where)

        return proof.hold("liquibase-sql", changes, migrate, apart=["databasechangeloglock"])

    return run


@pytest.mark.slow
def test_the_version_is_the_proven_one(liquibase: Resident) -> None:
    shown = liquibase.ask("--version").output
    assert find_format("liquibase-sql").tested_against == "Liquibase 4.28.0"
    assert "Liquibase Version: 4.28.0" in shown


BODY = """create function f() returns integer language plpgsql as $$
begin
  -- a comment; in the body
  /* another; over
     lines */
  return 1; -- behind
end
$$;
create table after_f (note text default 'x');
"""
JOURNAL = "create table if not exists journal (at serial, note text default current_setting('my.x', true));\n"

APPLIED = {
    "files by path": {
        "b.sql": HEAD + ONE + JOURNAL + "insert into journal (note) values ('b');\n",
        "a/z.sql": HEAD + ONE + JOURNAL + "insert into journal (note) values ('a/z');\n",
        "a.sql": HEAD + ONE + JOURNAL + "insert into journal (note) values ('a');\n",
        "B1.sql": HEAD + ONE + JOURNAL + "insert into journal (note) values ('B1');\n",
        "10.sql": HEAD + ONE + JOURNAL + "insert into journal (note) values ('10');\n",
        "9.sql": HEAD + ONE + JOURNAL + "insert into journal (note) values ('9');\n",
    },
    "rollbacks, comments, ignored lines": {
        "a.sql": HEAD + "select 'before the first changeset';\n" + ONE + "--comment: x\n--validCheckSum: 9:abc\n"
        "create table a ();\n--rollback drop table a;\n/* liquibase rollback\ndrop table a;\n*/\n"
        "--ignoreLines:1\nbad sql;\n--ignoreLines:start\nbad;\n--ignoreLines:end\ncreate table b ();\n"
        "--preconditions onFail:MARK_RAN\n--changeset you:1\ncreate table c ();\n"
    },
    "bodies without their comments": {
        "a.sql": HEAD + ONE + BODY,
        "b.sql": (HEAD + ONE + BODY.replace("f()", "g()").replace("after_f", "after_g")).replace("\n", "\r\n"),
    },
    "bodies with their comments": {"a.sql": HEAD + "--changeset me:1 stripComments:false splitStatements:false\n" + BODY},
    "delimiters": {
        "a.sql": HEAD
        + "--changeset me:1 endDelimiter:/\n"
        + BODY.replace("$$;", "$$\n/")
        + "--changeset me:2 endDelimiter:@@\n"
        "create table d (i integer); insert into d values (4 / 2); @@\ncreate table e (); @@\n"
        "--changeset me:3 endDelimiter:\\ngo\ncreate table g (go integer)\nGO\ncreate table h ()\ngo\n"
        "--changeset me:4\ncreate table k (i integer)\nGO\ncreate table l ()\n/\ncreate table m ()\n"
    },
    "what is for others": {
        "a.sql": HEAD + "--changeset me:1 dbms:oracle\nbad;\n--changeset me:2 dbms:h2,postgresql\ncreate table a ();\n"
        "--changeset me:3 ignore:true\nbad;\n--changeset me:4 dbms:!oracle context:prod labels:x\ncreate table b ();\n"
        "--changeset me:5 dbms:!postgresql\nbad;\n"
    },
    "properties": {
        "a.sql": HEAD + "--property name:t value:one\n--property name:t value:two\n--property name:u value:no dbms:oracle\n"
        "--property name:u value:yes\n" + ONE + "create table ${t} (note text default '${ u }'); -- ${t}\n",
        "b.sql": HEAD + "--property name:T value:three global:false\n--property name:v value:no global:false\n"
        "--property name:v value:last global:false\n" + ONE + "create table ${t}_${U}_${v} ();\n",
    },
    "one session": {
        "a.sql": HEAD + ONE + "create schema s; set my.x = 'kept'; set search_path = s, public; create temp table t ();\n"
        "--changeset me:2\n" + JOURNAL + "insert into journal default values;\n"
        "create table path as select current_setting('search_path') as path, to_regclass('t') is not null as has_t;\n",
        "b.sql": HEAD + ONE + "insert into journal (note) values (current_setting('search_path'));\n",
    },
    "without a transaction": {
        "a.sql": HEAD + ONE + "create table a (i integer);\n--changeset me:2 runInTransaction:false\n"
        "create index concurrently x on a (i);\nvacuum a;\n--changeset me:3 runInTransaction:false splitStatements:false\n"
        "create table b (); create table c ();\n"
    },
    "quotes": {
        "a.sql": HEAD + '--changeset "a b":"c d"\ncreate table "a;b" (c text default \'it\'\'s; -- x /* y */\');\n'
        "comment on table \"a;b\" is E'it\\'s; fine';\n--changeset me:x.y-z_1\nselect 1;\n"
    },
    "logical paths": {
        "a.sql": "--liquibase formatted sql logicalFilePath:same\n" + ONE + "create table a ();\n",
        "b.sql": HEAD + "--changeset me:1 logicalFilePath:other\ncreate table b ();\n",
    },
    "no blocks": {
        "a.sql": HEAD + ONE + 'create table begins ("begin" integer); create table c (begin integer);\ncreate table d ();\n'
        "--changeset me:2\ncreate table e (); create table f ();\n"
    },
    "spaces and case": {
        "a.sql": "\n\n  --  LIQUIBASE formatted SQL\n  --  ChangeSet me:1  stripcomments:TRUE\ncreate table a ();\n"
    },
    "a byte order mark": {"a.sql": "\ufeff" + HEAD + ONE + "create table a ();\n"},
}


@pytest.mark.parametrize("files", APPLIED.values(), ids=APPLIED)
def test_both_apply_the_same(hold: Hold, files: dict[str, str | bytes]) -> None:
    outcome = hold(files)
    assert outcome.ran.code == 0, str(outcome)
    assert outcome.agrees, str(outcome)
    read = reading("liquibase-sql", outcome)
    assert {verdict.state for verdict in read.verdicts} == {EntryState.APPLIED}, (read, outcome.rows)
    assert read.beyond == ()


REFUSED = {
    "a body that is cut": {
        "a.sql": HEAD
        + ONE
        + "create function f() returns int as $$\ndeclare i int;\nbegin return 1; end $$ language plpgsql;"
    },
    "end if": {"a.sql": HEAD + ONE + "do $$ begin if true then null; end if; perform 1; end $$;"},
    "an id twice": {"a.sql": HEAD + ONE + "select 1;\n" + ONE + "select 2;\n"},
    "an id twice by logical path": {
        "a.sql": HEAD + "--changeset me:1 logicalFilePath:x\nselect 1;\n",
        "b.sql": HEAD + "--changeset me:1 logicalFilePath:x\nselect 2;\n",
    },
    "no SQL": {"a.sql": HEAD + ONE + "--rollback select 1;\n--changeset me:2\nselect 1;\n"},
    "one dash": {"a.sql": HEAD + ONE + "select 1;\n-changeset me:2\nselect 2;\n"},
    "no author": {"a.sql": HEAD + "--changeset 1\nselect 1;\n"},
    "a space before the id": {"a.sql": HEAD + "--changeset me: 1\nselect 1;\n"},
    "a comment that looks like a changeset": {"a.sql": HEAD + ONE + "select 1;\n-- changesets end here\n"},
    "comments": {"a.sql": HEAD + ONE + "--comments: x\nselect 1;\n"},
    "a comment outside": {"a.sql": HEAD + "--comment x\n" + ONE + "select 1;\n"},
    "a changeset in a string": {"a.sql": HEAD + ONE + "select '\n--changeset me:2\n';\n"},
    "an open rollback": {"a.sql": HEAD + ONE + "select 1;\n/* liquibase rollback\nx\n"},
    "the data of COPY": {"a.sql": HEAD + ONE + "create table a (i int);\ncopy a from stdin;\n1\n\\.\n"},
    "concurrently": {
        "a.sql": HEAD + ONE + "create table a (i int);\n--changeset me:2\ncreate index concurrently x on a (i);\n"
    },
    "a property without a value": {"a.sql": HEAD + ONE + "create table ${nope} ();\n"},
}


@pytest.mark.parametrize("files", REFUSED.values(), ids=REFUSED)
def test_both_refuse(hold: Hold, files: dict[str, str | bytes]) -> None:
    outcome = hold(files)
    assert outcome.refused is not None, outcome
    assert outcome.ran.code != 0, outcome


def test_what_the_ledger_lacks_or_has_otherwise_is_seen(hold: Hold) -> None:
    text = HEAD + ONE + "create table a ();\n--changeset me:2\ncreate table b ();\n--changeset me:3\ncreate table c ();\n"
    outcome = hold({"a.sql": text})
    assert outcome.agrees, str(outcome)
    first, second, third = outcome.rows
    tampered = [{**first, "md5sum": "9:0123"}, {**third, "exectype": "FAILED"}, {**second, "id": "other"}]
    read = reading("liquibase-sql", outcome, rows=tampered)
    assert [verdict.state for verdict in read.verdicts] == [EntryState.CHANGED, EntryState.ABSENT, EntryState.FAILED]
    assert read.beyond == ("other",)


@pytest.mark.parametrize("number", range(max(1, CASES // 3)))
def test_generated_changelogs_come_out_alike(hold: Hold, number: int) -> None:
    rng = Random(f"liquibase {SEED} {number}")
    files: dict[str, str | bytes] = {}
    migrations = 0
    for name in rng.sample(["1.sql", "10.sql", "2.sql", "a/1.sql", "a.sql", "A1.sql", "ä.sql", "z_1.sql"], 3):
        text = HEAD
        for _ in range(rng.randint(1, 4)):
            migrations += 1
            up, down = migration(rng, migrations)
            attributes = rng.choice(["", " stripComments:false", " runInTransaction:false", " splitStatements:false"])
            attributes += rng.choice(["", "", " runOnChange:true", " context:test", " dbms:oracle", " failOnError:true"])
            text += f"\n--changeset {rng.choice(['me', 'you'])}:{migrations}{attributes}\n{up}"
            text += "".join(f"--rollback {line}\n" for line in down.splitlines())
        files[name] = text.replace("\n", "\r\n") if rng.random() < 0.3 else text
    outcome = hold(files, rng)
    assert outcome.agrees, f"{files}\n{outcome}"
    if outcome.refused is None:
        assert {verdict.state for verdict in reading("liquibase-sql", outcome).verdicts} == {EntryState.APPLIED}
