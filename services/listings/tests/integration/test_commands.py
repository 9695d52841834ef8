"""Commands from Discord: the same handlers, over a real broker; and what other services tell."""

from contextlib import AsyncExitStack

import pytest
from chassis_client import known
from contracts_schema.commands.listings import (
    AcceptOffer,
    CounterOffer,
    CreateListing,
    DeclineOffer,
    MakeOffer,
    WithdrawListing,
    WithdrawOffer,
)
from contracts_schema.events.identity import Tier
from contracts_schema.events.listings import Visibility
from contracts_schema.ids import derive_id, derive_uuid, is_id, new_id
from listings.domain.errors import NotOwner, OwnershipUnknown
from listings_builders import (
    GAME,
    a_listing,
    a_person,
    a_verification,
    an_end,
    an_offer,
    proven,
    state_of,
    topics,
)
from listings_driver import listening

PRICE = {"minor": 450_000, "currency": "USD"}
LESS = {"minor": 400_000, "currency": "USD"}


@pytest.fixture
async def discord(db, broker_for, seller, buyer):
    await known(db, seller, buyer)
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(
            listening(db, broker_for("listings", "discord-gateway"))
        )


async def test_a_trade_is_agreed_on_by_commands(discord, db, seller, buyer):
    sent = await discord.send(
        "create", CreateListing, seller, guild_id="9", asset_id=GAME, title="Tower", price=PRICE
    )
    await discord.heard(1)
    listing_id = derive_id("lst", seller.user_id, sent)
    await discord.tell(a_verification(seller.user_id, listing_id, db.clock.now()))
    await discord.heard(2)
    made = await discord.send("make", MakeOffer, buyer, listing_id=listing_id, amount=LESS)
    await discord.heard(3)
    first = derive_id("ofr", buyer.user_id, listing_id, made)
    countered = await discord.send("counter", CounterOffer, seller, offer_id=first, amount=PRICE)
    await discord.heard(4)
    second = derive_id("ofr", seller.user_id, first, countered)
    await discord.send("accept", AcceptOffer, buyer, offer_id=second)
    await discord.heard(5)

    assert await state_of(db, "offers", second) == "ACCEPTED"
    assert await state_of(db, "listings", listing_id) == "RESERVED"
    assert discord.roblox.asked == [second]
    assert await discord.refusals() == []
    where = await db.row("SELECT guild_id, channel_id FROM listings")
    assert tuple(where) == ("9", "7")


async def test_the_same_command_twice_is_one_effect(discord, db, seller, buyer):
    listing = await a_listing(db, seller)
    offer = await an_offer(db, buyer, listing)
    for _ in range(3):
        await discord.send("accept", AcceptOffer, seller, offer_id=offer.offer_id)
        await discord.send(
            "create", CreateListing, seller, asset_id=GAME, title="Other", price=PRICE
        )
    await discord.send("last", DeclineOffer, seller, offer_id=new_id("ofr"))
    await discord.heard(3)

    told = await topics(db)
    assert told.count("offer_accepted") == 1
    assert await db.value("SELECT count(*) FROM listings WHERE title = 'Other'") == 1
    [refusal] = await discord.refusals()
    assert refusal["command_id"] == str(derive_uuid("last"))


async def test_a_cached_proof_makes_the_listing_live_at_once(discord, db, seller):
    await proven(db, seller)

    await discord.send("create", CreateListing, seller, asset_id=GAME, title="New", price=PRICE)
    await discord.heard(1)

    assert await db.value("SELECT state FROM listings WHERE title = 'New'") == "ACTIVE"


def every_command(listing, theirs, others) -> list[tuple]:
    """Each command with what it says: about a listing, about an offer of each side."""
    return [
        (CreateListing, {"asset_id": GAME, "title": "Tower", "price": PRICE}),
        (WithdrawListing, {"listing_id": listing.listing_id}),
        (MakeOffer, {"listing_id": listing.listing_id, "amount": LESS}),
        (CounterOffer, {"offer_id": theirs.offer_id, "amount": LESS}),
        (AcceptOffer, {"offer_id": theirs.offer_id}),
        (DeclineOffer, {"offer_id": theirs.offer_id}),
        (WithdrawOffer, {"offer_id": others.offer_id}),
    ]


@pytest.mark.parametrize("kind", ["under-tiered", "suspended", "unknown", "stranger"])
async def test_who_may_not_is_refused_each_command(discord, db, seller, buyer, kind):
    listing = await a_listing(db, seller)
    theirs, others = [await an_offer(db, buyer, listing) for _ in range(2)]
    person = {
        "under-tiered": a_person(Tier.TIER_0),
        "suspended": a_person(suspended=True),
        "unknown": a_person(),
        "stranger": a_person(),
    }[kind]
    if kind != "unknown":
        await known(db, person)
    before = await topics(db)
    public = {CreateListing, MakeOffer}
    sent = [it for it in every_command(listing, theirs, others) if _refused(kind, it[0], public)]

    for position, (command, payload) in enumerate(sent):
        await discord.send(f"{kind} {position}", command, person, **payload)
    await discord.heard(len(sent))

    refusals = await discord.refusals()
    code = {"under-tiered": "tier_too_low", "suspended": "suspended", "unknown": "not_registered"}
    assert {it["problem"]["code"] for it in refusals} <= {code.get(kind, "not_found"), "not_found"}
    assert {it["problem"]["status"] for it in refusals} <= {403, 404}
    assert len(refusals) == len(sent)
    assert all(it["problem"]["next_action"] for it in refusals)
    assert (await topics(db))[: len(before)] == before
    assert await state_of(db, "offers", theirs.offer_id) == "PENDING"
    assert await state_of(db, "listings", listing.listing_id) == "ACTIVE"


