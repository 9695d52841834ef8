"""The kinds of goods: what each is called, and how the assets of each are named."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo


class GoodsKind(StrEnum):
    """What changes hands."""

    GAME_OWNERSHIP = "GAME_OWNERSHIP"
    DIGITAL_KEY = "DIGITAL_KEY"
    ACCOUNT = "ACCOUNT"
    CODE = "CODE"
    LICENSE = "LICENSE"
    SERVICE = "SERVICE"


DEFAULT_KIND = GoodsKind.GAME_OWNERSHIP
"""What is meant where nothing is said: a game at Roblox."""

_UNIVERSE = re.compile(r"[0-9]{1,20}")


def _universe_id(written: str) -> str:
    """A game's number at Roblox; leading zeros make no other game of it."""
    if not written.isascii() or _UNIVERSE.fullmatch(written) is None:
        raise ValueError("String should match pattern '^[0-9]{1,20}$'")
    return written.lstrip("0") or "0"


TRADED: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {GoodsKind.GAME_OWNERSHIP: _universe_id}
)
"""The kinds that can be traded, each with the one way to write its asset ids (or ValueError)."""


def asset_id_of(kind: str, written: str) -> str:
    """The one way to write this id of an asset; ValueError says why it is none of this kind."""
    if (canonical := TRADED.get(kind)) is None:
        raise ValueError(f"goods of the kind {kind[:40]!r} are not traded")
    return canonical(written)


def reference(kind: str, asset_id: str) -> str:
    """An asset in one word: its id, after its kind where that is not the usual one."""
    return asset_id if kind == DEFAULT_KIND else f"{kind}.{asset_id}"


def read_reference(written: str) -> tuple[GoodsKind, str]:
    """Kind and id of the asset that is written so; ValueError says why there can be none."""
    named, _, rest = written.partition(".")
    known = named in GoodsKind.__members__ and bool(rest)
    kind, asset_id = (GoodsKind(named), rest) if known else (DEFAULT_KIND, written)
    return kind, asset_id_of(kind, asset_id)


def _traded(kind: GoodsKind) -> GoodsKind:
    if kind not in TRADED:
        raise ValueError(f"goods of the kind {kind} are not traded")
    return kind


def _asset_id(written: str, info: ValidationInfo) -> str:
    kind = info.data.get("kind")
    return written if kind is None else asset_id_of(kind, written)


TradedKind = Annotated[
    GoodsKind, AfterValidator(_traded), Field(json_schema_extra={"examples": [DEFAULT_KIND]})
]
"""A kind of goods as somebody asks for it: one that can be traded."""
AssetId = Annotated[str, AfterValidator(_asset_id), Field(json_schema_extra={"examples": ["1818"]})]
"""An asset's id as somebody gives it, in a model that holds its ``kind`` before it."""
