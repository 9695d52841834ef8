"""Copies of rows point to each other as the rows did, and are as many as were asked for."""

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from chassis.storage import audit_check
from chassis.storage.database import Database
from contracts_schema.ids import new_id, uuid7
from holdfast.testbed import as_superuser
from holdfast.testing import DatabaseFor

from bench.growth import chain, fill, patterns, table

COPIES = range(25)
TERMS = {"price": 430_000}


@pytest.fixture
async def connection(
    database_for: DatabaseFor, postgres_url: str
) -> AsyncIterator[asyncpg.Connection]:
    """Contracts' own tables, with one contract in them, in the rights of a superuser."""
    url = as_superuser(database_for("contracts"), postgres_url)
    opened = await fill.opened(url)
    await opened.execute("SET search_path = contracts")
    await _one_contract(opened)
    yield opened
    await opened.close()


async def _one_contract(connection: asyncpg.Connection) -> None:
    seller, buyer, contract = new_id("usr"), new_id("usr"), new_id("ctr")
    terms = json.dumps({**TERMS, "contract_id": contract})
    digest = hashlib.sha256(terms.encode()).hexdigest()
    pdf = hashlib.sha256(b"a PDF").hexdigest()
    for position, user_id in enumerate((seller, buyer)):
        await connection.execute(
            "INSERT INTO principals (user_id, discord_id) VALUES ($1, $2)",
            user_id, f"157371917623571251{position}",
        )  # fmt: skip
    await connection.execute(
        "INSERT INTO contracts VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, 'EXECUTED', 4, now(),"
        " now() + interval '3 days', now())",
        contract, new_id("ofr"), new_id("lst"), seller, buyer, terms, digest, pdf,
    )  # fmt: skip
    for side, signer in (("seller", seller), ("buyer", buyer)):
        await connection.execute(
            "INSERT INTO signatures (contract_id, side, signer_id, method, terms_sha256, signed_at,"
            " request_id) VALUES ($1, $2, $3, 'rest', $4, now(), $5)",
            contract, side, signer, digest, str(uuid7()),
        )  # fmt: skip
    await connection.execute(
        "INSERT INTO audit_entries (entry_id, at, actor, action, subject_id)"
        " VALUES ($1, now(), 'system', 'contract.execute', $2)",
        uuid7(), contract,
    )  # fmt: skip


async def _filled(connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fill, "EVERY", {})
    kept = await patterns.take(connection)
    await fill.number(connection, COPIES)
    for pattern in kept:
        await fill.copy(connection, pattern, COPIES, COPIES)


async def test_copies_keep_their_relations_and_their_own_hashes(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _filled(connection, monkeypatch)

    whole = await connection.fetchrow(
        "SELECT count(DISTINCT c.contract_id) AS contracts, count(*) AS signatures,"
        " count(DISTINCT p.user_id) AS people FROM contracts c JOIN signatures s USING"
        " (contract_id) JOIN principals p ON p.user_id = s.signer_id"
        " AND s.signer_id = CASE s.side WHEN 'buyer' THEN c.buyer_id ELSE c.seller_id END"
        " WHERE c.terms_sha256 = encode(sha256(convert_to(c.terms, 'UTF8')), 'hex')"
        " AND c.terms::json ->> 'contract_id' = c.contract_id"
    )
    people = (len(COPIES) - 1) // fill.TRADES_PER_PERSON + 1

    assert dict(whole or {}) == {
        "contracts": len(COPIES) + 1,
        "signatures": 2 * (len(COPIES) + 1),
        "people": 2 * (people + 1),
    }
    templates = "SELECT count(*) = max(version) FROM templates"
    assert await connection.fetchval(templates), "of templates there are no copies"


async def test_copies_are_older_the_earlier_they_come(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _filled(connection, monkeypatch)

    [old, young] = await connection.fetchrow(
        "SELECT now() - min(created_at) > interval '29 days', count(*) FILTER (WHERE created_at"
        " > now() - interval '3 days') FROM contracts"
    ) or [None, None]

    assert (old, young) == (True, 3)  # the last 2 of 25 in 30 days, and the contract itself


async def test_the_audit_chain_of_the_copies_holds(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    await _filled(connection, monkeypatch)
    database = await connection.fetchval("SELECT current_database()")
    url = as_superuser(f"postgresql://x/{database}", postgres_url)

    assert await chain.link(url, "contracts") == len(COPIES) + 1
    assert await chain.link(url, "contracts") == 0
    assert await audit_check.check(_reading(connection)) == []
    await connection.execute("UPDATE audit_entries SET actor = 'usr_x' WHERE position = 7")
    assert await audit_check.check(_reading(connection)) == ["entry 7 is not what was written"]


def _reading(connection: Any) -> Database:
    """A database whose pool is this one connection."""
    return Database(connection, None, "contracts")  # type: ignore[arg-type]


def test_growth_is_how_much_dearer_it_became_and_speed_counts_the_other_way() -> None:
    assert _grown("read_escrow_ms", 2.0, 3.0) == 1.5
    assert _grown("trades_per_s", 4.0, 2.0) == 2.0
    assert _grown("prune_s", None, 2.0) is None


def _grown(name: str, first: float | None, last: float | None) -> float | None:
    return table.growth(name, [{name: first}, {name: last}])


def test_growth_stands_beside_what_it_was_before() -> None:
    before = {"at": {"1000": {"read_escrow_ms": 2.0}, "9000": {"read_escrow_ms": 9.0}}}
    now = {"at": {"1000": {"read_escrow_ms": 2.0}, "9000": {"read_escrow_ms": 2.2}}}

    heads, rows = table.rows(now, before)
    of = {row[0]: row[1:] for row in rows}

    assert heads == (
        "figure", "1,000 escrows", "9,000 escrows", "growth", "before, 9,000", "growth before",
        "≤ 1.3",
    )  # fmt: skip
    assert of["GET /v1/escrows/{id}, ms"] == ("2.00", "2.20", "1.10", "9.00", "4.50", "✓")


def test_what_failed_is_told_beside_what_was_measured() -> None:
    figures = {
        "at": {
            "1000": {"read_escrow_ms": 2.0, "ledger_check_s": 1.0},
            "9000": {"read_escrow_ms": 2.8, "failed_ledger_check": "TimeoutError"},
        }
    }
    heads, rows = table.rows(figures)
    of = {row[0]: row[1:] for row in rows}

    assert heads[1:3] == ("1,000 escrows", "9,000 escrows")
    assert of["GET /v1/escrows/{id}, ms"] == ("2.00", "2.80", "1.40", "✗")
    assert of["full ledger check, s"] == ("1.00", "-", "-", "")
    assert table.failures(figures) == ["ledger_check at 9,000: TimeoutError"]
