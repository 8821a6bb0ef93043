"""``settings`` of a source in audit.toml: what each of its sessions starts with, on the real server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fix_demo import evidence_of, outcomes, run_cli
from migration_audit.audit.audit import Audit
from migration_audit.model.finding import Outcome, Phase
from migration_audit.project import load_project

pytestmark = [pytest.mark.server, pytest.mark.slow]

PRELUDE = """\
create schema app; create schema other;
create role builder;
grant create, usage on schema app, other to builder;
"""
T = "create table t (a int);\n"
APP = 'settings = { search_path = "app" }\n'


def write(folder: Path, toml: Mapping[str, str], files: Mapping[str, str]) -> None:
    for name, text in {"base.sql": PRELUDE, **files}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / "audit.toml").write_text(
        '[project]\nname = "p"\nprelude = ["base.sql"]\n'
        f'[legacy]\nsql = ["legacy/*.sql"]\nrerun = false\n{toml.get("legacy", "")}'
        f'[owner]\nsql = ["owner/*.sql"]\nrerun = false\n{toml.get("owner", "")}'
        '[environments.dev]\ndsn_env = "DEV"\n'
    )


def audited(folder: Path) -> str:
    """The findings and errors of SQL002 and of coverage, in a line."""
    project = load_project(folder / "audit.toml")
    audit = Audit(project, environment=project.environment("dev"), phase=Phase.PREFLIGHT, folder=None)
    checks = [each for each in audit.shared_results if each.id.startswith(("COV", "SQL002"))]
    keys = [finding.key for each in checks for finding in each.findings]
    errors = {str(each.reason) for each in checks if each.outcome is Outcome.ERRORED}
    return " ".join([*keys, *sorted(errors)])


GOLANG = 'format = "golang-migrate"\n'
CASES = {
    "the same for both": ({"legacy": APP, "owner": APP}, {"legacy/1.sql": T, "owner/1.sql": T}, ""),
    "one side alone, which writes what the other sets": (
        {"legacy": APP},
        {"legacy/1.sql": T, "owner/1.sql": "create table app.t (a int);\n"},
        "",
    ),
    "another path on each side": (
        {"legacy": APP, "owner": 'settings = { search_path = "other" }\n'},
        {"legacy/1.sql": T, "owner/1.sql": T},
        "COV002:table:app.t",
    ),
    "a role owns what it creates": (
        {"legacy": 'settings = { search_path = "app", role = "builder" }\n'},
        {"legacy/1.sql": T, "owner/1.sql": "create table app.t (a int);\nalter table app.t owner to builder;\n"},
        "",
    ),
    "SET ends with its file in plain files": (
        {"legacy": APP},
        {"legacy/1.sql": f"set search_path = other;\n{T}", "legacy/2.sql": T,
            "owner/1.sql": "create table other.t (a int);\ncreate table app.t (a int);\n"},
        "",
    ),
    "SET survives in one session for all files": (
        {"legacy": GOLANG + APP},
        {"legacy/1_a.up.sql": f"set search_path = other;\n{T}", "legacy/2_b.up.sql": "create table u ();\n",
            "owner/1.sql": "create table other.t (a int);\ncreate table other.u ();\n"},
        "",
    ),
    "RESET goes back to the settings": (
        {"legacy": APP},
        {"legacy/1.sql": f"set search_path = other;\nreset search_path;\n{T}",
            "owner/1.sql": "create table app.t (a int);\n"},
        "",
    ),
    "DISCARD ALL goes back to the settings": (
        {"legacy": 'settings = { search_path = "app", role = "builder" }\n'},
        {
            "legacy/1.sql": f"reset role;\nset search_path = other;\ndiscard all;\n{T}",
            "owner/1.sql": "set role builder;\ncreate table app.t (a int);\n",
        },
        "",
    ),
    "a path that leads nowhere": (
        {"legacy": 'settings = { search_path = "nowhere" }\n'},
        {"legacy/1.sql": T, "owner/1.sql": T},
        "legacy/1.sql:1: no schema has been selected to create in",
    ),
    "a setting that the server does not know": (
        {"legacy": 'settings = { serch_path = "app" }\n'},
        {"legacy/1.sql": T, "owner/1.sql": T},
        ('audit.toml:7: no session can start with the settings serch_path = app: '
         'unrecognized configuration parameter "serch_path"'),
    ),
    "a role that does not exist": (
        {"owner": 'settings = { role = "nobody_here" }\n'},
        {"legacy/1.sql": T, "owner/1.sql": T},
        'audit.toml:10: no session can start with the settings role = nobody_here: role "nobody_here" does not exist',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("toml", "files", "expected"), CASES.values(), ids=CASES)
def test_settings(tmp_path: Path, toml: dict[str, str], files: dict[str, str], expected: str) -> None:
    write(tmp_path, toml, files)
    found = audited(tmp_path)
    assert (expected in found) if expected else found == "", found


def test_a_run_counts_them_and_names_the_place_of_what_is_refused(tmp_path: Path, database: str) -> None:
    write(tmp_path, {"owner": 'settings = { role = "nobody_here" }\n'}, {"legacy/1.sql": T, "owner/1.sql": T})
    ran = run_cli("run", "--out", str(tmp_path / "out"), cwd=tmp_path, DEV=database)
    evidence = evidence_of(tmp_path / "out", "dev")
    reasons = " ".join(str(check["reason"]) for check in evidence["checks"])
    assert (ran.code, outcomes(evidence)["COV002"]) == (3, "errored")
    assert "audit.toml:10: no session can start with the settings role = nobody_here" in reasons
