"""Escrow as a process of its own, restarted when a failpoint kills it, and the world around it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aio_pika
import asyncpg
import httpx
from chassis.cause import Cause
from chassis.storage.database import connect
from chassis_builders import EveryService
from contracts_schema.commands.escrow import Confirm, Deliver
from contracts_schema.events.identity import Tier, TierChanged, UserRegistered
from contracts_schema.ids import derive_uuid
from contracts_schema.message import Command, Event
from contracts_schema.terms import Rail
from escrow.adapters.stripe.rail import StripeRail
from escrow.handlers import payout_account
from escrow_builders import BUYER, SELLER, executed, person, some_terms
from escrow_harness import SECRET_KEY, WEBHOOK_SECRET, Sandbox, a_sandbox, stripe_settings

DISCORD = {SELLER: "700000000000000001", BUYER: "700000000000000002"}
WITHIN_S = 60


@dataclass
class World:
    """A database, a broker, Stripe, and one escrow process that a supervisor looks after."""

    database_url: str
    broker: Any
    sandbox: Sandbox
    port: int
    clock_file: Path
    mark: Path
    failpoint: str = ""
    deaths: int = 0
    seen: list[tuple[str, str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The settings of the process."""
        return {
            "HOLDFAST_DATABASE_URL": self.database_url,
            "HOLDFAST_BROKER_URL": self.broker.url("escrow"),
            "HOLDFAST_CURSOR_SECRET": "only-for-tests",
            "HOLDFAST_SERVICE_SECRET": "only-for-these-tests",
            "HOLDFAST_STRIPE_API_BASE": f"{self.sandbox.base}/stripe",
            "HOLDFAST_STRIPE_SECRET_KEY": SECRET_KEY,
            "HOLDFAST_STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "HOLDFAST_PORT": str(self.port),
            "HOLDFAST_CLOCK_FILE": str(self.clock_file),
            "HOLDFAST_FAILPOINTS": self.failpoint,
            "HOLDFAST_FAILPOINT_MARK": str(self.mark),
        }

    async def supervise(self) -> None:
        """Start the process, and again whenever it was killed; time passes meanwhile."""
        while True:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "escrow"),
                env={**os.environ, **self.environment},
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                code = await process.wait()
            finally:
                if process.returncode is None:
                    process.terminate()
                    await process.wait()
            assert code == -9, f"escrow ended with {code}"
            self.deaths += 1
            self.pass_time(61)

    def pass_time(self, seconds: int) -> None:
        """Move the clock of the process and of Stripe."""
        before = int(self.clock_file.read_text() or "0")
        self.clock_file.write_text(str(before + seconds))

    async def tell(self, event: Event) -> None:
        """Another service's event comes in."""
        body = event.model_dump_json().encode()
        await self._publish("holdfast.events", event.topic, body, event.subject)

    async def send(self, who: str, command: Command) -> None:
        """A person commands something, through Discord."""
        body = {"actor": {"discord_user_id": DISCORD[who]}, "payload": command.model_dump()}
        await self._publish("holdfast.commands", command.topic, json.dumps(body).encode(), who)

    async def _publish(self, exchange: str, topic: str, body: bytes, seed: str) -> None:
        message = aio_pika.Message(
            body,
            message_id=str(derive_uuid(topic, seed)),
            type=topic,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        publisher = EveryService(self.broker)
        await publisher.publish(exchange, topic, message)
        await publisher.close()

    async def value(self, sql: str, *arguments: Any) -> Any:
        """Look into the database."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return await connection.fetchval(sql, *arguments)
        finally:
            await connection.close()

    async def until(self, sql: str, wanted: Any) -> None:
        """Wait until the database says so; time passes, so that no lease or backoff is waited."""
        ends = asyncio.get_running_loop().time() + WITHIN_S
        while (found := await self.value(sql)) != wanted:
            if asyncio.get_running_loop().time() > ends:
                raise AssertionError(f"{sql}: {found!r}, not {wanted!r}")
            await asyncio.sleep(0.2)
            self.pass_time(1)

    async def told(self, count: int) -> list[tuple[str, str]]:
        """Type and id of each message that reached notifier, once so many types came."""
        connection = await aio_pika.connect(self.broker.operator_url)
        async with connection, asyncio.timeout(WITHIN_S):
            channel = await connection.channel()
            queue = await channel.get_queue("notifier.events", ensure=False)
            async with queue.iterator(no_ack=True) as messages:
                async for message in messages:
                    if str(message.type).startswith("escrow."):
                        self.seen.append((str(message.type), str(message.message_id)))
                    if len({kind for kind, _ in self.seen}) >= count:
                        break
        return self.seen

    async def ready(self) -> None:
        """Wait until the process says that it can work."""
        async with asyncio.timeout(WITHIN_S), httpx.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    answer = await client.get(f"http://127.0.0.1:{self.port}/ready", timeout=2)
                    if answer.status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.1)

    async def onboard(self) -> None:
        """The seller sets up payouts; what a person does on pages is done here."""
        rail = StripeRail(stripe_settings(f"{self.sandbox.base}/stripe"))
        async with connect(self.database_url, self.sandbox.clock, "escrow", size=2) as database:
            rails, cause = {Rail.STRIPE: rail}, Cause()
            await payout_account.link(database, rails, person(SELLER), Rail.STRIPE, cause)
        await rail.close()
        account = await self.value("SELECT provider_id FROM payout_accounts")
        await self.sandbox.control(f"stripe/accounts/{account}/onboard")
        await self.until("SELECT ready FROM payout_accounts", True)

    async def trade(self) -> str:
        """From the executed contract to the seller's money, over the broker and Stripe."""
        for who, discord_id in DISCORD.items():
            await self.tell(UserRegistered(user_id=who, discord_id=discord_id))
            await self.tell(TierChanged(user_id=who, tier=Tier.TIER_1, previous=Tier.TIER_0))
        await self.until("SELECT count(*) FROM principals WHERE tier = 'TIER_1'", 2)
        await self.tell(executed(some_terms()))
        await self.until("SELECT state FROM payments", "OPEN")
        await self.onboard()
        reference = await self.value("SELECT reference FROM payments")
        await self.sandbox.control(f"stripe/checkout/sessions/{reference}/pay")
        await self.until("SELECT state FROM escrows", "FUNDS_HELD")
        escrow_id = str(await self.value("SELECT escrow_id FROM escrows"))
        await self.send(SELLER, Deliver(escrow_id=escrow_id, title="Ownership transferred"))
        await self.until("SELECT state FROM escrows", "DELIVERED")
        await self.send(BUYER, Confirm(escrow_id=escrow_id))
        await self.until("SELECT state FROM escrows", "RELEASED")
        await self.until("SELECT count(*) FROM outbox WHERE published_at IS NULL", 0)
        return escrow_id


@asynccontextmanager
async def a_world(
    database_url: str, broker: Any, folder: Path, failpoint: str = ""
) -> AsyncIterator[World]:
    """Everything around one escrow process, which runs until the end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    clock_file = folder / "clock"
    clock_file.write_text("0")
    hook = f"http://127.0.0.1:{port}/v1/webhooks/stripe"
    async with a_sandbox(
        clock_file, webhook_url=hook, webhook_retry_scale=0.001, pending_days=0
    ) as sandbox:
        world = World(database_url, broker, sandbox, port, clock_file, folder / "mark", failpoint)
        supervisor = asyncio.ensure_future(world.supervise())
        try:
            await world.ready()
            yield world
            if supervisor.done():
                supervisor.result()
        finally:
            supervisor.cancel()
            await asyncio.gather(supervisor, return_exceptions=True)
