"""Who answers for each kind of goods: one file a kind, named like it."""

from __future__ import annotations

import httpx
from chassis.clock import Clock
from contracts_schema.goods import GoodsKind

from verification.adapters.game_ownership import Roblox
from verification.ports import Providers
from verification.settings import Settings


def providers(settings: Settings, http: httpx.AsyncClient, clock: Clock) -> Providers:
    """Where the assets of each kind are owned."""
    return {GoodsKind.GAME_OWNERSHIP: Roblox(settings.roblox_api_base, http, clock)}
