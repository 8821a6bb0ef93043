"""Readings of the meters, as they are stored."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Engine, text

UPSERT = text(
    "INSERT INTO readings (meter_id, taken_at, kilowatt_hours) "
    "VALUES (:meter_id, :taken_at, :kilowatt_hours) "
    "ON CONFLICT (meter_id, taken_at) DO UPDATE SET kilowatt_hours = excluded.kilowatt_hours"
)


def store(engine: Engine, readings: Iterable[tuple[str, datetime, float]]) -> None:
    """Store readings; a corrected one replaces the old one."""
    rows = [dict(zip(("meter_id", "taken_at", "kilowatt_hours"), reading, strict=True)) for reading in readings]
    with engine.begin() as connection:
        connection.execute(UPSERT, rows)


def upgrade_firmware(meter_id: str) -> str:
    """The message that asks a meter to upgrade: nothing to do with the schema."""
    return f"alter firmware of {meter_id}: drop old, create new"
