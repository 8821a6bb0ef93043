"""``sign --from``: the archives that CI systems give are unpacked, and nothing else is."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from migration_audit.model.errors import AuditError, UsageError
from migration_audit.runner.archives import receive_runs

RUN = "20261123T120000Z-abcdef0"
FILES = {"statement.json": "{}", "facts/live.json": "[]"}


def archive(path: Path, files: dict[str, str], *, link: str | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK if name == link else stat.S_IFREG | 0o644) << 16
            packed.writestr(info, text)
    return path


def run_of(prefix: str, run: str = RUN) -> dict[str, str]:
    return {f"{prefix}{run}/{name}": text for name, text in FILES.items()}


LAYOUTS = {
    "GitHub's: what is in the report folder": {**run_of("prod/"), "index.html": "<p>"},
    "GitLab's: the report folder": {**run_of("reports/prod/"), "reports/index.html": "<p>"},
    "a folder around it": run_of("checkout/reports/prod/"),
}


@pytest.mark.parametrize("files", LAYOUTS.values(), ids=LAYOUTS)
def test_a_run_is_put_where_it_belongs(tmp_path: Path, files: dict[str, str]) -> None:
    (target,) = receive_runs(archive(tmp_path / "a.zip", files), tmp_path / "reports", ["dev", "prod"])
    assert target == tmp_path / "reports" / "prod" / RUN
    assert {p.relative_to(target).as_posix(): p.read_text() for p in target.rglob("*") if p.is_file()} == FILES
    assert sorted(p.name for p in (tmp_path / "reports").iterdir()) == ["prod"]
    assert receive_runs(tmp_path / "a.zip", tmp_path / "reports", ["prod"]) == (target,)


def test_several_runs_come_in_the_order_of_their_time(tmp_path: Path) -> None:
    files = {**run_of("prod/", "20261124T120000Z-abcdef0"), **run_of("dev/")}
    received = receive_runs(archive(tmp_path / "a.zip", files), tmp_path / "reports", ["dev", "prod"])
    assert [p.parent.name for p in received] == ["dev", "prod"]


def test_a_run_that_someone_signed_since_stays_where_it_is(tmp_path: Path) -> None:
    signed = tmp_path / "reports" / "signed" / "prod" / RUN
    for name, text in {**FILES, "signoff/ann@example.org.json": "{}", "signed-off.html": "<p>"}.items():
        (signed / name).parent.mkdir(parents=True, exist_ok=True)
        (signed / name).write_text(text)
    assert receive_runs(archive(tmp_path / "a.zip", run_of("prod/")), tmp_path / "reports", ["prod"]) == (signed,)
    assert not (tmp_path / "reports" / "prod").exists()
    (signed / "facts/live.json").write_text("[1]")
    with pytest.raises(AuditError, match=r"differs from the archive's: facts/live\.json"):
        receive_runs(tmp_path / "a.zip", tmp_path / "reports", ["prod"])


REFUSED = {
    "no run": ({"a.txt": ""}, "contains no run"),
    "another environment": (run_of("pack/"), "'pack', and audit.toml has only dev, prod"),
    "a path that leaves the folder": (
        {**run_of("prod/"), f"prod/{RUN}/../../x": ""},
        ", which must not be unpacked: a link, an unsafe path, or a duplicate name",
    ),
    "an absolute path": ({**run_of("/prod/")}, ", which must not be unpacked: a link, an unsafe path, or a duplicate name"),
    "a backslash": (
        {**run_of("prod/"), f"prod/{RUN}/a\\b": ""},
        ", which must not be unpacked: a link, an unsafe path, or a duplicate name",
    ),
    "a line end": (
        {**run_of("prod/"), f"prod/{RUN}/a\nb": ""},
        ", which must not be unpacked: a link, an unsafe path, or a duplicate name",
    ),
    "two names on some systems": (
        {**run_of("prod/"), f"prod/{RUN}/STATEMENT.json": ""},
        ", which must not be unpacked: a link, an unsafe path, or a duplicate name",
    ),
    "a run twice": ({**run_of("a/prod/"), **run_of("b/prod/")}, "twice"),
}


@pytest.mark.parametrize(("files", "why"), REFUSED.values(), ids=REFUSED)
def test_a_strange_archive_is_refused_whole(tmp_path: Path, files: dict[str, str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        receive_runs(
            archive(tmp_path / "a.zip", {**files, **run_of("dev/")} if why != "contains no run" else files),
            tmp_path / "reports",
            ["dev", "prod"],
        )
    assert not (tmp_path / "reports").exists()


def test_a_link_is_refused(tmp_path: Path) -> None:
    files = {**run_of("prod/"), f"prod/{RUN}/evidence.json": "/etc/passwd"}
    path = archive(tmp_path / "a.zip", files, link=f"prod/{RUN}/evidence.json")
    with pytest.raises(UsageError, match="a link"):
        receive_runs(path, tmp_path / "reports", ["prod"])


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("PK")
    with pytest.raises(UsageError, match="cannot be read as a ZIP file"):
        receive_runs(tmp_path / "a.zip", tmp_path / "reports", ["prod"])


@pytest.mark.parametrize("change", ["other bytes", "one file less", "one file more"])
def test_a_run_that_is_there_otherwise_is_not_written_over(tmp_path: Path, change: str) -> None:
    (target,) = receive_runs(archive(tmp_path / "a.zip", run_of("prod/")), tmp_path / "reports", ["prod"])
    changed = target / ("statement.json" if change == "other bytes" else "facts/live.json")
    if change == "one file less":
        changed.unlink()
    else:
        (changed if change == "other bytes" else target / "more").write_text("[1]")
    with pytest.raises(AuditError, match="already exists, and differs"):
        receive_runs(tmp_path / "a.zip", tmp_path / "reports", ["prod"])


@pytest.mark.parametrize("at", ["prod", f"prod/{RUN}"])
def test_a_link_in_the_way_is_refused(tmp_path: Path, at: str) -> None:
    (tmp_path / "reports" / at).parent.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "reports" / at).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuditError, match="in the way"):
        receive_runs(archive(tmp_path / "a.zip", run_of("prod/")), tmp_path / "reports", ["prod"])
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_would_unpack_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migration_audit.runner.archives._MOST_BYTES", 3)
    with pytest.raises(UsageError, match="2 files of 4 bytes"):
        receive_runs(archive(tmp_path / "a.zip", run_of("prod/")), tmp_path / "reports", ["prod"])
