"""Texts and cards hold each other."""

import inspect
import re
from datetime import UTC, datetime, timedelta

import pytest
from chassis.problems import Problem
from chassis.texts import MissingText
from contracts_schema import refusals
from contracts_schema.events import contracts, escrow, listings
from contracts_schema.events.rejected import EscrowCommandRejected, Refusal
from contracts_schema.ids import new_id, uuid7
from contracts_schema.money import Currency, Money
from notifier.domain import contract, listing, offer, person
from notifier.domain import escrow as deal
from notifier.domain.by_event import NOTICES_BY_EVENT
from notifier.domain.command import rejected
from notifier.domain.notice import STEPS, Press, Reader, presses
from notifier.handlers.card import TEXTS, render, summary
from notifier_builders import an_event, every_event


def test_every_event_is_told_with_texts_that_exist():
    for event in every_event():
        for notice in NOTICES_BY_EVENT[type(event)](event):
            together = summary(notice, "en")
            for card in (render(notice, "en"), *([together.card] if together else [])):
                assert card.title
                assert "{" not in card.title + card.body + card.turn + card.if_nobody_acts


def test_the_builders_cover_every_event_that_is_told():
    assert {type(event) for event in every_event()} == set(NOTICES_BY_EVENT)


def test_no_text_is_left_that_no_card_uses():
    source = "".join(
        inspect.getsource(module) for module in (listing, offer, contract, deal, person)
    )
    used = {
        key
        for event in every_event()
        for notice in NOTICES_BY_EVENT[type(event)](event)
        for key in (notice.key, notice.many.key if notice.many else "")
    }
    fixed = {
        "listing_closed",
        "listing_rejected",
        "listing_withdrawn",
        "rejected.refused",
        "rejected.stale",
        "rejected.unavailable",
    }
    cards = {f"listing_card.{state}" for state in ("active", "reserved", "sold", "cancelled")}
    branches = set(re.findall(r'"([a-z_]+\.[a-z_]+)"', source))

    for key in TEXTS.keys():
        owner = key.rpartition(".")[0]
        known = owner in used | fixed | cards | branches | {"steps", "fields", "buttons"}
        assert known or owner.startswith(("offer_closed", "deadline_near", "contract_")), key


def test_a_card_says_whose_turn_until_when_and_what_if_nobody_acts():
    held = next(event for event in every_event() if isinstance(event, escrow.FundsHeld))

    _, seller = deal.funds_held(held)
    card = render(seller, "en")

    assert "Your turn" in card.turn
    assert card.deadline == int(held.deliver_before.timestamp())
    assert "buyer gets all the money back" in card.if_nobody_acts
    assert [button.style for button in card.buttons].count("primary") == 1


def test_the_steps_show_where_the_deal_stands():
    held = next(event for event in every_event() if isinstance(event, escrow.FundsHeld))

    card = render(deal.funds_held(held)[0], "en")

    assert "✓ Payment → [Delivery] → Confirmation" in card.steps
    assert len(STEPS) == 6


def test_a_slot_is_filled_and_never_run():
    nasty = "{title.__class__} {0} %s $x `rm`"
    event = listings.ListingCreated(
        listing_id=new_id("lst"),
        seller_id=new_id("usr"),
        asset_id="1",
        title=nasty,
        price=Money(1, Currency.USD),
    )

    card = render(listing.created(event)[0], "en")

    assert nasty in card.title


def test_a_missing_text_is_a_fault():
    with pytest.raises(MissingText):
        TEXTS.text("no.such.key")


