"""A person in Discord: types commands, presses buttons that are really there, fills in forms."""

from __future__ import annotations

from typing import Any

from holdfast.demo.discord_client import WAIT_S, DiscordClient, shown_last
from holdfast.demo.driver import Person, System
from holdfast.demo.event_listener import NotHeard
from holdfast.demo.outside import Json


class DiscordDriver:
    """Everything a trade asks of a person, done in Discord."""

    def __init__(self, system: System, person: Person) -> None:
        self.person, self._system = person, system
        self._client = DiscordClient(
            system.outside, person.discord_id, system.guild_id, system.channel_id
        )

    async def join(self) -> None:
        """`/signup`, then the consent button."""
        asked = await self._command("signup")
        await self._press(shown_last(asked), "consent")
        heard = await self._system.events.wait(
            "identity.user_registered.v1", discord_id=self.person.discord_id
        )
        self.person.user_id = str(heard.body["user_id"])

    async def link(self) -> None:
        """`/link`, then the page it leads to, and Roblox's own."""
        answered = await self._command("link")
        url = next(b["url"] for b in shown_last(answered)["buttons"] if b["url"])
        await link_in_browser(self.person, url)
        await self._system.events.wait(
            "identity.tier_changed.v1", user_id=self.person.user_id, tier="TIER_1"
        )

    async def games(self) -> list[str]:
        """What the option `game` of `/listing create` suggests."""
        found = await self._client.suggestions("listing create", "game")
        return [str(choice["value"]) for choice in found]

    async def create_listing(self, asset_id: str, title: str, price_minor: int) -> None:
        """`/listing create`, then its form."""
        opened = await self._command("listing create", {"game": asset_id}, wait="acknowledged")
        values = {
            "title": title,
            "summary": f"{title}, with all its assets.",
            "price": _typed(price_minor),
            "category": "Simulator",
            "delivery_window": "7d",
        }
        await self._submit(opened, values)

    async def make_offer(self, listing_id: str, amount_minor: int) -> None:
        """**Make offer** on the listing's card, then its form."""
        card = await self._card("make_offer", listing_id)
        opened = await self._press(card, "make_offer", listing_id, wait="acknowledged")
        await self._submit(opened, {"amount": _typed(amount_minor), "conditions": "As listed."})

    async def counter(self, offer_id: str, amount_minor: int) -> None:
        """**Counter**, then its form."""
        card = await self._card("counter", offer_id)
        opened = await self._press(card, "counter", offer_id, wait="acknowledged")
        await self._submit(opened, {"amount": _typed(amount_minor), "conditions": "As listed."})

    async def accept(self, offer_id: str) -> None:
        """**Accept**, and yes on the card that asks again."""
        await self._twice("accept", offer_id)

    async def decline(self, offer_id: str) -> None:
        """**Decline**, and yes."""
        await self._twice("decline", offer_id)

    async def sign(self, contract_id: str) -> None:
        """**Sign**, then the words."""
        card = await self._card("sign", contract_id)
        opened = await self._press(card, "sign", contract_id, wait="acknowledged")
        await self._submit(opened, {"phrase": "I AGREE"})

    async def onboarding_url(self, escrow_id: str) -> str:
        """**Set up payouts**."""
        return await self._url("onboard", escrow_id)

    async def payment_url(self, escrow_id: str) -> str:
        """**Pay**."""
        return await self._url("pay", escrow_id)

    async def deliver(self, escrow_id: str, title: str, evidence: str) -> None:
        """**Deliver**, then its form."""
        card = await self._card("deliver", escrow_id)
        opened = await self._press(card, "deliver", escrow_id, wait="acknowledged")
        await self._submit(opened, {"title": title, "description": "", "evidence": evidence})

    async def confirm(self, escrow_id: str) -> dict[str, Any]:
        """**Confirm**, the preview, and yes."""
        card = await self._card("confirm", escrow_id)
        preview = await self._press(card, "confirm", escrow_id)
        shown = shown_last(preview)
        await self._press(shown, "confirm_yes", escrow_id)
        return {"text": shown["text"]}

    async def refund(self, escrow_id: str) -> None:
        """**Refund the buyer**, and yes."""
        await self._twice("refund", escrow_id)

    async def cancel(self, escrow_id: str) -> None:
        """**Cancel**, and yes."""
        await self._twice("cancel", escrow_id)

    async def looks_at(self, command: str, subject: str) -> Json:
        """What the command shows of the thing, which stays before the person as it is."""
        return shown_last(await self._command(command, {"id": subject}))

    async def told(self, words: str, seconds: float = WAIT_S) -> Json:
        """The newest message this person sees that holds these words."""
        found = await self._client.inbox(contains=words, wait=seconds)
        if not found["messages"]:
            raise NotHeard(f"{self.person.name} was never told {words!r}")
        message: Json = found["messages"][-1]
        return message

    async def _twice(self, verb: str, subject: str) -> None:
        card = await self._card(verb, subject)
        asked = await self._press(card, verb, subject)
        await self._press(shown_last(asked), f"{verb}_yes", subject)

    async def _url(self, verb: str, subject: str) -> str:
        card = await self._card(verb, subject)
        answered = await self._press(card, verb, subject)
        return str(next(b["url"] for b in shown_last(answered)["buttons"] if b["url"]))

    async def _command(
        self, command: str, options: Json | None = None, wait: str = "answered"
    ) -> Json:
        return await self._client.command(command, options, wait)

    async def _press(
        self, message: Json, verb: str, subject: str = "", wait: str = "answered"
    ) -> Json:
        button = _button(message, verb, subject)
        return await self._client.press(message, button["custom_id"], wait)

    async def _submit(self, opened: Json, values: Json) -> Json:
        if not opened.get("modal"):
            raise NotHeard(f"no form was opened: {opened}")
        return await self._client.submit(opened, values)

    async def _card(self, verb: str, subject: str) -> Json:
        """The newest message this person sees with that button."""
        since = 0
        for _ in range(200):
            found = await self._client.inbox(wait=WAIT_S, since=since)
            for message in reversed(found["messages"]):
                if any(_is(button, verb, subject) for button in message["buttons"]):
                    card: Json = message
                    return card
            if not found["messages"]:
                break
            since = found["revision"]
        raise NotHeard(f"{self.person.name} sees no button {verb} for {subject}")


async def link_in_browser(person: Person, url: str) -> None:
    """Follow the link: log in at Discord, agree at Roblox, and come back."""
    page = await person.browser.open(url)
    page = await person.browser.submit(page, {"user": person.discord_id, "decision": "approve"})
    await person.browser.submit(page, {"user_id": str(person.roblox_id), "decision": "approve"})


def _typed(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _is(button: Json, verb: str, subject: str) -> bool:
    custom_id = str(button.get("custom_id") or "")
    fits = custom_id.split(":")[1:2] == [verb] and subject in custom_id
    return fits and not button["disabled"]


def _button(message: Json, verb: str, subject: str) -> Json:
    for button in message["buttons"]:
        if _is(button, verb, subject):
            found: Json = button
            return found
    raise NotHeard(f"no button {verb} for {subject} on: {message['text']!r} {message['buttons']}")
