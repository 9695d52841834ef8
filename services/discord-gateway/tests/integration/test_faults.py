from __future__ import annotations

import asyncio
import time

import pytest
from contracts_schema.commands.discord import PressButton, Target
from contracts_schema.ids import derive_uuid
from gateway_builders import LISTING, OFFER, a_card, a_delivery, allowed, an_offer
from gateway_harness import APPLICATION, TOKEN, Harness, eventually
from gateway_proxy import wire
from pydantic import SecretStr


def buttons(*pairs: tuple[str, str]) -> tuple[PressButton, ...]:
    return tuple(PressButton(label=verb, verb=verb, subject=subject) for verb, subject in pairs)


def to_ada(harness: Harness) -> Target:
    return Target(kind="direct", discord_user_id=harness.people["ada"]["id"])


def answer(harness: Harness, interaction_id: str) -> Target:
    return Target(
        kind="answer",
        command_id=derive_uuid("interaction", interaction_id),
        discord_user_id=harness.people["ada"]["id"],
    )


async def slow_answers(harness: Harness, delay_s: float, times: int = 1) -> None:
    fault = {"party": "discord", "match": "POST /api/v10/interactions/*", "kind": "delay"}
    await harness.act("/faults", fault | {"delay_s": delay_s, "times": times}, root="")


@pytest.mark.fault("G1")
async def test_an_answer_at_2_9_s_is_in_time(harness):
    async with harness.gateway():
        await slow_answers(harness, 2.9)
        typed = await harness.begin("ada")
        await harness.deliver(a_delivery(answer(harness, typed["id"])))
        shown = await harness.outcome(typed["id"])

    assert "A card" in shown["message"]["text"]


@pytest.mark.fault("G1")
async def test_after_an_answer_at_3_1_s_the_command_goes_out_and_its_result_comes_directly(harness):
    async with harness.gateway():
        await slow_answers(harness, 3.1)
        typed = await harness.type("ada", "link", "acknowledged")
        command = await harness.take("identity.commands")
        await harness.deliver(a_delivery(answer(harness, typed["id"])))
        told = await harness.inbox("ada", contains="A card")

    assert typed["state"] == "failed"
    assert command["type"] == "identity.create_link.v1"
    assert told[0]["channel"]["kind"] == "dm"


@pytest.mark.fault("G2")
async def test_a_result_after_16_minutes_comes_as_a_message_of_the_bot(harness):
    async with harness.gateway():
        typed = await harness.begin("ada")
        harness.clock.move(16 * 60)
        await asyncio.sleep(0.1)  # both clocks look at their file every 50 ms
        await harness.deliver(a_delivery(answer(harness, typed["id"])))
        told = await harness.inbox("ada", contains="A card")

    assert told[0]["channel"]["kind"] == "dm"


@pytest.mark.fault("G2")
async def test_a_result_after_13_minutes_still_fills_the_answer(harness):
    async with harness.gateway():
        typed = await harness.begin("ada")
        harness.clock.move(13 * 60)
        await asyncio.sleep(0.1)
        await harness.deliver(a_delivery(answer(harness, typed["id"])))
        shown = await harness.outcome(typed["id"])

    assert "A card" in shown["message"]["text"]


@pytest.mark.fault("G3")
async def test_the_same_interaction_delivered_again_is_one_command(harness):
    async with harness.gateway() as app:
        typed = await harness.type("ada", "link", "acknowledged")
        for _ in range(5):
            await harness.act(f"/interactions/{typed['id']}/redeliver", {})
        await harness.take("identity.commands")
        await eventually(lambda: app.state.session.client() is not None)
        nothing = await harness.nothing_on("identity.commands")
        rows = await harness.rows("SELECT command_id FROM pending_interactions")

    assert nothing
    assert len(rows) == 1


async def test_a_restart_kills_no_button_and_no_open_form(harness):
    path = f"/v1/offers/{OFFER}"
    harness.owners.answers[f"GET {path}"] = an_offer(actions=allowed(path, "accept", preview=path))
    async with harness.gateway():
        pair = buttons(("accept", OFFER), ("make_offer", LISTING))
        await harness.deliver(a_delivery(to_ada(harness), a_card(buttons=pair)))
        card = (await harness.inbox("ada", contains="A card"))[0]
        opened = await harness.press("ada", card, "make_offer", "acknowledged")
    async with harness.gateway():
        asked = await harness.press("ada", card, "accept")
        await harness.submit("ada", opened, "acknowledged", amount="4000", conditions="")
        sent = await harness.take("listings.commands")
    async with harness.gateway():
        await harness.press("ada", asked["message"], "accept_yes", "acknowledged")
        accepted = await harness.take("listings.commands")

    assert sent["type"] == "listings.make_offer.v1"
    assert accepted["type"] == "listings.accept_offer.v1"


