"""The AsyncAPI 3.0 document: ``python -m contracts_schema.asyncapi TOPOLOGY.toml [OUTPUT]``.

Made from the registered messages and the broker's topology file; no broker is asked.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from contracts_schema.wiring import Wire, wiring

_SCHEMAS = "../libs/contracts-schema/schemas"
_PLAIN_KEY = re.compile(r"\$?[A-Za-z][A-Za-z0-9_.-]{2,}")
_HEADERS = {
    "cloudEvents_specversion": "always 1.0",
    "cloudEvents_id": "the message's id, a UUID; the same as AMQP's message_id",
    "cloudEvents_source": "/holdfast/ and the name of the publisher",
    "cloudEvents_type": "the topic",
    "cloudEvents_subject": "the id of what it is about",
    "cloudEvents_time": "when the publisher committed it (RFC 3339)",
    "cloudEvents_dataschema": "where the schema of the body is",
    "correlationid": "the request that began it all",
    "causationid": "the message that caused this one, or empty",
    "traceparent": "the trace it belongs to (W3C)",
}


def document(topology: Mapping[str, Any]) -> dict[str, Any]:
    """The whole description of what travels between the services."""
    wires = wiring(topology)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Holdfast messages",
            "version": "1.0.0",
            "description": "Events are facts and go to whoever listens; commands are requests of"
            " people and go to their owner. CloudEvents 1.0, binary mode, over RabbitMQ.",
        },
        "defaultContentType": "application/json",
        "channels": {wire.message.topic: _channel(wire) for wire in wires},
        "operations": dict(_operations(wires)),
        "components": {
            "messages": {wire.message.topic: _message(wire) for wire in wires},
            "messageTraits": {"envelope": {"headers": _headers()}},
        },
    }


def _channel(wire: Wire) -> dict[str, Any]:
    topic = wire.message.topic
    exchange = {"name": wire.exchange, "type": "topic", "durable": True}
    return {
        "address": topic,
        "messages": {topic: {"$ref": f"#/components/messages/{topic}"}},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange}},
    }


def _operations(wires: list[Wire]) -> Iterator[tuple[str, dict[str, Any]]]:
    for wire in wires:
        topic = wire.message.topic
        channel = {"$ref": f"#/channels/{topic}"}
        for service in wire.publishers:
            yield f"{service}.sends.{topic}", {"action": "send", "channel": channel}
        for queue in wire.queues:
            yield f"{queue}.takes.{topic}", {"action": "receive", "channel": channel}


def _message(wire: Wire) -> dict[str, Any]:
    topic = wire.message.topic
    return {
        "name": topic,
        "title": wire.message.__name__,
        "summary": (wire.message.__doc__ or "").strip().splitlines()[0],
        "traits": [{"$ref": "#/components/messageTraits/envelope"}],
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"{_SCHEMAS}/{topic}.json"},
        },
    }


def _headers() -> dict[str, Any]:
    texts = {name: {"type": "string", "description": text} for name, text in _HEADERS.items()}
    version = {"type": "integer", "description": "the version of what an event is about"}
    return {"type": "object", "properties": {**texts, "sequence": version}}


def as_yaml(value: Any, indent: str = "") -> Iterator[str]:
    """The lines of plain YAML for objects, lists, text, integers, true, false and null."""
    pairs = value.items() if isinstance(value, Mapping) else ((None, item) for item in value)
    for key, item in pairs:
        head = f"{indent}-" if key is None else f"{indent}{_key(key)}:"
        if isinstance(item, Mapping | list) and item:
            yield head
            yield from as_yaml(item, indent + "  ")
        else:
            yield f"{head} {json.dumps(item, ensure_ascii=False)}"


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else json.dumps(key)


def written(topology: Path) -> str:
    """The document as the committed file has it."""
    lines = as_yaml(document(tomllib.loads(topology.read_text("utf-8"))))
    return "# Written by python -m contracts_schema.asyncapi\n" + "\n".join(lines) + "\n"


def main() -> None:
    """Write the document where asked, or to standard output."""
    if len(sys.argv) not in (2, 3):
        raise SystemExit("usage: python -m contracts_schema.asyncapi TOPOLOGY.toml [OUTPUT]")
    text = written(Path(sys.argv[1]))
    if len(sys.argv) == 3:
        Path(sys.argv[2]).write_text(text, "utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
