"""What every service's store promises: its tables are the migrated ones, its statements can run."""

from __future__ import annotations

import importlib
import pkgutil
import re

import asyncpg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from chassis.storage.sql import REGISTERED, Statement
from sqlalchemy import MetaData, create_engine
from sqlalchemy.pool import NullPool

_SCRIPTS = re.compile(r"alembic_env\.env|\.migrations\.|__main__")


def statements_of(*packages: str) -> list[Statement]:
    """Every statement that the packages declare, whichever of their modules was imported yet."""
    for package in packages:
        module = importlib.import_module(package)
        for found in pkgutil.walk_packages(getattr(module, "__path__", ()), package + "."):
            if not _SCRIPTS.search(found.name):
                importlib.import_module(found.name)
    return [
        each
        for each in REGISTERED
        if any(each.module == name or each.module.startswith(name + ".") for name in packages)
    ]


async def refused_statements(database_url: str, *packages: str) -> list[str]:
    """What PostgreSQL says of the statements it cannot prepare as the service's own role."""
    connection = await asyncpg.connect(database_url)
    refused = []
    try:
        for each in statements_of(*packages):
            try:
                await connection.prepare(each.text)
            except asyncpg.PostgresError as error:
                refused.append(f"{each.module}: {error}: {each.text}")
    finally:
        await connection.close()
    return refused


def differences(database_url: str, metadata: MetaData) -> list[str]:
    """What Alembic would change in the migrated database to make it the declared one."""
    url = database_url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        found = compare_metadata(context, metadata)
    return [str(each) for each in found if "alembic_version" not in str(each)]
