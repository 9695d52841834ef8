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


class Left(StrEnum):
    """How somebody left the provider's page."""

    PAID = "paid"
    UNPAID = "left"
    ONBOARDED = "onboarded"
    LINK_EXPIRED = "link-expired"


@router.get("/v1/return-pages/{name}", response_class=HTMLResponse, responses=documented(422))
async def returned(name: Left) -> HTMLResponse:
    """Tell who comes back from paying or onboarding what happens next."""
    return page(TEXTS.text(f"{name}.title"), paragraphs(TEXTS.text(f"{name}.body")))
