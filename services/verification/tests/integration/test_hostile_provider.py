"""Roblox as it never should be: what it says may not harm, and leads nowhere inside."""

from __future__ import annotations

import pytest
from chassis.clock import ManualClock
from chassis.http import outside
from chassis_hostile import WAYS, hostile, patience
from verification.adapters.game_ownership import Roblox
from verification.domain.errors import ProviderUnavailable
from verification_builders import GAME, PLAIN, SELLER

GAMES = {"id": GAME, "name": "Tower", "creator": {"id": SELLER, "type": "User"}}


@pytest.mark.abuse("K9")
@pytest.mark.parametrize("way", WAYS)
async def test_an_answer_that_is_huge_endless_deep_packed_or_moved_is_none(way: str) -> None:
    async with (
        hostile(data=[GAMES]) as provider,
        outside.client(longest_s=patience(way), verify=PLAIN) as http,
        outside.client(verify=PLAIN) as patient,
    ):
        games = Roblox(provider.way(way) + "/{host}", http, ManualClock())
        with pytest.raises(ProviderUnavailable):
            await games.asset(str(GAME))

        good = Roblox(provider.way("good") + "/{host}", patient, ManualClock())
        assert (await good.asset(str(GAME))).name == "Tower"
    assert provider.inside == 0


@pytest.mark.abuse("F1")
@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://tr.rbxcdn.com/icon.png", True),
        ("http://169.254.169.254/latest/meta-data/", False),
        ("http://[::1]/", False),
        ("http://2130706433/", False),
        ("http://localhost/", False),
        ("file:///etc/passwd", False),
        ("gopher://127.0.0.1:70/", False),
        ("", False),
    ],
)
async def test_a_picture_is_named_to_others_and_never_fetched(address: str, kept: bool) -> None:
    async with (
        hostile(data=[{**GAMES, "imageUrl": address}]) as provider,
        outside.client(verify=PLAIN) as http,
    ):
        games = Roblox(provider.way("good") + "/{host}", http, ManualClock())
        assert (await games.asset(str(GAME))).thumbnail_url == (address if kept else "")


@pytest.mark.abuse("F1")
async def test_a_picture_that_is_said_to_be_inside_is_not_asked_for() -> None:
    async with hostile() as provider, outside.client(verify=PLAIN) as http:
        inside = provider.way("inside")
        async with hostile(data=[{**GAMES, "imageUrl": inside}]) as roblox:
            games = Roblox(roblox.way("good") + "/{host}", http, ManualClock())
            await games.asset(str(GAME))
    assert provider.inside == 0
