"""Every command, one module per owner: what a person may wish, by either door."""

from contracts_schema.commands import contracts, discord, escrow, identity, listings, notifier

__all__ = ["contracts", "discord", "escrow", "identity", "listings", "notifier"]
