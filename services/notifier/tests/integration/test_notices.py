"""From what the services tell, over a real broker, to what each person is to be shown."""

import json
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID

import aio_pika
import pytest
from chassis.messaging.publisher import Publisher
from chassis.messaging.relay import Relay
from chassis_client import discord_id, joined
from contracts_schema.commands.notifier import SetPreferences
from contracts_schema.events.escrow import FundsHeld, PayoutAccountReady
from contracts_schema.events.identity import UserRegistered
from contracts_schema.events.listings import (
    ListingActivated,
    ListingCancelled,
    ListingCreated,
    ListingReopened,
    ListingReserved,
    ListingSold,
    ListingUpdated,
    OfferAccepted,
    OfferDeclined,
    OfferMade,
    Side,
)
from contracts_schema.events.rejected import (
    EscrowCommandRejected,
    ListingsCommandRejected,
    NotifierCommandRejected,
    Refusal,
)
from contracts_schema.events.verification import AssetRejected, Purpose
from contracts_schema.ids import new_id, uuid7
from contracts_schema.money import Currency, Money
from notifier.domain.by_event import NOTICES_BY_EVENT
from notifier_builders import an_event
from notifier_driver import a_person, listening

CHANNEL, GUILD = "700000000000000007", "900000000000000009"


@pytest.fixture
def broker(broker_for):
    return broker_for("notifier", "discord-gateway")


@pytest.fixture
def buyer():
    return a_person()


@pytest.fixture
def seller():
    return a_person(locale="de")


@pytest.fixture
async def others(db, broker, buyer, seller):
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(listening(db, broker))
        await running.meet(buyer, seller)
        yield running


def between(buyer, seller) -> dict[str, str]:
    return {
        "buyer_id": buyer.user_id,
        "seller_id": seller.user_id,
        "user_id": seller.user_id,
        "signer_id": buyer.user_id,
    }


def the_listing(seller, **more) -> dict:
    return {
        "listing_id": new_id("lst"),
        "seller_id": seller.user_id,
        "asset_id": "777",
        "title": "Tower",
        "price": Money(450_000, Currency.USD),
        "guild_id": GUILD,
        **more,
    }


def milliseconds(message_id: str) -> int:
    return UUID(message_id).int >> 80


async def test_an_offer_answers_its_maker_and_tells_the_other_side(others, db, buyer, seller):
    may = {buyer.user_id: ("withdraw_offer",), seller.user_id: ("accept", "counter", "decline")}
    event = an_event(OfferMade, **between(buyer, seller), actions=may)
    command_id = str(uuid7())

    sent = await others.tell(event, caused_by=command_id)
    await others.applied(sent)

    answer, told = await others.deliveries()
    assert answer["payload"]["target"] == {
        "kind": "answer", "command_id": command_id, "discord_user_id": discord_id(buyer),
        "channel_id": None, "guild_id": None,
    }  # fmt: skip
    assert answer["payload"]["card_key"] == ""
    assert [it["verb"] for it in answer["payload"]["card"]["buttons"]] == ["withdraw_offer"]
    assert told["payload"]["target"]["kind"] == "direct"
    assert told["payload"]["target"]["discord_user_id"] == discord_id(seller)
    assert told["payload"]["card_key"] == f"offer:{event.offer_id}"
    assert told["payload"]["revision"] == milliseconds(sent)
    buttons = told["payload"]["card"]["buttons"]
    assert [it["verb"] for it in buttons] == ["accept", "counter", "decline"]
    assert {it["subject"] for it in buttons} == {event.offer_id}
    assert [it["actor"]["locale"] for it in (answer, told)] == ["en", "de"]


async def test_all_that_one_person_is_told_of_an_event_is_one_order(others, buyer, seller):
    accepted = an_event(OfferAccepted, **between(buyer, seller), accepted_by=Side.SELLER)

    await others.applied(await others.tell(accepted, caused_by=str(uuid7())))

    orders = [each["payload"] for each in await others.deliveries()]
    places = {
        order["target"]["discord_user_id"]: [
            (place["target"]["kind"], place["card_key"]) for place in (order, *order["also"])
        ]
        for order in orders
    }
    key = f"offer:{accepted.offer_id}"
    assert len(orders) == 2
    assert places == {
        discord_id(seller): [("answer", ""), ("direct", key)],
        discord_id(buyer): [("direct", key)],
    }


