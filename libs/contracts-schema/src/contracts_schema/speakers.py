"""Which service may say what: the broker's permissions and every consumer go by this one list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Speaker:
    """What one service's broker user may publish."""

    events: str
    """The first word of its events."""
    commands: tuple[str, ...] = ()
    """The first words of the commands that it may send."""


SPEAKERS: dict[str, Speaker] = {
    "identity": Speaker("identity"),
    "listings": Speaker("listings"),
    "contracts": Speaker("contracts"),
    "escrow": Speaker("escrow"),
    "verification": Speaker("verification"),
    "notifier": Speaker("notifier", commands=("discord.deliver",)),
    "discord-gateway": Speaker(
        "discord",
        commands=("identity", "listings", "contracts", "escrow", "notifier"),
    ),
}
"""By the name of the service, which is also its broker user's."""


def may_tell(service: str, topic: str) -> bool:
    """Whether events of this topic are the service's to publish."""
    speaker = SPEAKERS.get(service)
    return speaker is not None and topic.startswith(f"{speaker.events}.")


def may_ask(service: str, topic: str) -> bool:
    """Whether commands of this topic are the service's to send."""
    speaker = SPEAKERS.get(service)
    return speaker is not None and topic.startswith(tuple(f"{it}." for it in speaker.commands))


def speakers_of(topic: str, is_event: bool) -> Iterator[str]:
    """The services that may publish messages of this topic."""
    may = may_tell if is_event else may_ask
    return (service for service in SPEAKERS if may(service, topic))
