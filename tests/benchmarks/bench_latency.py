"""Round trips of an audit of a live database: through a proxy on loopback that delays each piece, and one that does not.

Run it as ``python tests/benchmarks/bench_latency.py [MILLISECONDS …]`` (0, 25 and 100 in each direction unless given).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measured import audit, measure, print_goal

from migration_audit.audit.demo import demo_databases, demo_project

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from fix_network import proxy

ENVIRONMENT = "dev"
MOST_TRIPS = 12
MOST_MORE = 4
"""Round trips with a delay, beside those without one."""


def main() -> int:
    """Measure, print, compare."""
    delays = [int(each) for each in sys.argv[1:]] or [0, 25, 100]
    project = demo_project()
    found = []
    with demo_databases(project, names=[ENVIRONMENT], progress=print) as variables, tempfile.TemporaryDirectory() as folder:
        ((variable, conninfo),) = variables.items()
        run = audit("run", "--config", str(project.path), "--env", ENVIRONMENT, "--out", folder)
        measure(run, allowed=(0, 1, 3), **{variable: conninfo})  # once, so that what is cached is cached
        for delay in delays:
            with proxy(conninfo, delay=delay / 1000) as way:
                taken = measure(run, allowed=(0, 1, 3), **{variable: way.conninfo})
            found.append((delay, taken.seconds, way.round_trips, len(way.answered)))
    print(f"\n{'delay each way':>14} {'run':>8} {'round trips':>12} {'connections':>12}")
    for delay, seconds, trips, connections in found:
        print(f"{delay:11} ms {seconds:6.1f} s {trips:12} {connections:12}")
    fewest = min(trips for _, _, trips, _ in found)
    more = max(trips for _, _, trips, _ in found) - fewest
    goals = [print_goal("round trips", fewest, MOST_TRIPS), print_goal("more round trips with a delay", more, MOST_MORE)]
    return int(not all(goals))


if __name__ == "__main__":
    sys.exit(main())
