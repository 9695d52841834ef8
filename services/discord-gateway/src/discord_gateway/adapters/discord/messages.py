"""Messages in Discord: an interaction's answer, a post, an edit; each failure becomes one of three.

``Away`` passes by itself, so the card waits; ``Busy`` is one channel's limit, which holds up no
other; ``NotShown`` does not pass, so it is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import aiohttp
import discord
import structlog
from chassis.messaging.consumers import Away
from discord import ui

from discord_gateway.adapters.discord.session import Bot, Session
from discord_gateway.domain.delivery import Outcome, Place, Posted
from discord_gateway.domain.interaction import Pending

UNKNOWN_MESSAGE, TOKEN_EXPIRED = 10008, 50027
DMS_CLOSED = (50007, 50278)
MOST_OPENING = 10
"""So many may wait for their direct messages to be opened while the queue waits with them."""

log = structlog.get_logger(__name__)


class Busy(Away):
    """Discord takes no more for this place for now; others are not concerned."""

    def __init__(self, what: str, retry_after_s: float = 1.0) -> None:
        """Say what is busy, and when it is worth trying again."""
        super().__init__(what)
        self.retry_after_s = retry_after_s


class NotShown(Exception):
    """Discord takes this card at no time; the code says why."""

    def __init__(self, reason_code: str) -> None:
        """Keep the code that is told."""
        super().__init__(reason_code)
        self.reason_code = reason_code


class Messages:
    """Sends and changes messages through the session."""

    def __init__(self, session: Session) -> None:
        """Through this session."""
        self._session = session
        self._opening, self._openings = asyncio.Lock(), 0

    async def answer(self, waiting: Pending, view: ui.LayoutView) -> tuple[Outcome, Any] | None:
        """Answer the interaction, or None when it can no longer be answered."""
        async with self._reached() as bot:
            hook = discord.Webhook.from_state(
                cast(Any, {"id": waiting.application_id, "type": 3, "token": waiting.token}),
                bot._connection,
            )
            try:
                if waiting.answered_at is None and (filled := await _fill(hook, view)) is not None:
                    return Outcome.ANSWERED, filled
                message = await hook.send(view=view, ephemeral=True, wait=True)
                return Outcome.FOLLOWED_UP, message
            except discord.NotFound as error:
                log.info("answer.gone", code=error.code)
                return None
            except discord.HTTPException as error:
                if error.code != TOKEN_EXPIRED:  # by Discord's clock
                    raise
                return None

    async def post(self, place: Place, channel_id: str, view: ui.LayoutView, nonce: str) -> Any:
        """Send a new message; the same nonce within minutes is the same message.

        Where a person's direct messages are need not be asked if the channel is known.
        """
        async with self._reached() as bot:
            channel = await self._channel(bot, place, channel_id)
            return await channel.send(view=view, nonce=nonce)

    def is_crowded(self, place: Place, channel_id: str) -> bool:
        """Whether a message would wait long for its recipient's direct messages to be opened."""
        if place.kind == "channel" or channel_id or self._openings < MOST_OPENING:
            return False
        bot = self._session.client()
        return bot is None or _opened(bot, place) is None

    async def _channel(self, bot: Bot, place: Place, channel_id: str) -> discord.abc.Messageable:
        """Where the message goes; who has to be asked for is asked for one after the other."""
        if known := place.id if place.kind == "channel" else channel_id:
            return bot.get_partial_messageable(int(known))
        if (opened := _opened(bot, place)) is not None:
            return opened
        self._openings += 1
        try:
            async with self._opening:
                return await bot.create_dm(discord.Object(int(place.id)))
        finally:
            self._openings -= 1

    async def edit(self, standing: Posted, view: ui.LayoutView) -> bool:
        """Change the message that stands there; False when it is gone."""
        async with self._reached() as bot:
            channel = bot.get_partial_messageable(int(standing.channel_id))
            try:
                await channel.get_partial_message(int(standing.message_id)).edit(view=view)
            except discord.NotFound as error:
                if error.code != UNKNOWN_MESSAGE:
                    raise
                return False
            return True

    @asynccontextmanager
    async def _reached(self) -> AsyncIterator[Bot]:
        bot = self._session.client()
        if bot is None:
            raise Away("the session with Discord is not up")
        try:
            yield bot
        except discord.HTTPException as error:
            raise _meaning(error) from error
        except discord.RateLimited as error:
            raise Busy(
                f"Discord takes none for {error.retry_after} s", error.retry_after
            ) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Away(f"Discord: {type(error).__name__}: {error}") from error


def _meaning(error: discord.HTTPException) -> Away | NotShown:
    if error.status == 429:
        return Busy("Discord answers 429")
    if error.status >= 500 or error.status == 401:
        return Away(f"Discord answers {error.status}")
    reason = "dms_closed" if error.code in DMS_CLOSED else f"discord_{error.code}"
    log.warning("message.not_shown", reason=reason, status=error.status, error=str(error)[:500])
    return NotShown(reason)


async def _fill(hook: discord.Webhook, view: ui.LayoutView) -> Any:
    """Fill the answer that was deferred; None when its message was removed."""
    try:
        return await hook.edit_message(cast(int, "@original"), view=view)
    except discord.NotFound as error:
        if error.code != UNKNOWN_MESSAGE:
            raise
        return None


def _opened(bot: Bot, place: Place) -> discord.abc.Messageable | None:
    """The person's direct messages, if this process has opened them before."""
    return bot._connection._get_private_channel_by_user(int(place.id))
