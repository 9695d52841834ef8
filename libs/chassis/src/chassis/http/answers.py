"""Bodies of answers, written once."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, TypeAdapter


def written(body: Any) -> bytes:
    """The body as it is sent and kept: a schema, a dataclass that serves as one, or plain data.

    What a schema was made of is not checked again: whoever made it knew it to be good.
    """
    if isinstance(body, BaseModel):
        return body.__pydantic_serializer__.to_json(body)
    if hasattr(body, "__dataclass_fields__"):
        kind: Any = type(body)
        return _schema_of(kind).dump_json(body)
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


@lru_cache
def _schema_of(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
