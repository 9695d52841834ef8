"""What concerns the payment providers: their pages, people's accounts there, their webhooks."""

from __future__ import annotations

from contracts_schema.terms import Rail
from pydantic import BaseModel


class LinkOut(BaseModel):
    """A page of the provider's for one person; it is shown to nobody else."""

    url: str


class PayoutAccountOut(BaseModel):
    """Whether one can be paid."""

    rail: Rail
    begun: bool
    ready: bool
    next_action: str


class WebhookOut(BaseModel):
    """It is kept."""

    received: bool = True
