"""Promises to publish: rows written in the transaction of the state change they tell of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts_schema.ids import uuid7
from contracts_schema.message import Command, DiscordActor, Event

from chassis.cause import Cause
from chassis.ops.telemetry import carry

EVENTS = "holdfast.events"
COMMANDS = "holdfast.commands"


@dataclass(frozen=True, slots=True)
class Staged:
    """One message as the outbox keeps it."""

    message_id: UUID
    exchange: str
    topic: str
    headers: str
    body: bytes
    created_at: datetime


def columns(staged: Sequence[Staged]) -> tuple[list[Any], ...]:
    """The rows as the arrays that INSERT takes, so that any number is one round trip."""
    return (
        [row.message_id for row in staged],
        [row.exchange for row in staged],
        [row.topic for row in staged],
        [row.headers for row in staged],
        [row.body for row in staged],
        [row.created_at for row in staged],
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """Where and when a message begins, and why."""

    service: str
    cause: Cause
    now: datetime


def staged_event(event: Event, origin: Origin, sequence: int = 0) -> Staged:
    """The event with its envelope: CloudEvents attributes as headers (binary mode over AMQP)."""
    message_id = uuid7()
    headers = _headers(message_id, event.topic, event.subject, origin)
    headers["sequence"] = sequence
    body = event.model_dump_json().encode()
    return Staged(message_id, EVENTS, event.topic, json.dumps(headers), body, origin.now)


def staged_command(
    command: Command, actor: DiscordActor, command_id: UUID, origin: Origin
) -> Staged:
    """The command with its envelope; who wished it stands in the body beside the payload."""
    headers = _headers(command_id, command.topic, actor.discord_user_id, origin)
    body = f'{{"actor":{actor.model_dump_json()},"payload":{command.model_dump_json()}}}'
    return Staged(
        command_id, COMMANDS, command.topic, json.dumps(headers), body.encode(), origin.now
    )


def _headers(message_id: UUID, topic: str, subject: str, origin: Origin) -> dict[str, Any]:
    return {
        "cloudEvents_specversion": "1.0",
        "cloudEvents_id": str(message_id),
        "cloudEvents_source": f"/holdfast/{origin.service}",
        "cloudEvents_type": topic,
        "cloudEvents_subject": subject,
        "cloudEvents_time": origin.now.isoformat(),
        "cloudEvents_dataschema": f"/schemas/{topic}.json",
        "correlationid": origin.cause.correlation_id or str(message_id),
        "causationid": origin.cause.causation_id,
        **carry(),
    }
