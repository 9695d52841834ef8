"""The JSON Schema of every message body, as committed under ``schemas/<topic>.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import create_model

from contracts_schema.message import Command, DiscordActor, Event, Message, topics

FOLDER = Path(__file__).parents[2] / "schemas"

Schema = Mapping[str, Any]


def body_of(message: type[Message]) -> type[Any]:
    """The model of the whole body: a command's payload stands beside who gave it."""
    if issubclass(message, Command):
        return create_model(
            message.__name__ + "Body",
            __doc__=message.__doc__,
            actor=(DiscordActor, ...),
            payload=(message, ...),
        )
    return message


def schema_of(message: type[Message]) -> dict[str, Any]:
    """What the body of this message looks like, with its topic and the kind of message it is."""
    schema: dict[str, Any] = body_of(message).model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["$id"] = f"/schemas/{message.topic}.json"
    schema["x-kind"] = "event" if issubclass(message, Event) else "command"
    if issubclass(message, Event):
        schema["x-subject"] = message.subject_field
    return schema


def generated() -> dict[str, dict[str, Any]]:
    """The schemas of all messages as the code has them now, by topic."""
    return {topic: schema_of(message) for topic, message in sorted(topics().items())}


def committed(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """The schemas in this folder, by topic."""
    return {
        path.name.removesuffix(".json"): json.loads(path.read_text("utf-8"))
        for path in sorted(folder.glob("*.json"))
    }


def written(value: Any) -> str:
    """One spelling for one value, so that a file changes only when its meaning does."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
