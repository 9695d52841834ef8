"""Listings from draft to sold, on a real database."""

from datetime import timedelta

import pytest
from chassis.cause import Cause
from chassis.problems import Problem
from contracts_schema.commands.listings import WithdrawListing
from contracts_schema.events.identity import Tier
from contracts_schema.events.verification import AssetRejected, Purpose
from contracts_schema.goods import DEFAULT_KIND
from contracts_schema.ids import new_id
from listings import handlers, store
from listings.domain.asset import AssetName
from listings.handlers.listing import Edit
from listings_builders import (
    GAME,
    a_command,
    a_draft,
    a_listing,
    a_person,
    a_verification,
    an_offer,
    proven,
    state_of,
    topics,
    usd,
)


async def test_a_listing_is_a_draft_until_ownership_is_verified(db, seller):
    listing = await a_draft(db, seller)
    assert await state_of(db, "listings", listing.listing_id) == "DRAFT"

    async with db.transaction() as tx:
        await handlers.asset.activate(
            tx, a_verification(seller.user_id, listing.listing_id, tx.now())
        )

    assert await state_of(db, "listings", listing.listing_id) == "ACTIVE"
    assert await topics(db) == ["listing_created", "listing_activated"]


async def test_the_same_verification_twice_activates_once(db, seller):
    listing = await a_draft(db, seller)
    event = a_verification(seller.user_id, listing.listing_id, db.clock.now())

    for _ in range(3):
        async with db.transaction() as tx:
            await handlers.asset.activate(tx, event)

    assert await topics(db) == ["listing_created", "listing_activated"]


async def test_a_proof_of_the_last_day_makes_the_next_listing_live_at_once(db, seller, clock):
    await proven(db, seller)

    proof = await store.asset.find(db, seller.user_id, AssetName(DEFAULT_KIND, GAME))
    async with db.transaction() as tx:
        fresh = await handlers.listing.create(tx, seller, a_command(), proof)
    assert await state_of(db, "listings", fresh.listing_id) == "ACTIVE"

    clock.advance(timedelta(hours=24, seconds=1))
    assert await store.asset.find(db, seller.user_id, AssetName(DEFAULT_KIND, GAME)) is None


async def test_somebody_else_s_proof_does_not_activate_a_listing(db, seller):
    async with db.transaction() as tx:
        listing = await handlers.listing.create(tx, seller, a_command(), None)
        await handlers.asset.activate(
            tx, a_verification(new_id("usr"), listing.listing_id, tx.now())
        )

    assert await state_of(db, "listings", listing.listing_id) == "DRAFT"


async def test_a_rejected_asset_takes_the_draft_down(db, seller):
    listing = await a_draft(db, seller)
    rejected = AssetRejected(
        verification_id=new_id("ver"),
        user_id=seller.user_id,
        asset_id=GAME,
        purpose=Purpose.LISTING,
        listing_id=listing.listing_id,
        reason_code="not_owner",
        checked_at=db.clock.now(),
    )
    async with db.transaction() as tx:
        await handlers.asset.reject(tx, rejected)

    assert await state_of(db, "listings", listing.listing_id) == "CANCELLED"
    assert (await topics(db))[-1] == "listing_cancelled"


@pytest.mark.parametrize(
    ("person", "code"),
    [
        (a_person(Tier.TIER_0), "tier_too_low"),
        (a_person(suspended=True), "suspended"),
    ],
)
async def test_who_may_not_sell_is_refused(db, person, code):
    with pytest.raises(Problem) as refused:
        await a_draft(db, person)

    assert refused.value.code == code
    assert refused.value.next_action
    assert await db.value("SELECT count(*) FROM listings") == 0


async def test_a_stranger_can_neither_edit_nor_withdraw(db, seller):
    listing = await a_listing(db, seller)
    stranger = a_person()

    for act in (
        lambda tx: handlers.listing.edit(tx, stranger, Edit(listing.listing_id, title="Mine")),
        lambda tx: handlers.listing.withdraw(
            tx, stranger, WithdrawListing(listing_id=listing.listing_id)
        ),
    ):
        with pytest.raises(Problem) as refused:
            async with db.transaction() as tx:
                await act(tx)
        assert refused.value.status == 404
    assert await state_of(db, "listings", listing.listing_id) == "ACTIVE"


async def test_who_saw_an_old_version_is_refused(db, seller):
    listing = await a_listing(db, seller)

    with pytest.raises(Problem) as refused:
        async with db.transaction() as tx:
            await handlers.listing.edit(tx, seller, Edit(listing.listing_id, price=usd(1)), seen=1)

    assert refused.value.status == 412


async def test_withdrawing_declines_the_open_offers(db, seller, buyer):
    listing = await a_listing(db, seller)
    offer = await an_offer(db, buyer, listing)

    async with db.transaction() as tx:
        await handlers.listing.withdraw(tx, seller, WithdrawListing(listing_id=listing.listing_id))

    assert await state_of(db, "offers", offer.offer_id) == "DECLINED"
    assert (await topics(db))[-2:] == ["offer_declined", "listing_cancelled"]


async def test_a_listing_is_written_with_what_is_told_of_it_in_one_statement(db, seller):
    await proven(db, seller)
    proof = await store.asset.find(db, seller.user_id, AssetName(DEFAULT_KIND, GAME))

    async with db.transaction(Cause("req-1", "", seller.user_id)) as tx:
        listing = await handlers.listing.create(tx, seller, a_command(), proof)
        assert not tx.opened
    assert not tx.opened

    assert await store.listing.find(db, listing.listing_id) == listing
    assert (await topics(db))[-2:] == ["listing_created", "listing_activated"]
    audited = await db.row(
        "SELECT actor, action, request_id FROM audit_entries WHERE subject_id = $1",
        listing.listing_id,
    )
    assert tuple(audited) == (seller.user_id, "listing.create", "req-1")


async def test_a_listing_that_is_made_again_for_the_same_cause_is_the_one_there_is(db, seller):
    cause = Cause("req-1", actor=seller.user_id, idempotency_key="0123456789")

    made = []
    for title in ("Tower", "Other"):
        async with db.transaction(cause) as tx:
            await tx.value("SELECT 1")
            made.append(await handlers.listing.create(tx, seller, a_command(title=title), None))

    assert made[0] == made[1]
    assert made[0].title == "Tower"
    assert await topics(db) == ["listing_created"]