def _refused(kind: str, command: type, public: set) -> bool:
    """A stranger of good standing may put up a game and make an offer."""
    return kind != "stranger" or command not in public


BAD = [
    (CreateListing, {"asset_id": GAME, "title": "a\x00b", "price": PRICE}),
    (CreateListing, {"asset_id": GAME, "title": "   ", "price": PRICE}),
    (CreateListing, {"asset_id": "my game", "title": "Tower", "price": PRICE}),
    (CreateListing, {"asset_id": GAME, "title": "Tower", "price": PRICE | {"minor": 0}}),
    (CreateListing, {"asset_id": GAME, "title": "Tower", "price": PRICE | {"minor": 1.5}}),
    (CreateListing, {"asset_id": GAME, "title": "Tower", "price": PRICE, "state": "ACTIVE"}),
    (MakeOffer, {"listing_id": "lst_1", "amount": LESS}),
    (MakeOffer, {"listing_id": new_id("lst"), "amount": LESS, "conditions": "\x00"}),
    (AcceptOffer, {}),
]


async def test_bad_input_is_answered_and_changes_nothing(discord, db, seller):
    for position, (command, payload) in enumerate(BAD):
        await discord.send(f"bad {position}", command, seller, **payload)
    await discord.heard(len(BAD))

    refusals = await discord.refusals()
    problems = [refusal["problem"] for refusal in refusals]
    named = [str(payload.get("listing_id")) for _, payload in BAD]
    assert sorted(it["about"] for it in refusals) == sorted(it if is_id(it) else "" for it in named)
    assert [problem["code"] for problem in problems] == ["invalid_input"] * len(BAD)
    assert all(problem["errors"][0]["pointer"].startswith("/") for problem in problems)
    assert await topics(db) == ["command_rejected"] * len(BAD)


async def test_not_the_owner_is_an_answer_and_unknown_is_tried_again(discord, db, seller, buyer):
    listing = await a_listing(db, seller)
    offer = await an_offer(db, buyer, listing)
    discord.roblox.refusal = NotOwner()
    await discord.send("first", AcceptOffer, seller, offer_id=offer.offer_id)
    await discord.heard(1)
    [refusal] = await discord.refusals()
    assert refusal["problem"]["code"] == "not_owner"
    assert refusal["about"] == offer.offer_id

    discord.roblox.refusal = OwnershipUnknown("roblox_away")
    await discord.send("second", AcceptOffer, seller, offer_id=offer.offer_id)
    while len(discord.roblox.asked) < 2:
        await discord.heard(1)
    discord.roblox.refusal = None
    await discord.heard(2)

    assert await state_of(db, "offers", offer.offer_id) == "ACCEPTED"
    assert len(await discord.refusals()) == 1


async def test_a_private_listing_takes_offers_from_its_own_guild_only(discord, db, seller, buyer):
    await discord.send(
        "create", CreateListing, seller, guild_id="9", asset_id=GAME, title="Tower", price=PRICE,
        visibility=Visibility.PRIVATE,
    )  # fmt: skip
    await discord.heard(1)
    listing_id = await db.value("SELECT listing_id FROM listings")
    await discord.tell(a_verification(seller.user_id, listing_id, db.clock.now()))
    await discord.heard(2)

    await discord.send("out", MakeOffer, buyer, "8", listing_id=listing_id, amount=LESS)
    await discord.heard(3)
    await discord.send("in", MakeOffer, buyer, "9", listing_id=listing_id, amount=LESS)
    await discord.heard(4)

    [refusal] = await discord.refusals()
    assert refusal["problem"]["status"] == 404
    assert await db.value("SELECT count(*) FROM offers") == 1


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("voided", "ACTIVE"),
        ("refunded", "ACTIVE"),
        ("cancelled", "ACTIVE"),
        ("released", "SOLD"),
    ],
)
async def test_how_the_deal_ends_decides_over_its_listing(discord, db, seller, buyer, kind, state):
    listing = await a_listing(db, seller)
    offer = await an_offer(db, buyer, listing)
    await discord.send("accept", AcceptOffer, seller, offer_id=offer.offer_id)
    await discord.heard(1)

    await discord.tell(an_end(kind, new_id("ofr"), listing.listing_id, seller, buyer))
    await discord.heard(2)
    assert await state_of(db, "listings", listing.listing_id) == "RESERVED"
    ended = an_end(kind, offer.offer_id, listing.listing_id, seller, buyer)
    for message_id in (str(derive_uuid("end")), str(derive_uuid("end")), ""):
        await discord.tell(ended, message_id)
    await discord.heard(4)

    assert await state_of(db, "listings", listing.listing_id) == state
    word = "listing_sold" if state == "SOLD" else "listing_reopened"
    assert (await topics(db)).count(word) == 1


@pytest.mark.abuse("R2")
async def test_one_more_offer_than_one_may_have_is_refused_by_button_too(
    discord, db, seller, buyer
):
    listing = await a_listing(db, seller)
    for number in range(4):
        sent = await discord.send(
            f"make {number}", MakeOffer, buyer, listing_id=listing.listing_id, amount=LESS
        )
        await discord.heard(number + 1)

    [refusal] = await discord.refusals()
    assert (refusal["command_id"], refusal["about"]) == (sent, listing.listing_id)
    assert refusal["problem"]["code"] == "too_many_offers"
    assert refusal["problem"]["params"] == {"most": "3"}
    assert await db.value("SELECT count(*) FROM offers") == 3
