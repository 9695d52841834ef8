"""What verification refuses."""


class VerificationError(Exception):
    """The root of what this service refuses."""


class NoLinkedAccount(VerificationError):
    """The user has no account linked where the asset is owned."""


class ProviderUnavailable(Exception):
    """A provider could not be asked: the answer is unknown, and the question is asked again.

    Not before ``retry_after_s`` from now, where it named a time.
    """

    def __init__(self, provider: str, detail: str, retry_after_s: int = 0) -> None:
        super().__init__(detail)
        self.provider, self.retry_after_s = provider, retry_after_s


class AssetUnseen(ProviderUnavailable):
    """Nothing is shown where an asset was shown before: unknown, until that persists."""
