"""Two things at once on one listing: one of them happens, the other is told why not."""

from datetime import timedelta
from functools import partial

import pytest
from contracts_schema.commands.listings import MakeOffer, WithdrawListing, WithdrawOffer
from listings import handlers
from listings.domain.errors import (
    AmountTooHigh,
    ListingReserved,
    NotYourTurn,
    TooManyOffers,
    WrongState,
)
from listings.domain.offer import Caps
from listings.handlers.listing import Edit
from listings.jobs import timers
from listings_builders import (
    a_draft,
    a_listing,
    a_person,
    a_verification,
    accept,
    an_offer,
    race,
    state_of,
    topics,
    usd,
)

ROUNDS = 25
REFUSED = (ListingReserved, WrongState, NotYourTurn, TooManyOffers)

pytestmark = pytest.mark.usefixtures("without_deadlock")


@pytest.fixture
async def without_deadlock(db):
    """Whoever waits for a lock gets it: none of these races is ended by the database."""
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    yield
    assert await db.value(deadlocks) == 0


def happened(outcomes) -> int:
    """How many went through; every other was refused, not broken."""
    done = [it for it in outcomes if not isinstance(it, BaseException)]
    assert all(isinstance(it, REFUSED) for it in outcomes if it not in done), outcomes
    return len(done)


def taking_back(db, person, offer_id):
    async def work(tx):
        return await handlers.offer.withdraw(tx, person, WithdrawOffer(offer_id=offer_id))

    return partial(db.run, work)


def making(db, person, listing, minor, caps=Caps()):  # noqa: B008
    command = MakeOffer(listing_id=listing.listing_id, amount=usd(minor))

    async def work(tx):
        return await handlers.offer.make(tx, person, command, caps=caps)

    return partial(db.run, work)


async def pending_on(db, listing) -> list[int]:
    rows = await db.rows(
        "SELECT amount_minor FROM offers WHERE listing_id = $1 AND state = 'PENDING'",
        listing.listing_id,
    )
    return [int(row["amount_minor"]) for row in rows]


@pytest.mark.fault("X1")
async def test_the_same_acceptance_at_once_is_one(db, seller, buyer):
    for _ in range(ROUNDS):
        offer = await an_offer(db, buyer, await a_listing(db, seller))

        outcomes = await race(*[partial(accept, db, seller, offer.offer_id)] * 3)

        assert happened(outcomes) == 1
    assert (await topics(db)).count("offer_accepted") == ROUNDS


@pytest.mark.fault("X3")
async def test_of_two_buyers_offers_accepted_at_once_one_wins(db, seller):
    for _ in range(ROUNDS):
        listing = await a_listing(db, seller)
        made = [await an_offer(db, a_person(), listing) for _ in range(2)]

        outcomes = await race(*(partial(accept, db, seller, it.offer_id) for it in made))

        assert happened(outcomes) == 1
        states = sorted([await state_of(db, "offers", it.offer_id) for it in made])
        assert states == ["ACCEPTED", "DECLINED"]


@pytest.mark.fault("X3")
async def test_accepting_and_taking_back_at_once_has_one_winner(db, seller, buyer):
    for _ in range(ROUNDS):
        listing = await a_listing(db, seller)
        offer_id = (await an_offer(db, buyer, listing)).offer_id

        outcomes = await race(
            partial(accept, db, seller, offer_id), taking_back(db, buyer, offer_id)
        )

        assert happened(outcomes) == 1
        state = await state_of(db, "offers", offer_id)
        reserved = await state_of(db, "listings", listing.listing_id)
        assert (state, reserved) in {("ACCEPTED", "RESERVED"), ("WITHDRAWN", "ACTIVE")}


async def test_no_offer_is_left_open_on_a_listing_that_is_reserved_at_that_moment(
    db, seller, buyer
):
    for _ in range(ROUNDS):
        listing = await a_listing(db, seller)
        offer = await an_offer(db, buyer, listing)

        outcomes = await race(
            partial(accept, db, seller, offer.offer_id), making(db, a_person(), listing, 1)
        )

        assert happened(outcomes) >= 1
        assert await pending_on(db, listing) == []
        assert await state_of(db, "listings", listing.listing_id) == "RESERVED"


