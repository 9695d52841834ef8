"""The page on which a person picks an account and allows an app, or does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from aiohttp import web
from yarl import URL

from sandbox.roblox.clients import Client, Clients
from sandbox.roblox.grants import Consent, GrantBook, OAuthError
from sandbox.roblox.replies import NUMBER, Outage, failure
from sandbox.roblox.world import User, World

SCOPES = ("openid", "profile")
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"></head>
<body><main><h1>{title}</h1>{body}</main></body></html>"""


class NoReturn(Exception):
    """The request names no app or address to return to; the person sees a page instead."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked authorization request."""

    client: Client
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    nonce: str | None


class Authorize:
    """Shows the consent page and turns the person's answer into a redirect."""

    def __init__(self, world: World, clients: Clients, grants: GrantBook, outage: Outage) -> None:
        self._world = world
        self._clients = clients
        self._grants = grants
        self._outage = outage

    def routes(self) -> list[web.RouteDef]:
        """GET shows the page, POST takes the answer; both check the whole request."""
        path = "/roblox/oauth/v1/authorize"
        return [web.get(path, self.answer), web.post(path, self.answer)]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The page, or the redirect that follows from the answer or from a faulty request."""
        if self._outage.strikes("oauth"):
            return failure(self._outage.status)
        query = request.query
        try:
            client, redirect_uri = self._way_back(query)
        except NoReturn as error:
            return _page("This login cannot start", f"<p>{escape(str(error))}</p>", 400)
        try:
            asked = _checked(query, client, redirect_uri)
            if request.method == "GET":
                return self._consent_page(request, asked)
            reply = {"code": self._decide(await _form(request), asked)}
        except OAuthError as error:
            reply = {"error": error.error, "error_description": error.description}
        return _redirect(redirect_uri, query.get("state"), reply)

    def _way_back(self, query: Mapping[str, str]) -> tuple[Client, str]:
        client = self._clients.find(query.get("client_id", ""))
        if client is None:
            raise NoReturn("invalid_request: the client_id is unknown; register the app first.")
        redirect_uri = query.get("redirect_uri", "")
        if redirect_uri not in client.redirect_uris:
            raise NoReturn("invalid_request: the redirect_uri is not one that the app registered.")
        return client, redirect_uri

    def _decide(self, form: Mapping[str, str], asked: Asked) -> str:
        if form.get("decision") == "deny":
            raise OAuthError("access_denied", "The user did not allow the app.")
        user = self._user(form.get("user_id", ""))
        if form.get("decision") != "approve" or user is None:
            raise OAuthError("invalid_request", "Pick an account and approve or deny.")
        consent = Consent(
            asked.client.client_id,
            asked.redirect_uri,
            user.id,
            asked.scopes,
            asked.challenge,
            asked.nonce,
        )
        return self._grants.approve(consent)

    def _user(self, text: str) -> User | None:
        return self._world.users.get(int(text)) if NUMBER.fullmatch(text) else None

    def _consent_page(self, request: web.Request, asked: Asked) -> web.Response:
        chosen = self._user(request.query.get("as", ""))
        accounts = "".join(_account(user, user == chosen) for user in self._world.users.values())
        scopes = "".join(f"<li>{escape(scope)}</li>" for scope in asked.scopes)
        body = (
            f"<p>{escape(asked.client.name)} asks for:</p><ul>{scopes}</ul>"
            f'<form method="post" action="{escape(str(request.rel_url))}">'
            f"<fieldset><legend>Continue as</legend>{accounts}</fieldset>"
            '<button name="decision" value="approve">Confirm and give access</button> '
            '<button name="decision" value="deny" formnovalidate>Cancel</button></form>'
        )
        return _page("Log in with Roblox (sandbox)", body, 200)


def _checked(query: Mapping[str, str], client: Client, redirect_uri: str) -> Asked:
    if query.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response_type must be code.")
    scopes = tuple(dict.fromkeys(query.get("scope", "").split()))
    if not scopes or any(scope not in SCOPES for scope in scopes):
        raise OAuthError("invalid_scope", f"scope must be among: {' '.join(SCOPES)}.")
    if query.get("code_challenge_method") != "S256":
        raise OAuthError("invalid_request", "code_challenge_method must be S256.")
    challenge = query.get("code_challenge", "")
    if not CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "code_challenge must be a SHA-256 in base64url.")
    if query.get("prompt") == "none":
        raise OAuthError("interaction_required", "The user must confirm on a page.")
    return Asked(client, redirect_uri, scopes, challenge, query.get("nonce"))


def _redirect(redirect_uri: str, state: str | None, reply: Mapping[str, str]) -> web.Response:
    answer = dict(reply) if state is None else {**reply, "state": state}
    location = str(URL(redirect_uri).update_query(answer))
    return web.Response(status=302, headers={"Location": location, "Cache-Control": "no-store"})


def _account(user: User, chosen: bool) -> str:
    return (
        f'<label><input type="radio" name="user_id" value="{user.id}" required'
        f"{' checked' if chosen else ''}> {escape(user.display_name)} "
        f"(@{escape(user.name)})</label><br>"
    )


def _page(title: str, body: str, status: int) -> web.Response:
    text = PAGE.format(title=escape(title), body=body)
    return web.Response(text=text, status=status, content_type="text/html")


async def _form(request: web.Request) -> dict[str, str]:
    return {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
