"""One button, both ways in: a request and a command of the same person at the same instant."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import pytest
from chassis.messaging.consumers import Consumers
from chassis.messaging.consuming import Consuming
from contracts_schema.commands.escrow import Confirm
from contracts_schema.ids import uuid7
from escrow import consumers
from escrow.api import RULES
from escrow_builders import BUYER, NET, PRICE, ROUNDS, House, as_person, running, some_terms

DISCORD_ID = "700000000000000002"


class Letter:
    """A command as the broker hands it over."""

    def __init__(self, command: Confirm) -> None:
        said = {"actor": {"discord_user_id": DISCORD_ID}, "payload": command.model_dump()}
        self.body, self.type = json.dumps(said).encode(), command.topic
        self.message_id, self.headers = str(uuid7()), {}
        self.exchange, self.routing_key = "holdfast.commands", command.topic
        self.user_id = "discord-gateway"
        self.acked = 0

    async def ack(self) -> None:
        self.acked += 1


def command_queue(house: House) -> Consuming:
    """The queue's consumer; nothing here is retried or parked, so that it publishes nothing."""
    registered = consumers.register(Consumers("escrow"), house.rails)
    nowhere: Any = None
    return Consuming(registered, house.database, nowhere, RULES)


@pytest.mark.fault("X1")
async def test_confirming_both_ways_at_once_releases_once(house: House, database_url):
    await house.database.pool.execute(
        "INSERT INTO principals (user_id, discord_id, tier) VALUES ($1, $2, 'TIER_1')",
        *(BUYER, DISCORD_ID),
    )
    queue, answers = command_queue(house), Counter[int]()
    async with running(house.database, database_url, house.rails) as client:
        for number in range(ROUNDS):
            escrow_id = await house.delivered(some_terms(f"both {number}"))
            letter: Any = Letter(Confirm(escrow_id=escrow_id))

            answer, _, _ = await asyncio.gather(
                client.post(
                    f"/v1/escrows/{escrow_id}/confirm", headers=as_person(BUYER, house.clock)
                ),
                queue.consume(consumers.COMMANDS, letter),
                queue.consume(consumers.COMMANDS, letter),
            )
            await house.due()

            answers[answer.status_code] += 1
            assert letter.acked == 2
            assert house.rail.moved(escrow_id) == (PRICE, NET, 0)
            rejected = await house.told("command_rejected")
            assert len(rejected) == answers[200], "who came second is told, once"

    assert set(answers) <= {200, 409}
    assert (await house.names()).count("release_started") == ROUNDS
    assert (await house.names()).count("released") == ROUNDS
    await house.proven()
