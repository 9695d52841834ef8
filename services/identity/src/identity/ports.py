"""What identity needs from the outside: whoever knows a person's outside account."""

from __future__ import annotations

from typing import Protocol

from identity.domain.account import Provider


class LoginProvider(Protocol):
    """An OAuth 2 provider with PKCE; its own id of the account is all that is taken from it."""

    @property
    def name(self) -> Provider:
        """Which provider this is."""
        ...

    def authorize_url(self, state: str, challenge: str) -> str:
        """Where the browser goes to allow the login."""
        ...

    async def account_id(self, code: str, verifier: str) -> str:
        """Whose login the code proves; raises ProviderRefused or ProviderUnavailable."""
        ...
