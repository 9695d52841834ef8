"""The terms of a contract, and the one way to write them down so that they can be hashed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from contracts_schema.goods import GoodsKind
from contracts_schema.ids import ContractId, DealId, ListingId, UserId
from contracts_schema.money import Money


class Rail(StrEnum):
    """How money comes and goes."""

    STRIPE = "STRIPE"
    USDC_BASE = "USDC_BASE"
    CRYPTO_INVOICE = "CRYPTO_INVOICE"


class ReleaseRule(StrEnum):
    """When a tranche may go out."""

    ON_CONFIRMATION = "ON_CONFIRMATION"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fee(_Frozen):
    """A fee formula: basis points of the price, rounded down, plus a fixed part (minor units)."""

    basis_points: int = Field(ge=0, le=10_000, strict=True)
    fixed_minor: int = Field(ge=0, strict=True)

    def of(self, price: Money) -> Money:
        """The fee on this price, never more than the price itself."""
        fee = Money(price.share(self.basis_points).minor + self.fixed_minor, price.currency)
        return min(fee, price, key=lambda money: money.minor)


class Windows(_Frozen):
    """How long each step may take, in seconds; frozen into the terms when they are drafted."""

    funding_s: int = Field(gt=0, strict=True)
    delivery_s: int = Field(gt=0, strict=True)
    inspection_s: int = Field(gt=0, strict=True)
    inspection_proven_s: int = Field(gt=0, strict=True)


class TrancheTerms(_Frozen):
    """One part of the price with its own release rule."""

    number: int = Field(ge=1, strict=True)
    amount: Money
    release: ReleaseRule = ReleaseRule.ON_CONFIRMATION


class Terms(_Frozen):
    """What the two parties sign: who, what, how much, by when, and the fee."""

    version: int = 1
    contract_id: ContractId
    deal_id: DealId
    listing_id: ListingId
    goods: GoodsKind = GoodsKind.GAME_OWNERSHIP
    asset_id: str
    snapshot_sha256: str
    title: str
    seller_id: UserId
    buyer_id: UserId
    price: Money
    rail: Rail
    seller_fee: Fee
    buyer_fee: Fee
    windows: Windows
    tranches: tuple[TrancheTerms, ...]
    conditions: str = ""

    def sha256(self) -> str:
        """The terms hash: SHA-256 of the canonical JSON, as 64 hex digits."""
        return sha256_hex(canonical_json(self.model_dump(mode="json")))


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """One spelling for one value: sorted keys, no white space, UTF-8, integers only (RFC 8785).

    Raises TypeError for floats and whatever else has more than one spelling.
    """
    _refuse_inexact(value)
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _refuse_inexact(value: Any) -> None:
    if isinstance(value, Mapping):
        if any(type(key) is not str for key in value):
            raise TypeError("keys must be text")
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            _refuse_inexact(item)
    elif value is not None and not isinstance(value, str | int):
        raise TypeError(f"only text, integers and true or false are exact, not {value!r}")


def sha256_hex(data: bytes) -> str:
    """SHA-256 as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()
