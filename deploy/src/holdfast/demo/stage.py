"""Sets the scene: a system that runs, a guild, and people with accounts outside."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from holdfast.demo.discord_door import DiscordDoor
from holdfast.demo.door import Door, Person, System
from holdfast.demo.outside import Outside
from holdfast.demo.rest_door import RestDoor
from holdfast.demo.tap import tapping
from holdfast.demo.trade import TITLE, Say, Trade
from holdfast.state import State


@dataclass(slots=True)
class Stage:
    """The system, and a way to bring people before a door of it."""

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

    async def at_discord(self, name: str) -> DiscordDoor:
        """A new person in Discord."""
        return DiscordDoor(self.system, await self.person(name))

    async def at_rest(self, name: str) -> RestDoor:
        """A new person at the REST door."""
        door = RestDoor(self.system, await self.person(name))
        self.stack.push_async_callback(door.close)
        return door

    async def trade(self, seller: Door, buyer: Door, say: Say, title: str = TITLE) -> Trade:
        """A trade that has not begun: the seller owns a game at Roblox."""
        asset_id = await self.system.outside.game(title, seller.person.roblox_id)
        return Trade(self.system, seller, buyer, say, title=title, asset_id=asset_id)


@asynccontextmanager
async def setting(state: State) -> AsyncIterator[Stage]:
    """A stage on a running system, with a guild of its own and an ear on the broker."""
    outside = Outside(state.urls["sandbox"])
    async with AsyncExitStack() as stack:
        stack.push_async_callback(outside.close)
        tap = await stack.enter_async_context(tapping(state.urls["rabbitmq"]))
        guild_id, channel_id = await outside.guild(f"Market {secrets.token_hex(3)}", [])
        system = System(state.urls["gateway"], outside, tap, guild_id, channel_id)
        yield Stage(system, stack)
