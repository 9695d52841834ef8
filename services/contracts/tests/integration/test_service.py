"""The service as it runs: its own process, its own broker user, its own database role."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import aio_pika
import httpx
import pytest
from aiohttp import web
from contracts import store
from contracts.domain.contract import State
from contracts.domain.policy import contract_id_of
from contracts_builders import (
    ACCOUNTS,
    BUYER,
    DISCORD_IDS,
    SELLER,
    a_deal,
    a_seal,
    accepted,
    until,
)
from contracts_schema.commands.contracts import CreateSigningLink, Sign
from contracts_schema.events.identity import Tier, TierChanged, UserRegistered

MOST_MEMORY_MB = 120


@asynccontextmanager
async def kept_running(environment: dict[str, str]) -> AsyncIterator[list[int]]:
    """The service's process, started again whenever it dies; the process ids it had."""
    pids: list[int] = []
    stopping = False

    async def keep() -> None:
        while not stopping:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "contracts", env=os.environ | environment
            )
            pids.append(process.pid)
            await process.wait()

    task = asyncio.ensure_future(keep())
    try:
        yield pids
    finally:
        stopping = True
        os.kill(pids[-1], signal.SIGTERM)
        await asyncio.wait_for(task, 20)


@pytest.fixture
def broker(broker_for):
    return broker_for()


