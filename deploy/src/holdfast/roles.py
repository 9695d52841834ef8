"""PostgreSQL roles and schemas: per service an owner that migrates and a user that runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

_LOCK = 0x686F6C64  # one at a time: roles belong to the whole cluster
_NAME = re.compile(r"[a-z_]+")
_LIMITS = {
    "statement_timeout": "15s",
    "lock_timeout": "3s",
    "idle_in_transaction_session_timeout": "30s",
}


@dataclass(frozen=True, slots=True)
class Roles:
    """The two roles of one service and their passwords."""

    schema: str
    owner_password: str
    password: str

    def __post_init__(self) -> None:
        """Refuse a name that would have to be quoted."""
        if not _NAME.fullmatch(self.schema):
            raise ValueError(f"{self.schema!r} is not a schema's name")

    @property
    def owner(self) -> str:
        """The role that owns the schema and runs the migrations."""
        return f"{self.schema}_owner"


async def create_roles(connection: asyncpg.Connection, roles: Roles) -> None:
    """Have both roles exist with these passwords, and with limits on what the user may hold up."""
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        for name, password in ((roles.owner, roles.owner_password), (roles.schema, roles.password)):
            if not await connection.fetchval("select 1 from pg_roles where rolname = $1", name):
                await connection.execute(f"create role {name} login")
            quoted = await connection.fetchval("select quote_literal($1::text)", password)
            await connection.execute(f"alter role {name} login password {quoted}")
            await connection.execute(f"alter role {name} set search_path = {roles.schema}")
        for setting, value in _LIMITS.items():
            await connection.execute(f"alter role {roles.schema} set {setting} = '{value}'")


async def create_schema(connection: asyncpg.Connection, roles: Roles) -> None:
    """Have the service's schema in this database, closed to everybody else."""
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        database = await connection.fetchval("select quote_ident(current_database())")
        await connection.execute(f"revoke all on database {database} from public")
        await connection.execute("revoke all on schema public from public")
        await connection.execute(
            f"grant connect on database {database} to {roles.owner}, {roles.schema}"
        )
        await connection.execute(
            f"create schema if not exists {roles.schema} authorization {roles.owner}"
        )
        await connection.execute(f"grant usage on schema {roles.schema} to {roles.schema}")
