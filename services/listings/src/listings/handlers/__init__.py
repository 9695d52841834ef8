"""One function per command or event: load, decide, save, stage. REST and broker call the same."""

from listings.handlers import asset, draft, listing, offer

__all__ = ["asset", "draft", "listing", "offer"]
