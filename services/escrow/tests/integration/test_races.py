"""Two at once: one of them moves the money, the other is told how things stand."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from escrow.domain import errors
from escrow.ports import About
from escrow_builders import BUYER, HOUR, NET, PRICE, ROUNDS, SELLER, House, some_terms


async def at_once(*acts) -> list[object]:
    """Begin all at the same moment; what each gave or raised."""
    barrier = asyncio.Barrier(len(acts))

    async def run(act):
        await barrier.wait()
        return await act()

    return await asyncio.gather(*(run(act) for act in acts), return_exceptions=True)


@pytest.mark.fault("X1")
async def test_confirming_many_times_at_once_releases_once(house: House):
    for number in range(ROUNDS):
        escrow_id = await house.delivered(some_terms(f"x1 {number}"))

        results = await at_once(*(lambda e=escrow_id: house.confirm(e) for _ in range(5)))
        await house.due()

        refused = [one for one in results if isinstance(one, errors.IllegalMove)]
        assert len(refused) == 4, results
        assert "RELEASING" in str(refused[0])
        assert house.rail.moved(escrow_id) == (PRICE, NET, 0)
    await house.proven()


@pytest.mark.invariant("V5")
@pytest.mark.fault("X4")
@pytest.mark.abuse("A15")
async def test_a_refund_against_a_release_moves_the_money_once(house: House):
    ends: Counter[str] = Counter()
    for number in range(ROUNDS):
        escrow_id = await house.delivered(some_terms(f"x4 {number}"))

        acts = [
            lambda e=escrow_id: house.confirm(e, BUYER),
            lambda e=escrow_id: house.refund(e, SELLER),
        ]
        results = await at_once(*(acts if number % 2 else acts[::-1]))
        await asyncio.gather(house.due(), house.due())

        assert sum(isinstance(one, errors.IllegalMove) for one in results) == 1, results
        moved = house.rail.moved(escrow_id)
        assert moved in ((PRICE, NET, 0), (PRICE, 0, PRICE))
        escrow = await house.escrow(escrow_id)
        assert (escrow.state == "RELEASED") == (moved[1] == NET)
        ends[escrow.state] += 1
    await house.proven()
    assert sum(ends.values()) == ROUNDS


@pytest.mark.fault("X4")
async def test_the_end_of_a_window_against_the_sellers_refund_moves_the_money_once(house: House):
    for number in range(ROUNDS):
        escrow_id = await house.delivered(some_terms(f"x4 timer {number}"))
        house.clock.advance(7 * 24 * HOUR)

        await at_once(house.due, lambda e=escrow_id: house.refund(e))
        await house.due()

        assert house.rail.moved(escrow_id) in ((PRICE, NET, 0), (PRICE, 0, PRICE))
    await house.proven()


@pytest.mark.fault("X7")
async def test_the_end_of_funding_against_a_payment_never_both_expires_and_holds(house: House):
    ends: Counter[str] = Counter()
    for number in range(ROUNDS):
        escrow_id = await house.open(some_terms(f"x7 {number}"))
        reference = await house.reference(escrow_id)
        house.clock.advance(72 * HOUR)

        async def pays(reference: str = reference, turns: int = number % 5) -> None:
            for _ in range(turns):
                await asyncio.sleep(0.001)
            try:
                payment = house.rail.pay(reference)
            except LookupError:
                return
            await house.tell(About.PAYMENT, payment)

        await at_once(house.due, pays)
        await house.due()

        escrow = await house.escrow(escrow_id)
        paid, out, back = house.rail.moved(escrow_id)
        ends[escrow.state] += 1
        if escrow.state == "FUNDS_HELD":
            assert (paid, out, back) == (PRICE, 0, 0)
        else:
            assert escrow.state == "CANCELLED"
            assert paid == back
    await house.proven()
    assert sum(ends.values()) == ROUNDS


@pytest.mark.fault("X7")
async def test_a_cancel_against_a_payment_gives_back_what_it_does_not_hold(house: House):
    for number in range(ROUNDS):
        escrow_id = await house.open(some_terms(f"x7 cancel {number}"))
        payment = house.rail.pay(await house.reference(escrow_id))

        await at_once(
            lambda e=escrow_id: house.cancel(e), lambda p=payment: house.tell(About.PAYMENT, p)
        )
        await house.due()

        escrow = await house.escrow(escrow_id)
        moved = house.rail.moved(escrow_id)
        assert (escrow.state, moved) in (
            ("FUNDS_HELD", (PRICE, 0, 0)),
            ("CANCELLED", (PRICE, 0, PRICE)),
        )
    await house.proven()


@pytest.mark.invariant("V4")
async def test_one_contract_told_at_once_opens_one_escrow(house: House):
    for number in range(ROUNDS):
        terms = some_terms(f"open {number}")
        await at_once(*(lambda t=terms: house.open(t) for _ in range(3)))

    assert await house.database.value("SELECT count(*) FROM escrows") == ROUNDS
    assert (await house.names()).count("payment_requested") == ROUNDS
    assert len(house.rail.pages) == ROUNDS


async def test_delivering_twice_at_once_is_one_delivery(house: House):
    for number in range(ROUNDS):
        escrow_id = await house.funded(some_terms(f"deliver {number}"))

        results = await at_once(*(lambda e=escrow_id: house.deliver(e) for _ in range(3)))

        assert sum(isinstance(one, errors.IllegalMove) for one in results) == 2, results
    assert (await house.names()).count("delivered") == ROUNDS
