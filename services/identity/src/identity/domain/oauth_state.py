"""OAuth round trips: to a provider and back, once, in the browser that began."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from identity.domain.account import Provider
from identity.domain.secret import url_token

LIFETIME = timedelta(minutes=10)


class Purpose(StrEnum):
    """What an OAuth round trip is for."""

    LINK = "link"
    LOGIN = "login"


@dataclass(frozen=True, slots=True)
class OAuthState:
    """One OAuth round trip under way, bound to a browser and, when linking, to a user."""

    purpose: Purpose
    provider: Provider
    verifier: str
    expires_at: datetime
    user_id: str | None = None
    link_id: str | None = None
    terms_version: str | None = None
    redirect_to: str | None = None


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """The secrets of one round trip: for the provider, for the browser, for the code."""

    state: str
    browser: str
    verifier: str

    @classmethod
    def begin(cls) -> RoundTrip:
        """Three new secrets."""
        return cls(url_token(), url_token(), url_token())
