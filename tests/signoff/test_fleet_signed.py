"""A fleet run in two parts, joined, signed and verified: each target alone as well; whatever is changed is found."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fix_fleet import EQUAL, SCHEMA, Fleet, evidence_in, folders, load
from migration_audit.fleet.evidence import parse_target_evidence, target_evidence_bytes

pytestmark = pytest.mark.server

NAMES = (*EQUAL[:4], "drift_a1", "drift_a2", "drift_c1", "down")
ANN, EVE = "ann@example.org", "eve@example.org"
KEYS = ("--allowed-signers", "allowed_signers")


@pytest.fixture(scope="module")
def signed(fleet: Fleet, saved_side: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two parts of a fleet run, the whole of them, and keys: Ann's is known, Eve's is not."""
    place = tmp_path_factory.mktemp("signed")
    lines = fleet.lines(*NAMES[:-1]) + "down = env:DOWN\n"
    (place / "targets.txt").write_text(lines, "utf-8")
    for part in ("1/2", "2/2"):
        arguments = ("--targets", "targets.txt", "--expected", str(saved_side), "--shard", part)
        ran = fleet.run("run", *arguments, "--workers", "1", "--attempts", "1", "--out", "parts", cwd=place)
        assert ran.code in (1, 3), ran.err
    ran = fleet.run("merge", *map(str, sorted((place / "parts").iterdir())), cwd=place)
    assert ran.code == 3, ran.err
    assert "8 targets" in ran.out
    assert "4 equal, 1 covered, 2 blocked, 1 could not check" in ran.out
    for name in (ANN, EVE):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", place / name], check=True)
    (place / "allowed_signers").write_text(f'{ANN} namespaces="migration-audit-fleet" {(place / f"{ANN}.pub").read_text()}')
    return place


@pytest.fixture
def copy(signed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(signed, tmp_path / "copy"))