async def test_a_command_that_came_over_rest_is_not_answered_a_second_time(others, buyer, seller):
    await others.told(an_event(OfferMade, **between(buyer, seller)))

    [told] = await others.cards()

    assert told["target"]["discord_user_id"] == discord_id(seller)


async def test_every_event_is_told_once_per_place_however_often_it_comes(others, db, buyer, seller):
    events = [an_event(model, **between(buyer, seller)) for model in NOTICES_BY_EVENT]
    events = [
        event.model_copy(update={"discord_id": discord_id(seller)})
        if isinstance(event, UserRegistered)
        else event
        for event in events
    ]
    sent = [await others.tell(event, caused_by=str(uuid7())) for event in events]
    await others.applied(*sent)
    first = await others.deliveries()

    for event, message_id in zip(events, sent, strict=True):
        await others.tell(event, message_id, caused_by=str(uuid7()))
    await others.told(PayoutAccountReady(user_id=buyer.user_id))

    assert len(first) > len(events)
    assert (await others.deliveries())[:-1] == first
    ids = [each["payload"]["delivery_id"] for each in first]
    assert len(set(ids)) == len(ids)
    causes = await db.rows(
        "SELECT headers::jsonb ->> 'cloudEvents_causationid' AS cause, body FROM outbox"
    )
    assert {row["cause"] for row in causes} >= set(sent) - untold(events, sent)


def untold(events, sent) -> set[str]:
    """Money that a seller who can be paid has not to do anything about; a listing's own place."""
    return {
        message_id
        for event, message_id in zip(events, sent, strict=True)
        if not NOTICES_BY_EVENT[type(event)](event)
    }


async def test_what_is_told_reaches_the_gateway_s_own_queue(others, db, broker, buyer, seller):
    event = an_event(FundsHeld, **between(buyer, seller))
    await others.told(event)
    publisher = Publisher(broker.url("notifier"), "notifier")
    assert await Relay(db, publisher).once() == 2
    await publisher.close()

    async with await aio_pika.connect(broker.url("discord-gateway")) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue("discord-gateway.deliveries", ensure=False)
        arrived = [await queue.get(no_ack=True, timeout=5) for _ in range(2)]

    promised = await db.rows("SELECT message_id, body FROM outbox")
    assert {it.message_id for it in arrived} == {str(row["message_id"]) for row in promised}
    assert {it.type for it in arrived} == {"discord.deliver.v1"}
    assert {it.headers["cloudEvents_correlationid"] for it in arrived} == {"c-7"}


async def test_somebody_who_is_not_known_yet_is_told_after_their_registration(others, db, buyer):
    newcomer = a_person()
    event = an_event(OfferMade, **between(buyer, newcomer))
    early = await others.tell(event)
    await others.told(PayoutAccountReady(user_id=buyer.user_id))
    assert len(await others.cards()) == 1

    for told in joined(newcomer):
        await others.tell(told)
    await others.applied(early)

    asked = [it for it in await others.cards() if it["card_key"]]
    assert [it["target"]["discord_user_id"] for it in asked] == [discord_id(newcomer)]
    assert asked[0]["revision"] == milliseconds(early)


REFUSED = "Roblox says that you do not own this game."


@pytest.mark.parametrize("registered", [True, False])
async def test_a_refused_command_is_answered_with_cause_and_next_step(others, buyer, registered):
    who = buyer if registered else a_person()
    kinds = {ListingsCommandRejected: 403, EscrowCommandRejected: 409, NotifierCommandRejected: 503}
    refused = [
        model(
            command_id=uuid7(),
            command="x.y.v1",
            discord_user_id=discord_id(who),
            problem=Refusal(
                code="some", status=status, title="No", detail=REFUSED, next_action="Use /link."
            ),
        )
        for model, status in kinds.items()
    ]

    await others.told(*refused)

    answers = await others.cards()
    targets = [(it["target"]["kind"], it["target"]["command_id"]) for it in answers]
    assert targets == [("answer", str(it.command_id)) for it in refused]
    assert {it["target"]["discord_user_id"] for it in answers} == {discord_id(who)}
    assert len({it["card"]["title"] for it in answers}) == len(kinds)
    for answer in answers:
        words = f"{answer['card']['body']} {answer['card']['turn']}"
        assert REFUSED in words
        assert "Use /link." in words


