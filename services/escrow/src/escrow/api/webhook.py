"""The providers' webhooks in: verified on the raw bytes, kept, answered, applied later."""

from __future__ import annotations

from typing import Annotated

from chassis.http.bodies import takes
from chassis.http.documented import documented
from chassis.http.routes import Router
from chassis.problems import not_found
from fastapi import Path, Request

from escrow.api.schemas.provider import WebhookOut
from escrow.handlers import webhook
from escrow.ports import PaymentRail, Rails

LARGEST = 256 * 1024
EVENT = {"application/json": {"schema": {"type": "object"}}}

router = Router(tags=["webhooks"])


@router.post(
    "/v1/webhooks/{rail}",
    response_model=WebhookOut,
    responses=documented(400, 404, 413, 422, 503),
    openapi_extra={"requestBody": {"required": True, "content": EVENT}},
)
@takes(LARGEST)
async def receive(
    request: Request,
    rail: Annotated[str, Path(pattern=r"^[a-z_]{2,30}$", description="Whose event it is")],
) -> WebhookOut:
    """Take a provider's event in; off where no secret of theirs is set."""
    provider = _listening(request.app.state.rails, rail)
    body = await request.body()
    await webhook.receive(request.app.state.database, provider, request.headers, body)
    return WebhookOut()


def _listening(rails: Rails, name: str) -> PaymentRail:
    for rail, adapter in rails.items():
        if rail.lower() == name and adapter.takes_webhooks:
            return adapter
    raise not_found("webhook")
