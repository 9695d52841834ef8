"""docker-compose.yml on a real engine: trades through both doors, restarts, two of a service."""

import asyncio
import os
from pathlib import Path

import pytest
from composed import composed, engine, of_project
from holdfast.demo import report, trade
from holdfast.demo.scenario import scenario_on

NO_ENGINE = engine()
pytestmark = [
    pytest.mark.skipif(NO_ENGINE is not None, reason=str(NO_ENGINE)),
    pytest.mark.xdist_group("containers"),
    pytest.mark.timeout(600),
]
MONEY = {"buyer_paid": 430_000, "seller_received": 417_500, "fee": 12_500}
RESTARTED = {
    "rest": {
        trade.join: "discord-gateway",
        trade.list_game: "verification",
        trade.agree: "listings",
        trade.sign: "contracts",
        trade.fund: "escrow",
        trade.deliver: "postgres",
        trade.confirm: "gateway",
    },
    "discord": {
        trade.join: "seaweedfs",
        trade.list_game: "rabbitmq",
        trade.agree: "identity",
        trade.sign: "notifier",
    },
}
"""Which container is restarted while which step of a trade is under way."""
OUTSIDE = "sandbox"
SCALED = ("escrow", "notifier")


@pytest.fixture(scope="module")
def system():
    with composed(Path(os.environ["HOLDFAST_TEST_CONTAINERS"])) as made:
        made.up()
        yield made


@pytest.fixture
async def scenario(system):
    async with scenario_on(system.state()) as opened:
        opened.system.events.patience_s = 180
        yield opened


def quiet(step: str, words: str) -> None:
    """Tell nobody."""


async def begun(scenario, way_in):
    seller, buyer = await scenario.over(way_in, "sela"), await scenario.over(way_in, "bob")
    return await scenario.trade(seller, buyer, quiet)


async def the_books_hold(system, played) -> None:
    result = await report.of(played)
    assert result.money == {"ours": MONEY, "sandbox": MONEY}
    await asyncio.to_thread(
        system.run, "exec", "--no-TTY", "escrow", "python", "-m", "escrow.ledger", "check"
    )


async def the_bot_is_back(scenario) -> None:
    async with asyncio.timeout(120):
        while not (await scenario.system.outside.get("/discord/stats"))["gateway"]["connected"]:
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("way_in", ["rest", "discord"])
async def test_a_trade_comes_to_its_end(scenario, system, way_in):
    played = await begun(scenario, way_in)

    await trade.run(played)

    await the_books_hold(system, played)


@pytest.mark.parametrize("way_in", ["rest", "discord"])
async def test_a_trade_survives_the_restart_of_each_container(scenario, system, way_in):
    played = await begun(scenario, way_in)

    for step in trade.STEPS:
        async with asyncio.TaskGroup() as both:
            both.create_task(step(played))
            if service := RESTARTED[way_in].get(step):
                both.create_task(asyncio.to_thread(system.run, "restart", service))

    await the_books_hold(system, played)


async def test_a_trade_survives_the_restart_of_the_outside_world(scenario, system):
    played = await begun(scenario, "discord")
    for step in trade.STEPS[:5]:
        await step(played)

    await asyncio.to_thread(system.run, "restart", OUTSIDE)
    await asyncio.to_thread(system.wait_until_healthy, OUTSIDE)
    await the_bot_is_back(scenario)
    for step in trade.STEPS[5:]:
        await step(played)

    await the_books_hold(system, played)


def test_each_container_is_restarted_by_one_of_these_tests(system):
    restarted = [it for steps in RESTARTED.values() for it in steps.values()]

    assert sorted([*restarted, OUTSIDE]) == system.services()


@pytest.mark.abuse("I9")
async def test_a_signature_records_the_client_s_address_and_not_what_a_header_claims(
    scenario, system
):
    played = await begun(scenario, "rest")
    for driver in (played.seller, played.buyer):
        driver.http.headers["X-Forwarded-For"] = "203.0.113.7"

    for step in trade.STEPS[:4]:
        await step(played)

    assert system.addresses_of_signers(played.contract_id) == [system.client()] * 2


async def test_trades_come_to_their_end_with_two_of_a_service(scenario, system):
    wanted = [f"--scale={it}=2" for it in SCALED]
    await asyncio.to_thread(system.run, "up", "--detach", "--no-build", "--no-recreate", *wanted)
    await asyncio.to_thread(system.wait_until_healthy)
    trades = [await begun(scenario, way_in) for way_in in ("rest", "discord")]

    await asyncio.gather(*map(trade.run, trades))

    assert [len(system.containers(it)) for it in SCALED] == [2, 2]
    for played in trades:
        await the_books_hold(system, played)


def test_down_leaves_nothing(system):
    system.down()

    assert {kind: of_project(kind) for kind in ("container", "volume", "network")} == {
        "container": [], "volume": [], "network": [],
    }  # fmt: skip
