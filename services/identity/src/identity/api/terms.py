"""The terms of service: as data for programs, as a page for people; anybody may read them."""

from __future__ import annotations

from typing import Annotated

from chassis.http.documented import documented
from chassis.http.routes import Router
from chassis.problems import not_found
from fastapi import Path, Request
from fastapi.responses import HTMLResponse

from identity.api import dependencies
from identity.api.schemas import TermsOut
from identity.domain.terms import Terms
from identity.pages import notice
from identity.pages import terms as page

router = Router(tags=["terms"])

Version = Annotated[str, Path(max_length=100)]


@router.get("/v1/terms", summary="The terms of service in force")
async def current(request: Request) -> TermsOut:
    """What one agrees to by joining now: its version is what consent names."""
    return _out(request, dependencies.joining(request).terms.current)


@router.get(
    "/v1/terms/{version}",
    responses=documented(404, 422),
    summary="One version of the terms of service",
)
async def one_version(request: Request, version: Version) -> TermsOut:
    """A version that is or was in force."""
    found = dependencies.joining(request).terms.find(version)
    if found is None:
        raise not_found("terms", version)
    return _out(request, found)


@router.get("/terms", response_class=HTMLResponse, summary="The terms of service as a page")
async def current_page(request: Request) -> HTMLResponse:
    """The version in force, to read."""
    return page.render(dependencies.joining(request).terms.current, is_current=True)


@router.get(
    "/terms/{version}",
    response_class=HTMLResponse,
    responses={404: {"description": "There is no such version"}},
    summary="One version of the terms of service as a page",
)
async def version_page(request: Request, version: str) -> HTMLResponse:
    """A version that is or was in force, to read."""
    terms = dependencies.joining(request).terms
    found = terms.find(version)
    if found is None:
        return notice.render(notice.Page.TERMS_UNKNOWN, 404)
    return page.render(found, is_current=found == terms.current)


def _out(request: Request, terms: Terms) -> TermsOut:
    base = dependencies.settings(request).public_base_url.rstrip("/")
    return TermsOut(
        version=terms.version,
        sha256=terms.sha256,
        current=terms == dependencies.joining(request).terms.current,
        url=f"{base}/terms/{terms.version}",
        text=terms.text,
    )
