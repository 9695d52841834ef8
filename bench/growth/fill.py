# ruff: noqa: S608 - names come from the catalogue, numbers are integers
"""Fills the services' tables with copies of patterns, by INSERT … SELECT over generate_series.

Triggers and foreign keys are off meanwhile: the copies keep what the patterns kept, and the ledger
check, made afterwards, says whether the books hold. Rows are up to thirty days old, in order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from bench.growth.patterns import (
    DIGITS,
    HEX,
    HOME,
    ID,
    ONE_A_PERSON,
    PERSON_DIGITS,
    PERSON_HEX,
    PERSON_ID,
    Column,
    Pattern,
)

TRADES_PER_PERSON = 10
OLDEST = "30 days"
BATCH = 250
"""So many copies of all stories at a time; each is a few thousand escrows."""

EVERY: Mapping[str, int] = {
    "escrow": 1, "escrow.outbox": 4, "escrow.inbox": 3, "escrow.webhooks": 20,
    "escrow.audit_entries": 3, "listings": 1, "listings.offers": 2, "listings.verified_assets": 5,
    "notifier.listings": 5, "contracts": 10, "verification": 10, "notifier": 5,
    "discord_gateway": 10, "outbox": 20, "inbox": 20, "audit_entries": 20,
    "idempotency_keys": 20, "timers": 20, "notifier.outbox": 100, "notifier.inbox": 50,
    "notifier.notifications": 50, "discord_gateway.inbox": 50, "discord_gateway.deliveries": 50,
}  # fmt: skip
"""A part of the rows does where the whole would only take up disk: every second, fifth … copy has
rows in this table, or in tables of this name, or of this service."""

FUTURE = frozenset({"expires_at", "deadline", "until", "sign_before"})
"""Times that lie ahead stay as they are; those of timers are spread over the next week."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_CODES = f"""
CREATE TABLE IF NOT EXISTS {HOME}.codes (n integer PRIMARY KEY, id text, hex text, digits text);
INSERT INTO {HOME}.codes
SELECT n, substr(a, (v >> 20 & 31) + 1, 1) || substr(a, (v >> 15 & 31) + 1, 1)
    || substr(a, (v >> 10 & 31) + 1, 1) || substr(a, (v >> 5 & 31) + 1, 1)
    || substr(a, (v & 31) + 1, 1), lpad(to_hex(n), 7, '0'), lpad((1000000 + n)::text, 7, '0')
FROM (SELECT n, (n::bigint * 22695477 % 33554432)::integer AS v, '{_ALPHABET}' AS a
    FROM generate_series({{first}}, {{last}}) AS n) numbers ON CONFLICT DO NOTHING;
"""
_VALUE = {
    ID: "c.id", HEX: "c.hex", DIGITS: "c.digits",
    PERSON_ID: "p.id", PERSON_HEX: "p.hex", PERSON_DIGITS: "p.digits",
}  # fmt: skip
_QUICKLY = ("synchronous_commit = off", "max_wal_size = '4GB'", "checkpoint_timeout = '30min'",
            "full_page_writes = off", "autovacuum = off")  # fmt: skip
_NOT_READY = """
UPDATE pg_index SET indisready = false, indisvalid = false
WHERE indrelid = ANY(CAST($1::text[] AS regclass[]))
"""


async def hurry(connection: Any) -> None:
    """Have the server write much quickly."""
    for setting in _QUICKLY:
        await connection.execute(f"ALTER SYSTEM SET {setting}")
    await connection.execute("SELECT pg_reload_conf()")


async def without_indexes(connection: Any, tables: Sequence[str]) -> None:
    """From now on rows of these tables are put into no index; ``index`` makes them whole again."""
    await connection.execute(_NOT_READY, tables)


async def balance(connection: Any) -> None:
    """Sum up every account, as the services' trigger does with each posting."""
    await connection.execute("TRUNCATE escrow.ledger_balances")
    await connection.execute(
        "INSERT INTO escrow.ledger_balances (account, currency, balance)"
        " SELECT account, currency, sum(amount) FROM escrow.postings GROUP BY account, currency"
    )


async def index(connection: Any, table: str) -> None:
    """Make the table's indexes of all its rows at once."""
    await connection.execute(f"REINDEX TABLE {table}")


async def vacuum(connection: Any, table: str) -> None:
    """Statistics and visibility as autovacuum would have them, once no row is too young for it."""
    await connection.execute(f"VACUUM (ANALYZE) {table}")


async def settle(connection: Any) -> None:
    """The settings of before."""
    for setting in _QUICKLY:
        await connection.execute(f"ALTER SYSTEM RESET {setting.partition(' ')[0]}")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.execute("CHECKPOINT")


async def opened(url: str) -> Any:
    """A connection that leaves triggers and foreign keys alone."""
    connection = await asyncpg.connect(url)
    await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
    await connection.execute(
        "SET jit = off; SET work_mem = '64MB'; SET maintenance_work_mem = '512MB'"
    )
    return connection


async def number(connection: Any, whole: range) -> None:
    """What the copies of these numbers put in place of the marks."""
    await connection.execute(_CODES.format(first=whole.start, last=whole.stop - 1))
    await connection.execute(f"ANALYZE {HOME}.codes")


async def copy(connection: Any, pattern: Pattern, part: range, whole: range) -> None:
    """Write the copies with the numbers of a part; the first of the whole are the oldest."""
    names_of = (f"{pattern.schema}.{pattern.table}", pattern.table, pattern.schema)
    every = next((EVERY[it] for it in names_of if it in EVERY), 1)
    names = ", ".join(f'"{it.name}"' for it in pattern.columns)
    values = ", ".join(_value(pattern, it) for it in pattern.columns)
    step = f"CASE WHEN t.{ONE_A_PERSON} THEN {TRADES_PER_PERSON} ELSE {every} END"
    await connection.execute(
        f"INSERT INTO {pattern.name} ({names}) SELECT {values}"
        f" FROM (SELECT *, '{OLDEST}'::interval * (1 - (n - {whole.start})::float / {len(whole)})"
        f" AS age FROM {HOME}.codes WHERE n BETWEEN {part.start} AND {part.stop - 1}) c"
        f" JOIN {HOME}.codes p ON p.n = c.n / {TRADES_PER_PERSON}"
        f" JOIN {pattern.kept_in} t ON c.n % {step} = 0 ORDER BY c.n"
    )


def _value(pattern: Pattern, column: Column) -> str:
    """What a copy has in the column."""
    name = f't."{column.name}"'
    if column.type == "timestamp with time zone":
        if pattern.table == "timers":
            return f"{name} + '1 day'::interval + 6 * ('30 days'::interval - c.age) / 30"
        return name if column.name in FUTURE else f"{name} - c.age"
    if column.name == "terms_sha256" and "terms" in {it.name for it in pattern.columns}:
        terms = next(it for it in pattern.columns if it.name == "terms")
        return f"encode(sha256(convert_to({_value(pattern, terms)}, 'UTF8')), 'hex')"
    for mark in column.marks:
        name = f"replace({name}, '{mark}', {_VALUE[mark]})"
    if not column.marks and column.type in ("text", "uuid", "jsonb"):
        return f"{name}::{column.type}"
    if column.type == "bytea":
        return f"convert_to({name}, 'UTF8')"
    return f"{name}::{column.type}" if column.type in ("uuid", "jsonb") else name
