"""The two kinds of message: events are facts in the past tense, commands are wishes."""

from __future__ import annotations

import importlib
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

_TOPICS: dict[str, type[Message]] = {}


class Message(BaseModel):
    """The body of one message; its metadata travels in the headers (CloudEvents, binary mode)."""

    topic: ClassVar[str]
    """``<service>.<words>.v<major>``: the type of the message and its routing key."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        """Register the class under its topic; one topic belongs to one class."""
        if "topic" in cls.__dict__:
            if cls.topic in _TOPICS:
                raise TypeError(f"two messages claim the topic {cls.topic}")
            _TOPICS[cls.topic] = cls


class Event(Message):
    """A fact. Unknown fields are ignored, so that a publisher may add some with defaults."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    subject_field: ClassVar[str]
    """Which field holds the id of the aggregate the event is about."""

    @property
    def subject(self) -> str:
        """The id of the aggregate the event is about."""
        return str(getattr(self, self.subject_field))


class Command(Message):
    """A wish of a person: the payload that both doors (REST and Discord) hand to one handler."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class DiscordActor(BaseModel):
    """Who wished it, as Discord told discord-gateway; the owner maps it to its own user."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    discord_user_id: str
    guild_id: str | None = None
    channel_id: str | None = None
    locale: str = "en"


def topics() -> dict[str, type[Message]]:
    """Every registered message class by topic."""
    for package in ("contracts_schema.events", "contracts_schema.commands"):
        importlib.import_module(package)
    return dict(_TOPICS)
