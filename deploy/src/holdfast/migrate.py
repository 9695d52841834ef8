"""The migration step: database, roles, schemas, tables, broker topology, users and bucket."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import sys
from pathlib import Path

import asyncpg

from holdfast import topology
from holdfast.access import DATABASE, Access
from holdfast.broker import Management
from holdfast.roles import create_roles, create_schema
from holdfast.s3_bucket import Storage, ensure_bucket
from holdfast.services import SERVICES


class MigrationFailed(RuntimeError):
    """A service's migrations did not run to their end; the text holds what they said."""


async def databases(access: Access) -> None:
    """Have the database, and in it every service's roles, schema and newest tables."""
    connection = await asyncpg.connect(access.postgres)
    try:
        if not await connection.fetchval("select 1 from pg_database where datname = $1", DATABASE):
            await connection.execute(f"create database {DATABASE}")
    finally:
        await connection.close()
    connection = await asyncpg.connect(access.superuser_url())
    try:
        for service in SERVICES:
            await create_roles(connection, access.roles(service))
            await create_schema(connection, access.roles(service))
        behind = [it for it in SERVICES if not await _is_newest(connection, it.package)]
    finally:
        await connection.close()
    if behind:
        await _tables({it.package: access.owner_url(it) for it in behind})


async def broker(access: Access, management_url: str) -> None:
    """Have the topology, the users and their permissions in the broker."""

    def declare() -> None:
        whole = topology.read()
        management = Management.at(management_url, access.vhost)
        with management.client:
            management.create_vhost()
            management.declare(whole)
            management.grant(whole, {it.name: access.broker_password(it) for it in SERVICES})

    await asyncio.to_thread(declare)


async def bucket(storage: Storage, name: str) -> None:
    """Have the bucket of contracts."""
    await asyncio.to_thread(ensure_bucket, storage, name)


async def _is_newest(connection: asyncpg.Connection, package: str) -> bool:
    """Whether the schema is at the package's last migration, which the files' names tell."""
    spec = importlib.util.find_spec(package)
    versions = Path(str(spec and spec.origin)).parent / "migrations" / "versions"
    newest = max((it.name.partition("_")[0] for it in versions.glob("*_*.py")), default=None)
    try:
        found = await connection.fetchval(f'SELECT version_num FROM "{package}".alembic_version')  # noqa: S608 - our own name
    except asyncpg.UndefinedTableError:
        return False
    return newest is not None and found == newest


async def _tables(owners: dict[str, str]) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "holdfast.migrations",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
    )  # fmt: skip
    said, _ = await child.communicate(json.dumps(owners).encode())
    if child.returncode:
        raise MigrationFailed(said.decode(errors="replace").strip())
