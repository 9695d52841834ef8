"""What identity refuses, with the facts of each refusal."""

from __future__ import annotations

from typing import ClassVar

from contracts_schema.refusals import Refused


class IdentityError(Refused):
    """The root of what this service refuses."""

    catalogue: ClassVar[str] = "identity"


class AlreadyRegistered(IdentityError):
    """The person joined before."""


class ConsentMissing(IdentityError):
    """The person is unknown and did not consent to the terms."""


class TermsNotCurrent(IdentityError):
    """The terms that were agreed to are not those in force, or never were."""


class Suspended(IdentityError):
    """The account is suspended."""


class AlreadyLinked(IdentityError):
    """The user has an account of this provider already."""


class LinkUnknown(IdentityError):
    """No link has this token: it never existed, was replaced, or was forgotten."""


class LinkSpent(IdentityError):
    """The link's token was opened before."""


class TooManyLinks(IdentityError):
    """The user asked for link after link."""


class LinkExpired(IdentityError):
    """The link's 15 minutes are over."""


class LinkCompleted(IdentityError):
    """The link did its work."""


class TierMoveRefused(IdentityError):
    """The tier table has no such move, or its guard does not hold."""


class OwnAccount(IdentityError):
    """An administrator may not change their own account."""


class KeyNeedsSession(IdentityError):
    """An API key may not make or end API keys."""


class TooManyKeys(IdentityError):
    """The user has as many keys as one may have."""


class ScopeRefused(IdentityError):
    """The caller may not give or use this scope."""


class ExpiryRefused(IdentityError):
    """The key's end lies outside what is allowed."""


class RefreshRefused(IdentityError):
    """The refresh token is unknown, used, expired, or its session has ended."""


class StateRefused(IdentityError):
    """The OAuth state is unknown, used, expired, or belongs to another browser."""


class NotTheOwner(IdentityError):
    """Whoever opened the link is logged in at Discord with another account than its owner's."""


class AccountNotLinked(IdentityError):
    """The user has no account of this provider."""


class ProviderRefused(IdentityError):
    """The provider, or the person at it, did not allow the login."""

    def __init__(self, provider: str, error: str = "") -> None:
        """Name the provider, and the error code that it gave."""
        super().__init__(provider=provider, error=error or "none")


class ProviderUnavailable(IdentityError):
    """The provider did not answer, or not as documented."""
