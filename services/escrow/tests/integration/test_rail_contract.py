"""What every payment rail promises: the fake, the sandbox's Stripe, and the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from contracts_schema.ids import new_id
from escrow.ports import (
    PaymentAsk,
    PaymentStatus,
    PayoutOrder,
    PayoutStatus,
    RailMissing,
    RailRefused,
    RailUnavailable,
    RailUnknown,
)
from escrow_builders import FEE, NET, PRICE, usd
from escrow_harness import a_world


@pytest.fixture(params=["fake", "sandbox", "real"])
async def world(request) -> AsyncIterator[Any]:
    async with a_world(request.param) as made:
        yield made


def an_ask(world: Any, **changes: Any) -> PaymentAsk:
    escrow_id = new_id("esc")
    values: dict[str, Any] = {
        "escrow_id": escrow_id,
        "payment_id": new_id("pay"),
        "title": "Blox Harbor Tycoon",
        "amount": usd(PRICE),
        "expires_at": world.now + timedelta(hours=2),
        "key": f"escrow:{escrow_id}:open:1",
    }
    return PaymentAsk(**values | changes)


async def paid(world: Any) -> tuple[str, str]:
    """A paid charge, and the escrow it is of."""
    ask = an_ask(world)
    if world.name == "real":
        return ask.escrow_id, await world.charge(ask.escrow_id)
    page = await world.rail.open(ask)
    return ask.escrow_id, await world.pay(page.reference)


def an_order(escrow_id: str, charge_id: str, **changes: Any) -> PayoutOrder:
    values: dict[str, Any] = {
        "payout_id": new_id("pyo"),
        "escrow_id": escrow_id,
        "amount": usd(NET),
        "charge_id": charge_id,
        "destination": None,
        "key": f"escrow:{escrow_id}:release.1:1",
    }
    return PayoutOrder(**values | changes)


async def test_a_page_can_be_paid_at_until_it_is_closed(world: Any):
    ask = an_ask(world)

    page = await world.rail.open(ask)
    again = await world.rail.open(ask)
    seen = await world.rail.look_up_payment(page.reference)
    closed = await world.rail.close_payment(page.reference)

    assert page.url is not None
    assert page.url.startswith("http")
    assert again.reference == page.reference
    assert (seen.status, seen.url) == (PaymentStatus.OPEN, page.url)
    assert closed.status is PaymentStatus.CLOSED
    assert (await world.rail.close_payment(page.reference)).status is PaymentStatus.CLOSED
    assert (await world.rail.look_up_payment(page.reference)).status is PaymentStatus.CLOSED


async def test_a_payment_shows_its_amount_and_charge_and_later_the_providers_fee(world: Any):
    page = await world.rail.open(an_ask(world))

    charge_id = await world.pay(page.reference)

    early = await world.rail.look_up_payment(page.reference)
    await world.tell_fee(page.reference)
    seen = await world.rail.look_up_payment(page.reference)
    assert (seen.status, seen.received_minor, seen.currency) == (PaymentStatus.PAID, PRICE, "USD")
    assert (early.provider_fee, early.foreign_fee) == (None, "")
    assert seen == replace(early, provider_fee=usd(FEE))
    assert seen.charge_id == charge_id
    assert await world.rail.reference_of(seen.provider_id) == page.reference
    assert await world.rail.reference_of(page.reference) == page.reference


async def test_what_was_paid_cannot_be_closed_and_is_seen_as_paid(world: Any):
    page = await world.rail.open(an_ask(world))
    await world.pay(page.reference)

    assert (await world.rail.close_payment(page.reference)).status is PaymentStatus.PAID


async def test_a_declined_card_leaves_the_page_open_and_names_the_reason(world: Any):
    page = await world.rail.open(an_ask(world))

    await world.decline(page.reference)

    seen = await world.rail.look_up_payment(page.reference)
    assert seen.status is PaymentStatus.OPEN
    assert seen.failure_id
    assert seen.failure_code == "insufficient_funds"


async def test_an_unknown_payment_has_no_page(world: Any):
    assert await world.rail.reference_of("pi_unknown") is None


@pytest.mark.parametrize(
    ("call", "unknown"),
    [
        ("look_up_payment", "cs_test_unknown"),
        ("look_up_payout", "tr_unknown"),
        ("look_up_payout", "re_unknown"),
        ("look_up_chargeback", "dp_unknown"),
    ],
)
async def test_what_the_provider_does_not_have_is_missing_and_not_away(
    world: Any, call: str, unknown: str
):
    with pytest.raises(RailMissing):
        await getattr(world.rail, call)(unknown)


async def test_what_cannot_be_looked_up_now_is_away_and_not_missing(world: Any):
    await world.busy("look_up_chargeback")

    with pytest.raises(RailUnavailable) as away:
        await world.rail.look_up_chargeback("dp_unknown")

    assert not isinstance(away.value, RailMissing)


async def test_an_account_can_be_paid_once_its_owner_was_onboarded(world: Any):
    account_id = await world.rail.open_account("usr_1", f"account:{new_id('usr')}:1")

    before = await world.rail.look_up_account(account_id)
    link = await world.rail.account_link(account_id)
    await world.onboard(account_id)
    after = await world.rail.look_up_account(account_id)

    assert (before.ready, after.ready) == (False, True)
    assert link.startswith("http")
    assert await world.rail.account_link(account_id) != link


async def test_the_same_key_makes_the_same_account(world: Any):
    key = f"account:{new_id('usr')}:1"

    first = await world.rail.open_account("usr_1", key)

    assert await world.rail.open_account("usr_1", key) == first


async def test_a_payout_is_made_once_per_key_and_shows_what_was_ordered(world: Any):
    seller = await world.seller()
    escrow_id, charge_id = await paid(world)
    order = an_order(escrow_id, charge_id, destination=seller)

    assert await world.rail.find_payout(order) is None
    provider_id = await world.rail.pay_out(order)
    again = await world.rail.pay_out(order)
    seen = await world.rail.look_up_payout(provider_id)

    assert again == provider_id
    assert seen == await world.rail.find_payout(order)
    assert seen.status is PayoutStatus.DONE
    assert (seen.escrow_id, seen.amount, seen.charge_id, seen.destination) == (
        escrow_id,
        usd(NET),
        charge_id,
        seller,
    )


async def test_a_refund_is_made_once_per_key_and_shows_what_was_ordered(world: Any):
    escrow_id, charge_id = await paid(world)
    order = an_order(escrow_id, charge_id, amount=usd(PRICE), key=f"escrow:{escrow_id}:refund:1")

    assert await world.rail.find_payout(order) is None
    provider_id = await world.rail.refund(order)
    again = await world.rail.refund(order)
    seen = await world.rail.look_up_payout(provider_id)

    assert again == provider_id
    assert seen == await world.rail.find_payout(order)
    assert seen.status is PayoutStatus.DONE
    assert (seen.escrow_id, seen.amount, seen.charge_id, seen.destination) == (
        escrow_id,
        usd(PRICE),
        charge_id,
        None,
    )


@pytest.mark.fault("S2")
async def test_a_payout_whose_reply_was_lost_is_in_doubt_and_found(world: Any):
    seller = await world.seller()
    escrow_id, charge_id = await paid(world)
    order = an_order(escrow_id, charge_id, destination=seller)
    await world.lose_reply("pay_out")

    with pytest.raises(RailUnknown) as doubt:
        await world.rail.pay_out(order)

    assert not doubt.value.answered
    found = await world.rail.find_payout(order)
    assert found is not None
    assert await world.rail.pay_out(order) == found.provider_id


@pytest.mark.fault("S4")
async def test_a_500_is_in_doubt_but_answered(world: Any):
    seller = await world.seller()
    escrow_id, charge_id = await paid(world)
    order = an_order(escrow_id, charge_id, destination=seller)
    await world.fail_saved("pay_out")

    with pytest.raises(RailUnknown) as doubt:
        await world.rail.pay_out(order)

    assert doubt.value.answered
    assert await world.rail.find_payout(order) is None
    fresh = replace(order, key=f"escrow:{escrow_id}:release.1:2")
    assert await world.rail.pay_out(fresh)


@pytest.mark.fault("S5")
@pytest.mark.parametrize("call", ["pay_out", "refund"])
async def test_a_provider_that_is_busy_has_done_nothing(world: Any, call: str):
    seller = await world.seller()
    escrow_id, charge_id = await paid(world)
    order = an_order(escrow_id, charge_id, destination=seller if call == "pay_out" else None)
    await world.busy(call)

    with pytest.raises(RailUnavailable):
        await getattr(world.rail, call)(order)

    assert await world.rail.find_payout(order) is None
    assert await getattr(world.rail, call)(order)


@pytest.mark.fault("S1")
async def test_an_account_that_cannot_be_paid_refuses_and_nothing_moves(world: Any):
    account_id = await world.rail.open_account("usr_2", f"account:{new_id('usr')}:1")
    escrow_id, charge_id = await paid(world)
    order = an_order(escrow_id, charge_id, destination=account_id)

    with pytest.raises(RailRefused) as refusal:
        await world.rail.pay_out(order)

    assert refusal.value.code
    assert await world.rail.find_payout(order) is None


async def test_a_payout_that_was_sent_back_proves_nothing_any_more(world: Any):
    seller = await world.seller()
    escrow_id, charge_id = await paid(world)
    order = an_order(escrow_id, charge_id, destination=seller)
    provider_id = await world.rail.pay_out(order)

    await world.send_back(provider_id)

    seen = await world.rail.look_up_payout(provider_id)
    assert seen.status is PayoutStatus.FAILED
    assert seen.reason
    assert await world.rail.find_payout(order) == seen


async def test_a_payout_that_was_sent_back_in_part_tells_how_much(world: Any):
    seller = await world.seller()
    escrow_id, charge_id = await paid(world)
    provider_id = await world.rail.pay_out(an_order(escrow_id, charge_id, destination=seller))

    for minor, back in ((1_000, 1_000), (500, 1_500)):
        await world.send_back(provider_id, minor)
        seen = await world.rail.look_up_payout(provider_id)
        assert (seen.status, seen.returned) == (PayoutStatus.DONE, usd(back))


async def test_a_refund_that_failed_is_not_found_so_that_another_can_be_made(world: Any):
    escrow_id, charge_id = await paid(world)
    order = an_order(escrow_id, charge_id, amount=usd(PRICE), key=f"escrow:{escrow_id}:refund:1")
    provider_id = await world.rail.refund(order)

    await world.send_back(provider_id)

    assert (await world.rail.look_up_payout(provider_id)).status is PayoutStatus.FAILED
    assert await world.rail.find_payout(order) is None


async def test_a_chargeback_shows_what_was_taken_and_what_it_cost(world: Any):
    _, charge_id = await paid(world)

    provider_id = await world.charge_back(charge_id)

    seen = await world.rail.look_up_chargeback(provider_id)
    assert (seen.charge_id, seen.amount, seen.fee) == (charge_id, usd(PRICE), usd(1_500))
    assert (seen.taken, seen.reason) == (True, "fraudulent")
    if world.name == "sandbox":
        assert await world.rail.reference_of(seen.payment_id)
