"""The page at the address itself, for who comes by a browser and has no link yet."""

from __future__ import annotations

from chassis.http.routes import Router
from fastapi.responses import HTMLResponse

from identity.pages.notice import Page, render

router = Router(tags=["home"])


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
async def home() -> HTMLResponse:
    """Say what this is, and where it begins."""
    return render(Page.HOME, 200)
