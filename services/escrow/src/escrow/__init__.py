"""The money of a deal: ledger, payments, payouts, deliveries."""
