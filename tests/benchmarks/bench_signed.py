"""Signed runs: starting ``verify``, and the gate on ten of them besides judging each again.

Run it as ``python tests/benchmarks/bench_signed.py [RUNS]`` (10 unless given). The runs are those of a small project, made
and signed without a server. ``verify`` is started on a run of which a file was changed after signing: nothing is judged.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from measured import audit, by_turns, measure, print_goal, print_rows

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from fix_signed import ANN, MAL, POLICY, SERVER, TOML, World

START_SECONDS, GATE_SECONDS = 0.15, 1.0
TIMED_GATE = """
import sys, time
from migration_audit.cli.main import main
from migration_audit.runner import rendering

recompute, taken = rendering._recomputed, [0.0]

def timed(*arguments):
    began = time.process_time()
    yield from recompute(*arguments)
    taken[0] += time.process_time() - began

rendering._recomputed = timed
try:
    main(sys.argv[1:])
finally:
    print(f"judging: {taken[0]}")
"""
"""The command line, with the processor time that judging again took."""


def main() -> int:
    """Measure, print, compare."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as name:
        world, names = _world(Path(name)), [f"e{each}" for each in range(number)]
        now = datetime.now(UTC)
        signed = [_signed(world, each, now) for each in names]
        world.commit()
        world.publish()
        where = ("--config", str(world.root / "audit.toml"), "--policy-from", "origin/main")
        gate = ("gate", *(part for each in names for part in ("--env", each)), *where)
        works = {
            "verify of one run": audit("verify", str(signed[0]), *where),
            f"gate on {number} signed runs": audit(*gate),
        }
        found = by_turns({each: partial(measure, command) for each, command in works.items()}, runs=3)
        output = Path(name) / "output.txt"
        with output.open("w") as printed:
            measure([sys.executable, "-c", TIMED_GATE, *gate], output=printed)
        judging = float(output.read_text().rpartition("judging: ")[2])
        (signed[0] / "summary.md").write_text("changed\n")
        start = partial(measure, audit("verify", str(signed[0]), *where), allowed=(4,))
        found |= by_turns({"verify of a changed run: nothing is judged": start}, runs=5)
    print_rows("Signed runs; medians by turns, whole processes", found)
    changed, gated = found["verify of a changed run: nothing is judged"], found[f"gate on {number} signed runs"]
    print(f"of the gate's processor time, judging again: {judging:.2f} s")
    goals = [
        print_goal("start of verify", changed.seconds, START_SECONDS, " s"),
        print_goal(f"gate on {number} runs without judging", gated.cpu - judging, GATE_SECONDS, " s"),
    ]
    return int(not all(goals))


def _signed(world: World, environment: str, now: datetime) -> Path:
    """A signed run of a database of its own."""
    server = replace(SERVER, database=environment)
    return world.sign(world.run(environment, at=now - timedelta(hours=2), server=server), at=now - timedelta(hours=1))


def _world(folder: Path) -> World:
    """A repository with ten environments and one reviewer."""
    made = World(root=folder / "repo", keys=folder)
    made.root.mkdir()
    made.git("init", "-q", "-b", "work")
    made.git("config", "user.email", MAL)
    for side in ("legacy", "owner"):
        made.write(f"{side}/001_a.sql", "CREATE TABLE a (id int);\n")
    environments = "".join(f'[environments.e{each}]\ndsn_env = "E{each}"\n' for each in range(50))
    made.write("audit.toml", TOML + environments + POLICY.replace("quorum = 2", "quorum = 1"))
    made.write(".audit/revoked", "# nobody yet\n")
    made.allow(ANN)
    made.commit()
    made.publish()
    return made


if __name__ == "__main__":
    sys.exit(main())
