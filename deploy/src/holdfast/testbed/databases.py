"""A migrated database for each test, copied from a template."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from holdfast.instance import checkout
from holdfast.roles import Roles, create_roles, create_schema
from holdfast.testbed.blocking import blocking
from holdfast.testbed.names import derived, fresh_name, is_leftover, login

# Of the newer servers: files are cloned and not read and written; a password is checked once and
# not four thousand times, at every connection of every test.
_CHEAPEST = {"file_copy_method": "clone", "scram_iterations": "1"}


class Databases:
    """Makes databases by copying a migrated template, one template per state of the migrations."""

    def __init__(self, server: str) -> None:
        """Reach the server as its superuser; the connection is opened when it is first needed."""
        self.server = server
        self._kept: asyncpg.Connection | None = None

    @contextmanager
    def made(self) -> Iterator[Callable[[str], str]]:
        """A maker of databases; what it made is dropped at the end."""
        names: list[str] = []

        def make(service: str) -> str:
            schema = service.replace("-", "_")
            names.append(fresh_name())
            blocking(self._copy(schema, names[-1]))
            return login(self.server, schema, derived(self.server, schema), f"/{names[-1]}")

        try:
            yield make
        finally:
            blocking(self._drop(names))

    def drop_leftovers(self) -> None:
        """Drop the databases of test processes that are no more."""

        async def drop() -> None:
            await self._drop([name for name in await self._names() if is_leftover(name)])

        blocking(drop())

    def close(self) -> None:
        """Close the connection, if one was opened."""
        if self._kept is not None:
            blocking(self._kept.close())

    async def _copy(self, schema: str, name: str) -> None:
        template = f"template_{schema}_{_migrations_digest(schema)}"
        connection = await self._connection()
        if template not in await self._names():
            await connection.execute("select pg_advisory_lock(hashtext($1))", schema)
            try:  # whoever else waited finds it made
                if template not in await self._names():
                    await self._make_template(connection, schema, template)
            finally:
                await connection.execute("select pg_advisory_unlock_all()")
        await connection.execute(
            f'create database "{name}" template "{template}" strategy file_copy'
        )

    async def _make_template(
        self, connection: asyncpg.Connection, schema: str, template: str
    ) -> None:
        for old in await self._names():
            if old.startswith(f"template_{schema}_"):
                await connection.execute(f'drop database if exists "{old}" with (force)')
        roles = Roles(schema, derived(self.server, f"{schema}_owner"), derived(self.server, schema))
        await create_roles(connection, roles)
        fresh = fresh_name()
        await connection.execute(f'create database "{fresh}"')
        inside = await asyncpg.connect(self._url(fresh))
        try:
            await create_schema(inside, roles)
        finally:
            await inside.close()
        owner = login(self.server, roles.owner, roles.owner_password, f"/{fresh}")
        await asyncio.to_thread(migrate, schema, owner)
        await connection.execute(f'alter database "{fresh}" rename to "{template}"')

    async def _names(self) -> list[str]:
        rows = await (await self._connection()).fetch("select datname from pg_database")
        return [row["datname"] for row in rows]

    async def _drop(self, names: list[str]) -> None:
        connection = await self._connection()
        for name in names:
            await connection.execute(f'drop database if exists "{name}" with (force)')

    async def _connection(self) -> asyncpg.Connection:
        if self._kept is None or self._kept.is_closed():
            self._kept = await asyncpg.connect(self.server)
            for setting, cheapest in _CHEAPEST.items():
                await self._kept.execute(
                    "select set_config(name, $2, false) from pg_settings where name = $1",
                    setting,
                    cheapest,
                )
        return self._kept

    def _url(self, name: str) -> str:
        return urlunsplit(urlsplit(self.server)._replace(path=f"/{name}"))


def migrate(schema: str, owner_url: str) -> None:
    """Bring a service's schema to its newest state, as its owner."""
    done = subprocess.run(
        [sys.executable, "-m", "chassis.storage.migrations", schema],
        env={**os.environ, "HOLDFAST_MIGRATION_URL": owner_url},
        cwd=checkout(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the migrations of {schema} failed:\n{done.stdout}{done.stderr}")


@functools.cache
def _migrations_digest(schema: str) -> str:
    root = checkout()
    chassis = root / "libs/chassis/src/chassis/storage"
    files = [chassis / "migrations.py", chassis / "schema.py", Path(__file__)]
    files += sorted((root / "services" / schema.replace("_", "-")).rglob("versions/*.py"))
    content = b"".join(it.name.encode() + it.read_bytes() for it in files)
    return hashlib.sha256(content).hexdigest()[:12]