async def test_no_offer_is_left_above_a_price_that_falls_at_that_moment(db, seller, buyer):
    for _ in range(ROUNDS):
        listing = await a_listing(db, seller)

        async def lower(tx, listing_id=listing.listing_id):
            return await handlers.listing.edit(tx, seller, Edit(listing_id, price=usd(300_000)))

        lowered, made = await race(partial(db.run, lower), making(db, buyer, listing, 400_000))

        assert lowered.price == usd(300_000)
        assert not isinstance(made, Exception) or isinstance(made, AmountTooHigh)
        assert await pending_on(db, listing) == []


async def test_accepting_and_taking_the_listing_down_at_once_has_one_winner(db, seller, buyer):
    for _ in range(ROUNDS):
        listing = await a_listing(db, seller)
        offer = await an_offer(db, buyer, listing)

        async def take_down(tx, command=WithdrawListing(listing_id=listing.listing_id)):  # noqa: B008
            return await handlers.listing.withdraw(tx, seller, command)

        outcomes = await race(
            partial(accept, db, seller, offer.offer_id), partial(db.run, take_down)
        )

        assert happened(outcomes) == 1
        states = (
            await state_of(db, "listings", listing.listing_id),
            await state_of(db, "offers", offer.offer_id),
        )
        assert states in {("RESERVED", "ACCEPTED"), ("CANCELLED", "DECLINED")}


async def test_an_offer_that_expires_while_it_is_taken_back_waits_for_nobody(
    db, seller, buyer, clock
):
    due = timers()
    for _ in range(ROUNDS):
        offer_id = (await an_offer(db, buyer, await a_listing(db, seller))).offer_id
        await db.pool.execute("UPDATE timers SET due_at = $1", clock.now() - timedelta(seconds=1))

        await race(partial(due.once, db), taking_back(db, buyer, offer_id))

        assert await state_of(db, "offers", offer_id) in {"EXPIRED", "WITHDRAWN"}
        assert await db.value("SELECT count(*) FROM timers") == 0
    told = await topics(db)
    assert told.count("offer_expired") + told.count("offer_withdrawn") == ROUNDS


async def test_a_proof_and_a_withdrawal_at_once_leave_one_truth(db, seller, clock):
    for _ in range(ROUNDS):
        listing = await a_draft(db, seller)
        event = a_verification(seller.user_id, listing.listing_id, clock.now())
        command = WithdrawListing(listing_id=listing.listing_id)

        async def prove(tx, event=event):
            await handlers.asset.activate(tx, event)

        async def take_down(tx, command=command):
            await handlers.listing.withdraw(tx, seller, command)

        outcomes = await race(partial(db.run, prove), partial(db.run, take_down))

        assert happened(outcomes) == 2
        assert await state_of(db, "listings", listing.listing_id) == "CANCELLED"


@pytest.mark.abuse("R2")
async def test_of_two_last_offers_on_a_listing_at_once_one_is_made(db, seller):
    for _ in range(ROUNDS):
        listing, eager = await a_listing(db, seller), a_person()
        last = making(db, eager, listing, 1, Caps(on_listing=1))

        assert happened(await race(last, last)) == 1
        assert await open_of(db, eager) == 1


@pytest.mark.abuse("R2")
async def test_of_two_last_offers_on_two_listings_at_once_one_is_made(db, seller):
    for _ in range(ROUNDS):
        one, other = await a_listing(db, seller), await a_listing(db, seller)
        eager, caps = a_person(), Caps(in_all=1)

        outcomes = await race(making(db, eager, one, 1, caps), making(db, eager, other, 1, caps))

        assert happened(outcomes) == 1
        assert await open_of(db, eager) == 1


async def open_of(db, person):
    waiting = "SELECT count(*) FROM offers WHERE state = 'PENDING' AND buyer_id = $1"
    return await db.value(waiting, person.user_id)
