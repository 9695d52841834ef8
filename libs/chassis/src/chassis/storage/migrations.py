"""Brings one service's schema to its newest version.

Usage: ``python -m chassis.storage.migrations escrow``.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

_LOCK_KEY = 7_411_001


def package_of(service: str) -> str:
    """The import name, schema and role of a service: ``discord_gateway`` of discord-gateway."""
    return service.replace("-", "_")


def upgrade(service: str, owner_url: str) -> None:
    """Apply every missing migration, each in its own transaction; two runs wait for each other.

    By psycopg: one ``op.execute`` may hold many statements, which asyncpg's protocol forbids.
    """
    package = package_of(service)
    url = owner_url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"SELECT pg_advisory_lock({_LOCK_KEY}, hashtext('{package}'))"))
        connection.execute(text(f"SET search_path TO {package}"))
        connection.commit()
        _run(connection, package)
        connection.commit()


def _run(connection: Connection, package: str) -> None:
    home = Path(str(importlib.import_module(package).__file__)).parent
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic_env"))
    config.set_main_option("version_locations", str(home / "migrations" / "versions"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=connection, schema=package)
    command.upgrade(config, "head")


def main() -> None:
    """Read the owner's URL from HOLDFAST_MIGRATION_URL and upgrade the named service."""
    if len(sys.argv) != 2 or not (url := os.environ.get("HOLDFAST_MIGRATION_URL")):
        raise SystemExit(
            "usage: HOLDFAST_MIGRATION_URL=postgresql://…"
            " python -m chassis.storage.migrations SERVICE"
        )
    upgrade(sys.argv[1], url)


if __name__ == "__main__":
    main()
