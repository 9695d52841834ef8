"""Why something is done: what travels from a request through every message it leads to."""

from __future__ import annotations

from dataclasses import dataclass

from contracts_schema import ids


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a transaction runs: the request that began it all and the message that caused this."""

    correlation_id: str = ""
    causation_id: str = ""
    actor: str = "system"
    trigger_id: str = ""
    """What caused the message that is being handled: the command an event answers, for example."""
    idempotency_key: str = ""
    """What the caller sends again with a repeated request; a message has its own id for that."""

    def derive_id(self, prefix: str, *about: str) -> str:
        """An id for what is made now: a repeated message, or request with a key, gives it again."""
        repeated = self.causation_id or self.idempotency_key
        if not repeated:
            return ids.new_id(prefix)
        return ids.derive_id(prefix, self.actor, *about, repeated)
