"""What people who explore call: sides by name, comparisons of any two, one object everywhere, frames of everything."""

from __future__ import annotations

import re

import pytest

from migration_audit import workbook
from migration_audit.model.errors import AuditError, DatabaseError, UsageError
from migration_audit.workbook import session
from migration_audit.workbook.comparing import CLASSES
from migration_audit.workbook.frames import FRAMES

pytestmark = [pytest.mark.server, pytest.mark.timescale, pytest.mark.slow]

INDEX = "public.positions_device_ts"


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """No session of an earlier test."""
    monkeypatch.setattr(session, "_current", [])
    for name in ("MIGRATION_AUDIT_CONFIG", "MIGRATION_AUDIT_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def opened(demo_variables):
    """A session on the bundled example that tests share: its sides are read once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "_current", [])
        for name, value in demo_variables.items():
            patch.setenv(name, value)
        yield workbook.open_audit(config="demo", environment="prod"), session.current()


@pytest.fixture
def demo(opened, demo_variables, monkeypatch, tmp_path):
    """The bundled example with its three databases, opened on prod."""
    audit, current = opened
    for name, value in demo_variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(session, "_current", [current])
    monkeypatch.chdir(tmp_path)
    return audit


@pytest.fixture
def ours(trm, demo_variables, monkeypatch):
    """A project of the same kind that is not the example; each test has its own session."""
    for name, value in demo_variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(trm)
    return trm


@pytest.fixture(scope="module")
def empty_side(tmp_path_factory):
    path = tmp_path_factory.mktemp("empty") / "empty.sql"
    path.write_text("select 1;\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "_current", [])
        return workbook.side(str(path))


@pytest.fixture
def only_sql(tmp_path, monkeypatch):
    """A folder without audit.toml."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.sql").write_text("create table t (x int not null);\ncreate index t_x on t (x);\n")
    (tmp_path / "b.sql").write_text("create table t (x bigint not null);\n")
    return tmp_path


SHOWN = {
    "kind": ({"kind": "index"}, {INDEX, "public.positions_speed_by_hand"}),
    "several kinds": ({"kind": ("column", "dimension")}, {"public.positions.device_id", "public.positions.ts"}),
    "schema": ({"schema": "nope"}, set()),
    "a glob on the key": ({"name": "public.positions.*"}, {"public.positions.device_id", "public.positions.ts"}),
    "a glob on the name": ({"name": "*_by_hand"}, {"public.positions_speed_by_hand"}),
    "verdict": ({"verdict": "missing"}, {INDEX}),
    "severity": ({"severity": "warning"}, {"public.positions_speed_by_hand"}),
    "verdict and kind": ({"verdict": "changed", "kind": "index"}, set()),
}


