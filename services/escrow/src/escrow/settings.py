"""What escrow needs from its environment."""

from __future__ import annotations

from chassis.settings import ServiceSettings
from contracts_schema.terms import Rail
from pydantic import Field, SecretStr

from escrow.adapters.stripe.rail import StripeSettings

HOUR_S = 3600


class Settings(ServiceSettings):
    """The service's settings."""

    rails: str = Rail.STRIPE
    """Which rails are configured, comma-separated; a contract over another one is parked."""
    stripe_api_base: str = "https://api.stripe.com"
    stripe_secret_key: SecretStr
    stripe_webhook_secret: SecretStr = SecretStr("")
    """Empty: the webhook's route is off. Several, comma-separated, while one is rotated."""
    ledger_check_every_s: int = Field(default=HOUR_S, ge=1)

    def enabled_rails(self) -> tuple[Rail, ...]:
        """The rails that are configured."""
        return tuple(Rail(name.strip()) for name in self.rails.split(",") if name.strip())

    def webhook_secrets(self) -> tuple[str, ...]:
        """Each secret that counts now."""
        listed = self.stripe_webhook_secret.get_secret_value().split(",")
        return tuple(secret.strip() for secret in listed if secret.strip())

    def stripe(self) -> StripeSettings:
        """What the Stripe rail needs."""
        pages = f"{self.public_base_url.rstrip('/')}/v1/return-pages"
        return StripeSettings(
            api_base=self.stripe_api_base,
            secret_key=self.stripe_secret_key.get_secret_value(),
            webhook_secrets=self.webhook_secrets(),
            paid_url=f"{pages}/paid",
            left_url=f"{pages}/left",
            onboarded_url=f"{pages}/onboarded",
            link_expired_url=f"{pages}/link-expired",
        )
