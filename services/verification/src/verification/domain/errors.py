"""What verification refuses."""


class VerificationError(Exception):
    """The root of what this service refuses."""


class NoLinkedAccount(VerificationError):
    """The user has no Roblox account linked."""


class RobloxUnavailable(Exception):
    """Roblox could not be asked: the answer is unknown, and the question is asked again.

    Not before ``retry_after_s`` from now, where Roblox named a time.
    """

    def __init__(self, detail: str, retry_after_s: int = 0) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class AssetUnseen(RobloxUnavailable):
    """Roblox shows nothing where it showed a game before: unknown, until that persists."""
