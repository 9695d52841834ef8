"""A person's Discord client: what can be done with it, and what it shows, in the played Discord."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from holdfast.demo.outside import Json, Outside

WAIT_S = 60


class NotAnswered(AssertionError):
    """The bot did not come as far with an interaction as was waited for; the text says how far."""


@dataclass(frozen=True, slots=True)
class DiscordClient:
    """One person in one channel of one guild."""

    outside: Outside
    user: str
    guild: str
    channel: str

    async def command(
        self, words: str, options: Json | None = None, wait: str = "answered"
    ) -> Json:
        """Type a slash command; what came of it."""
        begun = await self.outside.post(
            "/discord/commands", {**self._here(words), "options": options or {}}
        )
        return await self.outcome(begun["interaction_id"], wait)

    async def suggestions(self, words: str, option: str, typed: str = "") -> list[Json]:
        """What the command's option suggests for what was typed: ``name`` and ``value``."""
        asked = {**self._here(words), "options": {option: typed}, "focused": option}
        found = await self.outside.post("/discord/autocomplete", asked)
        return list(found["choices"] or ())

    async def press(self, message: Json, custom_id: str, wait: str = "answered") -> Json:
        """Press a button of a message; what came of it."""
        pressed = {"user": self.user, "message_id": message["id"], "custom_id": custom_id}
        begun = await self.outside.post("/discord/press", pressed)
        return await self.outcome(begun["interaction_id"], wait)

    async def submit(self, opened: Json, values: Json) -> Json:
        """Fill in the form that an interaction has opened, and send it."""
        filled = {"user": self.user, "interaction_id": opened["id"], "values": values}
        begun = await self.outside.post("/discord/submit", filled)
        return await self.outcome(begun["interaction_id"], "answered")

    async def outcome(self, interaction_id: str, wait: str) -> Json:
        """What came of an interaction, once the bot has come so far with it."""
        found = await self.outside.get(
            f"/discord/interactions/{interaction_id}", wait=wait, timeout=WAIT_S
        )
        if found["state"] not in (wait, "answered"):
            raise NotAnswered(f"the interaction is {found['state']}, not {wait}: {found}")
        return found

    async def inbox(self, **query: Any) -> Json:
        """The messages that the person sees, and how far the world has come."""
        return await self.outside.get("/discord/inbox", user=self.user, **query)

    def _here(self, words: str) -> Json:
        place = {"user": self.user, "guild": self.guild, "channel": self.channel}
        return {**place, "command": words}


def shown_last(outcome: Json) -> Json:
    """What the person was shown last for an interaction."""
    shown: Json = (outcome["followups"] or [outcome["message"]])[-1]
    return shown
