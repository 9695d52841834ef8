"""Fresh databases and virtual hosts on shared servers, named after the process that made them."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from holdfast import topology
from holdfast.broker import Management
from holdfast.instance import checkout
from holdfast.roles import Roles, create_roles, create_schema

T = TypeVar("T")
_PREFIX = "t"
# Of the newer servers: files are cloned and not read and written; a password is checked once and
# not four thousand times, at every connection of every test.
_CHEAPEST = {"file_copy_method": "clone", "scram_iterations": "1"}


def derived(url: str, name: str) -> str:
    """A password for tests that every process computes alike from the server's own."""
    return hashlib.sha256(f"{urlsplit(url).password}:{name}".encode()).hexdigest()[:32]


def login(url: str, user: str, password: str, path: str) -> str:
    """The same server's URL for another user and path."""
    parts = urlsplit(url)
    place = f"{user}:{password}@{parts.hostname}:{parts.port}"
    return urlunsplit((parts.scheme, place, path, parts.query, ""))


def as_superuser(database_url: str, postgres_url: str) -> str:
    """The same database with all rights, for looking and for breaking things on purpose."""
    return urlunsplit(urlsplit(postgres_url)._replace(path=urlsplit(database_url).path))


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
            names.append(_fresh_name())
            _blocking(self._copy(schema, names[-1]))
            return login(self.server, schema, derived(self.server, schema), f"/{names[-1]}")

        try:
            yield make
        finally:
            _blocking(self._drop(names))

    def drop_leftovers(self) -> None:
        """Drop the databases of test processes that are no more."""

        async def drop() -> None:
            await self._drop([name for name in await self._names() if _is_leftover(name)])

        _blocking(drop())

    def close(self) -> None:
        """Close the connection, if one was opened."""
        if self._kept is not None:
            _blocking(self._kept.close())

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
        fresh = _fresh_name()
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


@dataclass(frozen=True, slots=True)
class TestBroker:
    """A virtual host of one test with its queues and users."""

    server: str
    management_url: str
    vhost: str

    __test__ = False

    def url(self, service: str) -> str:
        """How the service's own user reaches the virtual host."""
        password = derived(self.server, service)
        return login(self.server, service, password, f"/{quote(self.vhost, safe='')}")

    @property
    def operator_url(self) -> str:
        """How the operator, who may do everything, reaches the virtual host."""
        return urlunsplit(urlsplit(self.server)._replace(path=f"/{quote(self.vhost, safe='')}"))

    @property
    def management(self) -> Management:
        """The management interface, seen from this virtual host."""
        return Management.at(self.management_url, self.vhost)


@dataclass(frozen=True, slots=True)
class Brokers:
    """Makes virtual hosts with the topology declared."""

    server: str
    management_url: str

    @contextmanager
    def made(self) -> Iterator[Callable[..., TestBroker]]:
        """A maker of virtual hosts; what it made is dropped at the end."""
        made: list[TestBroker] = []

        def make(*services: str) -> TestBroker:
            broker = TestBroker(self.server, self.management_url, _fresh_name())
            made.append(broker)
            whole = topology.read()
            part = whole.only(services) if services else whole
            management = broker.management
            with management.client:
                management.create_vhost()
                management.declare(part)
                management.grant(
                    part, {it.name: derived(self.server, it.name) for it in part.services}
                )
            return broker

        try:
            yield make
        finally:
            for broker in made:
                with broker.management.client:
                    broker.management.drop_vhost()

    def drop_leftovers(self) -> None:
        """Drop the virtual hosts of test processes that are no more."""
        management = Management.at(self.management_url)
        with management.client:
            for name in [it["name"] for it in management.ask("GET", "/vhosts")]:
                if _is_leftover(name):
                    Management(management.client, name).drop_vhost()


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
    content = b"".join(it.name.encode() + it.read_bytes() for it in files if it.exists())
    return hashlib.sha256(content).hexdigest()[:12]


def _fresh_name() -> str:
    return f"{_PREFIX}_{os.getpid()}_{secrets.token_hex(4)}"


def _is_leftover(name: str) -> bool:
    prefix, _, rest = name.partition("_")
    pid = rest.partition("_")[0]
    return prefix == _PREFIX and pid.isdecimal() and not Path(f"/proc/{pid}").exists()


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """An event loop in a thread of its own, for what is asked from any thread or loop."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="testbed", daemon=True).start()
    return loop


def _blocking(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end from anywhere, also while another event loop is running."""
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()
