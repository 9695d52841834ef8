"""The OAuth endpoints an app calls itself: tokens, introspection, userinfo, discovery."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.roblox.authorize import SCOPES
from sandbox.roblox.clients import Client, Clients
from sandbox.roblox.grants import ACCESS_LIFE, Consent, GrantBook, OAuthError, Pair
from sandbox.roblox.replies import Outage, failure
from sandbox.roblox.signing import Signer
from sandbox.roblox.world import World

ROOT = "/roblox/oauth"
Form = dict[str, str]
ClientCall = Callable[[Client, Form], web.Response]


class OAuth:
    """Token endpoint and its neighbours, over the books of grants."""

    def __init__(
        self,
        world: World,
        clients: Clients,
        grants: GrantBook,
        base_url: str,
        signer: Signer,
    ) -> None:
        self._world = world
        self._clients = clients
        self._grants = grants
        self._base = base_url
        self._signer = signer

    def routes(self, outage: Outage) -> list[web.RouteDef]:
        """All routes under `/roblox/oauth` but the authorize page."""
        token, guard = f"{ROOT}/v1/token", _guarded
        return [
            web.post(token, guard(outage, self._client_call(self.token))),
            web.post(f"{token}/introspect", guard(outage, self._client_call(self.introspect))),
            web.post(f"{token}/resources", guard(outage, self._client_call(self.resources))),
            web.post(f"{token}/revoke", guard(outage, self._client_call(self.revoke))),
            web.get(f"{ROOT}/v1/userinfo", guard(outage, self.userinfo)),
            web.get(f"{ROOT}/v1/certs", guard(outage, self.certs)),
            web.get(
                f"{ROOT}/.well-known/openid-configuration",
                guard(outage, self.discovery),
            ),
        ]

    def _client_call(self, call: ClientCall) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            posted = await request.post()
            form = {key: value for key, value in posted.items() if isinstance(value, str)}
            client = self._clients.authenticate(request.headers.get("Authorization"), form)
            return call(client, form)

        return answer

    def token(self, client: Client, form: Form) -> web.Response:
        """Exchange a code or a refresh token for a set of tokens."""
        grant_type = form.get("grant_type")
        if grant_type == "authorization_code":
            code, verifier = _required(form, "code"), _required(form, "code_verifier")
            redirect_uri = form.get("redirect_uri")
            pair = self._grants.redeem(client.client_id, code, verifier, redirect_uri)
        elif grant_type == "refresh_token":
            pair = self._grants.refresh(client.client_id, _required(form, "refresh_token"))
        else:
            raise OAuthError("unsupported_grant_type", "Use authorization_code or refresh_token.")
        return _uncached(self._token_set(pair))

    def introspect(self, client: Client, form: Form) -> web.Response:
        """Tell whether a token of this client is active, and its claims."""
        token = self._grants.active(client.client_id, _required(form, "token"))
        if token is None:
            return _uncached({"active": False})
        consent = token.grant.consent
        body = {
            "active": True,
            "jti": token.value[:23],
            "iss": self.issuer,
            "token_type": "Bearer",
            "client_id": consent.client_id,
            "aud": consent.client_id,
            "sub": str(consent.user_id),
            "scope": " ".join(consent.scopes),
            "exp": int(token.expires.timestamp()),
            "iat": int(token.issued.timestamp()),
        }
        return _uncached(body)

    def resources(self, client: Client, form: Form) -> web.Response:
        """The resources an access token opens; openid and profile open none beyond the person."""
        token = self._grants.access(_required(form, "token"))
        if token is None or token.grant.consent.client_id != client.client_id:
            raise OAuthError("invalid_token", "The access token is unknown, revoked or expired.")
        owner = {"id": str(token.grant.consent.user_id), "type": "User"}
        return _uncached({"resource_infos": [{"owner": owner, "resources": {}}]})

    def revoke(self, client: Client, form: Form) -> web.Response:
        """End the authorization a token belongs to."""
        self._grants.revoke(client.client_id, _required(form, "token"))
        return web.Response(status=200)

    async def userinfo(self, request: web.Request) -> web.Response:
        """The person behind an access token."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        token = self._grants.access(value) if scheme.lower() == "bearer" else None
        if token is None:
            raise OAuthError("invalid_token", "The access token is missing or not valid.", 401)
        return _uncached(self._person(token.grant.consent))

    async def certs(self, request: web.Request) -> web.Response:
        """The keys that prove ID tokens."""
        return web.json_response(self._signer.key_set())

    async def discovery(self, request: web.Request) -> web.Response:
        """The OpenID Connect discovery document."""
        return web.json_response(_discovery(self._base + ROOT))

    @property
    def issuer(self) -> str:
        """The issuer named in every ID token, with the closing slash Roblox uses."""
        return f"{self._base}{ROOT}/"

    def _token_set(self, pair: Pair) -> dict[str, Any]:
        consent = pair.access.grant.consent
        body: dict[str, Any] = {
            "access_token": pair.access.value,
            "refresh_token": pair.refresh.value,
            "token_type": "Bearer",
            "expires_in": int(ACCESS_LIFE.total_seconds()) - 1,
            "scope": " ".join(consent.scopes),
        }
        if "openid" in consent.scopes:
            body["id_token"] = self._signer.sign(self._id_claims(pair))
        return body

    def _id_claims(self, pair: Pair) -> dict[str, Any]:
        consent = pair.access.grant.consent
        times = {
            "iat": int(pair.access.issued.timestamp()),
            "exp": int(pair.access.expires.timestamp()),
        }
        nonce = {"nonce": consent.nonce} if consent.nonce else {}
        audience = {"iss": self.issuer, "aud": consent.client_id}
        return {**self._person(consent), **audience, **times, **nonce}

    def _person(self, consent: Consent) -> dict[str, Any]:
        user = self._world.users[consent.user_id]
        if "profile" not in consent.scopes:
            return {"sub": str(user.id)}
        return {
            "sub": str(user.id),
            "name": user.display_name,
            "nickname": user.display_name,
            "preferred_username": user.name,
            "created_at": int(user.created.timestamp()),
            "profile": f"https://www.roblox.com/users/{user.id}/profile",
            "picture": f"{self._base}/roblox/rbxcdn/AvatarHeadshot/{user.id}.png",
        }


