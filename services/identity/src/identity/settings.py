"""What identity reads from its environment."""

from __future__ import annotations

from chassis.http.callers import AnswersServices
from pydantic import SecretStr


class Settings(AnswersServices):
    """Identity's settings; secrets have no default."""

    signing_key: SecretStr
    discord_application_id: str
    discord_client_secret: SecretStr
    discord_api_base: str = "https://discord.com/api/v10"
    discord_oauth_base: str = "https://discord.com"
    roblox_client_id: str
    roblox_client_secret: SecretStr
    roblox_oauth_base: str = "https://apis.roblox.com/oauth"
    """Where a person's browser is sent."""
    roblox_oauth_api_base: str = "https://apis.roblox.com/oauth"
    """Where identity asks, which may be another way to the same."""
    bootstrap_admin_discord_ids: str = ""

    @property
    def bootstrap_admins(self) -> frozenset[str]:
        """The Discord accounts that become administrators when they join."""
        ids = (part.strip() for part in self.bootstrap_admin_discord_ids.split(","))
        return frozenset(part for part in ids if part)

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies are for HTTPS only: wherever the public address is HTTPS."""
        return self.public_base_url.startswith("https://")
