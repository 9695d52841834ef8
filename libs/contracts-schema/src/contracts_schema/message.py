"""The two kinds of message: events are facts in the past tense, commands ask for something."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, field_validator

from contracts_schema.ids import is_id

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
    """What a person asks for: both interfaces (REST and Discord) hand it to one handler."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    @field_validator("*")
    @classmethod
    def _without_nul(cls, value: Any) -> Any:
        """Refuse what no database text can hold, before anything is done about the command."""
        if _holds_nul(value):
            raise ValueError("text cannot hold the character NUL")
        return value


def subject_of(payload: Any) -> str:
    """The id of the thing that a command asks something of; empty where there is none yet."""
    given = payload.items() if isinstance(payload, dict) else ()
    named = (str(value) for name, value in given if name.endswith("_id"))
    return next((each for each in named if is_id(each)), "")


class DiscordActor(BaseModel):
    """Who gave the command, as Discord told discord-gateway; the owner maps it to its own user."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    discord_user_id: str
    guild_id: str | None = None
    channel_id: str | None = None
    locale: str = "en"


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, tuple | list):
        return any(_holds_nul(each) for each in value)
    if isinstance(value, BaseModel):
        return any(_holds_nul(each) for each in value.__dict__.values())
    return False


def topics() -> dict[str, type[Message]]:
    """Every registered message class by topic."""
    for name in ("contracts_schema.events", "contracts_schema.commands"):
        for module in pkgutil.iter_modules(importlib.import_module(name).__path__, f"{name}."):
            importlib.import_module(module.name)
    return dict(_TOPICS)
