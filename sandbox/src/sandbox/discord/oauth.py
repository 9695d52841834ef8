"""Login with Discord: the page a person approves on, and the token endpoint."""

import base64
import binascii
import hmac
import re
from html import escape
from urllib.parse import urlencode, urlsplit, urlunsplit

from aiohttp import web

from sandbox.discord import payloads
from sandbox.discord.entities import User
from sandbox.discord.grants import GrantError, Grants
from sandbox.discord.rest import Call, Reply, Route, Token
from sandbox.discord.state import World

AUTHORIZE = "/discord/oauth2/authorize"
TOKEN_PATHS = ("/discord/api/v10/oauth2/token", "/discord/api/oauth2/token")
SCOPES = {"identify", "email", "guilds", "guilds.members.read", "bot", "applications.commands"}
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
COOKIE = "sandbox_discord_user"

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Authorize {app}</title>
<h1>{app} wants to access your Discord account</h1><p>It asks for: {scopes}.</p>
<form method="post"><label>You are <select name="user">{people}</select></label>
<button name="decision" value="approve">Authorize</button>
<button name="decision" value="deny">Cancel</button></form></html>
"""


class BadRequest(Exception):
    """The authorize request cannot be trusted; the person sees an error page, no redirect."""


class OAuth:
    """The authorization server."""

    def __init__(
        self, world: World, grants: Grants, client_secret: str, redirect_uris: tuple[str, ...]
    ) -> None:
        self._world = world
        self._grants = grants
        self._secret = client_secret
        self._redirect_uris = redirect_uris

    def route_defs(self) -> list[web.RouteDef]:
        """The page, the token endpoint and revocation."""
        return [
            web.get(AUTHORIZE, self.page),
            web.post(AUTHORIZE, self.decide),
            *(web.post(path, self.token) for path in TOKEN_PATHS),
            *(web.post(path + "/revoke", self.revoke) for path in TOKEN_PATHS),
        ]

    def routes(self) -> list[Route]:
        """What a bearer may ask about its own token."""
        return [Route("GET", "/oauth2/@me", self.about_token, token=Token.USER)]

    async def about_token(self, call: Call) -> Reply:
        """The application, the scopes and the person behind the token."""
        secret = call.request.headers["Authorization"].partition(" ")[2]
        granted = self._grants.bearer(secret)
        expires = payloads.moment(granted.until) if granted else ""
        about = payloads.application(self._world)
        keys = "id name icon description type verify_key flags flags_new bot".split()
        body = {
            "application": {key: about[key] for key in keys},
            "scopes": sorted(call.scopes),
            "expires": expires,
        }
        if call.person is not None and "identify" in call.scopes:
            body["user"] = payloads.user(call.person)
        return 200, body

    def bearer(self, token: str) -> tuple[User, frozenset[str]] | None:
        """The person and scopes behind an access token."""
        granted = self._grants.bearer(token)
        if granted is None or granted.user_id not in self._world.users:
            return None
        return self._world.users[granted.user_id], granted.scopes

    async def page(self, request: web.Request) -> web.Response:
        """Ask the person; `as` or the cookie preselects who sits before the screen."""
        try:
            scopes = self._checked(request)
        except BadRequest as error:
            return _error_page(str(error))
        chosen = request.query.get("as") or request.cookies.get(COOKIE)
        user = self._world.find_user(chosen) if chosen else None
        people = "".join(
            f'<option value="{u.id}"{" selected" if u is user else ""}>{escape(u.display)}</option>'
            for u in self._world.users.values()
            if not u.bot
        )
        html = PAGE.format(
            app=escape(self._world.bot.display), scopes=escape(", ".join(sorted(scopes))),
            people=people,
        )  # fmt: skip
        return web.Response(text=html, content_type="text/html")

    async def decide(self, request: web.Request) -> web.Response:
        """Send the person back with a code, or with `access_denied`."""
        try:
            scopes = self._checked(request)
        except BadRequest as error:
            return _error_page(str(error))
        form = await request.post()
        chosen = form.get("user") or request.query.get("as") or request.cookies.get(COOKIE)
        user = self._world.find_user(chosen) if chosen else None
        if user is None or user.bot:
            return _error_page("choose a person: form field `user` or query parameter `as`")
        if form.get("decision", "approve") != "approve":
            words = "The resource owner or authorization server denied the request"
            return _redirect(request, {"error": "access_denied", "error_description": words})
        code = self._grants.approve(
            user.id, request.query["redirect_uri"], scopes, request.query.get("code_challenge")
        )
        response = _redirect(request, {"code": code})
        response.set_cookie(COOKIE, user.id, httponly=True, samesite="Lax")
        return response

    def _checked(self, request: web.Request) -> frozenset[str]:
        query = request.query
        if query.get("client_id") != self._world.application_id:
            raise BadRequest("Unknown application: client_id")
        redirect_uri = query.get("redirect_uri", "")
        if urlsplit(redirect_uri).scheme not in ("http", "https"):
            raise BadRequest("Invalid OAuth2 redirect_uri")
        if self._redirect_uris and redirect_uri not in self._redirect_uris:
            raise BadRequest("Invalid OAuth2 redirect_uri")
        if query.get("response_type") != "code":
            raise BadRequest('response_type must be "code"')
        scopes = frozenset(query.get("scope", "").split())
        if not scopes or not scopes <= SCOPES:
            raise BadRequest("The requested scope is invalid, unknown, or malformed.")
        if "code_challenge" in query or "code_challenge_method" in query:
            method = query.get("code_challenge_method")
            if method != "S256" or not CHALLENGE.fullmatch(query.get("code_challenge", "")):
                raise BadRequest("code_challenge must be of method S256")
        return scopes

    async def token(self, request: web.Request) -> web.Response:
        """Exchange a code or a refresh token."""
        try:
            form = {key: str(value) for key, value in (await request.post()).items()}
            self._authenticate(request, form)
            return web.json_response(self._exchange(form))
        except GrantError as error:
            return web.json_response(error.body, status=error.status)

    def _exchange(self, form: dict[str, str]) -> object:
        if form.get("grant_type") == "authorization_code":
            code, redirect_uri = form.get("code", ""), form.get("redirect_uri", "")
            return self._grants.exchange(code, redirect_uri, form.get("code_verifier"))
        if form.get("grant_type") == "refresh_token":
            return self._grants.refresh(form.get("refresh_token", ""))
        raise GrantError("unsupported_grant_type", "Grant type None is not supported")

    async def revoke(self, request: web.Request) -> web.Response:
        """Forget a token."""
        try:
            form = {key: str(value) for key, value in (await request.post()).items()}
            self._authenticate(request, form)
        except GrantError as error:
            return web.json_response(error.body, status=error.status)
        self._grants.revoke(form.get("token", ""))
        return web.json_response({})

    def _authenticate(self, request: web.Request, form: dict[str, str]) -> None:
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            client, secret = _basic(encoded)
        known = hmac.compare_digest(secret.encode(), self._secret.encode())
        if client != self._world.application_id or not known:
            raise GrantError("invalid_client", "Invalid client.", status=401)


def _basic(encoded: str) -> tuple[str, str]:
    try:
        client, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return client, secret


def _redirect(request: web.Request, answer: dict[str, str]) -> web.Response:
    if "state" in request.query:
        answer["state"] = request.query["state"]
    scheme, host, path, query, _ = urlsplit(request.query["redirect_uri"])
    joined = f"{query}&{urlencode(answer)}" if query else urlencode(answer)
    location = urlunsplit((scheme, host, path, joined, ""))
    return web.Response(status=302, headers={"Location": location})


def _error_page(cause: str) -> web.Response:
    text = f"<!doctype html><title>Error</title><p>{escape(cause)}</p>"
    return web.Response(status=400, text=text, content_type="text/html")
