"""The AsyncAPI 3.1 document: ``python -m contracts_schema.asyncapi TOPOLOGY.toml [OUTPUT]``.

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

from contracts_schema.envelope import PREFIX
from contracts_schema.schemas import generated
from contracts_schema.wiring import Wire, wiring

_PLAIN_KEY = re.compile(r"\$?[A-Za-z][A-Za-z0-9_.-]{2,}")
_ATTRIBUTES = {
    "specversion": "always 1.0",
    "id": "the message's id, a UUID; the same as AMQP's message_id",
    "source": "/holdfast/ and the name of the publisher",
    "type": "the topic",
    "subject": "the id of what it is about",
    "time": "when the publisher committed it (RFC 3339)",
    "dataschema": "where the schema of the body is",
    "correlationid": "the request that began it all",
    "causationid": "the message that caused this one, if one did",
    "traceparent": "the trace it belongs to (W3C)",
}
_REQUIRED = ("specversion", "id", "source", "type", "time", "dataschema", "correlationid")
_BROKER = {
    "host": "127.0.0.1:5672",
    "protocol": "amqp",
    "protocolVersion": "0-9-1",
    "description": "RabbitMQ 4. Each service has a user of its own, who may publish what is its"
    " own; consumers believe the user_id that the broker vouches for.",
    "security": [{"$ref": "#/components/securitySchemes/brokerUser"}],
}


def document(topology: Mapping[str, Any]) -> dict[str, Any]:
    """The whole description of what travels between the services."""
    wires = wiring(topology)
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Holdfast messages",
            "version": "1.0.0",
            "description": "Events are facts and go to whoever listens; commands are requests of"
            " people and go to their owner. CloudEvents 1.0, binary mode, over RabbitMQ.",
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _BROKER},
        "channels": {wire.message.topic: _channel(wire) for wire in wires},
        "operations": dict(_operations(wires)),
        "components": {
            "messages": {wire.message.topic: _message(wire) for wire in wires},
            "messageTraits": {"envelope": _envelope()},
            "schemas": _schemas(),
            "securitySchemes": {"brokerUser": {"type": "userPassword"}},
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
        "payload": {"$ref": f"#/components/schemas/{topic}"},
    }


def _envelope() -> dict[str, Any]:
    texts = {name: {"type": "string", "description": text} for name, text in _ATTRIBUTES.items()}
    version = {"type": "integer", "description": "the version of what an event is about"}
    described = {**texts, "sequence": version}
    return {
        "headers": {
            "type": "object",
            "required": [PREFIX + name for name in _REQUIRED],
            "properties": {PREFIX + name: it for name, it in described.items()},
        },
        "correlationId": {"location": f"$message.header#/{PREFIX}correlationid"},
    }


def _schemas() -> dict[str, Any]:
    """The bodies by topic and all that they refer to, so that the document stands by itself.

    What goes by one name in two bodies and differs is named after the topic too.
    """
    bodies = generated()
    spellings: dict[str, set[str]] = {}
    for body in bodies.values():
        for name, meant in body.get("$defs", {}).items():
            spellings.setdefault(name, set()).add(json.dumps(meant, sort_keys=True))
    found: dict[str, Any] = {}
    for topic, body in bodies.items():
        own = {key: it for key, it in body.items() if key not in {"$schema", "$id", "$defs"}}
        parts = body.get("$defs", {})
        names = {it: it if len(spellings[it]) == 1 else f"{topic}.{it}" for it in parts}
        found[topic] = _referring(own, names)
        found |= {names[it]: _referring(meant, names) for it, meant in parts.items()}
    return dict(sorted(found.items()))


def _referring(value: Any, names: Mapping[str, str]) -> Any:
    """The schema with its references as they lead to the parts of this document."""
    if isinstance(value, list):
        return [_referring(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    if isinstance(meant := value.get("$ref"), str):
        value = value | {"$ref": f"#/components/schemas/{names[meant.removeprefix('#/$defs/')]}"}
    return {key: _referring(each, names) for key, each in value.items()}


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