def _guarded(
    outage: Outage, handler: Callable[[web.Request], Awaitable[web.Response]]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        if outage.strikes("oauth"):
            return failure(outage.status)
        try:
            return await handler(request)
        except OAuthError as error:
            return _refusal(error)

    return answer


def _refusal(error: OAuthError) -> web.Response:
    body = {"error": error.error, "error_description": error.description}
    response = web.json_response(body, status=error.status)
    response.headers["Cache-Control"] = "no-store"
    if error.status == 401:
        scheme = "Bearer" if error.error == "invalid_token" else "Basic"
        response.headers["WWW-Authenticate"] = f'{scheme} realm="roblox", error="{error.error}"'
    return response


def _required(form: Form, key: str) -> str:
    if not form.get(key):
        raise OAuthError("invalid_request", f"{key} is required.")
    return form[key]


def _uncached(body: dict[str, Any]) -> web.Response:
    return web.json_response(body, headers={"Cache-Control": "no-store"})


def _discovery(root: str) -> dict[str, Any]:
    return {
        "issuer": f"{root}/",
        "authorization_endpoint": f"{root}/v1/authorize",
        "token_endpoint": f"{root}/v1/token",
        "introspection_endpoint": f"{root}/v1/token/introspect",
        "revocation_endpoint": f"{root}/v1/token/revoke",
        "resources_endpoint": f"{root}/v1/token/resources",
        "userinfo_endpoint": f"{root}/v1/userinfo",
        "jwks_uri": f"{root}/v1/certs",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": [
            *("sub", "iss", "aud", "exp", "iat", "nonce", "name", "nickname"),
            *("preferred_username", "created_at", "profile", "picture"),
        ],
        "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "client_secret_basic",
        ],
    }
