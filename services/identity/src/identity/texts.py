"""What identity's pages say, per language and page; a page that lacks a text fails its test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Page(StrEnum):
    """Every page a person may end on."""

    LINKED = "linked"
    TAKEN = "taken"
    HAS_ANOTHER = "has_another"
    LINK_UNKNOWN = "link_unknown"
    LINK_SPENT = "link_spent"
    LINK_EXPIRED = "link_expired"
    LINK_COMPLETED = "link_completed"
    SUSPENDED = "suspended"
    STATE_REFUSED = "state_refused"
    PROVIDER_REFUSED = "provider_refused"
    PROVIDER_UNAVAILABLE = "provider_unavailable"


@dataclass(frozen=True, slots=True)
class Text:
    """A heading, what happened, and the next step."""

    title: str
    body: str
    next_step: str


_AGAIN = "Press the button in Discord again, or use /link for a new link."

ENGLISH: Mapping[Page, Text] = MappingProxyType(
    {
        Page.LINKED: Text(
            "Your Roblox account is linked",
            "You can list games and make offers now.",
            "Close this page and go back to Discord.",
        ),
        Page.TAKEN: Text(
            "This Roblox account belongs to someone else here",
            "It is linked to another Holdfast user, and an account belongs to one user only."
            " Nothing was changed.",
            "Log in to Roblox with your own account and use /link again."
            " If this account is yours, write to support.",
        ),
        Page.HAS_ANOTHER: Text(
            "You have linked another Roblox account already",
            "One user links one Roblox account. Nothing was changed.",
            "Go on with the account that is linked, or write to support to change it.",
        ),
        Page.LINK_UNKNOWN: Text(
            "This link is not known",
            "It is not complete, or a newer link took its place.",
            _AGAIN,
        ),
        Page.LINK_SPENT: Text(
            "This link was opened before",
            "For your safety a link opens once.",
            _AGAIN,
        ),
        Page.LINK_EXPIRED: Text(
            "This link has expired",
            "A link lives 15 minutes.",
            "Use /link in Discord for a new one.",
        ),
        Page.LINK_COMPLETED: Text(
            "This link has done its work",
            "The Roblox account is linked already.",
            "Close this page and go back to Discord.",
        ),
        Page.SUSPENDED: Text(
            "This account is suspended",
            "A suspended account cannot link anything. Nothing was changed.",
            "Write to support; running deals go on.",
        ),
        Page.STATE_REFUSED: Text(
            "This login cannot be finished here",
            "It was begun in another browser, was finished before, or took more than 10 minutes."
            " Nothing was changed.",
            _AGAIN,
        ),
        Page.PROVIDER_REFUSED: Text(
            "Roblox did not confirm the login",
            "The login was not allowed, or its answer was not valid. Nothing was changed.",
            _AGAIN,
        ),
        Page.PROVIDER_UNAVAILABLE: Text(
            "Roblox does not answer right now",
            "Nothing was changed.",
            "Wait a moment. " + _AGAIN,
        ),
    }
)

CATALOGUES: Mapping[str, Mapping[Page, Text]] = MappingProxyType({"en": ENGLISH})
