"""Linking a Roblox account: the link by REST, and the pages a browser goes through."""

from __future__ import annotations

from chassis.http.auth import Caller
from chassis.http.documented import as_pages, documented
from chassis.http.idempotency import Answer, IdempotencyKey, cause_of, once
from chassis.http.pages import SAFE_HEADERS
from chassis.http.routes import Router
from chassis.storage.database import Transaction
from contracts_schema.commands.identity import CreateLink
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from identity import handlers, store
from identity.api import cookies, dependencies
from identity.api.notice import as_page
from identity.api.oauth_state import OAuthText, take
from identity.api.schemas import LinkId, LinkIn, LinkOut, LinkUrlOut
from identity.domain import errors
from identity.domain.account import LinkOutcome, Provider
from identity.domain.link import Link
from identity.domain.oauth_state import OAuthState, RoundTrip
from identity.domain.secret import challenge
from identity.pages.notice import Page, render
from identity.ports import LoginProvider, Proof

router = Router(tags=["linking"])

_OUTCOMES = {
    LinkOutcome.LINKED: (Page.LINKED, 200),
    LinkOutcome.TAKEN: (Page.TAKEN, 409),
    LinkOutcome.HAS_ANOTHER: (Page.HAS_ANOTHER, 409),
}


@router.post(
    "/v1/links",
    status_code=201,
    response_model=LinkOut,
    responses=documented(401, 403, 409, 422, 429),
    summary="Ask for a link to link a Roblox account",
)
async def create_link(
    request: Request, body: LinkIn, caller: Caller, key: IdempotencyKey = None
) -> Response:
    """Make a link of 15 minutes; its secret URL is asked for separately."""
    command = CreateLink(provider=body.provider)

    async def work(tx: Transaction) -> Answer:
        link = await handlers.link.create(tx, caller, command, seed=key or "")
        return 201, LinkOut(link_id=link.link_id, expires_at=link.expires_at)

    return await once(request, caller, key, work)


@router.post(
    "/v1/links/{link_id}/url",
    response_model=LinkUrlOut,
    responses=documented(401, 403, 404, 409, 410),
    summary="The secret URL of one's own link",
)
async def link_url(
    request: Request, response: Response, link_id: LinkId, caller: Caller
) -> LinkUrlOut:
    """Give the owner a new secret URL, good for one opening; the one before is void."""

    async def work(tx: Transaction) -> tuple[Link, str]:
        return await handlers.link.replace_token(tx, caller, link_id)

    link, token = await dependencies.database(request).run(work, cause_of(request, caller))
    response.headers["Cache-Control"] = "no-store"
    base = dependencies.settings(request).public_base_url.rstrip("/")
    return LinkUrlOut(url=f"{base}/link/{token}", expires_at=link.expires_at)


@router.get(
    "/link/{token}",
    response_class=HTMLResponse,
    responses={
        302: {"description": "To Discord, where the owner logs in"},
        **as_pages(404, 410),
    },
    summary="Open a link in the browser",
)
async def open_link(request: Request, token: str) -> Response:
    """Use the link's secret up, and have its owner log in at Discord: then it leads to Roblox."""

    async def begin() -> Response:
        trip = RoundTrip.begin()

        async def work(tx: Transaction) -> Link:
            return await handlers.link.open_link(tx, token, trip)

        await dependencies.database(request).run(work, dependencies.cause(request, "browser"))
        return _to(request, dependencies.discord(request), trip)

    return await as_page(begin)


async def go_on(request: Request, taken: OAuthState, proof: Proof) -> Response:
    """Send the link's owner, who has just logged in at Discord, on to Roblox."""

    async def begin() -> Response:
        trip = RoundTrip.begin()

        async def work(tx: Transaction) -> bool:
            discord_id, name = proof.account_id, proof.username
            is_owner = await handlers.link.go_on(tx, taken, discord_id, trip)
            if is_owner:
                await store.account.keep_name(tx, Provider.DISCORD, discord_id, name)
            return is_owner

        cause = dependencies.cause(request, f"discord:{proof.account_id}")
        if not await dependencies.database(request).run(work, cause):
            raise errors.NotTheOwner
        return _to(request, dependencies.roblox(request), trip)

    return await as_page(begin)


def _to(request: Request, provider: LoginProvider, trip: RoundTrip) -> Response:
    """To the provider's own page, and back to this browser only."""
    url = provider.authorize_url(trip.state, challenge(trip.verifier))
    response = RedirectResponse(url, 302, headers=SAFE_HEADERS)
    cookies.bind(request, response, trip)
    return response


@router.get(
    "/oauth/roblox/callback",
    response_class=HTMLResponse,
    responses=as_pages(400, 403, 409, 503),
    summary="Where Roblox sends the browser back to",
)
async def roblox_callback(
    request: Request, state: OAuthText = "", code: OAuthText = "", error: OAuthText = ""
) -> Response:
    """Finish the login that this browser began, and link the account it proves."""

    async def finish() -> Response:
        taken = await take(request, state, Provider.ROBLOX)
        if error or not code:
            raise errors.ProviderRefused(Provider.ROBLOX, error[:40])
        proof = await dependencies.roblox(request).proof(code, taken.verifier)

        async def work(tx: Transaction) -> LinkOutcome:
            account_id, name = proof.account_id, proof.username
            outcome = await handlers.account.link(tx, taken, account_id)
            await store.account.keep_name(tx, Provider.ROBLOX, account_id, name)
            return outcome

        cause = dependencies.cause(request, taken.user_id or "browser")
        return render(*_OUTCOMES[await dependencies.database(request).run(work, cause)])

    page = await as_page(finish)
    cookies.unbind(request, page, state)
    return page
