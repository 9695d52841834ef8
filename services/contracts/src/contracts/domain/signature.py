"""A signature: the words a person typed over the terms they saw, and how it reached us."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from contracts_schema.events.listings import Side

PHRASE = "I AGREE"


class Method(StrEnum):
    """Where a signature was made."""

    DISCORD = "discord"
    REST = "rest"
    WEB = "web"


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a signature reached us; it is kept beside the signature."""

    method: Method
    request_id: str
    ip: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Signing:
    """What a person did to sign: the words, the hash of the terms they saw, and the evidence."""

    phrase: str
    seen_terms: str | None
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Signature:
    """One party's signature, as it is kept."""

    signer_id: str
    side: Side
    method: Method
    terms_sha256: str
    signed_at: datetime
    request_id: str = ""
    ip: str = ""
    user_agent: str = ""
