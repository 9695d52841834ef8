"""Logging in with Discord."""

from __future__ import annotations

from chassis.http.documented import documented
from chassis.http.pages import SAFE_HEADERS
from chassis.http.routes import Router
from chassis.storage.database import Transaction
from contracts_schema.events.identity import Tier
from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from identity import handlers, store
from identity.api import cookies, dependencies, link
from identity.api.notice import as_page, asks_for_page
from identity.api.oauth_state import OAuthText, take
from identity.api.schemas import DiscordLogin, TokensOut, UrlOut
from identity.api.session import UNCACHED, tokens
from identity.domain import errors
from identity.domain.account import Provider
from identity.domain.oauth_state import OAuthState, Purpose, RoundTrip
from identity.domain.secret import challenge
from identity.domain.session import Login
from identity.pages.notice import Page, render
from identity.ports import Proof

router = Router(tags=["login"])


@router.post(
    "/v1/auth/discord/url",
    response_model=UrlOut,
    responses=documented(409, 422),
    summary="Where to log in with Discord",
)
async def discord_url(request: Request, response: Response, body: DiscordLogin) -> UrlOut:
    """Begin a login: give the URL, and a cookie without which it cannot be finished.

    Consent counts for the version in force alone.
    """
    trip, terms = RoundTrip.begin(), None
    if body.consent and body.terms_version is not None:
        terms = dependencies.joining(request).terms.agreed(body.terms_version).version

    async def work(tx: Transaction) -> None:
        await handlers.login.begin(tx, trip, terms, body.redirect_to)

    await dependencies.database(request).run(work, dependencies.cause(request, "browser"))
    cookies.bind(request, response, trip)
    response.headers.update(UNCACHED)
    url = dependencies.discord(request).authorize_url(trip.state, challenge(trip.verifier))
    return UrlOut(url=url)


@router.get(
    "/v1/auth/discord/callback",
    response_model=TokensOut,
    responses={
        200: {"content": {"text/html": {"schema": {"type": "string"}}}},
        302: {"description": "To Roblox, where the login was for opening a link"},
        303: {"description": "To where the login was begun for"},
        **documented(400, 403, 409, 503),
    },
    summary="Where Discord sends the browser back to",
)
async def discord_callback(
    request: Request, state: OAuthText = "", code: OAuthText = "", error: OAuthText = ""
) -> Response:
    """Finish the login that this browser began; who consented and is unknown joins.

    A browser ends on a page; who does not ask for HTML is given tokens, or a problem.
    """

    async def finish() -> Response:
        taken = await take(request, state, Provider.DISCORD)
        if error or not code:
            raise errors.ProviderRefused(Provider.DISCORD, error[:40])
        proof = await dependencies.discord(request).proof(code, taken.verifier)
        if taken.purpose is Purpose.LINK:
            return await link.go_on(request, taken, proof)
        return await _logged_in(request, taken, proof)

    response = await (as_page(finish) if asks_for_page(request) else finish())
    response.headers["Vary"] = "Accept"
    cookies.unbind(request, response, state)
    return response


async def _logged_in(request: Request, taken: OAuthState, proof: Proof) -> Response:
    agent = _printable(request.headers.get("user-agent", ""))

    async def work(tx: Transaction) -> Login:
        joining = dependencies.joining(request)
        login = await handlers.login.log_in(tx, taken, proof.account_id, agent, joining)
        await store.account.keep_name(tx, Provider.DISCORD, proof.account_id, proof.username)
        return login

    cause = dependencies.cause(request, f"discord:{proof.account_id}")
    login = await dependencies.database(request).run(work, cause)
    if taken.redirect_to is not None:
        base = dependencies.settings(request).public_base_url.rstrip("/")
        response: Response = RedirectResponse(base + taken.redirect_to, 303, headers=SAFE_HEADERS)
    elif asks_for_page(request):
        unlinked = login.user.tier is Tier.TIER_0
        shown = Page.LOGGED_IN_UNLINKED if unlinked else Page.LOGGED_IN
        name = proof.name or proof.account_id
        response = render(shown, 200, name=name, discord_id=proof.account_id)
    else:
        return tokens(request, login)
    cookies.keep_refresh(request, response, login.refresh_token)
    return response


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:200]