class TestSides:
    @pytest.mark.slow
    def test_stage_against_prod_is_one_line(self, demo):
        found = workbook.compare("stage", "prod").differences
        assert list(zip(found["verdict"], found["kind"], found["key"], strict=True)) == [
            ("changed", "column", "public.positions.device_id"),
            ("changed", "dimension", "public.positions.ts"),
            ("missing", "index", INDEX),
            ("unexpected", "index", "public.positions_speed_by_hand"),
        ]
        assert (
            found["definition"][2]
            == "CREATE UNIQUE INDEX positions_device_ts ON public.positions USING btree (device_id, ts)"
        )

    @pytest.mark.slow
    def test_they_are_compared_as_the_audit_compares_them(self, demo):
        assert workbook.compare("owner", "live").drift.differences == demo.live_drift.differences
        assert workbook.compare("legacy", "owner").drift == demo.coverage

    @pytest.mark.slow
    def test_both_orders_of_both_sources(self, demo):
        for name in ("legacy then owner", "owner then legacy"):
            assert len(workbook.compare(name, "owner")) == 0

    @pytest.mark.slow
    def test_a_saved_snapshot_and_a_folder(self, demo, tmp_path):
        from migration_audit.catalog import save_snapshot

        save_snapshot(workbook.side("prod").read.snapshot, tmp_path / "prod.json")
        assert len(workbook.compare("prod.json", "prod")) == 0
        assert len(workbook.compare("directus/db-init", "prod.json")) == 6, "a path beside audit.toml"
        missing = workbook.compare("directus/db-init", "directus/db-init/001_extensions.sql", verdict="missing")
        assert [d.key for d in missing.found if d.kind == "table"] == ["public.positions"]

    def test_a_misspelt_side_is_an_error_that_names_those_there_are(self, demo):
        with pytest.raises(UsageError) as refused:
            workbook.compare("stge", "prod")
        assert "unknown side stge\n  → did you mean stage? audit.toml has: legacy, owner, legacy then owner" in str(
            refused.value
        )

    @pytest.mark.slow
    def test_a_variable_that_is_not_set_is_named_and_other_sides_still_work(self, ours, monkeypatch):
        monkeypatch.delenv("TRM_STAGE_DSN")
        with pytest.raises(DatabaseError, match="environment stage: variable TRM_STAGE_DSN is not set"):
            workbook.side("stage")
        assert len(workbook.compare("owner", "prod")) == 6
        assert re.search(r"stage +could not be read +environment stage: variable", repr(workbook.sides()))
        table = workbook.show(INDEX)
        assert "stage could not be read: environment stage: variable TRM_STAGE_DSN is not set" in (table.note or "")
        assert [h.name for h in table.headings] == ["Attribute", "legacy", "owner", "dev", "prod", "Verdict"]

    def test_an_environment_that_is_down(self, ours, monkeypatch):
        monkeypatch.setenv("TRM_STAGE_DSN", "host=127.0.0.1 port=1 dbname=x")
        with pytest.raises(DatabaseError, match=r"127\.0\.0\.1"):
            workbook.compare("stage", "prod")
        assert len(workbook.compare("dev", "prod")) == 6

    @pytest.mark.slow
    def test_only_sql_and_no_audit_toml(self, only_sql):
        found = workbook.compare("a", "b.sql")
        assert [(d.verdict.value, d.key) for d in found.found] == [("changed", "public.t.x"), ("missing", "public.t_x")]
        assert workbook.frame("index", "a")["defined_at"].tolist() == ["a/1.sql:2"]
        assert workbook.show("t_x").to_frame().shape[0] > 0
        with pytest.raises(UsageError, match=r"no audit\.toml here or in a parent folder"):
            workbook.checks("prod")
        with pytest.raises(UsageError, match=r"unknown side prod\n  → there is no audit\.toml here"):
            workbook.side("prod")

    def test_sql_that_does_not_apply_says_where(self, only_sql):
        (only_sql / "b.sql").write_text("create table t (x nope);\n")
        with pytest.raises(AuditError, match=r"b\.sql:1"):
            workbook.compare("a", "b.sql")
        assert workbook.side("a").kinds["table"] == 1

    def test_the_nearest_audit_toml_is_taken_without_opening_an_audit(self, ours, monkeypatch, capsys):
        monkeypatch.chdir(ours / "docs")
        assert len(workbook.compare("stage", "prod")) == 4
        assert "no audit was opened: using the nearest configuration, ../audit.toml" in capsys.readouterr().err


class TestRefresh:
    def test_it_reads_again_and_says_when(self, only_sql):
        before = workbook.side("b.sql").read
        (only_sql / "b.sql").write_text("create table t (x int not null);\ncreate index t_x on t (x);\n")
        assert len(workbook.compare("a", "b.sql")) == 2, "nothing is read again by itself"
        table = workbook.refresh("b.sql").to_frame().set_index("Side")
        after = workbook.side("b.sql").read
        assert after.read_at > before.read_at
        assert table.loc["b.sql", "Read at"] == f"{after.read_at:%Y-%m-%d %H:%M:%S} UTC"
        assert table.loc["b.sql", "Read before"] == f"{before.read_at:%Y-%m-%d %H:%M:%S} UTC"
        assert len(workbook.compare("a", "b.sql")) == 0

    @pytest.mark.slow
    def test_what_cannot_be_read_again_is_no_longer_there(self, only_sql):
        workbook.compare("a", "b.sql")
        (only_sql / "b.sql").write_text("create nonsense;\n")
        assert "could not be read" in repr(workbook.refresh())
        with pytest.raises(AuditError, match="nonsense"):
            workbook.compare("a", "b.sql")

    @pytest.mark.slow
    def test_an_audit_gathers_its_facts_again(self, ours):
        audit = workbook.open_audit(environment="prod")
        first = audit.own
        assert first is audit.own
        workbook.refresh("prod")
        assert audit.own is not first


class TestFilters:
    @pytest.mark.parametrize(("shown", "keys"), SHOWN.values(), ids=SHOWN)
    def test_only_what_is_asked_for_is_shown(self, demo, shown, keys):
        found = workbook.compare("stage", "prod", **shown)
        assert set(found.differences["key"]) == keys
        assert (
            found.differences["key"].tolist()
            == workbook.compare("stage", "prod").filter(**shown).differences["key"].tolist()
        )
        assert all(key in repr(found) for key in keys)

    @pytest.mark.parametrize("shown", [{"kind": "indx"}, {"verdict": "gone"}, {"severity": "high"}])
    def test_what_does_not_exist_is_an_error(self, demo, shown):
        with pytest.raises(UsageError, match=f"unknown {next(iter(shown))} {next(iter(shown.values()))}\n  → .*there are: "):
            workbook.compare("stage", "prod", **shown)

    def test_the_columns_of_a_missing_table_are_there_too(self, demo):
        found = workbook.differences("owner", "directus/db-init/001_extensions.sql", kind="column")
        assert len(found) == 11
        assert set(found["part_of"]) == {"table public.positions"}
        table = workbook.differences("owner", "directus/db-init/001_extensions.sql", kind="table")
        assert table["definition"][0].startswith("device_id text not null, ts timestamp with time zone not null")


