"""What identity reads from its environment."""

from __future__ import annotations

from chassis.settings import ServiceSettings
from pydantic import SecretStr, field_validator


class Settings(ServiceSettings):
    """Identity's settings; secrets have no default."""

    signing_key: SecretStr
    service_secret: SecretStr
    discord_application_id: str
    discord_client_secret: SecretStr
    discord_api_base: str = "https://discord.com/api/v10"
    discord_oauth_base: str = "https://discord.com"
    roblox_client_id: str
    roblox_client_secret: SecretStr
    roblox_oauth_base: str = "https://apis.roblox.com/oauth"
    bootstrap_admin_discord_ids: str = ""

    @field_validator("service_secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value()) < 16:
            raise ValueError("HOLDFAST_SERVICE_SECRET must have at least 16 characters")
        return secret

    @property
    def bootstrap_admins(self) -> frozenset[str]:
        """The Discord accounts that become administrators when they join."""
        ids = (part.strip() for part in self.bootstrap_admin_discord_ids.split(","))
        return frozenset(part for part in ids if part)

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies are for HTTPS only: wherever the public address is HTTPS."""
        return self.public_base_url.startswith("https://")
