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
    allowed,
    an_escrow,
    an_offer,
)


def buttons(subject: str, *verbs: str) -> tuple[PressButton, ...]:
    return tuple(PressButton(label=verb, verb=verb, subject=subject) for verb in verbs)


async def a_card_with(harness, subject: str, *verbs: str):
    """A card with these buttons before ada."""
    target = Target(kind="direct", discord_user_id=harness.people["ada"]["id"])
    await harness.deliver(a_delivery(target, a_card(buttons=buttons(subject, *verbs))))
    return (await harness.inbox("ada", contains="A card"))[-1]


async def test_joining_is_a_consent_card_and_one_command(harness):
    harness.owners.answers["GET /v1/terms"] = {"version": "2026-12", "url": "https://h.example/t"}
    async with harness.gateway():
        asked = await harness.type("ada", "signup")
        pressed = await harness.press("ada", asked["message"], "consent", wait="acknowledged")
        command = await harness.take("identity.commands")

    assert asked["message"]["ephemeral"]
    assert "version 2026-12" in asked["message"]["text"]
    assert "https://h.example/t" in [button["url"] for button in asked["message"]["buttons"]]
    assert command["type"] == "identity.register_user.v1"
    assert command["id"] == str(derive_uuid("interaction", pressed["id"]))
    assert command["payload"] == {"consent": True, "terms_version": "2026-12"}
    assert command["actor"] == {
        "discord_user_id": harness.people["ada"]["id"],
        "guild_id": harness.guild,
        "channel_id": harness.channel,
        "locale": "en-US",
    }


async def test_nobody_is_asked_to_agree_to_terms_that_cannot_be_read(harness):
    harness.owners.away = True
    async with harness.gateway():
        away = await harness.type("ada", "signup")
        harness.owners.away = False
        harness.owners.answers["GET /v1/terms"] = {"version": "2026-12", "url": "javascript:1"}
        unreadable = await harness.type("ada", "signup")

    for asked in (away, unreadable):
        assert "Try again in a minute" in asked["message"]["text"]
        assert not asked["message"]["buttons"]


async def test_linking_asks_identity_for_a_link(harness):
    async with harness.gateway():
        typed = await harness.type("ada", "link", wait="acknowledged")
        command = await harness.take("identity.commands")

    assert typed["callback"] == "deferred_message"
    assert command["type"] == "identity.create_link.v1"


async def test_help_and_ping_answer_at_once(harness):
    async with harness.gateway():
        helped, pinged = await harness.type("ada", "help"), await harness.type("ada", "ping")

    assert "/deal confirm" in helped["message"]["text"]
    assert "ms" in pinged["message"]["text"]


async def test_a_listing_is_chosen_from_ones_games_described_in_a_form_and_sent(harness):
    harness.owners.answers["GET /v1/users/usr_1/experiences"] = {
        "data": [{"asset_id": "77", "name": "Tower"}, {"asset_id": "88", "name": "Obby"}]
    }
    async with harness.gateway():
        typing = {"user": "ada", "guild": harness.guild, "command": "listing create"}
        typing |= {"options": {"game": "tow"}, "focused": "game"}
        found = await harness.act("/autocomplete", typing)
        opened = await harness.type("ada", "listing create", "acknowledged", game="77")
        values = {"title": "Tower", "price": "4,500", "category": "game"}
        values |= {"summary": "", "delivery_window": "5d"}
        await harness.submit("ada", opened, "acknowledged", **values)
        command = await harness.take("listings.commands")

    assert found["choices"] == [{"name": "Tower", "value": "77"}]
    assert command["payload"]["kind"] == "GAME_OWNERSHIP"
    assert command["payload"]["asset_id"] == "77"
    assert command["payload"]["price"] == {"minor": 450_000, "currency": "USD"}
    assert command["payload"]["visibility"] == "PUBLIC"
    assert command["payload"]["delivery_window_s"] == 5 * 86_400


