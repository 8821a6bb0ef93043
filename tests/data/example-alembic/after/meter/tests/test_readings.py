from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from meter.db.engine import make_engine
from meter.readings import store


@pytest.fixture(scope="session")
def engine():
    engine = make_engine()
    with engine.begin() as connection:
        connection.execute(text((Path(__file__).parent / "fixtures" / "schema.sql").read_text()))
    return engine


def test_a_corrected_reading_replaces_the_old_one(engine):
    at = datetime(2026, 3, 1, tzinfo=UTC)
    store(engine, [("m1", at, 1.0)])
    store(engine, [("m1", at, 2.0)])
    with engine.connect() as connection:
        assert connection.execute(text("SELECT kilowatt_hours FROM readings")).scalar() == 2
