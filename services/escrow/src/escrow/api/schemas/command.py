"""What people send with a command."""

from __future__ import annotations

from typing import Annotated

from chassis.http.bodies import at_most
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from escrow.domain.outcome import Outcome

Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", strip_whitespace=True)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EvidenceIn(_Body):
    """Something the seller shows for the handover: a link or a note, with a hash if a file."""

    kind: Annotated[str, Field(pattern=r"^(note|link|file)$")]
    text: Annotated[Text, Field(min_length=1, max_length=2000)]
    sha256: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")] = None


class DeliveryIn(_Body):
    """The goods were handed over."""

    title: Annotated[Text, Field(min_length=1, max_length=255)]
    description: Annotated[Text, Field(max_length=2000)] = ""
    evidence: Annotated[tuple[EvidenceIn, ...], Field(max_length=10), at_most(10)] = ()


class ReasonIn(_Body):
    """Why, in a few words."""

    reason: Annotated[Text, Field(max_length=500)] = ""


class OperatorReason(_Body):
    """Why an operator does it: kept in the audit log, not told to the parties."""

    reason: Annotated[Text, Field(min_length=10, max_length=500)]


class DecisionIn(OperatorReason):
    """How an operator ends it."""

    outcome: Outcome
