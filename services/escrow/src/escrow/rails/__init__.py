"""Adapters of PaymentRail: the only rooms that know a provider."""
