"""What Stripe's part of the sandbox is told at its start."""

import json
from dataclasses import dataclass
from pathlib import Path

from sandbox.config import Config

VERSION: str = json.loads(Path(__file__).with_name("description.json").read_text(encoding="utf-8"))[
    "api_version"
]


@dataclass(frozen=True, slots=True)
class Settings:
    """Keys, the webhook endpoint, and the prices and delays of this Stripe account."""

    base_url: str
    secret_key: str
    webhook_url: str
    webhook_secret: str
    webhook_retry_scale: float
    webhook_timeout_s: float
    api_version: str
    fee_bps: int
    fee_fixed_minor: int
    capture_delay_s: float
    pending_days: int
    opening_balance_minor: int


def read(config: Config) -> Settings:
    """Take the `stripe` section; what is absent has the default named here."""
    section = config.stripe.allow_only(*(set(Settings.__slots__) - {"base_url"}))
    return Settings(
        base_url=config.base_url,
        secret_key=section.text("secret_key", "sk_test_sandbox"),
        webhook_url=section.text("webhook_url", ""),
        webhook_secret=section.text("webhook_secret", "whsec_sandbox"),
        webhook_retry_scale=section.seconds("webhook_retry_scale", 1.0),
        webhook_timeout_s=section.seconds("webhook_timeout_s", 10.0),
        api_version=section.text("api_version", VERSION),
        fee_bps=section.whole("fee_bps", 290),
        fee_fixed_minor=section.whole("fee_fixed_minor", 30),
        capture_delay_s=section.seconds("capture_delay_s", 1.0),
        pending_days=section.whole("pending_days", 2),
        opening_balance_minor=section.whole("opening_balance_minor", 0),
    )
