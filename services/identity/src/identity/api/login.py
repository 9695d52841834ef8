"""Logging in with Discord."""

from __future__ import annotations

from chassis.http.documented import documented
from chassis.http.pages import SAFE_HEADERS
from chassis.http.routes import Router
from chassis.storage.database import Transaction
from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from identity import handlers
from identity.api import cookies, dependencies, link
from identity.api.oauth_state import OAuthText, take
from identity.api.schemas import DiscordLogin, TokensOut, UrlOut
from identity.api.session import UNCACHED, tokens
from identity.domain import errors
from identity.domain.account import Provider
from identity.domain.oauth_state import Purpose, RoundTrip
from identity.domain.secret import challenge
from identity.domain.session import Login

router = Router(tags=["login"])


@router.post(
    "/v1/auth/discord/url",
    response_model=UrlOut,
    responses=documented(422),
    summary="Where to log in with Discord",
)
async def discord_url(request: Request, response: Response, body: DiscordLogin) -> UrlOut:
    """Begin a login: give the URL, and a cookie without which it cannot be finished."""
    trip = RoundTrip.begin()
    terms = body.terms_version if body.consent else None

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
        302: {"description": "To Roblox, where the login was for opening a link"},
        303: {"description": "To where the login was begun for"},
        **documented(400, 403, 503),
    },
    summary="Where Discord sends the browser back to",
)
async def discord_callback(
    request: Request, state: OAuthText = "", code: OAuthText = "", error: OAuthText = ""
) -> Response:
    """Finish the login that this browser began; who consented and is unknown joins."""
    taken = await take(request, state, Provider.DISCORD)
    if error or not code:
        raise errors.ProviderRefused(Provider.DISCORD, error[:40])
    discord_id = await dependencies.discord(request).account_id(code, taken.verifier)
    if taken.purpose is Purpose.LINK:
        onward = await link.go_on(request, taken, discord_id)
        cookies.unbind(request, onward, state)
        return onward
    admins = dependencies.settings(request).bootstrap_admins
    agent = _printable(request.headers.get("user-agent", ""))

    async def work(tx: Transaction) -> Login:
        return await handlers.login.log_in(tx, taken, discord_id, agent, admins)

    cause = dependencies.cause(request, f"discord:{discord_id}")
    login = await dependencies.database(request).run(work, cause)
    response: Response = tokens(request, login)
    if taken.redirect_to is not None:
        base = dependencies.settings(request).public_base_url.rstrip("/")
        response = RedirectResponse(base + taken.redirect_to, 303, headers=SAFE_HEADERS)
        cookies.keep_refresh(request, response, login.refresh_token)
    cookies.unbind(request, response, state)
    return response


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:200]
