"""Roblox, where a person proves which account is theirs."""

from __future__ import annotations

import httpx

from identity.adapters.oauth import Endpoints, OAuthProvider
from identity.domain.account import Provider
from identity.settings import Settings


def provider(settings: Settings, http: httpx.AsyncClient) -> OAuthProvider:
    """Roblox, for linking an account; the account's id and username are asked for."""
    api = settings.roblox_oauth_api_base.rstrip("/")
    return OAuthProvider(
        Endpoints(
            Provider.ROBLOX,
            f"{settings.roblox_oauth_base.rstrip('/')}/v1/authorize",
            f"{api}/v1/token",
            f"{api}/v1/userinfo",
            "sub",
            "openid profile",
            settings.roblox_client_id,
            settings.roblox_client_secret.get_secret_value(),
            f"{settings.public_base_url.rstrip('/')}/oauth/roblox/callback",
            username_field="preferred_username",
        ),
        http,
    )
