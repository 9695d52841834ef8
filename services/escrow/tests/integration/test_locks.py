"""One escrow's row is held by somebody: who needs it is told to come again, nobody else waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest
from escrow_builders import BUYER, NET, PRICE, House, as_person, running, some_terms


@pytest.fixture
async def client(house: House, database_url) -> AsyncIterator[httpx.AsyncClient]:
    async with running(house.database, database_url, house.rails) as made:
        yield made


@asynccontextmanager
async def held(database_url: str, escrow_id: str):
    """Another session has locked the escrow's row, as one that hangs would."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            await connection.execute(
                "SELECT FROM escrows WHERE escrow_id = $1 FOR UPDATE", escrow_id
            )
            yield
    finally:
        await connection.close()


@pytest.mark.fault("D7")
async def test_a_lock_held_on_one_escrow_stops_that_one_and_no_other(client, house, database_url):
    stuck, free = (
        await house.delivered(some_terms("stuck")),
        await house.delivered(some_terms("free")),
    )

    async def confirm(escrow_id):
        path = f"/v1/escrows/{escrow_id}/confirm"
        return await client.post(path, headers=as_person(BUYER, house.clock))

    async with held(database_url, stuck):
        asked = [asyncio.create_task(confirm(stuck)) for _ in range(3)]
        passed = await confirm(free)
        waiting = [not one.done() for one in asked]
        refused = await asyncio.gather(*asked)

    assert (passed.status_code, waiting) == (200, [True] * 3), passed.text
    assert [(one.status_code, one.json()["code"]) for one in refused] == [
        (503, "temporarily_unavailable")
    ] * 3
    assert all(one.json()["retryable"] and one.headers["Retry-After"] for one in refused)
    assert (await house.escrow(stuck)).state == "DELIVERED"

    again = await confirm(stuck)
    await house.due()
    assert again.status_code == 200
    assert [house.rail.moved(one) for one in (stuck, free)] == [(PRICE, NET, 0)] * 2
    await house.proven()
