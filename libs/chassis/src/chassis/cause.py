"""Why something is done: what travels from a request through every message it leads to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a transaction runs: the request that began it all and the message that caused this."""

    correlation_id: str = ""
    causation_id: str = ""
    actor: str = "system"
    trigger_id: str = ""
    """What caused the message that is being handled: the command an event answers, for example."""
