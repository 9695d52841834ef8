"""A system that runs, a guild in Discord, and people with accounts outside."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from holdfast.demo.discord_driver import DiscordDriver
from holdfast.demo.driver import Driver, Person, System
from holdfast.demo.event_listener import listening
from holdfast.demo.outside import Outside
from holdfast.demo.rest_driver import RestDriver
from holdfast.demo.trade import TITLE, Say, Trade
from holdfast.state import State


@dataclass(slots=True)
class Scenario:
    """The system, and a way to bring people to it."""

    system: System
    stack: AsyncExitStack

    async def person(self, name: str) -> Person:
        """A new person, a member of the guild, with accounts at Discord and Roblox."""
        unique = f"{name}-{secrets.token_hex(3)}"
        discord_id, roblox_id = await self.system.outside.person(unique)
        await self.system.outside.post(
            "/discord/members", {"guild": self.system.guild_id, "user": discord_id}
        )
        person = Person(unique, discord_id, roblox_id)
        self.stack.push_async_callback(person.browser.close)
        return person

    async def at_discord(self, name: str) -> DiscordDriver:
        """A new person in Discord."""
        return DiscordDriver(self.system, await self.person(name))

    async def at_rest(self, name: str) -> RestDriver:
        """A new person who trades over REST."""
        driver = RestDriver(self.system, await self.person(name))
        self.stack.push_async_callback(driver.close)
        return driver

    async def over(self, way_in: str, name: str) -> Driver:
        """A new person who comes in by ``rest`` or by ``discord``."""
        if way_in == "rest":
            return await self.at_rest(name)
        return await self.at_discord(name)

    async def trade(self, seller: Driver, buyer: Driver, say: Say, title: str = TITLE) -> Trade:
        """A trade that has not begun: the seller owns a game at Roblox."""
        asset_id = await self.system.outside.game(title, seller.person.roblox_id)
        return Trade(self.system, seller, buyer, say, title=title, asset_id=asset_id)


@asynccontextmanager
async def scenario_on(state: State) -> AsyncIterator[Scenario]:
    """A scenario on a running system, with a guild of its own and a listener on the broker."""
    outside = Outside(state.urls["sandbox"])
    async with AsyncExitStack() as stack:
        stack.push_async_callback(outside.close)
        listener = await stack.enter_async_context(listening(state.urls["rabbitmq"]))
        guild_id, channel_id = await outside.guild(f"Market {secrets.token_hex(3)}", [])
        system = System(state.urls["gateway"], outside, listener, guild_id, channel_id)
        yield Scenario(system, stack)
