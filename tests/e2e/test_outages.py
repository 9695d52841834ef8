"""Parts of the system are away: people are acknowledged at once, and answered later."""

import asyncio

import pytest
from e2e_checks import quiet, the_books_hold
from e2e_processes import frozen, kill
from holdfast.demo import report, trade
from holdfast.demo.discord_client import shown_last

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
SERVICES = (
    "identity", "listings", "contracts", "escrow", "verification", "notifier", "discord-gateway",
)  # fmt: skip


async def listed(scenario):
    seller, buyer = await scenario.at_discord("sela"), await scenario.at_discord("bob")
    played = await scenario.trade(seller, buyer, quiet)
    for step in (trade.join, trade.list_game):
        await step(played)
    return played


async def interactions(scenario) -> list[float]:
    stats = await scenario.system.outside.get("/discord/stats")
    return [float(each) for each in stats["acknowledged_ms"]["all"]]


async def test_a_command_is_acknowledged_while_its_owner_is_away_and_answered_after(
    scenario, instance
):
    played = await listed(scenario)
    before = len(await interactions(scenario))

    with frozen(instance, "listings"):
        offering = asyncio.create_task(played.buyer.make_offer(played.listing_id, 400_000))
        async with asyncio.timeout(20):
            while len(await interactions(scenario)) < before + 2:
                await asyncio.sleep(0.05)
        assert not offering.done()
    await offering

    assert max((await interactions(scenario))[before:]) < 3000
    await played.heard("listings.offer_made.v1", listing_id=played.listing_id)


async def test_a_command_survives_a_broker_that_dies(scenario, instance):
    played = await listed(scenario)
    before = len(await interactions(scenario))

    killing = asyncio.create_task(kill(instance, "rabbitmq"))
    await asyncio.sleep(0)
    await played.buyer.make_offer(played.listing_id, 400_000)
    await killing

    assert max((await interactions(scenario))[before:]) < 3000
    await played.heard("listings.offer_made.v1", listing_id=played.listing_id)


async def test_a_restart_of_everything_kills_no_button_and_no_deal(scenario, system, instance):
    played = await listed(scenario)
    await trade.agree(played)
    drafted = await played.heard("contracts.contract_drafted.v1", deal_id=played.deal_id)
    contract_id = str(drafted.body["contract_id"])
    await played.buyer.sign(contract_id)
    asked = await played.seller.told("Only your signature is missing")
    old_contract = await played.seller.looks_at("contract view", contract_id)

    await kill(instance, *SERVICES)
    opened = await played.seller._press(asked, "sign", contract_id, wait="acknowledged")
    kept_open = await played.seller._press(asked, "sign", contract_id, wait="acknowledged")
    await played.seller._submit(opened, {"phrase": "I AGREE"})
    played.contract_id = contract_id
    played.terms_sha256 = str(drafted.body["terms_sha256"])
    await trade.fund(played)
    await trade.deliver(played)
    old_deal = await played.buyer.looks_at("deal show", played.escrow_id)
    await trade.confirm(played)
    result = await report.of(played)
    told = {event.id for event in scenario.system.events.heard}
    # The deal's card has moved on and lost its buttons; what one looked at has not, nor has a form.
    await kill(instance, *SERVICES)
    late = await played.buyer._press(old_deal, "confirm", played.escrow_id)
    signing = await played.seller._press(old_contract, "sign", contract_id, wait="acknowledged")
    answers = [
        late,
        await played.seller._submit(signing, {"phrase": "I AGREE"}),
        await played.seller._submit(kept_open, {"phrase": "I AGREE"}),
    ]

    assert result.money["ours"] == result.money["sandbox"]
    for answer, state in zip(answers, ("RELEASED", "EXECUTED", "EXECUTED"), strict=True):
        fresh = shown_last(answer)
        assert "This step is done" in fresh["text"]
        assert state in fresh["text"]
        verbs = {str(each["custom_id"]).split(":")[1] for each in fresh["buttons"]}
        assert verbs <= {"review_pdf"}
    after = [event for event in scenario.system.events.heard if event.id not in told]
    assert {event.type for event in after} <= {"contracts.command_rejected.v1"}
    assert (await report.of(played)).money == result.money
    await the_books_hold(instance, system)


async def test_a_killed_outside_world_comes_back_and_the_trade_goes_on(scenario, system, instance):
    played = await listed(scenario)
    await trade.agree(played)
    await trade.sign(played)
    await trade.fund(played)

    await kill(instance, "sandbox")
    await connected(scenario)
    await trade.deliver(played)
    await trade.confirm(played)
    newcomer = await scenario.at_discord("nora")
    await newcomer.join()

    result = await report.of(played)
    assert result.money["ours"] == result.money["sandbox"]
    await the_books_hold(instance, system)


async def connected(scenario) -> None:
    """Wait until the bot has its session with Discord again."""
    async with asyncio.timeout(60):
        while not (await scenario.system.outside.get("/discord/stats"))["gateway"]["connected"]:
            await asyncio.sleep(0.1)


@pytest.mark.fault("G3")
async def test_the_same_interaction_twice_is_one_offer(scenario):
    played = await listed(scenario)
    card = await played.buyer._card("make_offer", played.listing_id)
    opened = await played.buyer._press(card, "make_offer", played.listing_id, "acknowledged")
    sent = await played.buyer._submit(opened, {"amount": "4000", "conditions": ""})

    await scenario.system.outside.post(f"/discord/interactions/{sent['id']}/redeliver")
    made = await played.heard("listings.offer_made.v1", listing_id=played.listing_id)
    await played.seller.counter(str(made.body["offer_id"]), 430_000)
    await played.heard("listings.offer_countered.v1", parent_id=made.body["offer_id"])

    assert (
        len(scenario.system.events.of("listings.offer_made.v1", listing_id=played.listing_id)) == 1
    )
