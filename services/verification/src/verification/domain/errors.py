"""What verification refuses."""

from __future__ import annotations

from typing import ClassVar

from contracts_schema.refusals import Refused

RETRY_AFTER_S = 5
"""How soon to ask again at a provider that is away without saying for how long."""


class VerificationError(Refused):
    """The root of what this service refuses."""

    catalogue: ClassVar[str] = "verification"


class NoLinkedAccount(VerificationError):
    """The user has no account linked where the asset is owned."""


class ProviderUnavailable(VerificationError):
    """A provider could not be asked: the answer is unknown, and the question is asked again.

    Not before ``retry_after_s`` from now, where it named a time.
    """

    def __init__(
        self, wording: str, provider: str, retry_after_s: int = 0, **params: object
    ) -> None:
        """``wording`` says what went wrong; ``params`` fill it."""
        super().__init__(wording, provider=provider, wait=retry_after_s or RETRY_AFTER_S, **params)
        self.provider, self.retry_after_s = provider, retry_after_s


class AssetUnseen(ProviderUnavailable):
    """Nothing is shown where an asset was shown before: unknown, until that persists."""

    def __init__(self, provider: str, asset_id: str) -> None:
        """Name the asset."""
        super().__init__("asset_unseen", provider, asset_id=asset_id)
