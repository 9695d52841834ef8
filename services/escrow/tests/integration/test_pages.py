"""The page to pay at: what two workers do to one page at once never loses it."""

from __future__ import annotations

import asyncio

import pytest
from chassis.cause import Cause
from escrow.handlers import checkout
from escrow.ports import About, PaymentAsk, PaymentPage, RailRefused
from escrow_builders import HOUR, PRICE, House


async def test_a_refusal_that_comes_late_does_not_close_the_page_another_worker_opened(
    house: House,
):
    """The first worker is refused, and writes that down only when the second has the page."""
    house.rail.fail("open", "down")
    escrow_id = await house.open()
    asked, goes_on = asyncio.Event(), asyncio.Event()
    open_page = house.rail.open

    async def refused(ask: PaymentAsk) -> PaymentPage:
        house.rail.open = open_page
        asked.set()
        await goes_on.wait()
        raise RailRefused("refused", "Not now.")

    house.rail.open = refused
    first = asyncio.ensure_future(
        checkout.page(house.database, house.rails, escrow_id, Cause("c-1"))
    )
    await asked.wait()
    await checkout.page(house.database, house.rails, escrow_id, Cause("c-2"))
    goes_on.set()
    with pytest.raises(RailRefused):
        await first

    [reference] = house.rail.pages
    await house.tell(About.PAYMENT, house.rail.pay(reference))
    await house.pass_time(HOUR)

    assert (await house.escrow(escrow_id)).state == "FUNDS_HELD"
    assert house.rail.moved(escrow_id) == (PRICE, 0, 0)
    await house.proven()


async def test_a_page_that_is_refused_is_asked_for_again_as_a_new_one(house: House):
    house.rail.fail("open", RailRefused("refused", "Not now."))
    escrow_id = await house.open()
    assert house.rail.pages == {}

    await house.pass_time(HOUR)

    await house.pay(escrow_id)
    assert (await house.escrow(escrow_id)).state == "FUNDS_HELD"
    attempts = await house.database.rows("SELECT state FROM payments ORDER BY attempt")
    assert [row["state"] for row in attempts] == ["CLOSED", "PAID"]
    await house.proven()