async def test_autocomplete_offers_nothing_while_the_owner_is_away(harness):
    harness.owners.away = True
    async with harness.gateway():
        typing = {"user": "ada", "guild": harness.guild, "command": "deal show"}
        found = await harness.act(
            "/autocomplete", typing | {"options": {"id": ""}, "focused": "id"}
        )

    assert found["choices"] == []


async def test_an_id_of_another_kind_is_refused_with_what_is_needed(harness):
    async with harness.gateway():
        typed = await harness.type("ada", "deal show", id=OFFER)

    assert "begins with esc\\_" in typed["message"]["text"]
    assert typed["message"]["ephemeral"]


async def test_an_offer_form_that_cannot_be_read_changes_nothing_and_opens_again(harness):
    async with harness.gateway():
        card = await a_card_with(harness, LISTING, "make_offer")
        opened = await harness.press("ada", card, "make_offer", "acknowledged")
        sent = await harness.submit("ada", opened, amount="a lot", conditions="")
        again = await harness.press("ada", sent["message"], "make_offer", "acknowledged")
        nothing = await harness.nothing_on("listings.commands")
        await harness.submit("ada", again, "acknowledged", amount="4000", conditions="now")
        command = await harness.take("listings.commands")

    assert "4,300.00" in sent["message"]["text"]
    assert nothing
    assert command["payload"]["amount"] == {"minor": 400_000, "currency": "USD"}


async def test_accepting_is_asked_again_with_the_offer_as_it_stands_now(harness):
    path = f"/v1/offers/{OFFER}"
    may = allowed(path, "accept", "decline", preview=path)
    harness.owners.answers[f"GET {path}"] = an_offer(actions=may)
    harness.owners.answers[f"GET /v1/listings/{LISTING}"] = {"title": "Tower_of *Doom*"}
    async with harness.gateway():
        card = await a_card_with(harness, OFFER, "accept", "decline")
        asked = await harness.press("ada", card, "accept")
        nothing = await harness.nothing_on("listings.commands")
        await harness.press("ada", asked["message"], "accept_yes", "acknowledged")
        command = await harness.take("listings.commands")

    assert asked["message"]["ephemeral"]
    assert "4,000.00 USD" in asked["message"]["text"]
    assert "Tower_of \\*Doom\\*" in asked["message"]["text"]
    assert nothing
    assert command["type"] == "listings.accept_offer.v1"
    assert command["payload"] == {"offer_id": OFFER}


async def test_confirming_shows_the_preview_and_only_yes_releases(harness):
    harness.owners.answers[f"GET /v1/escrows/{ESCROW}/preview"] = a_preview()
    harness.owners.answers[f"GET /v1/escrows/{ESCROW}"] = an_escrow("confirm")
    async with harness.gateway():
        card = await a_card_with(harness, ESCROW, "confirm")
        asked = await harness.press("ada", card, "confirm")
        await harness.press("ada", asked["message"], "confirm_yes", "acknowledged")
        command = await harness.take("escrow.commands")

    text, button = asked["message"]["text"], asked["message"]["buttons"][0]
    assert "Tower" in text
    assert "4,175.00 USD" in text
    assert "125.00 USD" in text
    assert (button["label"], button["style"]) == ("Yes, release the money", "danger")
    assert command["type"] == "escrow.confirm.v1"
    assert harness.owners.asked[-1][1].endswith(harness.people["ada"]["id"])


async def test_refunding_and_cancelling_are_asked_again(harness):
    harness.owners.answers[f"GET /v1/escrows/{ESCROW}/preview"] = a_preview()
    harness.owners.answers[f"GET /v1/escrows/{ESCROW}"] = an_escrow("refund", "cancel")
    async with harness.gateway():
        card = await a_card_with(harness, ESCROW, "refund", "cancel")
        for verb, topic in (("refund", "request_refund"), ("cancel", "cancel")):
            asked = await harness.press("ada", card, verb)
            await harness.press("ada", asked["message"], f"{verb}_yes", "acknowledged")
            assert (await harness.take("escrow.commands"))["type"] == f"escrow.{topic}.v1"


