# ruff: noqa: S608 - names come from the catalogue
"""Turns the rows that real trades left into patterns, from which any number of rows is made.

Everything in a row that names one trade or one person (ids, message ids, numbers at the providers,
hashes) has a few characters replaced by a mark, alike in every column and every table. A copy of
the pattern puts other characters there: whatever pointed to each other still does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.trades import SCHEMAS

HOME = "bench_growth"
ID, HEX, DIGITS = "\ue000", "\ue001", "\ue002"
PERSON_ID, PERSON_HEX, PERSON_DIGITS = "\ue003", "\ue004", "\ue005"
"""Five characters of base32, seven hexadecimal digits, seven decimal digits; of trade or person."""
MARKS = (ID, HEX, DIGITS, PERSON_ID, PERSON_HEX, PERSON_DIGITS)

OF_PEOPLE = "identity"
"""The service whose every row belongs to a person, not to a trade."""
ONE_A_PERSON = "one_a_person"
LEFT_OUT = frozenset({"alembic_version", "audit_chain", "ledger_balances"})
"""What follows from other rows, and is made of them when those are there."""

_OUR_ID = "[0-7])[0-9a-hjkmnp-tv-z]{5}([0-9a-hjkmnp-tv-z]{20})"
RULES = (
    (rf"\m(usr_{_OUR_ID}", rf"\1{PERSON_ID}\2"),
    (rf"\m([a-z]{{2,5}}_{_OUR_ID}", rf"\1{ID}\2"),
    (r"\m([a-z]{2,4}(?:_test)?_[0-9A-Za-z]{19})[0-9A-Za-z]{5}\M", rf"\1{ID}"),
    (r"\m[0-9a-f]{7}([0-9a-f]-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", rf"{HEX}\1"),
    (r"\m[0-9a-f]{7}([0-9a-f]{17,57})\M", rf"{HEX}\1"),
    (r"\m[0-9]{7}([0-9]{12})\M", rf"{PERSON_DIGITS}\1"),
    (r"\m[0-9]{7}([0-9]{6})\M", rf"{DIGITS}\1"),
)
"""Our ids; the provider's; UUIDs; hashes and keys; Discord's numbers; Roblox's."""

TABLES = """
SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind = 'r' ORDER BY 1
"""
COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type,
    a.attidentity <> '' OR a.attgenerated <> '' AS made_by_server,
    coalesce(a.attnum = ANY(i.indkey), false) AS in_key
FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A column, and the marks that its patterns hold."""

    name: str
    type: str
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A table's patterns, kept in a table of ours."""

    schema: str
    table: str
    columns: Sequence[Column]
    rows: int

    @property
    def name(self) -> str:
        """The table itself."""
        return f'"{self.schema}"."{self.table}"'

    @property
    def kept_in(self) -> str:
        """The table of patterns."""
        return f'{HOME}."{self.schema}.{self.table}"'


async def take(connection: Any) -> list[Pattern]:
    """Keep the rows of every service as patterns; tables without any are left out."""
    await connection.execute(f"DROP SCHEMA IF EXISTS {HOME} CASCADE; CREATE SCHEMA {HOME}")
    found = []
    for schema in SCHEMAS:
        for row in await connection.fetch(TABLES, schema):
            if row["name"] not in LEFT_OUT:
                pattern = await _take_table(connection, schema, row["name"])
                if pattern.rows:
                    found.append(pattern)
    return found


async def _take_table(connection: Any, schema: str, table: str) -> Pattern:
    """Rows whose key names no trade and no person exist once for all, and are no pattern.

    Those whose key names only a person are marked as such: there is one for each person.
    """
    found = await connection.fetch(COLUMNS, f'"{schema}"."{table}"')
    columns = [Column(it["name"], it["type"], ()) for it in found if not it["made_by_server"]]
    keys = [it["name"] for it in found if it["in_key"] and not it["made_by_server"]]
    shown = ", ".join(f'{_marked(it, schema)} AS "{it.name}"' for it in columns)
    pattern = Pattern(schema, table, columns, 0)
    of_trade, of_person = ("".join(it) for it in (MARKS[:3], MARKS[3:]))
    key = " || ".join(f'"{name}"::text' for name in keys) or f"'{of_trade}'"
    await connection.execute(
        f"CREATE TABLE {pattern.kept_in} AS SELECT {shown} FROM {pattern.name};"
        f"DELETE FROM {pattern.kept_in} WHERE ({key}) !~ '[{of_trade}{of_person}]';"
        f"ALTER TABLE {pattern.kept_in} ADD COLUMN {ONE_A_PERSON} boolean;"
        f"UPDATE {pattern.kept_in} SET {ONE_A_PERSON} ="
        f" {schema == OF_PEOPLE} OR ({key}) !~ '[{of_trade}]'"
    )
    rows = await connection.fetchval(f"SELECT count(*) FROM {pattern.kept_in}")
    marked = [Column(it.name, it.type, await _marks(connection, pattern, it)) for it in columns]
    return Pattern(schema, table, marked, rows)


def _marked(column: Column, schema: str) -> str:
    """The column as text with marks, where it may name anything; other types as they are."""
    if column.type not in ("text", "uuid", "jsonb", "bytea"):
        return f'"{column.name}"'
    name = f'"{column.name}"'
    shown = f"convert_from({name}, 'UTF8')" if column.type == "bytea" else f"{name}::text"
    for rule, replacement in RULES:
        shown = f"regexp_replace({shown}, '{rule}', '{replacement}', 'g')"
    if schema == OF_PEOPLE:
        of_trade, of_person = "".join(MARKS[:3]), "".join(MARKS[3:])
        shown = f"translate({shown}, '{of_trade}', '{of_person}')"
    return shown


async def _marks(connection: Any, pattern: Pattern, column: Column) -> tuple[str, ...]:
    if column.type not in ("text", "uuid", "jsonb", "bytea"):
        return ()
    held = [f"coalesce(bool_or(\"{column.name}\" LIKE '%{mark}%'), false)" for mark in MARKS]
    row = await connection.fetchrow(f"SELECT {', '.join(held)} FROM {pattern.kept_in}")
    return tuple(mark for mark, holds in zip(MARKS, row, strict=True) if holds)