@pytest.fixture
async def identity() -> AsyncIterator[str]:
    """Where identity would answer who the parties are outside."""

    async def accounts(request: web.Request) -> web.Response:
        asked = (await request.json())["user_ids"]
        assert request.headers["X-Service-Secret"] == "only-for-these-tests"
        people = {
            user_id: [
                {"provider": one.provider, "provider_user_id": one.account_id, "name": one.name}
                for one in ACCOUNTS[user_id]
            ]
            for user_id in asked
        }
        return web.json_response({"people": people})

    app = web.Application()
    app.add_routes([web.post("/internal/accounts", accounts)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
def environment(database_url, broker, bucket, identity) -> dict[str, str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return {
        "HOLDFAST_DATABASE_URL": database_url,
        "HOLDFAST_BROKER_URL": broker.url("contracts"),
        "HOLDFAST_CURSOR_SECRET": "only-for-tests",
        "HOLDFAST_SERVICE_SECRET": "only-for-these-tests",
        "HOLDFAST_S3_ENDPOINT": bucket.endpoint,
        "HOLDFAST_S3_BUCKET": bucket.name,
        "HOLDFAST_S3_ACCESS_KEY": bucket.access_key,
        "HOLDFAST_S3_SECRET_KEY": bucket.secret_key,
        "HOLDFAST_PORT": str(port),
        "HOLDFAST_IDENTITY_URL": identity,
        "HOLDFAST_SEAL": a_seal(),
        "HOLDFAST_LOG_LEVEL": "WARNING",
    }


class World:
    """What others publish to the service."""

    def __init__(self, broker) -> None:
        self.broker = broker

    async def event(self, service: str, event) -> str:
        return await self._publish(service, "events", event.topic, event.model_dump_json())

    async def command(self, user_id: str, command) -> str:
        actor = f'{{"discord_user_id":"{DISCORD_IDS[user_id]}"}}'
        body = f'{{"actor":{actor},"payload":{command.model_dump_json()}}}'
        return await self._publish("discord-gateway", "commands", command.topic, body)

    async def _publish(self, service: str, exchange: str, topic: str, body: str) -> str:
        message_id = str(uuid4())
        async with await aio_pika.connect(self.broker.url(service)) as connection:
            channel = await connection.channel()
            target = await channel.get_exchange(f"holdfast.{exchange}", ensure=False)
            message = aio_pika.Message(
                body.encode(),
                message_id=message_id,
                type=topic,
                user_id=service,
                headers={"correlationid": "c-9"},
            )
            await target.publish(message, topic)
        return message_id

    async def joined(self, *user_ids: str) -> None:
        for user_id in user_ids:
            discord_id = DISCORD_IDS[user_id]
            await self.event("identity", UserRegistered(user_id=user_id, discord_id=discord_id))
            risen = TierChanged(user_id=user_id, tier=Tier.TIER_1, previous=Tier.TIER_0)
            await self.event("identity", risen)

    async def accepted(self, name: str) -> str:
        deal = a_deal(name)
        await self.event("listings", accepted(deal))
        return contract_id_of(deal.deal_id)


@pytest.fixture
def world(broker) -> World:
    return World(broker)


async def in_state(database, contract_id: str, state: State) -> bool:
    contract = await store.contract.find(database, contract_id)
    return contract is not None and contract.state is state


async def known(database, count: int) -> bool:
    found = await database.value(
        "SELECT count(*) FROM principals WHERE tier = 'TIER_1' AND discord_id IS NOT NULL"
    )
    return bool(found == count)


async def has_executed_copy(database, contract_id: str) -> bool:
    contract = await store.contract.find(database, contract_id)
    return contract is not None and contract.executed_pdf_sha256 is not None


async def all_sent(database) -> bool:
    return not await database.value("SELECT count(*) FROM outbox WHERE published_at IS NULL")


async def topics(database) -> list[str]:
    rows = await database.rows("SELECT topic FROM outbox ORDER BY position")
    return [row["topic"].split(".")[1] for row in rows]


TOLD = [
    "contract_drafted",
    "contract_signed",
    "contract_signed",
    "contract_executing",
    "contract_executed",
]


async def trade(world, database, name: str) -> str:
    """Two people join, agree and sign over Discord; the contract's id."""
    await world.joined(BUYER, SELLER)
    contract_id = await world.accepted(name)
    await until(lambda: known(database, 2), 90)
    await until(lambda: in_state(database, contract_id, State.PENDING_SIGNATURE), 90)
    command = Sign(contract_id=contract_id, phrase="I AGREE")
    await asyncio.gather(*(world.command(who, command) for who in (BUYER, SELLER)))
    await until(lambda: in_state(database, contract_id, State.EXECUTED), 90)
    await until(lambda: all_sent(database), 30)
    await until(lambda: has_executed_copy(database, contract_id), 90)
    return contract_id


async def test_a_trade_over_the_broker_in_little_memory(database, environment, world, fresh):
    async with kept_running(environment) as pids:
        contract_id = await trade(world, database, fresh)
        async with httpx.AsyncClient() as client:
            base = f"http://127.0.0.1:{environment['HOLDFAST_PORT']}"
            ready = await client.get(f"{base}/ready")
        memory_mb = resident_mb(pids[0])

    assert await topics(database) == TOLD
    contract = await store.contract.find(database, contract_id)
    assert contract is not None
    assert {one.method for one in contract.signatures} == {"discord"}
    assert {one.signer_id for one in contract.signatures} == {BUYER, SELLER}
    assert ready.json() == {"status": "ready", "faults": {}}
    assert memory_mb <= MOST_MEMORY_MB
    headers = await database.rows("SELECT headers FROM outbox")
    assert all('"cloudEvents_correlationid": "c-9"' in row["headers"] for row in headers)


def resident_mb(pid: int) -> float:
    with open(f"/proc/{pid}/status") as status:
        found = re.search(r"VmRSS:\s+(\d+) kB", status.read())
    assert found is not None
    return int(found.group(1)) / 1000


@pytest.mark.slow
@pytest.mark.parametrize(
    "point",
    [
        pytest.param("relay.after_claim", marks=pytest.mark.fault("P1")),
        pytest.param("relay.after_confirm", marks=pytest.mark.fault("P2")),
        pytest.param("consumer.before_ack.contracts.commands", marks=pytest.mark.fault("P3")),
        pytest.param("consumer.before_commit.contracts.commands", marks=pytest.mark.fault("P4")),
    ],
)
async def test_a_process_killed_in_the_middle_loses_and_doubles_nothing(
    database, environment, world, fresh, tmp_path, point
):
    environment |= {
        "HOLDFAST_FAILPOINTS": point,
        "HOLDFAST_FAILPOINT_MARK": str(tmp_path / "fired"),
    }

    async with kept_running(environment) as pids:
        await trade(world, database, fresh)

    assert len(pids) == 2
    assert await topics(database) == TOLD


async def test_a_refused_command_is_answered_with_the_same_problem_as_over_rest(
    database, environment, world, fresh
):
    async with kept_running(environment):
        await world.joined(BUYER)
        contract_id = await world.accepted(fresh)
        await until(lambda: known(database, 1), 90)
        await until(lambda: in_state(database, contract_id, State.PENDING_SIGNATURE), 90)
        wrong = await world.command(BUYER, Sign(contract_id=contract_id, phrase="yes"))
        await world.command(SELLER, Sign(contract_id=contract_id, phrase="I AGREE"))
        await world.command(BUYER, CreateSigningLink(contract_id=contract_id))
        await until(lambda: counted(database, 4), 60)

    rows = await database.rows("SELECT topic, body FROM outbox ORDER BY position")
    told = {row["topic"]: row["body"].decode() for row in rows}
    refusals = [
        row["body"].decode() for row in rows if row["topic"] == "contracts.command_rejected.v1"
    ]
    assert any(wrong in body and '"wrong_phrase"' in body for body in refusals)
    assert any('"not_registered"' in body for body in refusals)
    assert contract_id in told["contracts.signing_link_created.v1"]
    link = await database.row("SELECT * FROM signing_links")
    assert (link["user_id"], link["token_sha256"]) == (BUYER, None)


async def counted(database, count: int) -> bool:
    return bool(await database.value("SELECT count(*) FROM outbox") == count)
