"""Other programs that compare two live databases, installed into a folder of the benchmark's own: migra and pg-delta."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

MIGRA = ("migra", "psycopg2-binary", "sqlalchemy<2", "setuptools<81")
PG_DELTA = "@supabase/pg-delta@1.0.0-alpha.34"
_HOME = Path.home() / ".cache" / "migration-audit-bench"


def url_of(conninfo: str) -> str:
    """The database as a URL: these programs take nothing else."""
    to = conninfo_to_dict(conninfo)
    return f"postgresql://{to['user']}@/{to['dbname']}?host={quote(str(to['host']), safe='')}&port={to.get('port') or 5432}"


def peers(one: str, other: str) -> dict[str, list[str]]:
    """The command line of each that can be installed here; why another one cannot is printed."""
    found: dict[str, list[str]] = {}
    try:
        found["pg-delta diff"] = [_pg_delta(), "diff", "--source", url_of(one), "--desired", url_of(other)]
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"without pg-delta: {error}")
    try:
        found["migra"] = [_migra(), "--unsafe", url_of(one), url_of(other)]
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"without migra: {error}")
    return found


def _migra() -> str:
    folder = _HOME / "migra"
    program = folder / "bin" / "migra"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", *MIGRA], check=True)
    return str(program)


def _pg_delta() -> str:
    folder = _HOME / "pg-delta"
    program = folder / "node_modules" / ".bin" / "pgdelta"
    if not program.exists():
        npm = shutil.which("npm") or "npm"
        folder.mkdir(parents=True, exist_ok=True)
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)]
        subprocess.run([npm, "install", *options, PG_DELTA], check=True, stdout=subprocess.DEVNULL)
    return str(program)
