"""The outside world: played by the sandbox unless real credentials are in the environment.

Each provider is switched alone: naming its credential makes it the real one.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from holdfast.credentials import credential, token
from holdfast.instance import Instance
from holdfast.seal import make_seal
from holdfast.services import SERVICES, Service

_PREFIX = "HOLDFAST_"
_APPLICATION_ID = "1100000000000000001"
_ROBLOX_CLIENT_ID = "4200000000000000001"


@dataclass(frozen=True, slots=True)
class Provider:
    """One outside company: its credentials, where it is, and what the sandbox plays instead."""

    name: str
    credentials: tuple[str, ...]
    real: Mapping[str, str]
    played: Mapping[str, str]

    def settings(self) -> dict[str, str]:
        """The real provider's settings when its credentials are given, else the sandbox's."""
        given = {name: os.environ.get(_PREFIX + name, "") for name in self.credentials}
        addresses = {
            name: os.environ[_PREFIX + name] for name in self.real if _PREFIX + name in os.environ
        }
        if not any(given.values()):
            return {**self.played, **addresses}
        missing = [_PREFIX + name for name, value in given.items() if not value]
        if missing:
            raise IncompleteCredentials(
                f"{self.name}: also set {', '.join(missing)}, or none of its credentials"
            )
        return {**self.real, **given, **addresses}


class IncompleteCredentials(ValueError):
    """Some, but not all, credentials of a real provider are given."""


def all_providers(instance: Instance, sandbox_url: str) -> tuple[Provider, ...]:
    """Every outside provider, each with the secrets that this instance's sandbox accepts."""

    def secret(name: str, prefix: str = "") -> str:
        return credential(instance, name, lambda: prefix + token())

    return (
        _stripe(sandbox_url, secret),
        _discord(sandbox_url, secret),
        _roblox(sandbox_url, secret),
    )


def are_played(instance: Instance, sandbox_url: str) -> bool:
    """Whether the sandbox plays all of them."""
    return all(it.settings() == it.played for it in all_providers(instance, sandbox_url))


def _stripe(sandbox_url: str, secret: Callable[..., str]) -> Provider:
    return Provider(
        "Stripe",
        ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"),
        {"STRIPE_API_BASE": "https://api.stripe.com"},
        {
            "STRIPE_API_BASE": f"{sandbox_url}/stripe",
            "STRIPE_SECRET_KEY": secret("stripe-secret-key", "sk_test_"),
            "STRIPE_WEBHOOK_SECRET": secret("stripe-webhook-secret", "whsec_"),
        },
    )


def _discord(sandbox_url: str, secret: Callable[..., str]) -> Provider:
    websocket = sandbox_url.replace("http", "ws", 1)
    return Provider(
        "Discord",
        ("DISCORD_TOKEN", "DISCORD_APPLICATION_ID", "DISCORD_CLIENT_SECRET"),
        {
            "DISCORD_API_BASE": "https://discord.com/api/v10",
            "DISCORD_GATEWAY_URL": "wss://gateway.discord.gg",
            "DISCORD_OAUTH_BASE": "https://discord.com",
        },
        {
            "DISCORD_API_BASE": f"{sandbox_url}/discord/api/v10",
            "DISCORD_GATEWAY_URL": f"{websocket}/discord/gateway",
            "DISCORD_OAUTH_BASE": f"{sandbox_url}/discord",
            "DISCORD_TOKEN": secret("discord-token"),
            "DISCORD_APPLICATION_ID": _APPLICATION_ID,
            "DISCORD_CLIENT_SECRET": secret("discord-client-secret"),
        },
    )


def _roblox(sandbox_url: str, secret: Callable[..., str]) -> Provider:
    return Provider(
        "Roblox",
        ("ROBLOX_CLIENT_ID", "ROBLOX_CLIENT_SECRET"),
        {
            "ROBLOX_API_BASE": "https://{host}.roblox.com",
            "ROBLOX_OAUTH_BASE": "https://apis.roblox.com/oauth",
            "ROBLOX_OAUTH_API_BASE": "https://apis.roblox.com/oauth",
        },
        {
            "ROBLOX_API_BASE": f"{sandbox_url}/roblox/{{host}}",
            "ROBLOX_OAUTH_BASE": f"{sandbox_url}/roblox/oauth",
            "ROBLOX_OAUTH_API_BASE": f"{sandbox_url}/roblox/oauth",
            "ROBLOX_CLIENT_ID": _ROBLOX_CLIENT_ID,
            "ROBLOX_CLIENT_SECRET": secret("roblox-client-secret"),
        },
    )


def service_secret(instance: Instance, service: Service) -> str:
    """What proves to other services that this one is asking."""
    return credential(instance, f"{service.name}-service-secret")


def service_callers(instance: Instance) -> str:
    """Every service with the digest of its secret: enough to know it, not to be it."""
    digests = {
        it.name: hashlib.sha256(service_secret(instance, it).encode()).hexdigest()
        for it in SERVICES
    }
    return ",".join(f"{name}={digest}" for name, digest in digests.items())


def internal_secrets(instance: Instance) -> dict[str, str]:
    """The secrets the services share among themselves."""
    return {
        "CURSOR_SECRET": credential(instance, "cursor-secret"),
        "SERVICE_CALLERS": service_callers(instance),
        "CUSTOM_ID_SECRET": credential(instance, "custom-id-secret"),
        "SIGNING_KEY": credential(instance, "signing-key", _signing_key),
        "SEAL": credential(instance, "seal", make_seal),
    }


def sandbox_config(instance: Instance, sandbox_url: str, public_url: str, gateway_url: str) -> Path:
    """The file that tells the sandbox which credentials to accept and where to send webhooks."""
    played = {
        name: value
        for it in all_providers(instance, sandbox_url)
        for name, value in it.played.items()
    }
    config = {
        "stripe": {
            "secret_key": played["STRIPE_SECRET_KEY"],
            "webhook_secret": played["STRIPE_WEBHOOK_SECRET"],
            "webhook_url": f"{gateway_url}/v1/webhooks/stripe",
        },
        "roblox": {
            "clients": [
                {
                    "client_id": played["ROBLOX_CLIENT_ID"],
                    "client_secret": played["ROBLOX_CLIENT_SECRET"],
                    "redirect_uris": [f"{public_url}/oauth/roblox/callback"],
                }
            ]
        },
        "discord": {
            "token": played["DISCORD_TOKEN"],
            "application_id": played["DISCORD_APPLICATION_ID"],
            "client_secret": played["DISCORD_CLIENT_SECRET"],
            "redirect_uris": [f"{public_url}/v1/auth/discord/callback"],
            **_discord_limits(),
        },
    }
    return write_again(instance.secrets / "sandbox.json", json.dumps(config, indent=1))


def write_again(path: Path, text: str) -> Path:
    """Have the file hold what follows from other secrets now, readable by its owner only."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return path


def _discord_limits() -> dict[str, int]:
    """How many requests a second the played Discord takes; 0 takes any (the bench asks for it)."""
    given = os.environ.get(_PREFIX + "SANDBOX_DISCORD_REQUESTS_PER_S")
    return {"requests_per_s": int(given)} if given else {}


def _signing_key() -> str:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - once in a lifetime
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    private = Ed25519PrivateKey.from_private_bytes(secrets.token_bytes(32))
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
