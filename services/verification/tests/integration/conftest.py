from collections.abc import AsyncIterator

import httpx
import pytest
from chassis.clock import ManualClock
from chassis.storage import database
from chassis.storage.database import Database
from contracts_schema.ids import new_id
from verification import store
from verification.adapters.game_ownership import Roblox
from verification_builders import BUYER, PLAIN, SELLER, World, a_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as running:
        yield running


@pytest.fixture
async def games(world, clock) -> AsyncIterator[Roblox]:
    async with httpx.AsyncClient(verify=PLAIN) as http:
        yield Roblox(world.base + "/roblox/{host}", http, clock)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database_url(database_for) -> str:
    return database_for("verification")


@pytest.fixture
async def db(database_url, clock) -> AsyncIterator[Database]:
    async with database.connect(database_url, clock, "verification") as opened:
        yield opened


@pytest.fixture
async def traders(db) -> tuple[str, str]:
    seller, buyer = new_id("usr"), new_id("usr")
    async with db.transaction() as tx:
        await store.account.link(tx, seller, "roblox", str(SELLER))
        await store.account.link(tx, buyer, "roblox", str(BUYER))
    return seller, buyer
