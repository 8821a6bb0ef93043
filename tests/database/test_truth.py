"""Pairs of SQL files with the right answer: what differs, how much it weighs, whether it is covered, and what is ported.

The cross-check with pg_dump explains everything in each of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from fix_versions import VERSIONS, client_path, name_of
from migration_audit.cli.compare import compare_sides

pytestmark = [pytest.mark.server, pytest.mark.slow]

HERE = Path(__file__).parent.parent / "data" / "truth"
_ALL, _18 = VERSIONS, ("18",)


@dataclass(frozen=True)
class Truth:
    """The right answer for a folder."""

    folder: str
    differences: list[str]
    """``verdict severity kind key: attributes``, without what another difference takes along."""
    covered: bool = False
    port: str = "Nothing to port"
    """What the port says of itself."""
    runs: tuple[str, ...] = ()
    """What stands in the port as SQL."""
    servers: tuple[str, ...] = ("17",)


TRUTHS = [
    Truth(
        "not_null_renamed_pg18",
        [
            "renamed info constraint public.community_person_ban.community_user_ban_user_id_not_null: name",
        ],
        covered=True,
        servers=_18,
    ),
    Truth(
        "not_null_not_valid_pg18",
        [
            "changed blocker column public.usr.mail: not_null",
            "missing blocker constraint public.usr.usr_mail_not_null",
            "changed blocker constraint public.usr2.usr2_mail_not_null: definition, validated",
        ],
        port="PROVEN IN PART",
        runs=("ADD CONSTRAINT usr_mail_not_null NOT NULL mail NO INHERIT",),
        servers=_18,
    ),
    Truth(
        "not_null_weaker_pg18",
        [
            "changed blocker constraint public.t.t_a_not_null: definition, validated",
            "changed blocker constraint public.t.t_b_not_null: definition",
        ],
        port="PROVEN IN PART",
        runs=("VALIDATE CONSTRAINT t_a_not_null",),
        servers=_18,
    ),
    Truth(
        "not_null_chosen_pg18",
        [
            "renamed blocker constraint public.t.must_have_a: name",
            "renamed info constraint public.t.t_b_not_null: name",
        ],
        port="PROVEN",
        runs=("RENAME CONSTRAINT t_a_not_null TO must_have_a",),
        servers=_18,
    ),
    Truth(
        "default_privileges_changed",
        ["changed warning default privileges FOR ROLE postgres IN SCHEMA public ON tables: privileges"],
        covered=True,
    ),
    Truth(
        "default_privileges_tables",
        ["changed warning default privileges FOR ROLE postgres ON tables: privileges"],
        covered=True,
    ),
    Truth("default_privileges_missing", ["missing warning default privileges FOR ROLE postgres ON tables"], covered=True),
    Truth("witness_array_default", ["unexpected warning column public.scores.points"], covered=True),
    Truth(
        "witness_sequence_owned",
        ["changed blocker sequence public.n: owned_by"],
        port="PROVEN",
        runs=("ALTER SEQUENCE public.n OWNED BY public.t.c;",),
    ),
    Truth(
        "names_with_spaces",
        [
            'changed blocker column "public"."s.1".a.x: type'.replace('"public".', ""),
            'changed blocker trigger "s.1"."a b".t: definition',
        ],
        port="PROVEN IN PART",
        runs=('CREATE OR REPLACE TRIGGER t BEFORE UPDATE ON "s.1"."a b"',),
    ),
    Truth(
        "port_partial",
        ["changed blocker index crm.ux_contact_ident: definition", "missing blocker index crm.ux_contact_phone"],
        port="PROVEN IN PART",
        runs=("CREATE UNIQUE INDEX IF NOT EXISTS ux_contact_phone ON crm.contact",),
    ),
    Truth(
        "port_partition_identity",
        ["missing blocker table public.p26"],
        port="PROVEN",
        runs=("CREATE TABLE IF NOT EXISTS public.p26 PARTITION OF public.p FOR VALUES",),
        servers=_ALL,
    ),
    Truth(
        "port_partition_with_keys",
        [f"missing blocker table public.{name}" for name in ("p26", "p27", "p28", "p28a")],
        port="PROVEN",
        servers=_ALL,
    ),
    Truth(
        "renamed",
        [
            "renamed blocker column public.pos.speed: name",
            'renamed blocker constraint public."Old one"."Old one_pkey": name',
            'renamed blocker constraint public."Old one".k: name',
            "renamed blocker constraint public.x.one: name",
            "renamed blocker index public.i1: name",
            'renamed blocker sequence public."Old one_id_seq": name',
            'renamed blocker table public."Old one": name',
            "changed blocker view public.v: definition",
        ],
        port="PROVEN",
        runs=(
            'ALTER TABLE public.pos RENAME COLUMN "user" TO speed;',
            'ALTER TABLE public."New.one" RENAME TO "Old one";',
            'ALTER TABLE public."Old one" RENAME CONSTRAINT k2 TO k;',
            "ALTER INDEX public.i2 RENAME TO i1;",
        ),
    ),
]


def line(difference: dict) -> str:
    names = ", ".join(field["name"] for field in difference["fields"])
    head = " ".join(difference[name] for name in ("verdict", "severity", "kind", "key"))
    return f"{head}: {names}" if names else head


@pytest.mark.parametrize(
    ("truth", "server"),
    [pytest.param(truth, server, id=f"{truth.folder}-{server}") for truth in TRUTHS for server in truth.servers],
)
def test_the_right_answer(
    truth: Truth, server: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", client_path())
    monkeypatch.setenv("MIGRATION_AUDIT_SERVER", name_of(server))
    sides = [str(HERE / truth.folder / f"{side}.sql") for side in "ab"]
    given = {"direction": "covers", "config": None, "progress": lambda _: None}
    code = compare_sides(*sides, form="json", **given)
    body = json.loads(capsys.readouterr().out)
    assert body["cross_check"]["unexplained"] == []
    assert {line(d) for d in body["differences"]} >= set(truth.differences)
    assert (body["covered"], code) == (truth.covered, 0 if truth.covered else 1)
    assert compare_sides(*sides, form="text", **given) == code
    reported = capsys.readouterr().out
    assert sum(f"{d['kind']}" in reported for d in body["differences"]) == len(body["differences"])
    assert reported.count("blocker ") == sum(" blocker " in one for one in truth.differences)
    assert compare_sides(*sides, form="sql", **given) == code
    port = capsys.readouterr().out
    assert port.splitlines()[4].startswith(f"-- {truth.port}:")
    running = "\n".join(row for row in port.splitlines() if not row.startswith("--"))
    assert all(sql in running for sql in truth.runs)
