"""What is done again and again while the service runs."""

from __future__ import annotations

import asyncio

import structlog
from chassis.storage.database import Database

from discord_gateway.store import delivery, interaction

FORGET_EVERY_S = 60.0

log = structlog.get_logger(__name__)


async def forget(database: Database) -> None:
    """Keep no token longer than Discord takes it, and nothing longer than it matters."""
    while True:
        try:
            await interaction.forget(database)
            await delivery.forget(database)
        except Exception as error:
            log.warning("forget.waits", error=f"{type(error).__name__}: {error}"[:200])
        await asyncio.sleep(FORGET_EVERY_S)
