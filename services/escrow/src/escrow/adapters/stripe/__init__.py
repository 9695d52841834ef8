"""Stripe: checkout, separate charges and transfers, and its signed webhooks."""
