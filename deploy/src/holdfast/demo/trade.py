"""The trade itself, step by step: the same steps, whichever interface each side uses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from holdfast.demo.driver import Driver, System
from holdfast.demo.event_listener import Heard
from holdfast.demo.rest_driver import RestRefused

ASKED, OFFERED, AGREED = 450_000, 400_000, 430_000
TITLE = "Tower Defence Legends"

Say = Callable[[str, str], None]


@dataclass(slots=True)
class Trade:
    """What is known of the trade while it runs."""

    system: System
    seller: Driver
    buyer: Driver
    say: Say
    title: str = TITLE
    asset_id: str = ""
    listing_id: str = ""
    deal_id: str = ""
    contract_id: str = ""
    escrow_id: str = ""
    contract_sha256: str = ""
    terms_sha256: str = ""
    trace_id: str = ""
    preview: dict[str, Any] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    async def heard(self, topic: str, **facts: Any) -> Heard:
        """Wait until that was told."""
        return await self.system.events.wait(topic, **facts)


async def join(trade: Trade) -> None:
    """Both join and link their Roblox accounts."""
    for driver, role in ((trade.seller, "seller"), (trade.buyer, "buyer")):
        await driver.join()
        await driver.link()
        trade.say("join", f"the {role} joined, linked Roblox, and is TIER_1")


async def list_game(trade: Trade) -> None:
    """The seller lists a game that Roblox says is theirs."""
    suggested = await trade.seller.games()
    if trade.asset_id not in suggested:
        raise AssertionError(f"Roblox's games {suggested} do not hold {trade.asset_id}")
    await trade.seller.create_listing(trade.asset_id, trade.title, ASKED)
    live = await trade.heard("listings.listing_activated.v1", asset_id=trade.asset_id)
    trade.listing_id = str(live.body["listing_id"])
    trade.say("list", f"{trade.title!r} is live for $4,500.00, ownership verified")


async def agree(trade: Trade) -> None:
    """Offer, counter-offer, acceptance."""
    await trade.buyer.make_offer(trade.listing_id, OFFERED)
    made = await trade.heard("listings.offer_made.v1", listing_id=trade.listing_id)
    trade.say("offer", "the buyer offers $4,000.00")
    await trade.seller.counter(str(made.body["offer_id"]), AGREED)
    countered = await trade.heard("listings.offer_countered.v1", parent_id=made.body["offer_id"])
    trade.say("offer", "the seller counters with $4,300.00")
    trade.deal_id = str(countered.body["offer_id"])
    await trade.buyer.accept(trade.deal_id)
    await trade.heard("listings.offer_accepted.v1", offer_id=trade.deal_id)
    trade.say("offer", "the buyer accepts; the listing is reserved")


async def refuse_another(trade: Trade, other: Driver) -> None:
    """Another buyer's offer on the reserved listing is refused with a reason."""
    try:
        await other.make_offer(trade.listing_id, OFFERED)
    except RestRefused as refused:
        if refused.status != 409:
            raise
        trade.say("offer", f"another buyer is refused: {refused.problem['detail']}")
        return
    raise AssertionError("an offer on a reserved listing was taken")


async def sign(trade: Trade) -> None:
    """Both sign the same terms at the same instant."""
    drafted = await trade.heard("contracts.contract_drafted.v1", deal_id=trade.deal_id)
    trade.contract_id = str(drafted.body["contract_id"])
    trade.contract_sha256 = str(drafted.body["pdf_sha256"])
    trade.terms_sha256 = str(drafted.body["terms_sha256"])
    trade.say(
        "contract", f"drafted; PDF {trade.contract_sha256[:16]}… terms {trade.terms_sha256[:16]}…"
    )
    await asyncio.gather(trade.seller.sign(trade.contract_id), trade.buyer.sign(trade.contract_id))
    await trade.heard("contracts.contract_executed.v1", contract_id=trade.contract_id)
    trade.say("contract", "both signed; executed")


async def fund(trade: Trade, card: str = "pm_card_visa") -> None:
    """The seller sets up payouts, the buyer pays on Stripe's page, the webhook arrives."""
    opened = await trade.heard("escrow.opened.v1", deal_id=trade.deal_id)
    trade.escrow_id = str(opened.body["escrow_id"])
    if opened.body["terms_sha256"] != trade.terms_sha256:
        raise AssertionError("the escrow opened on other terms than were signed")
    await onboard(trade)
    await trade.heard("escrow.payment_requested.v1", escrow_id=trade.escrow_id)
    await pay(trade, card)
    await trade.heard("escrow.funds_held.v1", escrow_id=trade.escrow_id)
    trade.say("fund", "the webhook says paid, Stripe confirms: $4,300.00 held")


async def onboard(trade: Trade) -> None:
    """The seller sets up payouts at Stripe."""
    seller = trade.seller.person
    page = await seller.browser.open(await trade.seller.onboarding_url(trade.escrow_id))
    await seller.browser.submit(page, {"decision": "complete"})
    await trade.heard("escrow.payout_account_ready.v1", user_id=seller.user_id)
    trade.say("fund", "the seller set up payouts at Stripe")


async def pay(trade: Trade, card: str = "pm_card_visa") -> None:
    """The buyer pays on Stripe's own page."""
    buyer = trade.buyer.person
    page = await buyer.browser.open(await trade.buyer.payment_url(trade.escrow_id))
    await buyer.browser.submit(page, {"payment_method": card, "decision": "pay"})
    trade.say("fund", "the buyer paid on Stripe's page")


async def deliver(trade: Trade) -> None:
    """The seller hands the game over at Roblox and says so; verification proves it."""
    await trade.system.outside.hand_over(trade.asset_id, trade.buyer.person.roblox_id)
    await trade.seller.deliver(
        trade.escrow_id, "Ownership transferred", "Transferred in the Creator Dashboard."
    )
    await trade.heard("escrow.delivered.v1", escrow_id=trade.escrow_id)
    await trade.heard("verification.ownership_transferred.v1", escrow_id=trade.escrow_id)
    await trade.heard("escrow.delivery_proven.v1", escrow_id=trade.escrow_id)
    trade.say("deliver", "Roblox shows: it left the seller, and the buyer owns it")


async def confirm(trade: Trade) -> None:
    """The buyer sees the preview and releases; the provider proves the payout."""
    trade.preview = await trade.buyer.confirm(trade.escrow_id)
    started = await trade.heard("escrow.release_started.v1", escrow_id=trade.escrow_id)
    trade.trace_id = started.trace_id
    trade.say("release", "the buyer confirmed; the transfer is on its way")
    await trade.heard("escrow.released.v1", escrow_id=trade.escrow_id)
    await trade.heard("listings.listing_sold.v1", listing_id=trade.listing_id)
    trade.say("release", "Stripe proves the payout: released; the listing is sold")


STEPS = (join, list_game, agree, sign, fund, deliver, confirm)


async def run(trade: Trade) -> None:
    """The whole trade."""
    for step in STEPS:
        await step(trade)
