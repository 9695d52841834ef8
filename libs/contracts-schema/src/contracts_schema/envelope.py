"""The envelope: CloudEvents attributes as application properties of AMQP (binary mode)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PREFIX = "cloudEvents_"
"""Begins the name of every attribute, extensions too: by it public SDKs know them."""


def schema_url(public_base_url: str, topic: str) -> str:
    """Where the gateway serves the schema of messages of this topic."""
    return f"{public_base_url.rstrip('/')}/schemas/{topic}.json"


def attributes(headers: Mapping[str, Any]) -> dict[str, Any]:
    """The headers with the attributes by their names alone.

    Extensions of messages from before they had the prefix have their names already. The binding
    allows a colon in place of the underscore.
    """
    found = dict(headers)
    for name in headers:
        if name.startswith((PREFIX, "cloudEvents:")):
            found[name[len(PREFIX) :]] = found.pop(name)
    return found
