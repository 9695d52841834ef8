"""Who publishes each message, and which queues take it as the broker's topology file says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts_schema.message import Event, Message, topics
from contracts_schema.speakers import speakers_of

UNHEARD: frozenset[str] = frozenset()
"""Events that no queue takes, on purpose: none so far, for notifier tells people of all."""


@dataclass(frozen=True, slots=True)
class Wire:
    """One message on its way."""

    message: type[Message]
    publishers: tuple[str, ...]
    queues: tuple[str, ...]

    @property
    def is_event(self) -> bool:
        """Whether it is a fact rather than a command."""
        return issubclass(self.message, Event)

    @property
    def exchange(self) -> str:
        """The exchange it goes through."""
        return "holdfast.events" if self.is_event else "holdfast.commands"


def wiring(topology: Mapping[str, Any]) -> list[Wire]:
    """Every message with its publishers and queues, by topic."""
    return [
        Wire(message, _publishers(message), tuple(_queues(topology, message)))
        for _, message in sorted(topics().items())
    ]


def _publishers(message: type[Message]) -> tuple[str, ...]:
    return tuple(speakers_of(message.topic, is_event=issubclass(message, Event)))


def _queues(topology: Mapping[str, Any], message: type[Message]) -> Iterator[str]:
    kind = "events" if issubclass(message, Event) else "commands"
    for queue in topology["queues"]:
        keys = queue["bindings"]
        if queue["exchange"] == kind and any(_takes(key, message.topic) for key in keys):
            yield queue["name"]


def _takes(key: str, topic: str) -> bool:
    pattern = re.escape(key).replace(r"\*", r"[^.]+").replace(r"\.\#", r"(\..+)?")
    return re.fullmatch(pattern.replace(r"\#", ".*"), topic) is not None
