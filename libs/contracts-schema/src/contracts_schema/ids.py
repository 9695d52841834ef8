"""Typed ids: a prefix that names the kind, and a UUIDv7 as 26 characters of Crockford base32."""

from __future__ import annotations

import os
import re
import time
from typing import Annotated
from uuid import UUID, uuid5

from pydantic import StringConstraints

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_NAMESPACE = UUID("6f0e9c52-6f0b-5d0c-9d5e-0b6f5a9b6d11")
_PATTERN = re.compile(r"^([a-z]{2,5})_([0-7][0-9a-hjkmnp-tv-z]{25})$")

EntityId = Annotated[str, StringConstraints(pattern=_PATTERN.pattern, max_length=32)]
"""Any typed id; the narrower aliases below also fix the prefix."""


UserId = Annotated[str, StringConstraints(pattern=r"^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
ListingId = Annotated[str, StringConstraints(pattern=r"^lst_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
OfferId = Annotated[str, StringConstraints(pattern=r"^ofr_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
DealId = OfferId
"""A deal is everything from the accepted offer on; its id is that offer's."""
ContractId = Annotated[str, StringConstraints(pattern=r"^ctr_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
EscrowId = Annotated[str, StringConstraints(pattern=r"^esc_[0-7][0-9a-hjkmnp-tv-z]{25}$")]


def uuid7() -> UUID:
    """A time-ordered UUID (RFC 9562 version 7) with 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | (0x7 << 76)
    return UUID(int=value & ~(0x3 << 62) | (0x2 << 62))


def new_id(prefix: str) -> str:
    """A new id of the kind that the prefix names."""
    return f"{prefix}_{encode(uuid7())}"


def derive_id(prefix: str, *seed: str) -> str:
    """The one id that this seed always gives, so that a retry carries the same id."""
    return f"{prefix}_{encode(uuid5(_NAMESPACE, chr(31).join((prefix, *seed))))}"


def derive_uuid(*seed: str) -> UUID:
    """The one UUID that this seed always gives (for ids of events and commands)."""
    return uuid5(_NAMESPACE, chr(31).join(seed))


def is_id(text: str) -> bool:
    """Whether this is a well-formed id of any kind."""
    return _PATTERN.fullmatch(text) is not None


def parse_id(prefix: str, text: str) -> str:
    """Give the id back if it is well-formed and of this kind; ValueError otherwise."""
    match = _PATTERN.fullmatch(text)
    if match is None or match.group(1) != prefix:
        raise ValueError(f"not an id that begins with {prefix}_: {text[:40]!r}")
    return text


def encode(value: UUID) -> str:
    """Write 128 bits as 26 characters."""
    number, out = value.int, []
    for _ in range(26):
        out.append(_ALPHABET[number & 31])
        number >>= 5
    return "".join(reversed(out))


def decode(text: str) -> UUID:
    """Read 26 characters back as 128 bits; ValueError for anything else."""
    if len(text) != 26 or not _VALUES.keys() >= set(text):
        raise ValueError(f"not 26 characters of our base32: {text[:40]!r}")
    number = 0
    for character in text:
        number = number << 5 | _VALUES[character]
    return UUID(int=number)
