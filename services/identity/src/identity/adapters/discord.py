"""Discord, where a person logs in to the REST API."""

from __future__ import annotations

import httpx

from identity.adapters.oauth import Endpoints, OAuthProvider
from identity.domain.account import Provider
from identity.settings import Settings


def provider(settings: Settings, http: httpx.AsyncClient) -> OAuthProvider:
    """Discord, for logging in to the REST API; the id is asked for, and comes with a name."""
    api = settings.discord_api_base.rstrip("/")
    return OAuthProvider(
        Endpoints(
            Provider.DISCORD,
            f"{settings.discord_oauth_base.rstrip('/')}/oauth2/authorize",
            f"{api}/oauth2/token",
            f"{api}/users/@me",
            "id",
            "identify",
            settings.discord_application_id,
            settings.discord_client_secret.get_secret_value(),
            f"{settings.public_base_url.rstrip('/')}/v1/auth/discord/callback",
            ("global_name", "username"),
        ),
        http,
    )