async def test_signing_hands_on_the_words_that_were_typed(harness):
    async with harness.gateway():
        card = await a_card_with(harness, CONTRACT, "sign")
        opened = await harness.press("ada", card, "sign", "acknowledged")
        await harness.submit("ada", opened, "acknowledged", phrase="I AGREE")
        command = await harness.take("contracts.commands")

    assert command["payload"]["phrase"] == "I AGREE"


async def test_paying_answers_with_the_page_of_the_reader_alone(harness):
    page = "https://pay.example/c/1"
    harness.owners.answers[f"POST /v1/escrows/{ESCROW}/payment-link"] = (201, {"url": page})
    async with harness.gateway():
        card = await a_card_with(harness, ESCROW, "pay")
        paid = await harness.press("ada", card, "pay")

    assert paid["message"]["ephemeral"]
    assert paid["message"]["buttons"][0]["url"] == page


async def test_the_contract_is_shown_as_a_file(harness):
    harness.owners.answers[f"GET /v1/contracts/{CONTRACT}/pdf"] = {"stands": "for a pdf"}
    async with harness.gateway():
        card = await a_card_with(harness, CONTRACT, "review_pdf")
        shown = await harness.press("ada", card, "review_pdf")

    assert shown["message"]["attachments"][0]["filename"] == f"{CONTRACT}.pdf"


async def test_a_deal_is_shown_with_what_may_come_next(harness):
    deal = an_escrow("refund", "deliver")
    harness.owners.answers["GET /v1/escrows"] = {"data": [deal]}
    harness.owners.answers[f"GET /v1/escrows/{ESCROW}"] = deal
    async with harness.gateway():
        listed = await harness.type("ada", "deal list")
        shown = await harness.press("ada", listed["message"], "show")

    assert "Tower 4,300.00 USD" in listed["message"]["text"]
    assert [b["label"] for b in shown["message"]["buttons"]] == ["Deliver", "Refund"]
    assert "seller's turn: deliver" in shown["message"]["text"]


async def test_what_its_owner_has_no_preview_of_is_done_at_once(harness):
    harness.owners.answers[f"GET /v1/offers/{OFFER}"] = an_offer(
        actions=allowed(f"/v1/offers/{OFFER}", "withdraw_offer", "accept")
    )
    async with harness.gateway():
        card = await a_card_with(harness, OFFER, "withdraw_offer", "accept")
        for verb in ("withdraw_offer", "accept"):
            await harness.press("ada", card, verb, "acknowledged")
            command = await harness.take("listings.commands")
            assert command["type"].startswith(f"listings.{verb}")


async def test_a_press_that_comes_too_late_shows_how_it_stands_and_changes_nothing(harness):
    harness.owners.answers[f"GET /v1/escrows/{ESCROW}"] = an_escrow("refund", window="")
    async with harness.gateway():
        card = await a_card_with(harness, ESCROW, "confirm")
        late = await harness.press("ada", card, "confirm")
        nothing = await harness.nothing_on("escrow.commands")

    assert "This step is done" in late["message"]["text"]
    assert "ODD" in late["message"]["text"]
    assert "Tower" in late["message"]["text"]
    assert [b["label"] for b in late["message"]["buttons"]] == ["Refund"]
    assert late["message"]["ephemeral"]
    assert nothing


async def test_a_link_that_its_owner_refuses_shows_why_and_how_it_stands(harness):
    harness.owners.answers[f"GET /v1/escrows/{ESCROW}"] = an_escrow("refund")
    problem = {"code": "nothing_to_pay", "detail": "No payment is asked for.", "next_action": "Go."}
    harness.owners.answers[f"POST /v1/escrows/{ESCROW}/payment-link"] = (409, problem)
    async with harness.gateway():
        card = await a_card_with(harness, ESCROW, "pay")
        refused = await harness.press("ada", card, "pay")

    assert "No payment is asked for." in refused["message"]["text"]
    assert [b["label"] for b in refused["message"]["buttons"]] == ["Refund"]


