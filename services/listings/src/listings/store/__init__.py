"""The only files with SQL: the tables declared once, and the statements of each noun."""

from listings.store import asset, draft, listing, offer, watch

__all__ = ["asset", "draft", "listing", "offer", "watch"]
