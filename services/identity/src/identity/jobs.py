"""What is due: contests are decided; now and then, what is over is forgotten."""

from __future__ import annotations

from chassis import proposals
from chassis.storage.timers import Timers

from identity.handlers import account, contest, retention


def register(timers: Timers) -> Timers:
    """Bind every timer of identity to its handler."""
    timers.on(retention.CLEAN_UP)(retention.clean_up)
    timers.on(contest.DECIDE)(account.decide)
    proposals.register(timers)
    return timers
