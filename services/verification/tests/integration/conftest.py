from collections.abc import AsyncIterator

import httpx
import pytest
from chassis_fixtures import clock, database_url, db
from contracts_schema.ids import new_id
from verification import store
from verification.adapters.game_ownership import Roblox
from verification_builders import BUYER, PLAIN, SELLER, World, a_world

__all__ = ["clock", "database_url", "db"]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as running:
        yield running


@pytest.fixture
async def games(world, clock) -> AsyncIterator[Roblox]:
    async with httpx.AsyncClient(verify=PLAIN) as http:
        yield Roblox(world.base + "/roblox/{host}", http, clock)


@pytest.fixture
def service() -> str:
    return "verification"


@pytest.fixture
async def traders(db) -> tuple[str, str]:
    seller, buyer = new_id("usr"), new_id("usr")
    async with db.transaction() as tx:
        await store.account.set_account(tx, seller, "roblox", str(SELLER), 2)
        await store.account.set_account(tx, buyer, "roblox", str(BUYER), 2)
    return seller, buyer
