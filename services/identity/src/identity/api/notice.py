"""Pages in the place of problems, for people whose browser asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import Request
from fastapi.responses import Response

from identity.domain import errors
from identity.pages.notice import Page, render

_REFUSALS: dict[type[errors.IdentityError], tuple[Page, int]] = {
    errors.LinkUnknown: (Page.LINK_UNKNOWN, 404),
    errors.LinkSpent: (Page.LINK_SPENT, 410),
    errors.LinkExpired: (Page.LINK_EXPIRED, 410),
    errors.LinkCompleted: (Page.LINK_COMPLETED, 410),
    errors.Suspended: (Page.SUSPENDED, 403),
    errors.NotTheOwner: (Page.NOT_THE_OWNER, 403),
    errors.ConsentMissing: (Page.NOT_JOINED, 403),
    errors.TermsNotCurrent: (Page.TERMS_NOT_CURRENT, 409),
    errors.StateRefused: (Page.STATE_REFUSED, 400),
    errors.ProviderRefused: (Page.PROVIDER_REFUSED, 403),
    errors.ProviderUnavailable: (Page.PROVIDER_UNAVAILABLE, 503),
}


def asks_for_page(request: Request) -> bool:
    """Whether a person's browser asks: it names HTML and never JSON, as programs do."""
    accepted = request.headers.get("accept", "").lower()
    return "text/html" in accepted and "json" not in accepted


async def as_page(work: Callable[[], Awaitable[Response]]) -> Response:
    """Show a person a page where a program would get a problem."""
    try:
        return await work()
    except errors.IdentityError as error:
        if type(error) not in _REFUSALS:
            raise
        return render(*_REFUSALS[type(error)])