def test_who_counters_sees_the_old_card_closed_and_the_sides_do_not_swap():
    buyer, seller = new_id("usr"), new_id("usr")
    event = listings.OfferCountered(
        offer_id=new_id("ofr"),
        parent_id=new_id("ofr"),
        listing_id=new_id("lst"),
        title="Tower",
        buyer_id=buyer,
        seller_id=seller,
        amount=Money(430_000, Currency.USD),
        made_by=listings.Side.SELLER,
        expires_at=datetime.now(UTC) + timedelta(hours=72),
        actions={buyer: ("accept", "counter", "decline"), seller: ("withdraw_offer",)},
    )

    maker, other, closed = offer.made(event)

    assert (maker.reader, maker.user_id) == (Reader.ACTOR, seller)
    assert (other.user_id, other.buttons[0].verb) == (buyer, "accept")
    assert closed.card_key == f"offer:{event.parent_id}"


def test_a_refused_command_is_worded_in_the_reader_s_language_by_its_name(monkeypatch):
    problem = Problem(403, "tier_too_low", needed="TIER_2", tier="TIER_1").refusal()
    german = {"common.tier_too_low": {"detail": "Das braucht {needed}.", "next_action": "Los."}}
    known = {"de": german, "en": refusals.catalogue("en")}
    event = EscrowCommandRejected(
        command_id=uuid7(), command="escrow.confirm.v1", discord_user_id="1", problem=problem
    )
    monkeypatch.setattr(refusals, "catalogue", lambda language: known.get(language, {}))

    in_german, in_english = (render(rejected(event), locale) for locale in ("de", "en-GB"))

    assert (in_german.body, in_german.turn) == ("Das braucht TIER_2.", "Los.")
    assert in_english.body == "This needs TIER_2; your account has TIER_1."


def test_a_card_has_the_buttons_that_its_owner_names_for_the_reader_and_no_other():
    told = an_event(contracts.ContractSigned)
    other = told.seller_id if told.signer_id == told.buyer_id else told.buyer_id
    told = told.model_copy(
        update={"actions": {told.signer_id: ("review_pdf",), other: ("sign", "fly", "review_pdf")}}
    )

    notices = NOTICES_BY_EVENT[type(told)](told)

    verbs = [(notice.user_id, [button.verb for button in notice.buttons]) for notice in notices]
    assert verbs == [
        (told.signer_id, ["review_pdf"]),
        (told.signer_id, ["review_pdf"]),
        (other, ["sign", "review_pdf"]),
    ]
    assert {button.subject for notice in notices for button in notice.buttons} == {told.contract_id}


@pytest.mark.parametrize("event", every_event(), ids=lambda event: type(event).__name__)
def test_no_card_has_a_button_that_its_owner_does_not_name(event):
    nothing = event.model_copy(update={"actions": {}})

    pressed = [
        button
        for notice in NOTICES_BY_EVENT[type(event)](nothing)
        for button in notice.buttons
        if isinstance(button, Press)
    ]

    assert pressed == []


def test_a_refusal_shows_the_thing_that_it_is_about_and_one_of_the_person_does_not():
    shown = {}
    for wording in ("escrow.illegal_move", "common.tier_too_low"):
        problem = Refusal(code="x", status=409, title="No", detail="No.", wording=wording)
        event = EscrowCommandRejected(
            command_id=uuid7(), command="x", discord_user_id="1", problem=problem, about="esc_1"
        )
        shown[wording] = rejected(event).now

    assert shown == {"escrow.illegal_move": "esc_1", "common.tier_too_low": ""}


def test_a_seller_is_shown_what_they_can_do_with_a_listing_that_is_live():
    live = an_event(listings.ListingActivated)
    may = {live.seller_id: ("edit", "withdraw_listing", "view_offers"), "*": ("make_offer",)}

    [notice] = listing.activated(live.model_copy(update={"actions": may}))

    assert [button.verb for button in notice.buttons] == ["view_offers", "withdraw_listing"]


def test_one_button_of_a_card_is_primary():
    found = presses(("pay", "cancel", "onboard"), new_id("esc"))

    assert [(each.verb, each.style.value) for each in found] == [
        ("onboard", "primary"),
        ("pay", "secondary"),
        ("cancel", "secondary"),
    ]
