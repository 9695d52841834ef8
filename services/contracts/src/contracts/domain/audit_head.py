"""A head of a service's audit log, as it is kept for that service, and what speaks against it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime

from contracts_schema.terms import canonical_json

FOLDER = "audit"
_KEPT_ONLY = ("received_at", "kept_at", "fault")


@dataclass(frozen=True, slots=True)
class AuditHead:
    """What one service told of its log at one time."""

    service: str
    at: datetime
    entries: int
    hash: str
    follows_at: datetime | None
    follows_entries: int | None
    follows_hash: str | None
    """What its log holds, at the place of the head before, now."""
    received_at: datetime
    kept_at: datetime | None = None
    """When it lay under lock."""
    fault: str = ""

    @property
    def key(self) -> str:
        """Its name in the archive."""
        return key_of(self.service, self.at)

    def document(self) -> bytes:
        """What lies in the archive: all that was told, and nothing that was found out later."""
        told = {it.name: getattr(self, it.name) for it in fields(self) if it.name not in _KEPT_ONLY}
        return canonical_json({name: _written(value) for name, value in told.items()})


def key_of(service: str, at: datetime) -> str:
    """The name, in the archive, of what a service told at that time; later ones sort after it."""
    return f"{FOLDER}/{service}/{at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}.json"


def _written(value: object) -> object:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def contradiction(head: AuditHead, earlier: AuditHead | None, others_between: int) -> str:
    """What a head says that cannot be, after the one it follows; empty where nothing is wrong.

    ``others_between`` counts the heads that were told after the one it follows, and before it.
    """
    whose, when = f"the log of {head.service}", f"{head.at:%Y-%m-%d %H:%M}"
    if others_between:
        return f"{whose} went on at {when} from before {others_between} heads that it told already"
    if earlier is None:
        return ""
    then = f"{earlier.at:%Y-%m-%d %H:%M}"
    if (head.follows_entries, head.follows_hash) != (earlier.entries, earlier.hash):
        return f"{whose} was another at {then} than it says at {when}: it was rewritten or cut"
    if head.entries < earlier.entries:
        return f"{whose} has {head.entries} entries at {when}, and had {earlier.entries} at {then}"
    return ""
