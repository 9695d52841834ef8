"""Linking a Roblox account: the link by REST, and the pages a browser goes through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from chassis.http.auth import Caller
from chassis.http.idempotency import Answer, IdempotencyKey, cause_of, once
from chassis.storage.database import Transaction
from contracts_schema.commands.identity import CreateLink
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from identity.api import cookies, parts
from identity.api.models import LinkId, LinkIn, LinkOut, LinkUrlOut, refusals
from identity.domain import errors
from identity.domain.links import Link, State
from identity.domain.people import Provider
from identity.handlers import linking
from identity.handlers.linking import Outcome, RoundTrip
from identity.pages import SAFE_HEADERS, render
from identity.secret import challenge
from identity.texts import Page

router = APIRouter(tags=["linking"])
OAuthText = Annotated[str, Query(max_length=2000)]

_OUTCOMES = {
    Outcome.LINKED: (Page.LINKED, 200),
    Outcome.TAKEN: (Page.TAKEN, 409),
    Outcome.HAS_ANOTHER: (Page.HAS_ANOTHER, 409),
}
_REFUSALS: dict[type[errors.IdentityError], tuple[Page, int]] = {
    errors.LinkUnknown: (Page.LINK_UNKNOWN, 404),
    errors.LinkSpent: (Page.LINK_SPENT, 410),
    errors.LinkExpired: (Page.LINK_EXPIRED, 410),
    errors.LinkCompleted: (Page.LINK_COMPLETED, 410),
    errors.Suspended: (Page.SUSPENDED, 403),
    errors.StateRefused: (Page.STATE_REFUSED, 400),
    errors.ProviderRefused: (Page.PROVIDER_REFUSED, 403),
    errors.ProviderUnavailable: (Page.PROVIDER_UNAVAILABLE, 503),
}


@router.post(
    "/v1/links",
    status_code=201,
    response_model=LinkOut,
    responses=refusals(401, 403, 409, 422, 429),
    summary="Ask for a link to link a Roblox account",
)
async def create_link(
    request: Request, body: LinkIn, caller: Caller, key: IdempotencyKey = None
) -> Response:
    """Make a link of 15 minutes; its secret URL is asked for separately."""
    command = CreateLink(provider=body.provider)

    async def work(tx: Transaction) -> Answer:
        link = await linking.create_link(tx, caller, command, seed=key or "")
        return 201, LinkOut(link_id=link.link_id, expires_at=link.expires_at)

    return await once(request, caller, key, work)


@router.post(
    "/v1/links/{link_id}/url",
    response_model=LinkUrlOut,
    responses=refusals(401, 403, 404, 409, 410),
    summary="The secret URL of one's own link",
)
async def link_url(
    request: Request, response: Response, link_id: LinkId, caller: Caller
) -> LinkUrlOut:
    """Give the owner a new secret URL, good for one opening; the one before is void."""

    async def work(tx: Transaction) -> tuple[Link, str]:
        return await linking.replace_token(tx, caller, link_id)

    link, token = await parts.database(request).run(work, cause_of(request, caller))
    response.headers["Cache-Control"] = "no-store"
    base = parts.settings(request).public_base_url.rstrip("/")
    return LinkUrlOut(url=f"{base}/link/{token}", expires_at=link.expires_at)


@router.get(
    "/link/{token}",
    response_class=HTMLResponse,
    responses={302: {"description": "To Roblox"}},
    summary="Open a link in the browser",
)
async def open_link(request: Request, token: str) -> Response:
    """Use the link's secret up and send the browser to Roblox."""

    async def begin() -> Response:
        trip = RoundTrip.begin()

        async def work(tx: Transaction) -> Link:
            return await linking.open_link(tx, token, trip)

        await parts.database(request).run(work, parts.cause(request, "browser"))
        url = parts.roblox(request).authorize_url(trip.state, challenge(trip.verifier))
        response = RedirectResponse(url, 302, headers=SAFE_HEADERS)
        cookies.bind(request, response, trip)
        return response

    return await _as_page(begin)


@router.get(
    "/oauth/roblox/callback",
    response_class=HTMLResponse,
    summary="Where Roblox sends the browser back to",
)
async def roblox_callback(
    request: Request, state: OAuthText = "", code: OAuthText = "", error: OAuthText = ""
) -> Response:
    """Finish the login that this browser began, and link the account it proves."""

    async def finish() -> Response:
        taken = await _take(request, state)
        if error or not code:
            raise errors.ProviderRefused(Provider.ROBLOX, error[:40])
        account_id = await parts.roblox(request).account_id(code, taken.verifier)

        async def work(tx: Transaction) -> Outcome:
            return await linking.complete_link(tx, taken, account_id)

        cause = parts.cause(request, taken.user_id or "browser")
        return render(*_OUTCOMES[await parts.database(request).run(work, cause)])

    page = await _as_page(finish)
    cookies.unbind(page, state)
    return page


async def _take(request: Request, state: str) -> State:
    async def work(tx: Transaction) -> State:
        return await linking.take_state(tx, state, cookies.bound(request, state), Provider.ROBLOX)

    return await parts.database(request).run(work, parts.cause(request, "browser"))


async def _as_page(work: Callable[[], Awaitable[Response]]) -> Response:
    """Show a person a page where a program would get a problem."""
    try:
        return await work()
    except errors.IdentityError as error:
        if type(error) not in _REFUSALS:
            raise
        return render(*_REFUSALS[type(error)])
