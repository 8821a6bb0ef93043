"""The engine that everything in this service shares."""

import os

from sqlalchemy import Engine, create_engine


def make_engine() -> Engine:
    return create_engine(os.environ["METER_DATABASE_URL"], pool_size=5, pool_pre_ping=True)
