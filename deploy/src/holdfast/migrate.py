"""The migration step: database, roles, schemas, tables, broker topology, users and bucket."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from holdfast import topology
from holdfast.broker import Management
from holdfast.credentials import credential
from holdfast.instance import Instance
from holdfast.roles import Roles, create_roles, create_schema
from holdfast.s3_bucket import Storage, ensure_bucket
from holdfast.services import SERVICES, Service

DATABASE = "holdfast"


class MigrationFailed(RuntimeError):
    """A service's migrations did not run to their end; the text holds what they said."""


@dataclass(frozen=True, slots=True)
class Access:
    """How each service reaches the database and the broker, given the operators' URLs."""

    instance: Instance
    postgres: str
    rabbitmq: str

    def roles(self, service: Service) -> Roles:
        """The service's database roles."""
        return Roles(
            service.package,
            credential(self.instance, f"{service.name}-owner"),
            credential(self.instance, f"{service.name}-database"),
        )

    def database_url(self, service: Service) -> str:
        """The runtime role's URL."""
        return self._database(service.package, self.roles(service).password)

    def owner_url(self, service: Service) -> str:
        """The URL of the role that migrates."""
        roles = self.roles(service)
        return self._database(roles.owner, roles.owner_password)

    def broker_password(self, service: Service) -> str:
        """The password of the service's broker user."""
        return credential(self.instance, f"{service.name}-broker")

    def broker_url(self, service: Service) -> str:
        """The broker's URL for the service's own user."""
        parts = urlsplit(self.rabbitmq)
        place = f"{service.name}:{self.broker_password(service)}@{parts.hostname}:{parts.port}"
        return urlunsplit(parts._replace(netloc=place))

    @property
    def vhost(self) -> str:
        """The virtual host that the broker's URL names."""
        return urlsplit(self.rabbitmq).path.removeprefix("/").replace("%2F", "/") or "/"

    def superuser_url(self) -> str:
        """The superuser's URL of our database."""
        return urlunsplit(urlsplit(self.postgres)._replace(path=f"/{DATABASE}"))

    def _database(self, user: str, password: str) -> str:
        parts = urlsplit(self.postgres)
        place = f"{user}:{password}@{parts.hostname}:{parts.port or 5432}"
        return urlunsplit((parts.scheme, place, f"/{DATABASE}", parts.query, ""))


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
