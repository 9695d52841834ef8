"""The only rooms with SQL: escrows, payments, payouts, webhooks, and the ledger's postings."""
