"""The money of one contract: held, released or refunded, and every cent of it booked.

Nothing here says that money moved before the provider proved it, and nothing moves without a
balanced entry in the ledger, in the same transaction as the state it belongs to.
"""
