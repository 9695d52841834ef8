"""Commands from Discord over the real broker, at the same handlers as REST."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aio_pika
import pytest
from chassis import principals
from chassis.clock import ManualClock
from chassis.messaging.consumers import Consumers
from chassis.messaging.consuming import Consuming
from chassis.messaging.publisher import Publisher
from chassis.storage import audit, audit_check, database
from chassis.storage.database import Database
from contracts_schema.commands.identity import CreateLink, RegisterUser
from contracts_schema.events.identity import UserRegistered
from contracts_schema.ids import derive_id, derive_uuid
from contracts_schema.message import Command
from faststream.rabbit import RabbitBroker
from identity import store
from identity.api.problems import RULES
from identity.consumers import register
from identity.domain.user import Joining, User
from identity.texts import terms_of_service
from identity_builders import ADMIN_DISCORD_ID, TERMS

ANN = "700000000000000001"
JOIN = RegisterUser(consent=True, terms_version=TERMS)


@dataclass(slots=True)
class Sender:
    """Sends commands as discord-gateway does, and looks at what identity promised to publish."""

    db: Database
    gateway: Publisher

    async def send(self, name: str, command: Command, who: str = ANN, payload: Any = None) -> None:
        """Send the command whose id this name gives."""
        actor = {"discord_user_id": who, "locale": "de"}
        body = {"actor": actor, "payload": command.model_dump() if payload is None else payload}
        message = aio_pika.Message(
            json.dumps(body).encode(),
            message_id=str(derive_uuid(name)),
            type=command.topic,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        await self.gateway.publish("holdfast.commands", command.topic, message)

    async def answers(self, count: int) -> list[tuple[str, dict[str, Any]]]:
        """Topic and body of what is promised, once there is so much."""
        async with asyncio.timeout(15):
            while True:
                rows = await self.db.rows("SELECT topic, body FROM outbox ORDER BY position")
                if len(rows) >= count:
                    return [(row["topic"], json.loads(row["body"])) for row in rows]
                await asyncio.sleep(0.02)


@pytest.fixture
async def sender(database_for, broker_for) -> AsyncIterator[Sender]:
    broker = broker_for("identity", "discord-gateway")
    async with database.connect(database_for("identity"), ManualClock(), "identity") as db:
        own = Publisher(broker.url("identity"), "identity")
        gateway = Publisher(broker.url("discord-gateway"), "discord-gateway")
        joining = Joining(terms_of_service(), frozenset({ADMIN_DISCORD_ID}))
        consumers = register(Consumers("identity"), joining)
        consuming = Consuming(consumers, db, own, RULES)
        listening = RabbitBroker(broker.url("identity"), apply_types=False, logger=None)
        consuming.attach(listening, 10)
        await listening.start()
        yield Sender(db, gateway)
        await listening.stop()
        await gateway.close()
        await own.close()


async def test_signup_and_link_by_discord(sender: Sender):
    await sender.send("signup", JOIN)
    await sender.answers(1)
    await sender.send("link", CreateLink())

    [(joined, who), (linked, link)] = await sender.answers(2)

    user_id = who["user_id"]
    assert (joined, linked) == ("identity.user_registered.v1", "identity.link_created.v1")
    assert who == {"user_id": user_id, "discord_id": ANN, "locale": "de"}
    assert link["user_id"] == user_id
    assert link["link_id"] == derive_id("lnk", user_id, str(derive_uuid("link")))
    assert set(link) == {"user_id", "link_id", "expires_at"}


async def test_a_users_id_says_nothing_about_the_discord_account(sender: Sender):
    await sender.send("signup", JOIN)

    [(_, told)] = await sender.answers(1)

    assert told["user_id"] != derive_id("usr", ANN)
    assert await sender.db.value("SELECT discord_id FROM users") == ANN


async def test_an_id_from_before_stays(sender: Sender):
    old = derive_id("usr", ANN)
    async with sender.db.transaction() as tx:
        await store.user.add(tx, User(old, ANN, tx.now()))
        await principals.project(tx, UserRegistered(user_id=old, discord_id=ANN), sequence=1)

    await sender.send("link", CreateLink())

    [(topic, link)] = await sender.answers(1)
    assert (topic, link["user_id"]) == ("identity.link_created.v1", old)


async def test_a_command_delivered_twice_is_one(sender: Sender):
    await sender.send("signup", JOIN)
    await sender.send("signup", JOIN)
    await sender.send("other", JOIN, who="700000000000000002")

    answers = await sender.answers(2)

    assert sorted(body["discord_id"] for _, body in answers) == [ANN, "700000000000000002"]


async def test_a_second_signup_is_answered_kindly(sender: Sender):
    await sender.send("signup", JOIN)
    await sender.answers(1)
    await sender.send("signup again", JOIN)

    _, (topic, told) = await sender.answers(2)

    assert topic == "identity.command_rejected.v1"
    assert told["command_id"] == str(derive_uuid("signup again"))
    assert (told["problem"]["status"], told["problem"]["code"]) == (409, "already_registered")
    assert told["problem"]["next_action"]
    assert await sender.db.value("SELECT count(*) FROM users") == 1


@pytest.mark.parametrize(
    ("command", "payload", "code"),
    [
        (CreateLink(), None, "not_registered"),
        (CreateLink(), {"provider": "steam"}, "invalid_input"),
        (JOIN, {"consent": True, "terms_version": "2026-11"}, "terms_not_current"),
        (JOIN, {"consent": False, "terms_version": TERMS}, "invalid_input"),
        (JOIN, {"consent": True, "terms_version": TERMS, "role": "ADMIN"}, "invalid_input"),
    ],
)
async def test_a_wrong_command_is_refused_and_changes_nothing(
    sender: Sender, command: Command, payload: Any, code: str
):
    await sender.send("wrong", command, payload=payload)

    [(topic, told)] = await sender.answers(1)

    assert topic == "identity.command_rejected.v1"
    assert told["problem"]["code"] == code
    assert await sender.db.value("SELECT count(*) FROM users") == 0


async def test_ten_signups_of_one_person_at_once_make_one_user(sender: Sender):
    await asyncio.gather(*(sender.send(f"signup {n}", JOIN) for n in range(10)))

    topics = [topic for topic, _ in await sender.answers(10)]

    assert topics.count("identity.user_registered.v1") == 1
    assert topics.count("identity.command_rejected.v1") == 9


async def test_what_identity_did_stands_in_a_chain_that_holds(sender: Sender):
    await sender.send("signup", JOIN)
    await sender.answers(1)
    await sender.send("link", CreateLink())
    await sender.answers(2)

    assert await audit.chain_once(sender.db) == 2

    assert await audit_check.check(sender.db) == []
    user_id = await sender.db.value("SELECT user_id FROM users")
    rows = await sender.db.rows("SELECT actor, action FROM audit_entries ORDER BY at, entry_id")
    assert [tuple(row) for row in rows] == [
        (f"discord:{ANN}", "user.register"),
        (user_id, "link.create"),
    ]
