"""What verification needs from the world."""

from __future__ import annotations

from typing import Protocol

from verification.domain.ownership import Asset, GroupRole


class Games(Protocol):
    """A place where games are owned. Every method raises RobloxUnavailable when it cannot tell."""

    async def asset(self, asset_id: str) -> Asset | None:
        """The game as it is now, or None if there is none."""
        ...

    async def group_role(self, roblox_user_id: int, group_id: int) -> GroupRole | None:
        """The person's role in that group, if any."""
        ...

    async def games_of(self, roblox_user_id: int) -> list[Asset]:
        """Games this person owns, alone or through a group they own."""
        ...
