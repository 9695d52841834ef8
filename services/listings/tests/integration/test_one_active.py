"""An asset is live in one listing: whoever brings it to life a second time is refused, or told."""

import asyncio
from datetime import timedelta
from functools import partial

import asyncpg
import pytest
from chassis.principals import Principal
from contracts_schema.commands.listings import WithdrawListing
from contracts_schema.goods import DEFAULT_KIND
from holdfast.testbed import as_superuser, derived, login
from holdfast.testbed.databases import migrate
from listings import handlers, store
from listings.domain.asset import AssetName
from listings.domain.errors import AssetListed
from listings.domain.listing import Listing
from listings.jobs import timers
from listings_builders import (
    GAME,
    a_command,
    a_draft,
    a_listing,
    a_person,
    a_verification,
    accept,
    an_end,
    an_offer,
    proven,
    race,
    state_of,
    topics,
)
from listings_driver import serving

ROUNDS = 15
BEFORE = """
DROP INDEX listings.listings_one_active;
DROP TABLE listings.audit_heads;
UPDATE listings.alembic_version SET version_num = '0007';
"""
ORDER = {"asset_id": GAME, "title": "Again", "price": {"minor": 1, "currency": "USD"}}


@pytest.fixture
async def rest(database_url, clock):
    async with serving(database_url, clock) as client:
        yield client


async def create(db, seller: Principal, **given) -> Listing:
    """As a command does it: with the proof that counts, outside the transaction."""
    command = a_command(**given)
    async with handlers.asset.proof(db, seller, command) as proof:
        return await db.run(lambda tx: handlers.listing.create(tx, seller, command, proof))


async def verify(db, listing: Listing) -> None:
    async def work(tx):
        found = (listing.seller_id, listing.listing_id, tx.now())
        await handlers.asset.activate(tx, a_verification(*found, asset_id=listing.asset_id))

    await db.run(work)


async def withdraw(db, seller: Principal, listing: Listing) -> None:
    command = WithdrawListing(listing_id=listing.listing_id)
    await db.run(lambda tx: handlers.listing.withdraw(tx, seller, command))


async def closed_because(db, listing: Listing) -> str | None:
    return await db.value(
        "SELECT reason FROM audit_entries WHERE action = 'listing.cancel' AND subject_id = $1",
        listing.listing_id,
    )


async def live(db) -> list[str]:
    rows = await db.rows("SELECT asset_id FROM listings WHERE state = 'ACTIVE'")
    return [row["asset_id"] for row in rows]


@pytest.mark.parametrize("with_key", [True, False])
async def test_a_seller_is_told_in_which_listing_it_is_live(rest, db, seller, with_key):
    await proven(db, seller)
    first = (await rest.ask("POST", "/v1/listings", seller, ORDER | {"title": "First"})).json()
    key = {"idempotency_key": "0123456789"} if with_key else {}

    again = await rest.ask("POST", "/v1/listings", seller, ORDER, **key)

    assert (again.status_code, again.json()["code"]) == (409, "asset_listed")
    assert first["listing_id"] in again.json()["detail"]
    assert "First" in again.json()["detail"]
    assert await topics(db) == ["listing_created", "listing_activated"]


@pytest.mark.parametrize("visibility", ["PUBLIC", "PRIVATE"])
async def test_another_owner_learns_that_it_is_listed_and_not_where(rest, db, seller, visibility):
    other = a_person()
    listing = await a_listing(db, other, asset_id=GAME, visibility=visibility, title="Secret")
    await proven(db, seller)

    refused = await rest.ask("POST", "/v1/listings", seller, ORDER)

    assert (refused.status_code, refused.json()["code"]) == (409, "asset_listed")
    assert refused.json()["next_action"]
    for told in (listing.listing_id, other.user_id, "Secret"):
        assert told not in refused.text


async def test_who_has_proven_nothing_learns_nothing_of_other_people_s_listings(rest, db, seller):
    answers = [await rest.ask("POST", "/v1/listings", seller, ORDER)]
    await a_listing(db, a_person(), asset_id=GAME, visibility="PRIVATE")
    answers.append(await rest.ask("POST", "/v1/listings", seller, ORDER))

    assert [(it.status_code, it.json()["state"]) for it in answers] == [(201, "DRAFT")] * 2


async def test_a_seller_without_a_fresh_proof_is_told_before_anything_is_asked(db, seller):
    first = await a_listing(db, seller, asset_id=GAME)
    await db.pool.execute("DELETE FROM verified_assets")

    with pytest.raises(AssetListed) as refused:
        await create(db, seller)

    assert refused.value.params["listing_id"] == first.listing_id
    assert await db.value("SELECT count(*) FROM listings") == 1


async def test_a_draft_whose_asset_went_live_elsewhere_is_closed_and_says_why(db, seller):
    draft = await a_draft(db, seller)
    await a_listing(db, a_person(), asset_id=GAME)

    await verify(db, draft)

    assert await state_of(db, "listings", draft.listing_id) == "CANCELLED"
    assert await closed_because(db, draft) == "asset_listed"
    assert (await topics(db))[-1] == "listing_cancelled"
    assert await live(db) == [GAME]


