"""Who drives a trade: a person over REST or Discord, and everything that a trade asks of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from holdfast.demo.event_listener import EventListener
from holdfast.demo.outside import Browser, Outside


@dataclass(frozen=True, slots=True)
class System:
    """Where the system and its outside world are."""

    gateway: str
    outside: Outside
    events: EventListener
    guild_id: str
    channel_id: str


@dataclass(slots=True)
class Person:
    """A trader: their accounts outside, and their id with us once they have joined."""

    name: str
    discord_id: str
    roblox_id: int
    browser: Browser = field(default_factory=Browser)
    user_id: str = ""


class Driver(Protocol):
    """What a person can do; every method returns when the person has seen that it was taken."""

    person: Person

    async def join(self) -> None:
        """Sign up and consent."""

    async def link(self) -> None:
        """Link the Roblox account through its OAuth, in the browser."""

    async def games(self) -> list[str]:
        """One's own games, as asset ids."""
        ...

    async def create_listing(self, asset_id: str, title: str, price_minor: int) -> None:
        """Put a game up for sale."""

    async def make_offer(self, listing_id: str, amount_minor: int) -> None:
        """Put a price to the seller."""

    async def counter(self, offer_id: str, amount_minor: int) -> None:
        """Answer a price with another."""

    async def accept(self, offer_id: str) -> None:
        """Agree."""

    async def decline(self, offer_id: str) -> None:
        """Say no."""

    async def sign(self, contract_id: str) -> None:
        """Sign with the agreed words."""

    async def onboarding_url(self, escrow_id: str) -> str:
        """Where to set up payouts."""
        ...

    async def payment_url(self, escrow_id: str) -> str:
        """Where to pay."""
        ...

    async def deliver(self, escrow_id: str, title: str, evidence: str) -> None:
        """Say that the goods were handed over."""

    async def confirm(self, escrow_id: str) -> dict[str, Any]:
        """Look at the preview and release; what the preview said."""
        ...

    async def refund(self, escrow_id: str) -> None:
        """Give the buyer the money back."""

    async def cancel(self, escrow_id: str) -> None:
        """End an escrow that holds nothing."""
