"""``compare`` on folders that runners do not apply file by file: the right answer, or an error that names the format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fix_demo import run_cli

pytestmark = pytest.mark.server

INVOICE = "create table invoice (id bigserial primary key, total numeric not null);\n"
DBMATE = {
    "1_init.sql": f"-- migrate:up\n{INVOICE}-- migrate:down\n",
    "2_idx.sql": (
        "-- migrate:up\ncreate unique index invoice_total on invoice (total);\n-- migrate:down\ndrop index invoice_total;\n"
    ),
}

PRISMA = {
    "20260201120000_more/migration.sql": 'ALTER TABLE "Invoice" ADD COLUMN "note" TEXT;\n',
    "20260101120000_init/migration.sql": 'CREATE TABLE "Invoice" ("id" SERIAL PRIMARY KEY, '
    '"total" DECIMAL(65,30) NOT NULL);\n',
}
INVOICE_WITH_NOTE = 'create table "Invoice" (id serial primary key, total numeric(65, 30) not null, note text);\n'

INDEX = "create unique index invoice_total on invoice (total);\n"
GOOSE = {
    "1_init.sql": f"-- +goose Up\n{INVOICE}-- +goose Down\ndrop table invoice;\n",
    "10_idx.sql": f"-- +goose Up\n{INDEX}-- +goose Down\ndrop index invoice_total;\n",
}
SQL_MIGRATE = {name: text.replace("+goose", "+migrate") for name, text in GOOSE.items()}
GOLANG_MIGRATE = {
    "1_init.up.sql": INVOICE,
    "1_init.down.sql": "drop table invoice;\n",
    "10_idx.up.sql": INDEX,
    "10_idx.down.sql": "drop index invoice_total;\n",
}
PRICE = "create or replace function price() returns int language sql as 'select {}';\n"
FLYWAY = {f"V{number}__price.sql": PRICE.format(number) for number in ("1", "2", "10", "1.1")}
FLYWAY |= {"R__note.sql": "comment on function price() is 'of R';\n", "U2__price.sql": "drop function price();\n"}
LIQUIBASE = {
    "1.sql": f"--liquibase formatted sql\n--changeset me:1\n{INVOICE}"
    f"--rollback drop table invoice;\n--changeset me:2\n{INDEX}"
}
BY = "2026-01-01T00:00:00Z Me <me@example.org>\n"
SQITCH = {
    "sqitch.plan": f"%project=app\n\ninvoice {BY}a_total [invoice] {BY}",
    "deploy/invoice.sql": f"BEGIN;\n{INVOICE}COMMIT;\n",
    "deploy/a_total.sql": f"BEGIN;\n{INDEX}COMMIT;\n",
    "deploy/forgotten.sql": "create table forgotten ();\n",
    "revert/a_total.sql": "drop index invoice_total;\n",
}
LACKS = ("missing", "public.invoice_total")

CASES = {
    "dbmate": ("dbmate", DBMATE, {"001.sql": INVOICE}, 1, ("missing", "public.invoice_total", "legacy/2_idx.sql:2")),
    "dbmate as files": ("files", DBMATE, {"001.sql": INVOICE}, 3, ("1_init.sql:1: `-- migrate:up`", 'format = "dbmate"')),
    "psql variables": (
        "files",
        {
            "1.sql": "\\set schema app\n\\set ON_ERROR_STOP on\nCREATE SCHEMA :schema;\n\\ir parts/t.sql\n",
            "parts/t.sql": "CREATE TABLE :\"schema\".t (a int DEFAULT length(:'schema'));\n",
        },
        {"1.sql": "CREATE SCHEMA app;\nCREATE TABLE app.t (a int DEFAULT length('app'));\n"},
        0,
        ("equal", "1.sql includes legacy/parts/t.sql"),
    ),
    "a psql variable that nothing sets": (
        "files",
        {"1.sql": "\n\nCREATE SCHEMA :schema;\n"},
        {"1.sql": INVOICE},
        3,
        ("legacy/1.sql:3: the psql variable :schema is not set here", 'variables = { schema = "…" }'),
    ),
    "a part that psql skips": (
        "files",
        {"1.sql": f"{INVOICE}\\if :{{?demo}}\n\nCREATE TABLE demo ();\n\\endif\n"},
        {"1.sql": INVOICE},
        0,
        (
            "! not applied on the expected side, so not compared: legacy/1.sql:4",
            "not applied: legacy/1.sql:4: \\if :{?demo} is false",
            "note: legacy/1.sql:2: :{?demo} is false, because nothing sets",
        ),
    ),
    "goose": ("goose", GOOSE, {"001.sql": INVOICE}, 1, (*LACKS, "legacy/10_idx.sql:2")),
    "goose as files": ("files", GOOSE, {"001.sql": INVOICE}, 3, ("1_init.sql:1: `-- +goose Up`", 'format = "goose"')),
    "sql-migrate": ("sql-migrate", SQL_MIGRATE, {"001.sql": INVOICE}, 1, (*LACKS, "legacy/10_idx.sql:2")),
    "sql-migrate as files": ("files", SQL_MIGRATE, {"001.sql": INVOICE}, 3, ("1_init.sql:1", 'format = "sql-migrate"')),
    "golang-migrate": ("golang-migrate", GOLANG_MIGRATE, {"001.sql": INVOICE}, 1, (*LACKS, "legacy/10_idx.up.sql:1")),
    "flyway": (
        "flyway",
        FLYWAY,
        {"1.sql": PRICE.format(2) + "comment on function price() is 'of R';\n"},
        1,
        ("changed", "public.price()", "legacy/V10__price.sql:1", "legacy/U2__price.sql: undo migration"),
    ),
    "flyway as files": ("files", FLYWAY, {"1.sql": PRICE.format(2)}, 3, ("named as Flyway's", 'format = "flyway"')),
    "liquibase-sql": ("liquibase-sql", LIQUIBASE, {"001.sql": INVOICE}, 1, (*LACKS, "legacy/1.sql:6", "1.sql:4: rollback")),
    "liquibase-sql as files": (
        *("files", LIQUIBASE, {"001.sql": INVOICE}, 3),
        ("1.sql:1: `--liquibase formatted sql`", 'format = "liquibase-sql"'),
    ),
    "sqitch": (
        *("sqitch", SQITCH, {"001.sql": INVOICE}, 1),
        (*LACKS, "legacy/deploy/a_total.sql:2", "legacy/deploy/forgotten.sql: it is not in the plan", "revert script"),
    ),
    "golang-migrate as files": (
        *("files", GOLANG_MIGRATE, {"001.sql": INVOICE}, 3),
        ("1_init.down.sql", "golang-migrate:PATH"),
    ),
}


@pytest.mark.parametrize(("form", "legacy", "owner", "code", "reported"), CASES.values(), ids=CASES)
def test_compare_of_a_runners_folder(
    tmp_path: Path, form: str, legacy: Mapping[str, str], owner: Mapping[str, str], code: int, reported: tuple[str, ...]
) -> None:
    for folder, files in (("legacy", legacy), ("owner", owner)):
        for name, text in files.items():
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    ran = run_cli("compare", f"{form}:legacy", "owner", cwd=tmp_path)
    assert ran.code == code, ran
    shown = ran.out + ran.err
    assert [part for part in reported if part not in shown] == []