@pytest.fixture(scope="module")
def signed_once(fleet: Fleet, signed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = Path(shutil.copytree(signed, tmp_path_factory.mktemp("once") / "copy"))
    assert sign(fleet, place)[0] == 0
    return place


@pytest.fixture
def signed_copy(signed_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(signed_once, tmp_path / "signed"))


def whole(place: Path) -> Path:
    (folder,) = folders(place)
    return folder


def sign(fleet: Fleet, place: Path, name: str = ANN, key: str = ANN) -> tuple[int, str]:
    ran = fleet.run("sign", str(whole(place)), "--as", name, "--key", key, "--yes", *KEYS, cwd=place)
    return ran.code, ran.out + ran.err


def verify(fleet: Fleet, place: Path, what: Path | None = None, *more: str) -> tuple[int, str]:
    ran = fleet.run("verify", str(what or whole(place)), *(more or KEYS), cwd=place)
    return ran.code, ran.out + ran.err


@pytest.mark.slow
def test_parts_are_signed_as_a_whole(fleet: Fleet, copy: Path) -> None:
    assert verify(fleet, copy)[0] == 4
    assert "it is not signed" in verify(fleet, copy)[1]
    assert verify(fleet, copy, None, "--intact")[0] == 0
    code, out = sign(fleet, copy)
    assert code == 0, out
    assert "Targets    8: 4 equal, 1 covered, 2 blocked, 1 could not check" in out
    code, out = verify(fleet, copy)
    assert (code, f"✓ {ANN} signed it" in out) == (0, True), out
    assert sign(fleet, copy)[0] == 4, "once is enough"
    assert evidence_in(whole(copy)).keys() == set(NAMES)


def test_a_key_that_is_not_known_signs_nothing(fleet: Fleet, copy: Path) -> None:
    for name, key in ((EVE, EVE), (ANN, EVE)):
        code, out = sign(fleet, copy, name, key)
        assert code == 4, out
    assert not (whole(copy) / "signatures").exists()


@pytest.mark.slow
def test_a_target_is_verified_alone(fleet: Fleet, signed_copy: Path) -> None:
    copy = signed_copy
    names = ("down", "drift_a1", "drift_a2", EQUAL[0])  # first, last and inner leaves, of each outcome
    for name in names:
        assert fleet.run("prove", str(whole(copy)), name, "-o", f"{name}.json", cwd=copy).code == 0
    for folder in ("reports", "parts"):
        shutil.rmtree(copy / folder)
    for name in names:
        code, out = verify(fleet, copy, copy / f"{name}.json")
        assert code == 0, out
        assert f"✓ target {name}, read " in out.replace("  ", " ")
        others = [other for other in NAMES if other != name and f'"{other}"' in (copy / f"{name}.json").read_text("utf-8")]
        assert others == []
    proof = load(copy / "drift_a1.json")
    other = load(copy / "drift_a2.json")
    evidence = parse_target_evidence(proof["evidence"].encode(), where="x")
    better = json.loads(target_evidence_bytes(evidence)) | {"outcome": "equal"}
    forged: dict[str, dict[str, object]] = {
        "another outcome": {"evidence": json.dumps(better, sort_keys=True, separators=(",", ":")) + "\n"},
        "another target's evidence": {"evidence": other["evidence"]},
        "another place": {"place": other["place"]},
        "a shorter path": {"path": proof["path"][1:]},
        "another signer": {"signatures": {EVE: proof["signatures"][ANN]}},
        "no signature": {"signatures": {}},
        "another statement": {"statement": proof["statement"].replace('"covers"', '"equal"')},
    }
    for what, change in forged.items():
        (copy / "forged.json").write_text(json.dumps(proof | change), "utf-8")
        assert verify(fleet, copy, copy / "forged.json")[0] == 4, what


def flip(text: str, old: str, new: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        before = path.read_text("utf-8")
        assert old in before
        path.write_text(before.replace(old, new), "utf-8")

    change.__name__ = text
    return change


CHANGES: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "an outcome": ("targets/*/drift_a1-*.json", flip("", '"blocked"', '"equal"'), "drift_a1"),
    "a difference": ("targets/*/drift_a1-*.json", flip("", "invoice_customer", "invoice_other"), "drift_a1"),
    "the time": ("targets/*/tenant_00-*.json", flip("", '"read_at":"2', '"read_at":"3'), "tenant_00"),
    "white space": ("targets/*/tenant_00-*.json", flip("", '"attempts":1', '"attempts": 1'), "tenant_00"),
    "a reason": ("targets/*/down-*.json", flip("", "cannot connect", "on holiday"), "down"),
    "no evidence": ("targets/*/down-*.json", Path.unlink, "has no evidence"),
    "one more": ("targets/*", lambda path: (path / "more.json").write_bytes(b"{}"), "not part of the fleet run"),
    "the index": ("index.jsonl", flip("", '"blocked"', '"equal"'), "index.jsonl"),
    "the page": ("index.html", flip("", "blocked", "equal"), "index.html"),
    "the summary": ("summary.json", flip("", '"targets":8', '"targets":9'), "summary.json"),
    "the plan": ("plan.json", flip("", "drift_c1", "drift_c9"), "plan.json"),
    "the expected side": ("expected.json", flip("", '"limits": []', '"limits":  []'), "expected.json"),
    "the root": ("statement.json", flip("", '"root":"', '"root":"0'), "is invalid"),
    "the counts": ("statement.json", flip("", '"blocked":2', '"blocked":1'), "root and counts of the statement"),
    "the signature": (f"signatures/{ANN}.sig", flip("", "U1NIU0lH", "U1NIU0lI"), "cannot be read"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_changed_is_found(fleet: Fleet, signed_copy: Path, change: str) -> None:
    pattern, do, why = CHANGES[change]
    do(min(whole(signed_copy).glob(pattern)))
    code, out = verify(fleet, signed_copy)
    assert code == 4, out
    assert why in out


def test_changed_evidence_of_a_part_is_not_merged(fleet: Fleet, copy: Path) -> None:
    parts = sorted((copy / "parts").iterdir())
    (path,) = [path for part in parts for path in part.glob("targets/*/drift_a1-*.json")]
    path.write_text(path.read_text("utf-8").replace('"blocked"', '"equal"'), "utf-8")
    ran = fleet.run("merge", *map(str, parts), "--out", "again", cwd=copy)
    assert ran.code == 3
    assert "drift_a1" in ran.err
    assert not (copy / "again").exists()


def test_parts_that_are_not_one_whole_are_refused(fleet: Fleet, copy: Path, saved_side: Path) -> None:
    first, second = sorted((copy / "parts").iterdir())
    for named, why in {
        (first,): "parts are missing",
        (first, first): "are not the different parts",
        (first, second, whole(copy)): "is not a part",
    }.items():
        ran = fleet.run("merge", *map(str, named), cwd=copy)
        assert (ran.code, why in ran.err) == (2, True), ran.err
    (copy / "schema.sql").write_text(SCHEMA + "create table public.more (id int);", "utf-8")
    (copy / "few.txt").write_text(fleet.lines(*EQUAL[:2]), "utf-8")
    arguments = ("--targets", "few.txt", "--expected", str(saved_side), "--workers", "1", "--out", "parts")
    assert fleet.run("run", *arguments, "--shard", "1/2", cwd=copy).code == 0
    other = next(path for path in (copy / "parts").iterdir() if path not in (first, second))
    ran = fleet.run("merge", str(other), str(second), cwd=copy)
    assert (ran.code, "different fleet runs" in ran.err) == (2, True), ran.err
