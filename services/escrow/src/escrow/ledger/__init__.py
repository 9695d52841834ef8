"""The proof that the books are right: ``python -m escrow.ledger check``."""
