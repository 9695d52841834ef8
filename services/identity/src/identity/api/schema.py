"""The schemas of messages, where ``dataschema`` of each message says that they are."""

from __future__ import annotations

from functools import cache
from typing import Any

from chassis.http.documented import documented
from chassis.http.routes import Router
from chassis.problems import not_found
from contracts_schema.schemas import generated
from fastapi import Response
from fastapi.responses import JSONResponse

router = Router(tags=["schemas"])
_schemas = cache(generated)


class SchemaResponse(JSONResponse):
    """A JSON Schema."""

    media_type = "application/schema+json"


@router.get(
    "/schemas/{topic}.json",
    response_class=SchemaResponse,
    responses={
        200: {"content": {SchemaResponse.media_type: {"schema": {"type": "object"}}}},
        **documented(404),
    },
    summary="The JSON Schema of a message",
)
async def schema(topic: str) -> Response:
    """What the body of messages of this topic looks like."""
    found: dict[str, Any] | None = _schemas().get(topic)
    if found is None:
        raise not_found("schema", topic)
    return SchemaResponse(found, headers={"Cache-Control": "public, max-age=300"})