async def test_a_press_while_the_broker_is_down_is_acknowledged_and_goes_out_later(harness, broker):
    async with wire(broker.url("discord-gateway")) as line:
        async with harness.gateway(broker_url=SecretStr(line.url)):
            await line.cut()
            typed = await harness.type("ada", "link", "acknowledged")
            nothing = await harness.nothing_on("identity.commands")
            await line.mend()
            command = await harness.take("identity.commands", 20)

    assert typed["acknowledged_ms"] < 1000
    assert nothing
    assert command["id"] == str(derive_uuid("interaction", typed["id"]))


async def test_a_press_while_the_database_is_down_is_answered_kindly_and_does_nothing(harness):
    database_url = harness.settings.database_url.get_secret_value()
    async with wire(database_url) as line, harness.gateway(database_url=SecretStr(line.url)):
        await line.cut()
        begun = time.monotonic()
        typed = await harness.type("ada", "link")
        elapsed_s = time.monotonic() - begun
        await line.mend()
        nothing = await harness.nothing_on("identity.commands")
        again = await harness.type("ada", "link", "acknowledged")
        command = await harness.take("identity.commands")

    assert typed["acknowledged_ms"] < 1000
    assert "Try again" in typed["message"]["text"]
    assert elapsed_s < 6
    assert nothing
    assert command["id"] == str(derive_uuid("interaction", again["id"]))


async def test_everything_down_but_discord_is_still_answered_within_a_second(harness, broker):
    harness.owners.away = True
    database_url = harness.settings.database_url.get_secret_value()
    async with wire(database_url) as store_line, wire(broker.url("discord-gateway")) as line:
        urls = {"database_url": SecretStr(store_line.url), "broker_url": SecretStr(line.url)}
        async with harness.gateway(**urls):
            pair = buttons(("accept", OFFER), ("make_offer", LISTING), ("pay", OFFER))
            await harness.deliver(a_delivery(to_ada(harness), a_card(buttons=pair)))
            card = (await harness.inbox("ada", contains="A card"))[0]
            await line.cut()
            await store_line.cut()
            seen = [
                *[await harness.type("ada", c, "acknowledged") for c in ("link", "signup", "help")],
                *[await harness.press("ada", card, p.verb, "acknowledged") for p in pair],
            ]
            await line.mend()
            await store_line.mend()

    assert all(one["acknowledged_ms"] < 1000 for one in seen)


@pytest.mark.fault("G4")
async def test_a_dropped_gateway_connection_is_told_by_readiness_and_comes_back(harness):
    async with harness.gateway() as app:
        session = app.state.session
        await harness.act("/gateway", {"action": "refuse"})
        await harness.act("/gateway", {"action": "drop"})
        await eventually(lambda: session.fault is not None)
        await harness.act("/gateway", {"action": "accept"})
        await eventually(lambda: session.fault is None, 30)
        answered = await harness.type("ada", "help")

    assert answered["state"] == "answered"


async def test_a_discord_that_has_forgotten_the_commands_is_offered_them_with_a_new_session(
    harness,
):
    async with harness.gateway() as app:
        session = app.state.session
        api = f"/discord/api/v10/applications/{APPLICATION}/commands"
        headers = {"Authorization": f"Bot {TOKEN}"}
        before = await harness.get("/commands")
        emptied = await harness.http.put(api, json=[], headers=headers)
        await harness.act("/gateway", {"action": "refuse"})
        await harness.act("/gateway", {"action": "invalidate"})
        await eventually(lambda: session.fault is not None, 30)
        await harness.act("/gateway", {"action": "accept"})
        await eventually(lambda: session.fault is None, 30)

        after = await harness.get("/commands")
        answered = await harness.type("ada", "help")

    assert emptied.status_code == 200
    assert {it["name"] for it in after["global"]} == {it["name"] for it in before["global"]}
    assert answered["state"] == "answered"
