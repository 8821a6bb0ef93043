"""Run by the service itself when it starts: whatever `alembic upgrade head` would do."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from meter.db.engine import make_engine


def upgrade_to_head() -> str | None:
    command.upgrade(Config(str(Path("alembic.ini").resolve())), "head")
    with make_engine().connect() as connection:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def main() -> None:
    print(upgrade_to_head())
