"""The template of a contract's document, version by version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Template:
    """One version of the template; exactly one version is active."""

    version: int
    source: str
    sha256: str
    active: bool
    note: str
    created_by: str
    created_at: datetime
