"""An OAuth 2 provider: code flow with PKCE S256, over httpx.

Its tokens are used once, to ask whose they are, and kept nowhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from identity.domain.account import Provider
from identity.domain.errors import ProviderRefused, ProviderUnavailable
from identity.ports import Proof

TIMEOUT_S = 3.0
MOST_NAME = 80
_ACCOUNT_ID = re.compile(r"[1-9][0-9]{0,19}")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of one provider, who we are there, and where the person comes back."""

    name: Provider
    authorize: str
    token: str
    person: str
    id_field: str
    scope: str
    client_id: str
    client_secret: str
    redirect_uri: str
    name_fields: tuple[str, ...] = ()
    """What the person may be called, the better name first."""
    username_field: str = "username"
    """What nobody else is called there."""


class OAuthProvider:
    """One provider, reached over HTTP."""

    def __init__(self, endpoints: Endpoints, http: httpx.AsyncClient) -> None:
        """Use these endpoints through this client."""
        self._at, self._http = endpoints, http

    @property
    def name(self) -> Provider:
        """Which provider this is."""
        return self._at.name

    def authorize_url(self, state: str, challenge: str) -> str:
        """Where the browser goes to allow the login."""
        query = {
            "client_id": self._at.client_id,
            "redirect_uri": self._at.redirect_uri,
            "response_type": "code",
            "scope": self._at.scope,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._at.authorize}?{urlencode(query)}"

    async def proof(self, code: str, verifier: str) -> Proof:
        """Whose login the code proves."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": self._at.redirect_uri,
            "client_id": self._at.client_id,
            "client_secret": self._at.client_secret,
        }
        tokens = await self._ask("POST", self._at.token, data=form)
        access = tokens.get("access_token")
        if not isinstance(access, str):
            raise ProviderUnavailable(provider=self.name)
        headers = {"Authorization": f"Bearer {access}"}
        person = await self._ask("GET", self._at.person, headers=headers)
        found = person.get(self._at.id_field)
        if not isinstance(found, str) or _ACCOUNT_ID.fullmatch(found) is None:
            raise ProviderUnavailable(provider=self.name)
        name = _first_name(person, *self._at.name_fields)
        return Proof(found, name, _first_name(person, self._at.username_field))

    async def _ask(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        try:
            answer = await self._http.request(method, url, timeout=TIMEOUT_S, **more)
            body = answer.json()
        except (httpx.HTTPError, ValueError, RecursionError) as error:
            raise ProviderUnavailable(provider=self.name) from error
        if answer.status_code in (400, 401, 403):
            raise ProviderRefused(self.name, _error_code(body))
        if answer.status_code != 200 or not isinstance(body, dict):
            raise ProviderUnavailable(provider=self.name)
        return body


def _first_name(person: dict[str, Any], *fields: str) -> str:
    names = (person.get(field) for field in fields)
    found = next((name for name in names if isinstance(name, str) and name), "")
    return "".join(letter for letter in found if letter.isprintable())[:MOST_NAME]


def _error_code(body: Any) -> str:
    code = body.get("error") if isinstance(body, dict) else None
    return code if isinstance(code, str) and re.fullmatch(r"[a-z_]{1,40}", code) else "refused"
