"""Where a person lands after the provider's own pages. They say no secret and need no login."""

from __future__ import annotations

from importlib import resources
from string import Template

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from escrow.api.models import EscrowPath

router = APIRouter(include_in_schema=False)
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
FRAME = Template((resources.files("escrow") / "pages" / "frame.html").read_text("utf-8"))
WORDS = {
    "paid": (
        "Thank you",
        "Your payment is being confirmed. Holdfast tells you in Discord as soon as the money is "
        "held; the seller hands over after that.",
    ),
    "done": (
        "Your payout account",
        "Stripe is checking what you entered. Holdfast tells you in Discord when you can be paid.",
    ),
    "again": (
        "This link has ended",
        "Links to Stripe work once and only for a few minutes. Press Set up payouts in Discord "
        "again for a new one.",
    ),
}


@router.get("/v1/escrows/{escrow_id}/paid")
async def paid(escrow_id: EscrowPath) -> Response:
    """After paying."""
    return _page("paid")


@router.get("/v1/payout-accounts/done")
async def done() -> Response:
    """After onboarding."""
    return _page("done")


@router.get("/v1/payout-accounts/again")
async def again() -> Response:
    """When an onboarding link was used or has ended."""
    return _page("again")


def _page(name: str) -> Response:
    title, text = WORDS[name]
    return HTMLResponse(FRAME.substitute(title=title, text=text), headers=HEADERS)
