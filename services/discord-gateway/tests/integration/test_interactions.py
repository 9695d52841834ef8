from __future__ import annotations

from contracts_schema.commands.discord import PressButton, Target
from contracts_schema.ids import derive_uuid
from gateway_builders import (
    CONTRACT,
    ESCROW,
    LISTING,
    OFFER,
    a_card,
    a_delivery,
    a_preview,
    an_offer,
)


def buttons(subject: str, *verbs: str) -> tuple[PressButton, ...]:
    return tuple(PressButton(label=verb, verb=verb, subject=subject) for verb in verbs)


async def a_card_with(stage, subject: str, *verbs: str):
    """A card with these buttons before ada."""
    target = Target(kind="direct", discord_user_id=stage.people["ada"]["id"])
    await stage.deliver(a_delivery(target, a_card(buttons=buttons(subject, *verbs))))
    return (await stage.inbox("ada", contains="A card"))[-1]


async def test_joining_is_a_consent_card_and_one_command(stage):
    async with stage.gateway():
        asked = await stage.type("ada", "signup")
        pressed = await stage.press("ada", asked["message"], "consent", wait="acknowledged")
        command = await stage.take("identity.commands")

    assert asked["message"]["ephemeral"]
    assert command["type"] == "identity.register_user.v1"
    assert command["id"] == str(derive_uuid("interaction", pressed["id"]))
    assert command["payload"] == {"consent": True, "terms_version": "2026-11"}
    assert command["actor"] == {
        "discord_user_id": stage.people["ada"]["id"],
        "guild_id": stage.guild,
        "channel_id": stage.channel,
        "locale": "en-US",
    }


async def test_linking_asks_identity_for_a_link(stage):
    async with stage.gateway():
        typed = await stage.type("ada", "link", wait="acknowledged")
        command = await stage.take("identity.commands")

    assert typed["callback"] == "deferred_message"
    assert command["type"] == "identity.create_link.v1"


async def test_help_and_ping_answer_at_once(stage):
    async with stage.gateway():
        helped, pinged = await stage.type("ada", "help"), await stage.type("ada", "ping")

    assert "/deal confirm" in helped["message"]["text"]
    assert "ms" in pinged["message"]["text"]


async def test_a_listing_is_chosen_from_ones_games_described_in_a_form_and_sent(stage):
    stage.paper.answers["GET /v1/users/usr_1/experiences"] = {
        "data": [{"asset_id": "77", "name": "Tower"}, {"asset_id": "88", "name": "Obby"}]
    }
    async with stage.gateway():
        typing = {"user": "ada", "guild": stage.guild, "command": "listing create"}
        typing |= {"options": {"game": "tow"}, "focused": "game"}
        found = await stage.act("/autocomplete", typing)
        opened = await stage.type("ada", "listing create", "acknowledged", game="77")
        values = {"title": "Tower", "price": "4,500", "category": "game"}
        values |= {"summary": "", "delivery_window": "5d"}
        await stage.submit("ada", opened, "acknowledged", **values)
        command = await stage.take("listings.commands")

    assert found["choices"] == [{"name": "Tower", "value": "77"}]
    assert command["payload"]["asset_id"] == "77"
    assert command["payload"]["price"] == {"minor": 450_000, "currency": "USD"}
    assert command["payload"]["visibility"] == "PUBLIC"
    assert command["payload"]["delivery_window_s"] == 5 * 86_400


async def test_autocomplete_offers_nothing_while_the_owner_is_away(stage):
    stage.paper.away = True
    async with stage.gateway():
        typing = {"user": "ada", "guild": stage.guild, "command": "deal show"}
        found = await stage.act("/autocomplete", typing | {"options": {"id": ""}, "focused": "id"})

    assert found["choices"] == []


async def test_an_id_of_another_kind_is_refused_with_what_is_needed(stage):
    async with stage.gateway():
        typed = await stage.type("ada", "deal show", id=OFFER)

    assert "begins with esc\\_" in typed["message"]["text"]
    assert typed["message"]["ephemeral"]