class TestObjects:
    def test_one_object_on_every_side(self, demo):
        table = workbook.show(INDEX).to_frame().set_index("Attribute")
        assert re.search(r"^✕ missing in .*\bprod\b", table.loc["definition", "Verdict"])
        assert table.loc["definition", "prod"] == "–"
        assert table.loc["defined at", "legacy"] == "processor/src/db/migrations/0001_positions.sql:24"
        assert table.loc["defined at", "owner"] == "directus/db-init/002_positions_hypertable.sql:30"

    def test_an_attribute_that_differs_is_marked(self, demo):
        table = workbook.show("public.positions.device_id").to_frame().set_index("Attribute")
        assert table.loc["type", ["stage", "prod", "Verdict"]].tolist() == ["text", "character varying(64)", "differs"]

    def test_a_side_that_was_asked_for_is_shown_too(self, demo):
        workbook.side("directus/db-init")
        assert "directus/db-init" in workbook.show(INDEX).to_frame().columns

    def test_nothing_fits(self, demo):
        with pytest.raises(
            UsageError,
            match=r"no object positions_device on .*\n  → did you mean public\.positions_device_ts, ",
        ):
            workbook.show("positions_device")


class TestFrames:
    @pytest.mark.parametrize("kind", sorted(CLASSES))
    def test_an_empty_kind_has_the_columns_of_a_full_one(self, kind, empty_side):
        found = empty_side.frame(kind)
        documented = workbook.columns(kind)
        assert list(found.columns) == documented["column"].tolist()
        assert {name: str(dtype) for name, dtype in found.dtypes.items()} == dict(
            zip(documented["column"], documented["dtype"], strict=True)
        )

    def test_rows_do_not_change_dtypes(self, demo):
        for side in ("owner", "prod"):
            for kind in workbook.side(side).kinds:
                full, documented = workbook.frame(kind, side), workbook.columns(kind)
                assert len(full) > 0
                assert [str(d) for d in full.dtypes] == documented["dtype"].tolist()

    def test_each_frame_is_as_documented(self, demo):
        made = {
            "differences": workbook.differences("owner", "prod"),
            "coverage": workbook.coverage(),
            "checks": workbook.checks(),
            "findings": workbook.findings(),
            "probes": workbook.probes(),
        }
        assert made.keys() == FRAMES.keys()
        for name, found in made.items():
            documented = workbook.columns(name)
            assert len(found) > 0, name
            assert list(found.columns) == documented["column"].tolist()
            assert [str(d) for d in found.dtypes] == documented["dtype"].tolist()
            assert (documented["meaning"].str.len() > 5).all()

    def test_a_frame_of_an_audit_is_the_frame_of_its_side(self, demo):
        assert workbook.frame(demo, "index", side="live")["key"].tolist() == workbook.frame("index", "prod")["key"].tolist()
        assert workbook.frame(demo, "view", side="live").empty
        with pytest.raises(UsageError, match="unknown side prod\n  → there are: legacy, owner, live"):
            workbook.frame(demo, "index", side="prod")

    def test_an_unknown_kind_is_an_error(self, demo):
        with pytest.raises(UsageError, match=r"unknown kind colum\n  → did you mean column\?"):
            workbook.frame("colum", "prod")

    def test_coverage_has_every_object_of_both_sides(self, demo):
        found = workbook.coverage()
        assert set(found["verdict"]) == {"same"}
        assert found["on_expected"].all()
        assert found["on_actual"].all()
        live = workbook.coverage("owner", "prod").set_index("key")
        assert live.loc[INDEX, "verdict"] == "missing"
        assert not live.loc[INDEX, "on_actual"]

    def test_checks_of_any_environment(self, demo):
        opened, stage = workbook.checks(), workbook.checks("stage")
        assert opened["id"].tolist() == stage["id"].tolist()
        assert opened.loc[opened["outcome"] == "failed", "findings"].gt(0).all()
        assert opened["outcome"].tolist() != stage["outcome"].tolist()

    @pytest.mark.slow
    def test_which_index_an_upsert_uses(self, demo):
        upsert = "insert into public.positions (device_id, ts) values ('a', now()) on conflict (device_id, ts) do nothing"
        assert workbook.probes(upsert)["arbiters"].tolist() == [INDEX]
        assert (
            "no unique or exclusion constraint" in workbook.probes(upsert.replace("device_id, ts) do", "ts) do"))["error"][0]
        )
