"""What identity refuses, with the facts of each refusal."""

from __future__ import annotations

from dataclasses import dataclass


class IdentityError(Exception):
    """A refusal of identity; its text is the cause in words."""


class AlreadyRegistered(IdentityError):
    """The person joined before."""

    def __str__(self) -> str:
        return "You have joined already; nothing was changed."


class ConsentMissing(IdentityError):
    """The person is unknown and did not consent to the terms."""

    def __str__(self) -> str:
        return "This Discord account has not joined Holdfast, and the terms were not agreed to."


class Suspended(IdentityError):
    """The account is suspended."""

    def __str__(self) -> str:
        return "This account is suspended."


@dataclass(eq=False)
class AlreadyLinked(IdentityError):
    """The user has an account of this provider already."""

    provider: str

    def __str__(self) -> str:
        return f"A {self.provider.title()} account is linked to you already."


class LinkUnknown(IdentityError):
    """No link has this token: it never existed, was replaced, or was forgotten."""

    def __str__(self) -> str:
        return "This link is not known, or a newer one took its place."


class LinkSpent(IdentityError):
    """The link's token was opened before."""

    def __str__(self) -> str:
        return "This link was opened before; it works once."


class TooManyLinks(IdentityError):
    """The user asked for link after link."""

    def __str__(self) -> str:
        return "Too many links were asked for within 15 minutes."


class LinkExpired(IdentityError):
    """The link's 15 minutes are over."""

    def __str__(self) -> str:
        return "This link has expired; a link lives 15 minutes."


class LinkCompleted(IdentityError):
    """The link did its work."""

    def __str__(self) -> str:
        return "This link was used: the account is linked."


@dataclass(eq=False)
class TierMoveRefused(IdentityError):
    """The tier table has no such move, or its guard does not hold."""

    current: str
    wanted: str
    why: str

    def __str__(self) -> str:
        return f"The tier cannot go from {self.current} to {self.wanted}: {self.why}."


class OwnAccount(IdentityError):
    """An administrator may not change their own account."""

    def __str__(self) -> str:
        return "Administrators cannot change their own tier, role or suspension."


class KeyNeedsSession(IdentityError):
    """An API key may not make or end API keys."""

    def __str__(self) -> str:
        return "API keys and sessions are changed with a login, not with an API key."


class TooManyKeys(IdentityError):
    """The user has as many keys as one may have."""

    def __str__(self) -> str:
        return "You have 20 live API keys; that is the most."


@dataclass(eq=False)
class ScopeRefused(IdentityError):
    """The caller may not give or use this scope."""

    scope: str

    def __str__(self) -> str:
        return f"The scope {self.scope} is not yours to use here."


@dataclass(eq=False)
class ExpiryRefused(IdentityError):
    """The key's end lies outside what is allowed."""

    longest_days: int

    def __str__(self) -> str:
        return f"expires_at must lie in the future, and at most {self.longest_days} days ahead."


class RefreshRefused(IdentityError):
    """The refresh token is unknown, used, expired, or its session has ended."""

    def __str__(self) -> str:
        return "This refresh token is not valid."


class StateRefused(IdentityError):
    """The OAuth state is unknown, used, expired, or belongs to another browser."""

    def __str__(self) -> str:
        return "This login was not begun in this browser, was used before, or took too long."


@dataclass(eq=False)
class ProviderRefused(IdentityError):
    """The provider, or the person at it, did not allow the login."""

    provider: str
    error: str = ""

    def __str__(self) -> str:
        return f"{self.provider.title()} did not confirm the login ({self.error or 'no reason'})."


@dataclass(eq=False)
class ProviderUnavailable(IdentityError):
    """The provider did not answer, or not as documented."""

    provider: str

    def __str__(self) -> str:
        return f"{self.provider.title()} does not answer right now; nothing was changed."
