"""One message as it came: its envelope read, its body bounded, and why it may not be applied."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aio_pika.abc import AbstractIncomingMessage
from contracts_schema.envelope import attributes

from chassis.cause import Cause
from chassis.ops.telemetry import HANDLING
from chassis.storage.database import RowLock
from chassis.storage.inbox import Claim

LARGEST_BODY = 256 * 1024
CANARY = "chassis.canary"
ATTEMPT, ERROR = "x-attempt", "x-error"


class Poison(Exception):
    """A message that can never be applied."""


class Away(Exception):
    """Somebody outside cannot be reached for now: the message waits for as long as that lasts."""


class TooEarly(Exception):
    """What this message refers to is not known here yet; it is tried again."""


@dataclass(frozen=True, slots=True)
class Received:
    """One message, taken apart; its body is read by whoever knows what it should be."""

    queue: str
    message_id: UUID
    topic: str
    headers: dict[str, Any]
    """CloudEvents attributes by their names, and what else came with it."""
    body: bytes

    @property
    def cause(self) -> Cause:
        """What follows from this message was caused by it."""
        return Cause(
            str(self.headers.get("correlationid", "")),
            str(self.message_id),
            trigger_id=str(self.headers.get("causationid", "")),
        )

    @property
    def sequence(self) -> int:
        """The version of what an event is about, as of the event; 0 where it says none."""
        value = self.headers.get("sequence", 0)
        return value if isinstance(value, int) and value >= 0 else 0

    def claim(self, lock: RowLock | None = None) -> Claim:
        """What makes it applied once, with the lock of the row that it is about."""
        return Claim(self.queue, self.message_id, lock)

    def content(self) -> dict[str, Any]:
        """The body as a JSON object; raises Poison if it is none."""
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Poison(f"the body is no JSON: {error}") from None
        if not isinstance(content, dict):
            raise Poison("the body is no JSON object")
        return content

    def measure(self) -> None:
        """Note how long it took from the publisher's commit to now."""
        with suppress(ValueError, TypeError):
            sent = datetime.fromisoformat(str(self.headers.get("time")))
            HANDLING.labels(self.queue).observe(
                max(0.0, (datetime.now(UTC) - sent).total_seconds())
            )


def take_apart(queue: str, topic: str, raw: AbstractIncomingMessage) -> Received:
    """Read the envelope of a message of this topic; raises Poison for what nobody should send."""
    if len(raw.body) > LARGEST_BODY:
        raise Poison(f"the body has {len(raw.body)} bytes; {LARGEST_BODY} is the most")
    try:
        message_id = UUID(raw.message_id or "")
    except ValueError:
        raise Poison(f"the message id is no UUID: {str(raw.message_id)[:60]!r}") from None
    return Received(queue, message_id, topic, attributes(raw.headers), raw.body)


def attempt(headers: Any) -> int:
    """Which try this delivery is; the first is 1."""
    value = headers.get(ATTEMPT, 1)
    return value if isinstance(value, int) and value >= 1 else 1
