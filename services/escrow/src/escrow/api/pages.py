"""Where people land who come back from the provider's pages."""

from __future__ import annotations

from enum import StrEnum

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from escrow.api.problems import documented
from escrow.pages import Pages

router = APIRouter(tags=["pages"])
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
}


class AfterPaying(StrEnum):
    """How somebody left the payment page."""

    PAID = "paid"
    LEFT = "left"


class AfterOnboarding(StrEnum):
    """How somebody left the onboarding page."""

    ONBOARDED = "onboarded"
    LINK_EXPIRED = "link-expired"


@router.get("/v1/escrows/pages/{name}", response_class=HTMLResponse, responses=documented(422))
async def after_paying(request: Request, name: AfterPaying) -> HTMLResponse:
    """Tell who comes back from the payment page what happens next."""
    return _shown(request, name)


@router.get(
    "/v1/payout-accounts/pages/{name}", response_class=HTMLResponse, responses=documented(422)
)
async def after_onboarding(request: Request, name: AfterOnboarding) -> HTMLResponse:
    """Tell who comes back from onboarding what happens next."""
    return _shown(request, name)


def _shown(request: Request, name: str) -> HTMLResponse:
    pages: Pages = request.app.state.pages
    return HTMLResponse(pages.page(name), headers=HEADERS)
