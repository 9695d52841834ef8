"""What discord-gateway needs from its environment."""

from chassis.settings import ServiceSettings
from pydantic import Field, SecretStr

REAL_API = "https://discord.com/api/v10"
REAL_GATEWAY = "wss://gateway.discord.gg/"


class Settings(ServiceSettings):
    """The service's settings; the two Discord addresses lead elsewhere in development."""

    discord_token: SecretStr
    custom_id_secret: SecretStr
    discord_api_base: str = Field(default=REAL_API, pattern=r"^https?://.+/api/v10$")
    discord_gateway_url: str = Field(default=REAL_GATEWAY, pattern=r"^wss?://")
    listings_url: str = "http://127.0.0.1:8002"
    contracts_url: str = "http://127.0.0.1:8003"
    escrow_url: str = "http://127.0.0.1:8004"
    verification_url: str = "http://127.0.0.1:8005"

    @property
    def owners(self) -> dict[str, str]:
        """Where each service that answers reads is reached, by its name."""
        return {
            "identity": self.identity_url,
            "listings": self.listings_url,
            "contracts": self.contracts_url,
            "escrow": self.escrow_url,
            "verification": self.verification_url,
        }
