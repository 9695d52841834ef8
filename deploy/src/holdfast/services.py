"""The seven services: their names, usual ports, and which settings each is given."""

from __future__ import annotations

from dataclasses import dataclass

# What every service is given, whatever it does.
COMMON = (
    "DATABASE_URL", "BROKER_URL", "CURSOR_SECRET", "SERVICE_SECRET", "HOST", "PORT", "ROLE",
    "PROFILE", "PUBLIC_BASE_URL", "IDENTITY_URL", "LOG_LEVEL", "TRUSTED_PROXIES",
)  # fmt: skip
# Passed on when the caller's own environment has them.
OPTIONAL = (
    "OTLP_ENDPOINT", "POOL_SIZE", "PREFETCH", "BOOTSTRAP_ADMIN_DISCORD_IDS",
    "OPEN_OFFERS_PER_LISTING", "OPEN_OFFERS_PER_BUYER",
    "REQUESTS_PER_MINUTE", "REQUESTS_PER_MINUTE_OF_A_LOGIN",
)  # fmt: skip
_DISCORD_LOGIN = (
    "DISCORD_API_BASE",
    "DISCORD_OAUTH_BASE",
    "DISCORD_APPLICATION_ID",
    "DISCORD_CLIENT_SECRET",
)
_ROBLOX_LOGIN = (
    "ROBLOX_OAUTH_BASE",
    "ROBLOX_OAUTH_API_BASE",
    "ROBLOX_CLIENT_ID",
    "ROBLOX_CLIENT_SECRET",
)
_S3 = ("S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY", "S3_BUCKET")
_PEERS = ("LISTINGS_URL", "CONTRACTS_URL", "ESCROW_URL", "VERIFICATION_URL")


@dataclass(frozen=True, slots=True)
class Service:
    """One service, by the name of its folder, image, broker user and queues."""

    name: str
    usual_port: int
    own: tuple[str, ...]

    @property
    def package(self) -> str:
        """The import package, which is also the database schema and role."""
        return self.name.replace("-", "_")

    @property
    def settings(self) -> tuple[str, ...]:
        """The names, without prefix, of all settings it is given."""
        return (*COMMON, *self.own)


SERVICES = (
    Service(
        "identity", 8001, ("SERVICE_CALLERS", "SIGNING_KEY", *_DISCORD_LOGIN, *_ROBLOX_LOGIN)
    ),
    Service("listings", 8002, ("VERIFICATION_URL",)),
    Service("contracts", 8003, (*_S3, "SEAL")),
    Service(
        "escrow",
        8004,
        ("STRIPE_API_BASE", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"),
    ),
    Service("verification", 8005, ("SERVICE_CALLERS", "ROBLOX_API_BASE")),
    Service("notifier", 8006, ()),
    Service(
        "discord-gateway",
        8007,
        (
            "CUSTOM_ID_SECRET", "DISCORD_API_BASE", "DISCORD_GATEWAY_URL", "DISCORD_TOKEN",
            *_PEERS,
        ),
    ),
)  # fmt: skip


def named(name: str) -> Service:
    """The service of this name."""
    return next(it for it in SERVICES if it.name == name)
