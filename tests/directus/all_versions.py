"""``make directus``: the generated cases on every version that the model knows, on a server of their own."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile

from migration_audit.shadow import find_server
from migration_audit.shadow.directus_program import install_directus

VERSIONS = ("11.2.2", "11.17.4", "12.3.1", "12.4.0")


def main() -> int:
    """Run each version after the other; the exit code is 1 where model and reality disagree."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--cases", type=int, default=1000)
    given = parser.parse_args()
    codes = []
    server = find_server(extensions=["timescaledb", "postgis"], progress=print)
    with server.cluster(tcp=True) as cluster, tempfile.TemporaryDirectory() as folder:
        for version in VERSIONS:
            home = str(install_directus(version, progress=print))
            command = [sys.executable, "-m", "directus.run", version, home, cluster.conninfo("postgres")]
            command += ["--first", str(given.first), "--cases", str(given.cases), "--folder", folder]
            codes.append(subprocess.run(command, check=False).returncode)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