async def test_the_same_verification_twice_leaves_the_listing_live(db, seller):
    draft = await a_draft(db, seller)

    for _ in range(2):
        await verify(db, draft)

    assert await state_of(db, "listings", draft.listing_id) == "ACTIVE"


@pytest.mark.parametrize("kind", ["voided", "refunded", "cancelled"])
async def test_a_listing_that_would_reopen_beside_another_is_closed(db, seller, buyer, kind):
    listing = await a_listing(db, seller, asset_id=GAME)
    offer = await an_offer(db, buyer, listing)
    await accept(db, seller, offer.offer_id)
    other = await create(db, seller, title="Meanwhile")
    end = an_end(kind, offer.offer_id, listing.listing_id, seller, buyer)

    for _ in range(2):
        await db.run(partial(handlers.listing.reopen, event=end))

    assert await state_of(db, "listings", listing.listing_id) == "CANCELLED"
    assert await state_of(db, "listings", other.listing_id) == "ACTIVE"
    assert await closed_because(db, listing) == "asset_listed"
    assert (await topics(db)).count("listing_cancelled") == 1
    assert "listing_reopened" not in await topics(db)


async def test_it_can_be_listed_again_when_the_other_has_ended(db, seller):
    first = await a_listing(db, seller, asset_id=GAME)
    await withdraw(db, seller, first)

    assert (await create(db, seller)).state == "ACTIVE"


async def test_the_same_id_of_another_kind_is_another_asset(db, seller):
    listing = await a_listing(db, seller, asset_id=GAME)
    await db.pool.execute("UPDATE listings SET kind = 'ACCOUNT'")

    assert await store.listing.active_of(db, AssetName("ACCOUNT", GAME)) is not None
    assert await store.listing.active_of(db, AssetName(DEFAULT_KIND, GAME)) is None
    assert (await create(db, seller)).listing_id != listing.listing_id


@pytest.mark.fault("X1")
async def test_two_that_are_made_at_once_are_one(db, seller):
    for turn in range(ROUNDS):
        asset, others = str(900 + turn), [a_person() for _ in range(4)]
        for person in others:
            await proven(db, person, asset)

        outcomes = await race(*(partial(create, db, it, asset_id=asset) for it in others))

        made = [it for it in outcomes if isinstance(it, Listing)]
        assert len(made) == 1, outcomes
        assert all(isinstance(it, AssetListed) for it in outcomes if it not in made), outcomes
    assert len(await live(db)) == ROUNDS


@pytest.mark.fault("X1")
async def test_two_that_are_verified_at_once_are_one(db, seller):
    for turn in range(ROUNDS):
        people = [seller, a_person(), a_person()]
        drafts = [await a_draft(db, each, asset_id=str(900 + turn)) for each in people]

        outcomes = await race(*(partial(verify, db, draft) for draft in drafts))

        assert outcomes == [None] * 3
        states = [await state_of(db, "listings", draft.listing_id) for draft in drafts]
        assert sorted(states) == ["ACTIVE", "CANCELLED", "CANCELLED"]
    assert len(await live(db)) == ROUNDS


async def test_the_migration_keeps_the_oldest_and_the_others_are_closed_and_told(
    db, clock, database_url, postgres_url, seller, buyer
):
    before = await asyncpg.connect(as_superuser(database_url, postgres_url))
    await before.execute(BEFORE)
    await before.close()
    listings = []
    for asset in (GAME, "8", "9"):
        listings.append(await a_listing(db, seller, asset_id=asset))
        clock.advance(timedelta(seconds=1))
    oldest, second, alone = listings
    await db.pool.execute("UPDATE listings SET asset_id = $1 WHERE asset_id = '8'", GAME)
    offers = [await an_offer(db, buyer, it) for it in (oldest, second)]

    path = database_url[database_url.rindex("/") :]
    owner = login(postgres_url, "listings_owner", derived(postgres_url, "listings_owner"), path)
    await asyncio.to_thread(migrate, "listings", owner)
    assert sorted(await live(db)) == sorted([GAME, "9"])
    clock.advance(timedelta(hours=1))  # past the moment at which PostgreSQL migrated
    while await timers().once(db):
        pass

    states = [await state_of(db, "listings", it.listing_id) for it in (oldest, second, alone)]
    assert states == ["ACTIVE", "CANCELLED", "ACTIVE"]
    assert [await state_of(db, "offers", it.offer_id) for it in offers] == ["PENDING", "DECLINED"]
    assert (await topics(db))[-2:] == ["offer_declined", "listing_cancelled"]
    assert await closed_because(db, second) == "asset_listed"


async def test_the_database_itself_refuses_a_second_live_listing(db, seller):
    listing = await a_listing(db, seller)
    copied = "INSERT INTO listings SELECT (jsonb_populate_record(each, $1)).* FROM listings AS each"

    with pytest.raises(asyncpg.UniqueViolationError, match="listings_one_active"):
        await db.pool.execute(copied, {"listing_id": listing.listing_id + "x"})