async def test_who_wants_no_direct_messages_gets_none_and_is_told_all_the_same(
    others, db, buyer, seller
):
    asked = await others.send(SetPreferences(direct_messages=False), seller)
    await others.applied(asked, queue="notifier.commands")
    event = an_event(FundsHeld, **between(buyer, seller))
    made = an_event(OfferMade, **between(seller, buyer))

    await others.told(event)
    await others.applied(await others.tell(made, caused_by=str(uuid7())))

    direct = [it["target"] for it in await others.cards() if it["target"]["kind"] == "direct"]
    assert {it["discord_user_id"] for it in direct} == {discord_id(buyer)}
    kinds = await db.rows("SELECT kind FROM notifications WHERE user_id = $1", seller.user_id)
    assert [row["kind"] for row in kinds] == ["funds_held.seller"]
    answers = [it["target"] for it in await others.cards() if it["target"]["kind"] == "answer"]
    assert [it["discord_user_id"] for it in answers] == [discord_id(seller)]


async def test_a_command_of_a_suspended_person_is_refused_and_changes_nothing(others, db):
    person = a_person(suspended=True)
    await others.meet(person)

    asked = await others.send(SetPreferences(direct_messages=False), person)
    await others.applied(asked, queue="notifier.commands")

    assert await db.value("SELECT count(*) FROM preferences") == 0
    body = await db.value("SELECT body FROM outbox WHERE topic LIKE 'notifier.command_rejected%'")
    assert b'"suspended"' in body


async def test_a_listing_s_card_follows_it_through_its_life(others, seller):
    known = the_listing(seller)
    listing_id, deal = known["listing_id"], {"deal_id": new_id("ofr")}
    moved = {"listing_id": listing_id, "seller_id": seller.user_id}
    live = {"*": ("view_offers", "make_offer"), seller.user_id: ("edit", "withdraw_listing")}
    activated = ListingActivated(
        **known, channel_id=CHANNEL, summary="High", category="game", actions=live
    )
    await others.told(
        ListingCreated(**known),
        activated,
        ListingUpdated(**moved, title="Tower II", price=Money(400_000, Currency.USD), actions=live),
        ListingReserved(**moved, **deal, actions={"*": ("view_offers",)}),
        ListingReopened(**moved, **deal, actions=live),
        ListingSold(**moved, **deal, buyer_id=new_id("usr")),
    )

    shown = [it for it in await others.cards() if it["target"]["kind"] == "channel"]
    assert {it["card_key"] for it in shown} == {f"listing:{listing_id}"}
    assert {(it["target"]["channel_id"], it["target"]["guild_id"]) for it in shown} == {
        (CHANNEL, GUILD)
    }
    open_, reserved, sold = ["make_offer", "view_offers"], ["view_offers"], []
    buttons = [[button["verb"] for button in it["card"]["buttons"]] for it in shown]
    assert buttons == [open_, open_, reserved, open_, sold]
    assert [it["card"]["fields"][0]["value"] for it in shown] == ["4,500.00 USD"] + [
        "4,000.00 USD"
    ] * 4
    revisions = [it["revision"] for it in shown]
    assert revisions == sorted(revisions)


async def test_a_withdrawn_listing_answers_its_seller_and_closes_its_card(others, seller):
    known = the_listing(seller)
    await others.told(ListingCreated(**known), ListingActivated(**known, channel_id=CHANNEL))
    gone = ListingCancelled(
        listing_id=known["listing_id"], seller_id=seller.user_id, reason_code="withdrawn"
    )

    await others.applied(await others.tell(gone, caused_by=str(uuid7())))

    card, answer = (await others.cards())[-2:]
    assert (card["target"]["kind"], card["card"]["buttons"]) == ("channel", [])
    assert answer["target"]["kind"] == "answer"
    assert answer["target"]["discord_user_id"] == discord_id(seller)


