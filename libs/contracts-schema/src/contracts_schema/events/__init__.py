"""Every event, one module per publisher. A name is a fact: ``FundsHeld``, ``OfferAccepted``."""

from contracts_schema.events import (
    contracts,
    discord,
    escrow,
    identity,
    listings,
    rejected,
    verification,
)

__all__ = [
    "contracts",
    "discord",
    "escrow",
    "identity",
    "listings",
    "rejected",
    "verification",
]
