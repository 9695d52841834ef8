"""Promises to publish: rows written in the transaction of the state change they tell of."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts_schema.envelope import PREFIX
from contracts_schema.ids import uuid7
from contracts_schema.message import Command, DiscordActor, Event

from chassis.cause import Cause
from chassis.ops.tracing import carry

EVENTS = "holdfast.events"
COMMANDS = "holdfast.commands"


@dataclass(frozen=True, slots=True)
class Staged:
    """One message as the outbox keeps it."""

    message_id: UUID
    exchange: str
    topic: str
    headers: Mapping[str, Any]
    body: bytes
    created_at: datetime


class Fresh:
    """What this process has just committed: its relay publishes it without reading it again.

    It holds little. What does not fit, or is committed while the broker is away, is read from the
    table, and so is what a process that died held.
    """

    def __init__(self, most_bytes: int = 4 << 20) -> None:
        """Hold messages whose bodies have so many bytes together; each counts as 4 KiB at least."""
        self._most_bytes, self._bytes = most_bytes, 0
        self._sizes: dict[UUID, int] = {}
        self._rows: list[Staged] = []
        self.filled = asyncio.Event()
        self.closed = False

    @property
    def held(self) -> list[UUID]:
        """The messages that were put here and not yet settled."""
        return list(self._sizes)

    def has_room(self, staged: Sequence[Staged]) -> bool:
        """Whether these would be held."""
        return not self.closed and self._bytes + sum(map(_size, staged)) <= self._most_bytes

    def put(self, staged: Sequence[Staged]) -> None:
        """Hold what was just committed."""
        for row in staged:
            self._sizes[row.message_id] = _size(row)
            self._bytes += _size(row)
        self._rows += staged
        self.filled.set()

    def take(self) -> list[Staged]:
        """What nobody took yet; it is held until it is settled."""
        self.filled.clear()
        taken, self._rows = self._rows, []
        return taken

    def settle(self, message_ids: Iterable[UUID]) -> None:
        """Hold these no longer: they are marked as published, or left to be read."""
        for message_id in message_ids:
            self._bytes -= self._sizes.pop(message_id, 0)


def _size(row: Staged) -> int:
    return max(len(row.body), 4096)


def columns(staged: Sequence[Staged]) -> tuple[list[Any], ...]:
    """The rows as the arrays that INSERT takes, so that any number is one round trip."""
    return (
        [row.message_id for row in staged],
        [row.exchange for row in staged],
        [row.topic for row in staged],
        [json.dumps(row.headers) for row in staged],
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
    headers[PREFIX + "sequence"] = sequence
    body = event.model_dump_json().encode()
    return Staged(message_id, EVENTS, event.topic, headers, body, origin.now)


def staged_command(
    command: Command, actor: DiscordActor, command_id: UUID, origin: Origin
) -> Staged:
    """The command with its envelope; who gave it is in the body beside the payload."""
    headers = _headers(command_id, command.topic, actor.discord_user_id, origin)
    body = f'{{"actor":{actor.model_dump_json()},"payload":{command.model_dump_json()}}}'
    return Staged(command_id, COMMANDS, command.topic, headers, body.encode(), origin.now)


def _headers(message_id: UUID, topic: str, subject: str, origin: Origin) -> dict[str, Any]:
    """The attributes that are known when the message is staged; no attribute may be empty."""
    known = {
        "specversion": "1.0",
        "id": str(message_id),
        "source": f"/holdfast/{origin.service}",
        "type": topic,
        "subject": subject,
        "time": origin.now.isoformat(),
        "correlationid": origin.cause.correlation_id or str(message_id),
        "causationid": origin.cause.causation_id,
        **carry(),
    }
    return {PREFIX + name: value for name, value in known.items() if value}