async def test_an_offer_form_that_cannot_be_read_changes_nothing_and_opens_again(stage):
    async with stage.gateway():
        card = await a_card_with(stage, LISTING, "make_offer")
        opened = await stage.press("ada", card, "make_offer", "acknowledged")
        sent = await stage.submit("ada", opened, amount="a lot", conditions="")
        again = await stage.press("ada", sent["message"], "make_offer", "acknowledged")
        nothing = await stage.nothing_on("listings.commands")
        await stage.submit("ada", again, "acknowledged", amount="4000", conditions="now")
        command = await stage.take("listings.commands")

    assert "4,300.00" in sent["message"]["text"]
    assert nothing
    assert command["payload"]["amount"] == {"minor": 400_000, "currency": "USD"}


async def test_accepting_is_asked_again_with_the_offer_as_it_stands_now(stage):
    stage.paper.answers[f"GET /v1/offers/{OFFER}"] = an_offer()
    stage.paper.answers[f"GET /v1/listings/{LISTING}"] = {"title": "Tower_of *Doom*"}
    async with stage.gateway():
        card = await a_card_with(stage, OFFER, "accept", "decline")
        asked = await stage.press("ada", card, "accept")
        nothing = await stage.nothing_on("listings.commands")
        await stage.press("ada", asked["message"], "accept_yes", "acknowledged")
        command = await stage.take("listings.commands")

    assert asked["message"]["ephemeral"]
    assert "4,000.00 USD" in asked["message"]["text"]
    assert "Tower_of \\*Doom\\*" in asked["message"]["text"]
    assert nothing
    assert command["type"] == "listings.accept_offer.v1"
    assert command["payload"] == {"offer_id": OFFER}


async def test_confirming_shows_the_preview_and_only_yes_releases(stage):
    stage.paper.answers[f"GET /v1/escrows/{ESCROW}/preview"] = a_preview()
    stage.paper.answers[f"GET /v1/escrows/{ESCROW}"] = {"title": "Tower"}
    async with stage.gateway():
        card = await a_card_with(stage, ESCROW, "confirm")
        asked = await stage.press("ada", card, "confirm")
        await stage.press("ada", asked["message"], "confirm_yes", "acknowledged")
        command = await stage.take("escrow.commands")

    text, button = asked["message"]["text"], asked["message"]["buttons"][0]
    assert "Tower" in text
    assert "4,175.00 USD" in text
    assert "125.00 USD" in text
    assert (button["label"], button["style"]) == ("Yes, release the money", "danger")
    assert command["type"] == "escrow.confirm.v1"
    assert stage.paper.asked[-1][1].endswith(stage.people["ada"]["id"])


async def test_refunding_and_cancelling_are_asked_again(stage):
    stage.paper.answers[f"GET /v1/escrows/{ESCROW}/preview"] = a_preview()
    async with stage.gateway():
        card = await a_card_with(stage, ESCROW, "refund", "cancel")
        for verb, topic in (("refund", "request_refund"), ("cancel", "cancel")):
            asked = await stage.press("ada", card, verb)
            await stage.press("ada", asked["message"], f"{verb}_yes", "acknowledged")
            assert (await stage.take("escrow.commands"))["type"] == f"escrow.{topic}.v1"


async def test_signing_hands_on_the_words_that_were_typed(stage):
    async with stage.gateway():
        card = await a_card_with(stage, CONTRACT, "sign")
        opened = await stage.press("ada", card, "sign", "acknowledged")
        await stage.submit("ada", opened, "acknowledged", phrase="I AGREE")
        command = await stage.take("contracts.commands")

    assert command["payload"]["phrase"] == "I AGREE"


