"""The providers' webhooks in: verified on the raw bytes, kept, answered, applied later."""

from __future__ import annotations

from chassis.problems import Problem, not_found
from contracts_schema.terms import Rail
from fastapi import APIRouter, Request

from escrow.api.problems import documented
from escrow.api.shapes import WebhookOut
from escrow.handlers import hearing
from escrow.ports import Rails

LARGEST = 256 * 1024

router = APIRouter(tags=["webhooks"])


@router.post(
    "/v1/webhooks/stripe",
    response_model=WebhookOut,
    responses=documented(400, 404, 413, 503),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {}}}},
)
async def receive_stripe(request: Request) -> WebhookOut:
    """Take an event of Stripe's in; off where no webhook secret is set."""
    state, rails = request.app.state, _rails(request)
    if Rail.STRIPE not in rails or not state.settings.webhook_secrets():
        raise not_found("This webhook")
    body = await _bounded(request)
    await hearing.hear(state.database, rails[Rail.STRIPE], request.headers, body)
    return WebhookOut()


def _rails(request: Request) -> Rails:
    rails: Rails = request.app.state.rails
    return rails


async def _bounded(request: Request) -> bytes:
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > LARGEST:
            raise Problem(
                413,
                "body_too_large",
                f"The body has more than {LARGEST} bytes; no event is that large.",
                next_action="Send one event.",
            )
    return bytes(content)
