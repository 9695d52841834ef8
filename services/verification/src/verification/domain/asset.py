"""An asset as its provider shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asset:
    """What is for sale, and who owns it there."""

    asset_id: str
    name: str
    owner_kind: str
    owner_id: str
    details: tuple[tuple[str, str], ...] = ()
    thumbnail_url: str = ""