async def test_while_the_owner_is_away_only_what_is_never_asked_about_is_taken(harness):
    async with harness.gateway():
        both = buttons(ESCROW, "confirm") + buttons(OFFER, "withdraw_offer")
        target = Target(kind="direct", discord_user_id=harness.people["ada"]["id"])
        await harness.deliver(a_delivery(target, a_card(buttons=both)))
        [card] = await harness.inbox("ada", contains="A card")
        harness.owners.away = True
        asked = await harness.press("ada", card, "confirm")
        await harness.press("ada", card, "withdraw_offer", "acknowledged")
        command = await harness.take("listings.commands")
        nothing = await harness.nothing_on("escrow.commands")

    assert "Try again in a minute" in asked["message"]["text"]
    assert command["type"] == "listings.withdraw_offer.v1"
    assert nothing


async def test_an_answer_about_a_thing_shows_how_it_stands_if_its_owner_tells(harness):
    harness.owners.answers[f"GET /v1/escrows/{ESCROW}"] = an_escrow("refund")
    said = a_card(body="You were too late.", turn="Read it again.")
    async with harness.gateway():
        for thing, labels in ((ESCROW, ["Refund"]), (CONTRACT, [])):
            typed = await harness.begin("ada")
            target = Target(
                kind="answer",
                command_id=derive_uuid("interaction", typed["id"]),
                discord_user_id=harness.people["ada"]["id"],
            )
            await harness.deliver(a_delivery(target, said.model_copy(update={"now": thing})))
            shown = (await harness.outcome(typed["id"]))["message"]

            assert "You were too late." in shown["text"]
            assert "Read it again." in shown["text"]
            assert [b["label"] for b in shown["buttons"]] == labels


async def test_a_page_has_the_buttons_that_the_owner_names_in_the_registry_s_order(harness):
    route = {"method": "POST", "route": f"/v1/offers/{OFFER}/x"}
    verbs = ("decline", "fly", "counter", "accept")
    harness.owners.answers["GET /v1/offers"] = {"data": [an_offer()]}
    harness.owners.answers[f"GET /v1/offers/{OFFER}"] = an_offer(
        state="ODD", actions=[route | {"verb": verb} for verb in verbs]
    )
    async with harness.gateway():
        listed = await harness.type("ada", "offer list")
        shown = await harness.press("ada", listed["message"], "show")

    buttons = [(b["label"], b["style"]) for b in shown["message"]["buttons"]]
    assert buttons == [("Accept", "primary"), ("Counter", "secondary"), ("Decline", "secondary")]


async def test_who_has_not_joined_is_told_how(harness):
    harness.owners.answers["strangers"] = harness.people["bob"]["id"]
    async with harness.gateway():
        shown = await harness.type("bob", "offer list")

    assert "/signup" in shown["message"]["text"]


async def test_a_refusal_of_the_owner_is_shown_in_its_words(harness):
    async with harness.gateway():
        shown = await harness.type("ada", "contract view", id=CONTRACT)

    assert "Nothing is here." in shown["message"]["text"]


async def test_a_forged_button_is_refused_kindly(harness):
    async with harness.gateway() as app:
        bot = app.state.session.client()
        forged = [
            {"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": c}]}
            for c in (f"v1:confirm_yes:{ESCROW}:AAAAAAAAAAAAAAAA", "anything else")
        ]
        path = f"{harness.settings.discord_api_base}/channels/{harness.channel}/messages"
        body = {"content": "looks like ours", "components": forged}
        token = {"Authorization": f"Bot {bot.http.token}"}
        assert (await harness.http.post(path, json=body, headers=token)).is_success
        message = (await harness.inbox("ada", contains="looks like ours"))[-1]
        answers = []
        for button in message["buttons"]:
            press = {"user": "ada", "message_id": message["id"], "custom_id": button["custom_id"]}
            begun = await harness.act("/press", press)
            answers.append(await harness.outcome(begun["interaction_id"]))
        nothing = await harness.nothing_on("escrow.commands")

    assert all("not ours" in answer["message"]["text"] for answer in answers)
    assert nothing
