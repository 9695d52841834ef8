"""Gateway sessions: numbered events, kept so that a client that comes back misses none."""

import time
from collections import deque
from dataclasses import dataclass, field
from enum import IntFlag
from typing import Protocol

from sandbox.discord.errors import Json

RESUMABLE_S = 180.0
MOST_KEPT = 2_000
HIDDEN_WITHOUT_CONTENT = {"content": "", "embeds": [], "attachments": [], "components": []}


class Intent(IntFlag):
    """Which events a client asks for."""

    NONE = 0
    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_WEBHOOKS = 1 << 5
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT


class Line(Protocol):
    """An open connection to a client."""

    def send(self, payload: Json) -> None:
        """Queue a payload; never blocks."""


@dataclass(slots=True)
class Event:
    """Something that happened, on its way to the clients."""

    name: str
    data: Json
    guild_id: str | None = None
    intent: Intent = Intent.NONE
    hidden_content: bool = False


@dataclass(slots=True)
class Session:
    """One identified client, connected or within its time to resume."""

    id: str
    intents: int
    shard: tuple[int, int]
    line: Line | None = None
    sequence: int = 0
    kept: deque[Json] = field(default_factory=lambda: deque(maxlen=MOST_KEPT))
    left_at: float = 0.0

    def wants(self, event: Event) -> bool:
        """Whether the event belongs to this session's intents and shard."""
        if event.intent and not self.intents & event.intent:
            return False
        number = int(event.guild_id) >> 22 if event.guild_id else 0
        return number % self.shard[1] == self.shard[0]

    def push(self, event: Event) -> None:
        """Number the event, keep it, and send it if the client is there."""
        data = event.data
        if event.hidden_content and not self.intents & Intent.MESSAGE_CONTENT:
            data = {**data, **HIDDEN_WITHOUT_CONTENT}
        self.sequence += 1
        payload: Json = {"op": 0, "t": event.name, "s": self.sequence, "d": data}
        self.kept.append(payload)
        if self.line is not None:
            self.line.send(payload)

    def can_replay(self, after: int) -> bool:
        """Whether every event after the sequence number is still kept."""
        oldest = self.kept[0]["s"] if self.kept else self.sequence + 1
        return after + 1 >= oldest

    def missed(self, after: int) -> list[Json]:
        """The events a client that saw `after` has not seen."""
        return [payload for payload in self.kept if payload["s"] > after]

    def leave(self) -> None:
        """The client is gone; the session waits for it."""
        self.line = None
        self.left_at = time.monotonic()

    def expired(self) -> bool:
        """Whether the client stayed away too long to resume."""
        return self.line is None and time.monotonic() - self.left_at > RESUMABLE_S
