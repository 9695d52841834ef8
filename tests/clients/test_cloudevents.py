"""The public SDKs of CloudEvents decode every message we have, as it comes from the broker."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from chassis.cause import Cause
from chassis.messaging.handover import publish
from chassis.messaging.publisher import Publisher
from chassis.storage.outbox import Origin, Staged, staged_command, staged_event
from contracts_schema.ids import uuid7
from contracts_schema.message import DiscordActor, Event, topics
from contracts_schema.speakers import speakers_of
from foreign import node_packages, python_packages

GOLDEN = Path(__file__).parents[2] / "libs/contracts-schema/tests/golden"
GATEWAY = "https://holdfast.example"
EXCHANGES = ("holdfast.events", "holdfast.commands")
ORIGIN = Origin("tests", Cause("c-1", "c-2"), datetime(2026, 3, 1, 12, tzinfo=UTC))
PYTHON, JAVASCRIPT = "cloudevents==2.2.0", "cloudevents@10.0.0"
IN_PYTHON = """
import base64, json, sys
from cloudevents.core.bindings.amqp import AMQPMessage, from_amqp_event
for line in sys.stdin:
    sent = json.loads(line)
    body = json.dumps(sent["data"]).encode()
    event = from_amqp_event(AMQPMessage({"content-type": sent["type"]}, sent["headers"], body))
    print(json.dumps({**event.get_attributes(), "data": event.get_data()}, default=str))
"""
IN_JAVASCRIPT = """
const { CloudEvent } = require("cloudevents");
const lines = require("fs").readFileSync(0, "utf8").trim().split("\\n");
for (const line of lines) {
  const sent = JSON.parse(line);
  const found = { datacontenttype: sent.type, data: sent.data };
  for (const [name, value] of Object.entries(sent.headers)) {
    const said = /^cloudEvents[_:](.+)$/.exec(name);
    if (said) found[said[1]] = value;
  }
  const event = new CloudEvent(found, true);
  event.validate();
  console.log(JSON.stringify(event));
}
"""
"""It has no binding for AMQP: what one would do, and its strict event."""


def staged(topic: str) -> Staged:
    """The message as it is in the outbox, made from its kept example."""
    model, kept = topics()[topic], json.loads((GOLDEN / f"{topic}.json").read_text("utf-8"))
    if issubclass(model, Event):
        return staged_event(model.model_validate(kept), ORIGIN, sequence=7)
    command = model.model_validate(kept["payload"])
    return staged_command(command, DiscordActor(**kept["actor"]), uuid7(), ORIGIN)


@pytest.fixture
async def travelled(broker_for) -> list[dict[str, Any]]:
    """Every message of the catalogue as it came from the broker, by its topic's order."""
    broker = broker_for()
    async with await aio_pika.connect(broker.operator_url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        for exchange in EXCHANGES:
            await queue.bind(exchange, "#")
        for topic, model in sorted(topics().items()):
            service = next(speakers_of(topic, is_event=issubclass(model, Event)))
            publisher = Publisher(broker.url(service), service, GATEWAY)
            try:
                await publish(publisher, staged(topic))
            finally:
                await publisher.close()
        return [_plain(await queue.get(no_ack=True)) for _ in topics()]


def _plain(message: aio_pika.abc.AbstractIncomingMessage) -> dict[str, Any]:
    data = json.loads(message.body)
    return {"headers": dict(message.headers), "type": message.content_type, "data": data}


def decoded(command: list[str | Path], sent: list[dict[str, Any]], cwd: Path) -> list[Any]:
    """The attributes and data that the SDK found in every message."""
    lines = "\n".join(json.dumps(message) for message in sent)
    done = subprocess.run(
        command, cwd=cwd, input=lines, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def all_is_found(found: list[Mapping[str, Any]], sent: list[dict[str, Any]]) -> None:
    for topic, event, message in zip(sorted(topics()), found, sent, strict=True):
        assert event["type"] == topic
        assert event["data"] == message["data"]
        assert event["datacontenttype"] == "application/json"
        assert event["dataschema"] == f"{GATEWAY}/schemas/{topic}.json"
        assert (event["correlationid"], event["causationid"]) == ("c-1", "c-2")
        if issubclass(topics()[topic], Event):
            assert event["sequence"] == 7


@pytest.mark.slow
async def test_the_python_sdk_decodes_every_message(travelled, tmp_path):
    python = python_packages(PYTHON)

    all_is_found(decoded([python, "-c", IN_PYTHON], travelled, tmp_path), travelled)


@pytest.mark.slow
async def test_the_strict_javascript_sdk_decodes_every_message(travelled):
    folder = node_packages(JAVASCRIPT)

    all_is_found(decoded(["node", "-e", IN_JAVASCRIPT], travelled, folder), travelled)
