"""What verification refuses."""


class VerificationError(Exception):
    """The root of what this service refuses."""


class NoLinkedAccount(VerificationError):
    """The user has no Roblox account linked."""


class AssetUnknown(VerificationError):
    """Roblox knows no such game."""


class RobloxUnavailable(Exception):
    """Roblox could not be asked: the answer is unknown, and the question is asked again."""
