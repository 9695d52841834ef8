"""One function per command, event and due timer: load, decide, save, stage."""

from identity.handlers import (
    account,
    api_key,
    contest,
    link,
    login,
    oauth_state,
    proposal,
    retention,
    session,
    user,
)

__all__ = [
    "account",
    "api_key",
    "contest",
    "link",
    "login",
    "oauth_state",
    "proposal",
    "retention",
    "session",
    "user",
]
