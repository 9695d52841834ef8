"""The servers of the whole system, which keep what people trust us with."""

import asyncpg
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]


async def test_commits_are_durable(system):
    connection = await asyncpg.connect(system.urls["postgres"])

    told = [await connection.fetchval(f"show {it}") for it in ("fsync", "synchronous_commit")]

    assert told == ["on", "on"]
    await connection.close()