@pytest.mark.fault("M12")
async def test_a_card_that_comes_late_shows_the_state_that_was_told_last(others, seller):
    known = the_listing(seller)
    first, second = str(uuid7()), str(UUID(int=uuid7().int + (1 << 81)))
    reserved = ListingReserved(
        listing_id=known["listing_id"], seller_id=seller.user_id, deal_id=new_id("ofr")
    )
    await others.told(ListingCreated(**known))

    await others.applied(await others.tell(reserved, second))
    await others.applied(await others.tell(ListingActivated(**known, channel_id=CHANNEL), first))

    [card] = [it for it in await others.cards() if it["target"]["kind"] == "channel"]
    assert card["card"]["buttons"] == []


@pytest.mark.fault("M12")
async def test_words_that_come_late_bring_no_buttons_back(others, seller):
    known = the_listing(seller)
    moved = {"listing_id": known["listing_id"], "seller_id": seller.user_id}
    live = {"*": ("make_offer",)}
    updated = ListingUpdated(
        **moved, title="Tower II", price=Money(400_000, Currency.USD), actions=live
    )
    await others.told(
        ListingCreated(**known), ListingActivated(**known, channel_id=CHANNEL, actions=live)
    )
    first, second = (str(UUID(int=uuid7().int + (at << 81))) for at in (1, 2))

    await others.applied(await others.tell(ListingReserved(**moved, deal_id=new_id("ofr")), second))
    await others.applied(await others.tell(updated, first))

    card = [it for it in await others.cards() if it["target"]["kind"] == "channel"][-1]["card"]
    assert (card["title"], card["fields"][0]["value"]) == ("Tower II", "4,000.00 USD")
    assert card["buttons"] == []


@pytest.mark.fault("M12")
async def test_what_is_told_of_a_listing_waits_until_the_listing_is_known(others, db, seller):
    known = the_listing(seller)
    early = await others.tell(
        AssetRejected(
            verification_id=new_id("ver"), user_id=seller.user_id, asset_id="777",
            purpose=Purpose.LISTING, listing_id=known["listing_id"], reason_code="not_owner",
            checked_at=db.clock.now() + timedelta(seconds=1),
        )
    )  # fmt: skip
    await others.told(PayoutAccountReady(user_id=seller.user_id))

    await others.told(ListingCreated(**known))
    await others.applied(early)

    assert "listing_rejected" in {
        row["kind"] for row in await db.rows("SELECT kind FROM notifications")
    }


async def test_many_notices_of_one_kind_say_how_they_are_told_together_and_each_is_kept(
    others, db, buyer, seller
):
    listing_id, title = new_id("lst"), "Tower {counted}"
    declined = [
        an_event(
            OfferDeclined, **between(buyer, seller), listing_id=listing_id, title=title,
            reason_code="listing_reserved",
        )
        for _ in range(7)
    ]  # fmt: skip
    sent = [await others.tell(event) for event in declined]
    await others.applied(*sent)
    for event, message_id in zip(declined, sent, strict=True):
        await others.tell(event, message_id)
    await others.told(PayoutAccountReady(user_id=buyer.user_id))

    cards = [card for card in await others.cards() if card["summary"]]
    kept = await db.value(
        "SELECT count(*) FROM notifications WHERE kind = 'offer_closed.listing_reserved'"
    )
    [summary] = {json.dumps(card["summary"], sort_keys=True) for card in cards}
    assert (len(cards), kept) == (14, 14)
    assert json.loads(summary)["key"] == f"many.offers_closed:{listing_id}"
    assert json.loads(summary)["card"]["title"] == f"Offers closed: {title}"
    [button] = json.loads(summary)["card"]["buttons"]
    assert (button["verb"], button["subject"]) == ("view_offers", listing_id)
