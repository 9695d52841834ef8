"""One function per event, job or question: load, ask, decide, save, stage."""

from verification.handlers import account, verification, watch

__all__ = ["account", "verification", "watch"]
