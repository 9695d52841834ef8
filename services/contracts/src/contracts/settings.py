"""What contracts needs from its environment; policy numbers have the product's defaults."""

from __future__ import annotations

from datetime import timedelta

from chassis.settings import ServiceSettings
from contracts_schema.money import Currency, Money
from contracts_schema.terms import Fee
from pydantic import Field, SecretStr, field_validator

from contracts.adapters import seal_key
from contracts.adapters.seal_key import SealKey
from contracts.domain.policy import Policy

HOUR_S = 3600
DAY_S = 24 * HOUR_S


class Settings(ServiceSettings):
    """The service's settings."""

    s3_endpoint: str
    s3_access_key: SecretStr
    s3_secret_key: SecretStr
    s3_bucket: str
    s3_region: str = "us-east-1"
    seal: SecretStr
    """The platform's seal for documents: private key and certificates, PEM."""
    stripe_fee_bps: int = Field(default=290, ge=0, le=10_000)
    stripe_fee_fixed_minor: int = Field(default=30, ge=0)
    usdc_fee_bps: int = Field(default=100, ge=0, le=10_000)
    rail_threshold_minor: int = Field(default=1_000_000, ge=0)
    signing_window_s: int = Field(default=72 * HOUR_S, gt=0)
    funding_window_s: int = Field(default=72 * HOUR_S, gt=0)
    inspection_window_s: int = Field(default=7 * DAY_S, gt=0)
    inspection_proven_window_s: int = Field(default=24 * HOUR_S, gt=0)
    longest_hold_s: int = Field(default=85 * DAY_S, gt=0)

    @property
    def seal_key(self) -> SealKey:
        """The seal, read."""
        return seal_key.read(self.seal.get_secret_value())

    @field_validator("seal")
    @classmethod
    def _is_a_seal(cls, seal: SecretStr) -> SecretStr:
        seal_key.read(seal.get_secret_value())
        return seal

    def policy(self) -> Policy:
        """The policy that new contracts are drafted under."""
        return Policy(
            stripe_fee=Fee(
                basis_points=self.stripe_fee_bps, fixed_minor=self.stripe_fee_fixed_minor
            ),
            usdc_fee=Fee(basis_points=self.usdc_fee_bps, fixed_minor=0),
            rail_threshold=Money(self.rail_threshold_minor, Currency.USD),
            signing_window=timedelta(seconds=self.signing_window_s),
            funding_s=self.funding_window_s,
            inspection_s=self.inspection_window_s,
            inspection_proven_s=self.inspection_proven_window_s,
            longest_hold_s=self.longest_hold_s,
        )
