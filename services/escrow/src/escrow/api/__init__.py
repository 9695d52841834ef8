"""The REST door of escrow, the provider's webhooks, and three small pages."""
