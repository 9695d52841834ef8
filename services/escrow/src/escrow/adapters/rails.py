"""The registry of rails: which adapter each is made of, from the service's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from contracts_schema.terms import Rail

from escrow.adapters.stripe.rail import StripeRail
from escrow.ports import PaymentRail, Rails
from escrow.settings import Settings

ADAPTERS: Mapping[Rail, Callable[[Settings], PaymentRail]] = MappingProxyType(
    {Rail.STRIPE: lambda settings: StripeRail(settings.stripe())}
)


def rails_of(settings: Settings) -> Rails:
    """An adapter for each rail that is configured, in the order of the setting."""
    return {rail: _adapter(rail)(settings) for rail in settings.enabled_rails()}


def _adapter(rail: Rail) -> Callable[[Settings], PaymentRail]:
    if rail not in ADAPTERS:
        known = ", ".join(sorted(ADAPTERS))
        raise ValueError(f"HOLDFAST_RAILS names {rail}, for which there is no adapter: {known} are")
    return ADAPTERS[rail]
