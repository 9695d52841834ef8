"""A copy of a person never goes back to what was before, in whatever order events come."""

from __future__ import annotations

import aio_pika
import pytest
from chassis import principals
from chassis.messaging.consumers import Consumers
from chassis.messaging.publisher import Publisher
from chassis_builders import consuming, until
from contracts_schema.events.identity import (
    PlatformRole,
    RoleChanged,
    Tier,
    TierChanged,
    UserRegistered,
    UserReinstated,
    UserSuspended,
)
from contracts_schema.ids import new_id, uuid7

QUEUE = "notifier.principals"
ANN = new_id("usr")
OLDER_AND_NEWER = {
    "role": (
        RoleChanged(user_id=ANN, role=PlatformRole.ADMIN, previous=PlatformRole.USER),
        RoleChanged(user_id=ANN, role=PlatformRole.USER, previous=PlatformRole.ADMIN),
    ),
    "tier": (
        TierChanged(user_id=ANN, tier=Tier.TIER_2, previous=Tier.TIER_1),
        TierChanged(user_id=ANN, tier=Tier.TIER_0, previous=Tier.TIER_2),
    ),
    "suspended": (UserReinstated(user_id=ANN), UserSuspended(user_id=ANN)),
}


@pytest.mark.abuse("B3")
@pytest.mark.parametrize("field", OLDER_AND_NEWER)
@pytest.mark.parametrize("in_bulk", [True, False], ids=["in bulk", "one by one"])
@pytest.mark.parametrize("name", ["cloudEvents_sequence", "cloudEvents:sequence", "sequence"])
async def test_an_event_that_comes_late_brings_nothing_back(db, broker_for, field, in_bulk, name):
    broker, consumers = broker_for("notifier"), Consumers("notifier")
    consumers.events(QUEUE, principals.project)
    if in_bulk:
        consumers.in_bulk(QUEUE)
    older, newer = OLDER_AND_NEWER[field]
    identity = Publisher(broker.url("identity"), "identity")

    async with consuming(consumers, db, broker.url("notifier")):
        for count, (event, sequence) in enumerate([(newer, 8), (older, 7)], 1):
            message = aio_pika.Message(
                event.model_dump_json().encode(),
                message_id=str(uuid7()),
                type=event.topic,
                headers={name: sequence},
            )
            await identity.publish("holdfast.events", event.topic, message)
            await until(lambda: _applied(db, count))  # noqa: B023
    await identity.close()

    ann = await principals.by_user_id(db, ANN)
    wanted = {"role": PlatformRole.USER, "tier": Tier.TIER_0, "suspended": True}
    assert getattr(ann, field) == wanted[field]


async def _applied(db, count: int) -> bool:
    return await db.value("SELECT count(*) FROM inbox") == count


@pytest.mark.invariant("V21")
async def test_each_field_goes_by_its_own_version(db):
    told = [
        (RoleChanged(user_id=ANN, role=PlatformRole.ADMIN, previous=PlatformRole.USER), 9),
        (UserSuspended(user_id=ANN), 8),
        (TierChanged(user_id=ANN, tier=Tier.TIER_1, previous=Tier.TIER_0), 2),
        (UserRegistered(user_id=ANN, discord_id="700000000000000001"), 1),
    ]
    for event, sequence in told:
        async with db.transaction() as tx:
            await principals.project(tx, event, sequence=sequence)

    ann = await principals.by_user_id(db, ANN)
    assert (ann.role, ann.suspended, ann.tier) == (PlatformRole.ADMIN, True, Tier.TIER_1)
    assert ann.discord_id == "700000000000000001"
