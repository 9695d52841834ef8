"""Where people land who come back from the provider's pages."""

from __future__ import annotations

from enum import StrEnum

from chassis.http.documented import documented
from chassis.http.pages import page, paragraphs
from chassis.http.routes import Router
from chassis.texts import texts_of
from fastapi.responses import HTMLResponse

TEXTS = texts_of("escrow")

router = Router(tags=["pages"])


class AfterPaying(StrEnum):
    """How somebody left the payment page."""

    PAID = "paid"
    LEFT = "left"


class AfterOnboarding(StrEnum):
    """How somebody left the onboarding page."""

    ONBOARDED = "onboarded"
    LINK_EXPIRED = "link-expired"


@router.get("/v1/escrows/pages/{name}", response_class=HTMLResponse, responses=documented(422))
async def after_paying(name: AfterPaying) -> HTMLResponse:
    """Tell who comes back from the payment page what happens next."""
    return _shown(name)


@router.get(
    "/v1/payout-accounts/pages/{name}", response_class=HTMLResponse, responses=documented(422)
)
async def after_onboarding(name: AfterOnboarding) -> HTMLResponse:
    """Tell who comes back from onboarding what happens next."""
    return _shown(name)


def _shown(name: str) -> HTMLResponse:
    return page(TEXTS.text(f"{name}.title"), paragraphs(TEXTS.text(f"{name}.body")))
