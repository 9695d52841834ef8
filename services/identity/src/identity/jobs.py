"""What is due: now and then, what is over is forgotten."""

from __future__ import annotations

from chassis.storage.timers import Timers

from identity.handlers import retention


def register(timers: Timers) -> Timers:
    """Bind every timer of identity to its handler."""
    timers.on(retention.CLEAN_UP)(retention.clean_up)
    return timers
