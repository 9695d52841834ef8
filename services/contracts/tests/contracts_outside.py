"""What stands in for the world around contracts: the archive, the press, who people are."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from contracts.domain.party import Account, Accounts
from contracts.ports import ArchiveDiffers, ArchiveUnavailable, PeopleUnavailable
from contracts_schema.ids import derive_id
from holdfast.seal import make_seal

SELLER, BUYER, STRANGER = (derive_id("usr", name) for name in ("seller", "buyer", "stranger"))
ACCOUNTS: Accounts = {
    SELLER: (
        Account("discord", "100000000000000001", "mara_k"),
        Account("roblox", "41", "MaraBuilds"),
    ),
    BUYER: (Account("discord", "100000000000000002", "jo"), Account("roblox", "42", "JoBuys")),
}


@cache
def a_seal() -> str:
    """The platform's seal, the same in all of a test's processes."""
    return os.environ.get("HOLDFAST_SEAL") or make_seal()


@dataclass
class MemoryArchive:
    """Keeps documents in memory; can be away, and can be made to lie."""

    objects: dict[str, bytes] = field(default_factory=dict)
    away: bool = False

    async def keep(self, key: str, content: bytes, media_type: str, until: datetime) -> None:
        """Keep unless it is there."""
        self._answer()
        self.objects.setdefault(key, content)

    async def read(self, key: str, sha256: str) -> bytes:
        """Read and check."""
        self._answer()
        content = self.objects.get(key, b"")
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ArchiveDiffers(key)
        return content

    async def names(self, prefix: str, after: str = "") -> list[str]:
        """List what is there."""
        self._answer()
        return sorted(key for key in self.objects if key.startswith(prefix) and key > after)

    def _answer(self) -> None:
        if self.away:
            raise ArchiveUnavailable("away")


@dataclass
class MemoryPeople:
    """Knows the parties' accounts; can be away, and counts how often it is asked."""

    known: Accounts = field(default_factory=lambda: dict(ACCOUNTS))
    away: bool = False
    asked: int = 0

    async def accounts(self, user_ids: tuple[str, ...]) -> Accounts:
        """What is known of each."""
        self.asked += 1
        if self.away:
            raise PeopleUnavailable("away")
        return {user_id: self.known.get(user_id, ()) for user_id in user_ids}


class FlatTypesetter:
    """A typesetter that takes no time: the data is the document."""

    async def typeset(self, source: str, data: str, at: datetime) -> bytes:
        """The same input gives the same bytes."""
        return b"%PDF-flat " + source[:20].encode() + data.encode() + at.isoformat().encode()

    async def try_out(self, source: str, data: str, at: datetime) -> bytes:
        """The same."""
        return await self.typeset(source, data, at)
