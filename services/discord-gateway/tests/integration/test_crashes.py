from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest
from contracts_schema.commands.discord import Target
from contracts_schema.ids import derive_uuid
from gateway_builders import LISTING, a_card, a_delivery
from gateway_harness import Harness
from gateway_process import KILLED, process

pytestmark = pytest.mark.slow
QUEUE = "discord-gateway.deliveries"


async def in_database(harness: Harness, sql: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(harness.settings.database_url.get_secret_value())
    try:
        return list(await connection.fetch(sql))
    finally:
        await connection.close()


async def dead(child: asyncio.subprocess.Process) -> bool:
    return await asyncio.wait_for(child.wait(), 20) == KILLED


@pytest.mark.fault("P1")
async def test_a_command_leaves_after_a_kill_between_commit_and_publish(
    harness: Harness, tmp_path: Path
):
    async with process(harness, tmp_path, "relay.after_claim") as child:
        typed = await harness.type("ada", "link", "acknowledged")
        assert await dead(child)
    async with process(harness, tmp_path):
        command = await harness.take("identity.commands", 10)
        nothing = await harness.nothing_on("identity.commands")

    assert command["id"] == str(derive_uuid("interaction", typed["id"]))
    assert nothing


@pytest.mark.fault("P2")
async def test_a_command_published_twice_by_a_kill_has_one_id(harness: Harness, tmp_path: Path):
    async with process(harness, tmp_path, "relay.after_confirm") as child:
        await harness.type("ada", "link", "acknowledged")
        assert await dead(child)
    async with process(harness, tmp_path):
        first = await harness.take("identity.commands", 10)
        second = await harness.take("identity.commands", 10)
        nothing = await harness.nothing_on("identity.commands")

    assert first["id"] == second["id"]
    assert nothing


async def test_a_kill_before_the_commit_leaves_no_command(harness: Harness, tmp_path: Path):
    async with process(harness, tmp_path, "interaction.before_commit") as child:
        await harness.type("ada", "link", "acknowledged")
        assert await dead(child)
    async with process(harness, tmp_path):
        nothing = await harness.nothing_on("identity.commands")

    assert nothing
    assert await in_database(harness, "SELECT 1 FROM pending_interactions") == []


@pytest.mark.parametrize(
    "failpoint",
    [
        pytest.param(f"consumer.before_ack.{QUEUE}", marks=pytest.mark.fault("P3")),
        pytest.param(f"consumer.before_commit.{QUEUE}", marks=pytest.mark.fault("P4")),
        "delivery.before_record",
    ],
)
async def test_a_kill_while_a_card_is_shown_shows_and_tells_it_once(
    harness: Harness, tmp_path: Path, failpoint: str
):
    place = Target(kind="channel", channel_id=harness.channel, guild_id=harness.guild)
    command = a_delivery(place, a_card(), card_key=f"listing:{LISTING}")
    async with process(harness, tmp_path, failpoint) as child:
        await harness.deliver(command)
        assert await dead(child)
    async with process(harness, tmp_path):
        told = await harness.take("notifier.events", 20)
        nothing = await harness.nothing_on("notifier.events")
    messages = await harness.inbox("ada", wait=0, contains="A card")

    assert told["type"] == "discord.listing_posted.v1"
    assert [m["id"] for m in messages] == [told["message_id"]]
    assert nothing


async def test_a_process_stays_small(harness: Harness, tmp_path: Path):
    async with process(harness, tmp_path) as child:
        for _ in range(20):
            await harness.type("ada", "link", "acknowledged")
            await harness.deliver(a_delivery(_to_ada(harness), a_card()))
        await harness.inbox("ada", contains="A card")
        pages = int(Path(f"/proc/{child.pid}/statm").read_text().split()[1])

    assert pages * 4096 / 10**6 < 120


def _to_ada(harness: Harness) -> Target:
    return Target(kind="direct", discord_user_id=harness.people["ada"]["id"])


async def test_a_kill_while_cards_wait_for_their_turn_shows_each_of_them_once_and_in_order(
    harness: Harness, tmp_path: Path
):
    ada = Target(kind="direct", discord_user_id=harness.people["ada"]["id"])
    async with process(harness, tmp_path, "backlog.before_record") as child:
        for n in range(12):
            await harness.deliver(a_delivery(ada, a_card(title=f"Card {n:02}"), revision=n))
        assert await dead(child)
    async with process(harness, tmp_path):

        async def all_shown() -> bool:
            sql = "SELECT 1 FROM deliveries"
            return len(await in_database(harness, sql)) == 12

        await harness.until(all_shown, 60)
        messages = await harness.inbox("ada", wait=0)
        waiting = await in_database(harness, "SELECT 1 FROM waiting_deliveries")

    titles = [message["text"].splitlines()[0].removeprefix("### ") for message in messages]
    assert titles == [f"Card {n:02}" for n in range(12)]
    assert waiting == []
