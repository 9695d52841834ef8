"""A head of a service's audit log, told by that service, so that another one keeps it."""

from __future__ import annotations

from datetime import datetime
from types import new_class
from typing import Annotated, ClassVar, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from contracts_schema.message import Event
from contracts_schema.speakers import SPEAKERS

Entries = Annotated[int, Field(ge=0, lt=2**63)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class EarlierHead(BaseModel):
    """The head that was recorded before, and what the log holds at its place now."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: datetime
    entries: Entries
    hash: Sha256 | None
    """As the log says it now; None where it does not reach so far any more."""


class AuditHeadRecorded(Event):
    """How long a service's audit log is, and the hash that covers all of it."""

    subject_field: ClassVar[str] = "service"

    service: str
    at: datetime
    entries: Entries
    hash: Sha256
    follows: EarlierHead | None = None
    """None where no head was recorded before."""


def _of(service: str, first_word: str) -> type[AuditHeadRecorded]:
    """The event that only this service may tell, of its own log."""
    own = {
        "__module__": __name__,
        "__doc__": f"How long the audit log of {service} is, and the hash that covers it.",
        "__annotations__": {"topic": ClassVar[str], "service": Literal[service]},
        "topic": f"{first_word}.audit_head_recorded.v1",
    }
    name = "".join(word.capitalize() for word in service.split("-")) + "AuditHeadRecorded"
    return cast(
        type[AuditHeadRecorded],
        new_class(name, (AuditHeadRecorded,), exec_body=lambda namespace: namespace.update(own)),
    )


BY_SERVICE = {name: _of(name, speaker.events) for name, speaker in SPEAKERS.items()}
"""Each service's own."""
