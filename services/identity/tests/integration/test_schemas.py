"""Where a message says that its schema is, it is."""

from contracts_schema.message import topics
from contracts_schema.schemas import generated


async def test_the_schema_of_every_message_is_served(identity):
    schemas = generated()
    async with identity.browser() as anybody:
        for topic in topics():
            answer = await anybody.get(f"/schemas/{topic}.json")

            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/schema+json"
            assert answer.json() == schemas[topic]


async def test_a_topic_that_nobody_has_is_not_found(identity):
    async with identity.browser() as anybody:
        answer = await anybody.get("/schemas/escrow.nothing.v1.json")

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
