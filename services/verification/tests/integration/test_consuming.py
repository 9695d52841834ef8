"""What others tell verification, over a real broker: once, in any order, and never half."""

import json
from contextlib import AsyncExitStack
from datetime import timedelta

import aio_pika
import pytest
from chassis_builders import until
from contracts_schema.events.escrow import Cancelled, Delivered, FundsHeld, Refunded, Released
from contracts_schema.events.identity import AccountLinked, AccountUnlinked
from contracts_schema.events.listings import ListingCreated
from contracts_schema.ids import derive_id, new_id, uuid7
from contracts_schema.money import Currency, Money
from verification import store
from verification_builders import BUYER, GAME, SELLER, due, topics
from verification_driver import a_person, listening, with_roblox

PRICE = Money(450_000, Currency.USD)
VERIFIED, REJECTED = "verification.asset_verified.v1", "verification.asset_rejected.v1"
PROVEN = "verification.ownership_transferred.v1"


@pytest.fixture
def broker(broker_for):
    return broker_for("verification")


@pytest.fixture
async def others(db, broker):
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(listening(db, broker))


@pytest.fixture
def seller():
    return a_person()


@pytest.fixture
def buyer():
    return a_person()


@pytest.fixture
def deal(seller, buyer) -> dict:
    return {
        "escrow_id": new_id("esc"), "deal_id": new_id("ofr"), "listing_id": new_id("lst"),
        "seller_id": seller.user_id, "buyer_id": buyer.user_id, "title": "Tower",
    }  # fmt: skip


def listed(seller) -> ListingCreated:
    return ListingCreated(
        listing_id=new_id("lst"), seller_id=seller.user_id, asset_id=str(GAME), title="Tower",
        price=PRICE,
    )  # fmt: skip


def held(db, deal) -> FundsHeld:
    before = db.clock.now() + timedelta(days=7)
    return FundsHeld(
        **deal, contract_id=new_id("ctr"), asset_id=str(GAME), held=PRICE, deliver_before=before
    )


def delivered(db, deal) -> Delivered:
    before = db.clock.now() + timedelta(days=3)
    return Delivered(
        **deal, delivery_id=new_id("dlv"), asset_id=str(GAME), price=PRICE, inspect_before=before
    )


def an_end(kind: str, deal):
    match kind:
        case "refunded":
            return Refunded(**deal, payout_id=new_id("pay"), amount=PRICE)
        case "cancelled":
            return Cancelled(**deal, reason_code="unfunded")
    return Released(**deal, payout_id=new_id("pay"), paid=PRICE, net=PRICE, fee=PRICE)


async def state_of(db, deal) -> str | None:
    found = await store.watch.find(db, deal["escrow_id"])
    return found.state if found else None


async def meet(others, seller, buyer) -> None:
    await others.told(*with_roblox(seller, SELLER), *with_roblox(buyer, BUYER))


@pytest.mark.fault("M11")
async def test_a_listing_that_is_told_ten_times_is_checked_once(others, db, games, seller, buyer):
    await meet(others, seller, buyer)
    event, message_id = listed(seller), str(uuid7())
    for _ in range(10):
        await others.tell(event, message_id)
    await others.told(listed(buyer))

    await due(games).once(db)
    await due(games).once(db)

    told = await topics(db)
    assert (told.count(VERIFIED), told.count(REJECTED)) == (1, 1)
    body = json.loads(await db.value("SELECT body FROM outbox WHERE topic = $1", VERIFIED))
    assert (body["listing_id"], body["user_id"]) == (event.listing_id, seller.user_id)
    assert body["verification_id"] == derive_id("ver", event.listing_id)


async def test_the_same_listing_in_another_message_is_the_same_question(
    others, db, games, seller, buyer
):
    await meet(others, seller, buyer)
    event = listed(seller)
    await others.told(event)
    await due(games).once(db)

    await others.told(event)
    await due(games).once(db)

    assert (await topics(db)).count(VERIFIED) == 1


async def test_a_listing_that_overtakes_its_seller_s_account_waits_for_it(
    others, db, games, clock, seller
):
    await others.told(listed(seller))
    await due(games).once(db)
    assert await topics(db) == []

    await others.told(*with_roblox(seller, SELLER))
    clock.advance(timedelta(seconds=2))
    await due(games).once(db)

    assert VERIFIED in await topics(db)


async def test_an_account_that_was_unlinked_proves_nothing_any_more(
    others, db, games, clock, seller
):
    account = {"user_id": seller.user_id, "provider": "roblox", "provider_user_id": str(SELLER)}
    await others.told(*with_roblox(seller, SELLER), AccountUnlinked(**account), listed(seller))

    for wait in (0, 2, 6, 31):
        clock.advance(timedelta(seconds=wait))
        await due(games).once(db)

    assert await topics(db) == [REJECTED]


async def test_an_account_somewhere_else_is_none_at_roblox(others, db, seller):
    other = AccountLinked(user_id=seller.user_id, provider="discord", provider_user_id="77")

    await others.told(other)

    assert await store.account.find(db, seller.user_id, "roblox") is None


