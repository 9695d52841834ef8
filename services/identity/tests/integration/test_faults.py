"""Identity killed at the worst moments: nothing is lost, and nothing happens twice."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aio_pika
import asyncpg
import httpx
import pytest
from chassis.messaging.publisher import Publisher
from contracts_schema.commands.identity import RegisterUser
from contracts_schema.ids import derive_uuid
from identity_builders import TERMS, some_settings

JOIN = RegisterUser(consent=True, terms_version=TERMS)
ANN, BEN = "700000000000000001", "700000000000000002"


@asynccontextmanager
async def a_process(environment: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """Identity as a process of its own, gone in the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "identity"),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(25):
            await process.wait()


def an_environment(database_url: str, broker_url: str, port: int) -> dict[str, str]:
    """The settings of the builders, as environment variables."""
    settings = some_settings(database_url, broker_url=broker_url, role="all", port=port)
    shown = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if value is not None:
            plain = value.get_secret_value() if hasattr(value, "get_secret_value") else value
            shown[f"HOLDFAST_{name.upper()}"] = str(plain)
    return shown


async def signup(gateway: Publisher, who: str) -> None:
    """What discord-gateway sends for /signup."""
    body = {"actor": {"discord_user_id": who}, "payload": JOIN.model_dump()}
    message = aio_pika.Message(
        json.dumps(body).encode(),
        message_id=str(derive_uuid("signup", who)),
        type=JOIN.topic,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )
    await gateway.publish("holdfast.commands", JOIN.topic, message)


async def told(url: str, count: int, *people: str) -> list[tuple[str, str]]:
    """Message id and person of each event that reached a consumer: so many, and each person's."""
    connection = await aio_pika.connect(url)
    seen: list[tuple[str, str]] = []
    async with connection, asyncio.timeout(30):
        channel = await connection.channel()
        queue = await channel.get_queue("verification.principals", ensure=False)
        async with queue.iterator(no_ack=True) as messages:
            async for message in messages:
                who = json.loads(message.body).get("discord_id", "")
                seen.append((str(message.message_id), who))
                if len(seen) >= count and set(people) <= {who for _, who in seen}:
                    return seen
    return seen


@pytest.mark.parametrize(
    "failpoint",
    [
        pytest.param("relay.after_claim", marks=pytest.mark.fault("P1")),
        pytest.param("relay.after_confirm", marks=pytest.mark.fault("P2")),
        pytest.param("consumer.before_ack.identity.commands", marks=pytest.mark.fault("P3")),
        pytest.param("consumer.before_commit.identity.commands", marks=pytest.mark.fault("P4")),
    ],
)
async def test_a_signup_survives_a_kill_and_counts_once(
    database_url: str, broker_for, tmp_path: Path, failpoint: str
):
    broker = broker_for("identity", "discord-gateway", "verification")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = an_environment(database_url, broker.url("identity"), port)
    gateway = Publisher(broker.url("discord-gateway"), "discord-gateway")

    armed = {"HOLDFAST_FAILPOINTS": failpoint, "HOLDFAST_FAILPOINT_MARK": str(tmp_path / "mark")}
    async with a_process(environment | armed) as process:
        await signup(gateway, ANN)
        async with asyncio.timeout(30):
            assert await process.wait() == -9
    count = 3 if failpoint == "relay.after_confirm" else 2
    async with a_process(environment):
        await signup(gateway, BEN)
        seen = await told(broker.operator_url, count, ANN, BEN)
        assert await ready(port)
    await gateway.close()

    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT count(*) FROM users") == 2
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 2
    await connection.close()
    assert len({message_id for message_id, who in seen if who == ANN}) == 1
    assert len(seen) == count


async def ready(port: int) -> bool:
    """Whether the process says that it can work, within a while."""
    async with asyncio.timeout(20), httpx.AsyncClient() as client:
        while True:
            answer = await client.get(f"http://127.0.0.1:{port}/ready")
            if answer.status_code == 200:
                return True
            await asyncio.sleep(0.1)
