"""Webhooks in: verify on the raw bytes, store, answer; they are applied later from the store."""

from __future__ import annotations

from chassis.database import Cause, Database, Transaction
from chassis.failpoints import failpoint
from chassis.problems import Problem
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from escrow.api.models import refusals
from escrow.handlers import hearing
from escrow.ports import ForgedWebhook, PaymentRail, WebhooksOff

router = APIRouter(tags=["webhooks"])
LARGEST_BODY = 512 * 1024
STRIPE = "stripe"


@router.post(
    "/v1/webhooks/stripe",
    responses={200: {"description": "Stored"}, **refusals(400, 413, 503)},
    summary="What Stripe tells us",
)
async def stripe(request: Request) -> Response:
    """200 once the event is stored; the same event again is 200 and changes nothing."""
    database: Database = request.app.state.database
    rail: PaymentRail = request.app.state.rail
    body = await _body(request)
    try:
        signature = request.headers.get("stripe-signature", "")
        event = rail.read_webhook(body, signature, database.clock.now())
    except WebhooksOff as off:
        raise Problem(
            503, "webhooks_off", str(off), next_action="Set HOLDFAST_STRIPE_WEBHOOK_SECRET."
        ) from off
    except ForgedWebhook as forged:
        raise Problem(
            400, "signature_invalid", str(forged), next_action="Sign with the endpoint's secret."
        ) from forged

    async def keep(tx: Transaction) -> bool:
        return await hearing.keep(tx, STRIPE, event, body)

    failpoint("escrow.webhook_before_store")
    stored = await database.run(keep, Cause(event.event_id, actor=STRIPE))
    return JSONResponse({"stored": stored})


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise Problem(413, "too_large", "A webhook has at most 512 KiB.")
    return body
