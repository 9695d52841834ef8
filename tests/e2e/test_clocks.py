"""Nobody acts: what the terms say happens. The whole system's clock is moved.

These run last in this folder's order of need: a moved clock ends every access token, so that each
test brings its own people and moves time only after they have acted.
"""

from pathlib import Path

import pytest
from e2e_checks import quiet, the_books_hold
from holdfast.demo import trade

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
HOUR, DAY = 3600, 86_400


class Time:
    """The seconds by which the whole system is ahead."""

    def __init__(self, file: str) -> None:
        self._file = Path(file)

    def advance(self, seconds: int) -> None:
        ahead = int(self._file.read_text()) if self._file.exists() else 0
        self._file.write_text(str(ahead + seconds))


@pytest.fixture
def time(system) -> Time:
    return Time(system.urls["clock_file"])


async def played_to(scenario, *steps):
    seller, buyer = await scenario.at_rest("sela"), await scenario.at_rest("bob")
    played = await scenario.trade(seller, buyer, quiet)
    for step in (trade.join, trade.list_game, *steps):
        await step(played)
    return played


async def test_an_unanswered_offer_expires_after_72_hours(scenario, time):
    played = await played_to(scenario)
    await played.buyer.make_offer(played.listing_id, 400_000)
    made = await played.heard("listings.offer_made.v1", listing_id=played.listing_id)

    time.advance(72 * HOUR + 60)

    await played.heard("listings.offer_expired.v1", offer_id=made.body["offer_id"])


async def test_an_unsigned_contract_is_void_after_72_hours_and_the_listing_opens(scenario, time):
    played = await played_to(scenario, trade.agree)
    drafted = await played.heard("contracts.contract_drafted.v1", deal_id=played.deal_id)
    await played.buyer.sign(str(drafted.body["contract_id"]))

    time.advance(72 * HOUR + 60)

    await played.heard("contracts.contract_voided.v1", deal_id=played.deal_id)
    await played.heard("listings.listing_reopened.v1", listing_id=played.listing_id)


async def test_an_unfunded_escrow_is_cancelled_after_72_hours(scenario, time):
    played = await played_to(scenario, trade.agree, trade.sign)
    opened = await played.heard("escrow.opened.v1", deal_id=played.deal_id)

    time.advance(72 * HOUR + 60)

    cancelled = await played.heard("escrow.cancelled.v1", escrow_id=opened.body["escrow_id"])
    assert cancelled.body["deal_id"] == played.deal_id
    await played.heard("listings.listing_reopened.v1", listing_id=played.listing_id)


@pytest.mark.invariant("V7")
async def test_a_missed_delivery_window_refunds_the_buyer(scenario, time, system, instance):
    played = await played_to(scenario, trade.agree, trade.sign, trade.fund)

    time.advance(7 * DAY + 60)

    await played.heard("escrow.refunded.v1", escrow_id=played.escrow_id)
    books = await scenario.system.outside.books(played.escrow_id)
    assert (books["refunded"], books["seller_received"]) == (430_000, 0)
    await the_books_hold(instance, system)


async def test_an_inspection_that_ends_releases_to_the_seller(scenario, time, system, instance):
    played = await played_to(scenario, trade.agree, trade.sign, trade.fund, trade.deliver)

    time.advance(24 * HOUR + 60)

    await played.heard("escrow.released.v1", escrow_id=played.escrow_id)
    await played.heard("listings.listing_sold.v1", listing_id=played.listing_id)
    books = await scenario.system.outside.books(played.escrow_id)
    assert books["seller_received"] == 417_500
    await the_books_hold(instance, system)
