"""What contracts needs from the outside world."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Protocol

from contracts_schema.refusals import Refused

from contracts.domain.party import Account


class _Outside(Refused):
    catalogue: ClassVar[str] = "contracts"

    def __init__(self, reason: str) -> None:
        """Say what happened, for who looks after the system."""
        super().__init__(reason=reason)


class ArchiveUnavailable(_Outside):
    """The archive does not answer, or not as it should; nothing is known to be wrong."""


class ArchiveDiffers(_Outside):
    """The archive holds something else under this name, or nothing."""


class TypesettingFailed(_Outside):
    """The document was not made, for a reason that is not the template's; it is tried again."""


class PeopleUnavailable(_Outside):
    """Nobody tells who the parties are outside; it is tried again."""


class Archive(Protocol):
    """Keeps documents so that nobody can change or remove them for years."""

    async def keep(self, key: str, content: bytes, media_type: str, until: datetime) -> None:
        """Have exactly this content under this key; repeating it changes nothing."""
        ...

    async def read(self, key: str, sha256: str) -> bytes:
        """The content under this key, which has this hash; raises ArchiveDiffers otherwise."""
        ...

    async def names(self, prefix: str, after: str = "") -> list[str]:
        """The keys that begin so and come after that one, in their order."""
        ...


class Typesetter(Protocol):
    """Makes the PDF."""

    async def typeset(self, source: str, data: str, at: datetime) -> bytes:
        """The sealed document of this template and data; the same input gives the same bytes."""
        ...

    async def try_out(self, source: str, data: str, at: datetime) -> bytes:
        """The same without the seal, which no sample carries."""
        ...


class People(Protocol):
    """Knows which outside accounts a person has proven."""

    async def accounts(self, user_ids: tuple[str, ...]) -> Mapping[str, tuple[Account, ...]]:
        """Each person's accounts with their names; raises PeopleUnavailable."""
        ...
