"""What verification needs from its environment."""

from chassis.settings import ServiceSettings
from pydantic import Field, SecretStr


class Settings(ServiceSettings):
    """The service's settings."""

    service_secret: SecretStr
    roblox_api_base: str = Field(default="https://{host}.roblox.com", pattern=r"\{host\}")
    ownership_cache_s: int = 24 * 3600
