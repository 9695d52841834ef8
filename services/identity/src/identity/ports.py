"""What identity needs from the outside: whoever knows a person's outside account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from identity.domain.account import Provider


@dataclass(frozen=True, slots=True)
class Proof:
    """Whose login was proven: the provider's own id, and the names that it told with it.

    Names change, so nothing is decided by one, and each may be empty.
    """

    account_id: str
    name: str = ""
    """As the person likes to be called; shown to them at once and not kept."""
    username: str = ""
    """As nobody else is called there; kept, for the contracts that they sign."""


class LoginProvider(Protocol):
    """An OAuth 2 provider with PKCE; its own id and username are all that is kept."""

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