async def test_a_deal_is_watched_from_its_funding_to_its_end(
    others, db, games, world, clock, seller, buyer, deal
):
    await meet(others, seller, buyer)
    jobs = due(games)
    await others.told(held(db, deal))
    await jobs.once(db)
    assert await state_of(db, deal) == "FUNDED"

    await world.hand_over(BUYER)
    await others.told(delivered(db, deal))
    await jobs.once(db)
    assert await state_of(db, deal) == "PROVEN"

    await others.told(an_end("released", deal))
    clock.advance(timedelta(days=30))
    assert await jobs.once(db) == 0
    assert await state_of(db, deal) == "ENDED"
    assert await topics(db) == [PROVEN]


@pytest.mark.fault("M11")
async def test_a_deal_s_events_told_over_and_over_prove_it_once(
    others, db, games, world, seller, buyer, deal
):
    await meet(others, seller, buyer)
    await world.hand_over(BUYER)
    events = [held(db, deal), delivered(db, deal)]
    ids = [str(uuid7()) for _ in events]
    for _ in range(5):
        for event, message_id in zip(events, ids, strict=True):
            await others.tell(event, message_id)
        await others.applied(*ids)
        await due(games).once(db)
    await others.told(delivered(db, deal))
    await due(games).once(db)

    assert await topics(db) == [PROVEN]
    assert await db.value("SELECT count(*) FROM proofs") == 1
    assert await state_of(db, deal) == "PROVEN"


@pytest.mark.fault("M12")
@pytest.mark.parametrize("kind", ["released", "refunded", "cancelled"])
async def test_a_deal_that_ended_before_it_was_funded_here_is_not_watched(
    others, db, games, world, seller, buyer, deal, kind
):
    await meet(others, seller, buyer)
    await world.hand_over(BUYER)

    await others.told(an_end(kind, deal), delivered(db, deal), held(db, deal))
    await due(games).once(db)

    assert await state_of(db, deal) == "ENDED"
    assert await topics(db) == []


@pytest.mark.fault("M12")
async def test_a_funding_that_comes_after_the_delivery_changes_nothing(
    others, db, seller, buyer, deal
):
    await meet(others, seller, buyer)

    await others.told(delivered(db, deal), held(db, deal))

    assert await state_of(db, deal) == "DELIVERED"


async def test_a_deal_whose_parties_are_not_known_yet_is_looked_at_when_they_are(
    others, db, games, world, clock, seller, buyer, deal
):
    await world.hand_over(BUYER)
    await others.told(delivered(db, deal))
    await due(games).once(db)
    assert await state_of(db, deal) == "DELIVERED"

    await meet(others, seller, buyer)
    clock.advance(timedelta(seconds=2))
    await due(games).once(db)

    assert await topics(db) == [PROVEN]


@pytest.mark.fault("M9")
async def test_what_names_no_asset_is_parked_at_once_with_the_reason(
    others, db, broker, seller, deal
):
    for asset_id in ("", "tower", "9" * 21, "7\x00"):
        await others.tell(listed(seller), asset_id=asset_id)
        await others.tell(held(db, deal), asset_id=asset_id)

        for queue in ("verification.listings", "verification.deals"):
            assert "pattern" in (await parked(broker, queue)).headers["x-error"]
    assert await db.value("SELECT count(*) FROM verifications") == 0
    assert await db.value("SELECT count(*) FROM watches") == 0
    await others.told(listed(seller))


@pytest.mark.fault("M9")
async def test_an_account_that_is_no_number_is_parked_at_once(others, db, broker, seller):
    for number in ("tower", "-1", "9" * 30):
        account = AccountLinked(user_id=seller.user_id, provider="roblox", provider_user_id=number)
        await others.tell(account)
        reason = (await parked(broker, "verification.principals")).headers["x-error"]
        assert "is no account" in reason

    assert await store.account.find(db, seller.user_id, "roblox") is None


@pytest.mark.abuse("B3")
async def test_a_link_that_is_told_of_late_does_not_undo_that_it_was_unlinked(others, db, seller):
    account = {"user_id": seller.user_id, "provider": "roblox", "provider_user_id": str(SELLER)}
    linked, unlinked = AccountLinked(**account), AccountUnlinked(**account)

    await others.applied(await others.tell(unlinked, sequence=3))
    await others.applied(await others.tell(linked, sequence=2))
    assert await store.account.find(db, seller.user_id, "roblox") is None

    await others.applied(await others.tell(linked, sequence=4))
    await others.applied(await others.tell(unlinked, sequence=3))
    assert await store.account.find(db, seller.user_id, "roblox") == str(SELLER)


async def parked(broker, queue: str) -> aio_pika.abc.AbstractIncomingMessage:
    """The next message that was put aside from this queue."""
    found = []
    async with await aio_pika.connect(broker.operator_url) as connection:
        channel = await connection.channel()
        aside = await channel.get_queue(f"{queue}.parked", ensure=False)

        async def came() -> bool:
            if (message := await aside.get(no_ack=True, fail=False)) is not None:
                found.append(message)
            return bool(found)

        await until(came)
    return found[0]
