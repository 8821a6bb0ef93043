"""Store what the meters send, line by line from standard input."""

import sys
from datetime import datetime

from meter.db.engine import make_engine
from meter.db.migrate import upgrade_to_head as prepare
from meter.readings import store


def main() -> None:
    prepare()
    engine = make_engine()
    for line in sys.stdin:
        meter_id, taken_at, value = line.split()
        store(engine, [(meter_id, datetime.fromisoformat(taken_at), float(value))])