async def test_paying_answers_with_the_page_of_the_reader_alone(stage):
    page = "https://pay.example/c/1"
    stage.paper.answers[f"POST /v1/escrows/{ESCROW}/payment-link"] = (201, {"url": page})
    async with stage.gateway():
        card = await a_card_with(stage, ESCROW, "pay")
        paid = await stage.press("ada", card, "pay")

    assert paid["message"]["ephemeral"]
    assert paid["message"]["buttons"][0]["url"] == page


async def test_the_contract_is_shown_as_a_file(stage):
    stage.paper.answers[f"GET /v1/contracts/{CONTRACT}/pdf"] = {"stands": "for a pdf"}
    async with stage.gateway():
        card = await a_card_with(stage, CONTRACT, "review_pdf")
        shown = await stage.press("ada", card, "review_pdf")

    assert shown["message"]["attachments"][0]["filename"] == f"{CONTRACT}.pdf"


async def test_a_deal_is_shown_with_what_may_come_next(stage):
    deal = {
        "escrow_id": ESCROW,
        "title": "Tower",
        "price": a_preview()["held"],
        "state": "FUNDS_HELD",
    }
    stage.paper.answers["GET /v1/escrows"] = {"data": [deal]}
    stage.paper.answers[f"GET /v1/escrows/{ESCROW}"] = deal
    async with stage.gateway():
        listed = await stage.type("ada", "deal list")
        shown = await stage.press("ada", listed["message"], "show")

    assert "Tower 4,300.00 USD" in listed["message"]["text"]
    assert [b["label"] for b in shown["message"]["buttons"]] == ["Deliver", "Refund"]


async def test_a_page_has_the_buttons_that_the_owner_names_in_the_registry_s_order(stage):
    route = {"method": "POST", "route": f"/v1/offers/{OFFER}/x"}
    verbs = ("decline", "fly", "counter", "accept")
    stage.paper.answers["GET /v1/offers"] = {"data": [an_offer()]}
    stage.paper.answers[f"GET /v1/offers/{OFFER}"] = an_offer(
        state="ODD", actions=[route | {"verb": verb} for verb in verbs]
    )
    async with stage.gateway():
        listed = await stage.type("ada", "offer list")
        shown = await stage.press("ada", listed["message"], "show")

    buttons = [(b["label"], b["style"]) for b in shown["message"]["buttons"]]
    assert buttons == [("Accept", "primary"), ("Counter", "secondary"), ("Decline", "secondary")]


async def test_who_has_not_joined_is_told_how(stage):
    stage.paper.answers["strangers"] = stage.people["bob"]["id"]
    async with stage.gateway():
        shown = await stage.type("bob", "offer list")

    assert "/signup" in shown["message"]["text"]


async def test_a_refusal_of_the_owner_is_shown_in_its_words(stage):
    async with stage.gateway():
        shown = await stage.type("ada", "contract view", id=CONTRACT)

    assert "Nothing is here." in shown["message"]["text"]


async def test_a_forged_button_is_refused_kindly(stage):
    async with stage.gateway() as app:
        bot = app.state.session.client()
        forged = [
            {"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": c}]}
            for c in (f"v1:confirm_yes:{ESCROW}:AAAAAAAAAAAAAAAA", "anything else")
        ]
        path = f"{stage.settings.discord_api_base}/channels/{stage.channel}/messages"
        body = {"content": "looks like ours", "components": forged}
        token = {"Authorization": f"Bot {bot.http.token}"}
        assert (await stage.http.post(path, json=body, headers=token)).is_success
        message = (await stage.inbox("ada", contains="looks like ours"))[-1]
        answers = []
        for button in message["buttons"]:
            press = {"user": "ada", "message_id": message["id"], "custom_id": button["custom_id"]}
            begun = await stage.act("/press", press)
            answers.append(await stage.outcome(begun["interaction_id"]))
        nothing = await stage.nothing_on("escrow.commands")

    assert all("not ours" in answer["message"]["text"] for answer in answers)
    assert nothing
