"""The money of a deal, from the executed contract to its final owner."""

from __future__ import annotations

from escrow_builders import FEE, NET, PRICE, House


async def test_a_deal_goes_from_the_contract_to_the_seller(house: House):
    escrow_id = await house.open()
    await house.onboarded()
    await house.pay(escrow_id)
    await house.deliver(escrow_id)
    await house.confirm(escrow_id)
    await house.due()

    escrow = await house.escrow(escrow_id)
    assert escrow.state == "RELEASED"
    assert house.rail.moved(escrow_id) == (PRICE, NET, 0)
    assert (escrow.amounts.released, escrow.amounts.fees) == (NET, FEE)
    assert await house.names() == [
        "opened",
        "payment_requested",
        "payout_account_ready",
        "funds_held",
        "delivered",
        "release_started",
        "released",
    ]
    [released] = await house.told("released")
    assert [released[name]["minor"] for name in ("paid", "net", "fee")] == [PRICE, NET, FEE]
    report = await house.proven()
    totals = {one.kind: one.minor for one in report.balances}
    assert (totals["fee_income"], totals["provider_fees"], totals["rail"]) == (FEE, FEE, 0)
