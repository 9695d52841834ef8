"""What identity needs from the outside: whoever knows a person's outside account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from identity.domain.account import Provider


@dataclass(frozen=True, slots=True)
class Proof:
    """Whose login was proven: the provider's own id, which is kept, and a name, which is not.

    Names change, so nothing is decided by one; it is shown to the person at once, or empty.
    """

    account_id: str
    name: str = ""


class LoginProvider(Protocol):
    """An OAuth 2 provider with PKCE; its own id of the account is all that is kept of it."""

    @property
    def name(self) -> Provider:
        """Which provider this is."""
        ...

    def authorize_url(self, state: str, challenge: str) -> str:
        """Where the browser goes to allow the login."""
        ...

    async def proof(self, code: str, verifier: str) -> Proof:
        """Whose login the code proves; raises ProviderRefused or ProviderUnavailable."""
        ...
