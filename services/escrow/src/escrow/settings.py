"""What escrow needs from its environment."""

from chassis.settings import ServiceSettings
from pydantic import SecretStr


class Settings(ServiceSettings):
    """The service's settings."""

    stripe_api_base: str = "https://api.stripe.com"
    stripe_secret_key: SecretStr
    stripe_webhook_secret: SecretStr
    """One secret, or several separated by commas while one replaces another."""
