"""The only files with SQL: the tables declared once, and the statements of each noun."""

from verification.store import account, proof, snapshot, verification, watch

__all__ = ["account", "proof", "snapshot", "verification", "watch"]
