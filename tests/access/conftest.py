"""A service on a database of its own, with people whom a real identity knows."""

from __future__ import annotations

from contextlib import AsyncExitStack

import httpx
import pytest
from access_people import People
from access_stages import staged
from identity_builders import an_identity, an_outside
from verification.adapters.game_ownership import Roblox
from verification_builders import PLAIN, a_world


@pytest.fixture
async def stage(service, database_for):
    async with AsyncExitStack() as stack:
        outside = await stack.enter_async_context(an_outside())
        identity = await stack.enter_async_context(an_identity(database_for("identity"), outside))
        people = People(identity)
        await people.join()
        games = None
        if service == "verification":
            world = await stack.enter_async_context(a_world())
            http = await stack.enter_async_context(httpx.AsyncClient(verify=PLAIN))
            games = Roblox(world.base + "/roblox/{host}", http, identity.clock)
        url = "" if service == "identity" else database_for(service)
        yield await stack.enter_async_context(staged(service, url, people, games))
