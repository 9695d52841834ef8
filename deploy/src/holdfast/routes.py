"""Which path belongs to which service, and the gateway's file that says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

_MEBIBYTE = 1024 * 1024
# Headers by which a backend could be told who is asking; services believe tokens only.
IDENTITY_HEADERS = (
    "X-User", "X-User-Id", "X-Auth-User", "X-Auth-Request-User", "X-Auth-Request-Email",
    "X-Forwarded-User", "X-Forwarded-Email", "X-Remote-User", "Remote-User", "X-Principal",
    "X-Tier", "X-Role", "X-Scope", "X-Service-Secret",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Route:
    """Paths of one service that share their limits."""

    service: str
    paths: tuple[str, ...]
    pattern: str | None = None
    body_limit: int | None = _MEBIBYTE
    rate_limited: bool = True
    suffix: str = ""

    @property
    def name(self) -> str:
        """The router's name in the gateway."""
        return f"{self.service}{self.suffix}"

    @property
    def rule(self) -> str:
        """The gateway's condition: each path itself and everything below it."""
        parts = [f"PathRegexp(`{self.pattern}`)"] if self.pattern else []
        for path in self.paths:
            if path.endswith("/"):
                parts.append(f"PathPrefix(`{path}`)")
            else:
                parts += [f"Path(`{path}`)", f"PathPrefix(`{path}/`)"]
        return " || ".join(parts)


EDGE_PROXIES = "HOLDFAST_EDGE_PROXIES"
# Traefik fills this in when it reads the file. Where it is empty, who connects is the client.
_EDGE_PROXIES = f'{{{{ env "{EDGE_PROXIES}" }}}}'

# Everything that is not named here, such as /internal/, /metrics and /ready, is not reachable.
ROUTES = (
    Route(
        "identity",
        (
            "/v1/auth", "/v1/me", "/v1/users", "/v1/admin/users", "/v1/admin/proposals/identity",
            "/v1/api-keys", "/v1/guilds", "/v1/links", "/v1/terms", "/terms", "/link/", "/oauth/",
            "/.well-known/jwks.json", "/schemas/",
        ),
    ),
    Route("identity", (), pattern=r"^/$", suffix="-home"),
    Route("listings", ("/v1/listings", "/v1/offers")),
    Route(
        "contracts",
        (
            "/v1/contracts", "/v1/admin/contracts", "/v1/admin/contract-templates",
            "/v1/admin/proposals/contracts", "/sign/", "/.well-known/contract-seal.pem",
        ),
    ),
    Route("contracts", ("/v1/contracts/verify",), body_limit=20 * _MEBIBYTE, suffix="-verify"),
    Route(
        "escrow",
        (
            "/v1/escrows", "/v1/disputes", "/v1/payout-accounts", "/v1/return-pages/",
            "/v1/admin/ledger", "/v1/admin/escrows", "/v1/admin/proposals/escrow",
        ),
    ),
    Route("escrow", ("/v1/webhooks/",), rate_limited=False, suffix="-webhooks"),
    Route("verification", ("/v1/verifications", "/v1/assets")),
    Route(
        "verification", (), pattern=r"^/v1/users/[^/]+/experiences$", suffix="-experiences"
    ),
    Route(
        "notifier",
        (
            "/v1/notifications", "/v1/notification-preferences", "/v1/webhook-endpoints",
            "/v1/webhook-deliveries",
        ),
    ),
    # Buffering would hold a stream back for ever, so it has no body limit; it takes no body.
    Route("notifier", ("/v1/stream",), body_limit=None, suffix="-stream"),
)  # fmt: skip


def dynamic(service_urls: Mapping[str, str]) -> dict[str, Any]:
    """The gateway's dynamic configuration; only the services' addresses differ between places."""
    return {
        "http": {
            "middlewares": _middlewares(),
            "routers": {route.name: _router(route) for route in ROUTES},
            "services": {
                name: {"loadBalancer": {"passHostHeader": True, "servers": [{"url": url}]}}
                for name, url in service_urls.items()
            },
        }
    }


def render(service_urls: Mapping[str, str]) -> str:
    """The same as the text of a file."""
    return yaml.safe_dump(dynamic(service_urls), sort_keys=True)


def static_flags(
    address: str, ping_address: str, dynamic_file: str, edge_proxies: str = ""
) -> tuple[str, ...]:
    """The gateway's own settings, the same in every place.

    ``edge_proxies`` are the addresses of proxies before it, which may say who the client is.
    """
    return (
        f"--entryPoints.web.address={address}",
        "--entryPoints.web.http.aliasHeadersStrategy=delete",
        f"--entryPoints.web.forwardedHeaders.trustedIPs={edge_proxies}",
        "--entryPoints.web.transport.respondingTimeouts.readTimeout=30s",
        f"--entryPoints.ping.address={ping_address}",
        "--ping.entryPoint=ping",
        "--metrics.prometheus.entryPoint=ping",
        f"--providers.file.filename={dynamic_file}",
        "--global.checkNewVersion=false",
        "--global.sendAnonymousUsage=false",
        "--log.level=WARN",
    )


def _router(route: Route) -> dict[str, Any]:
    middlewares = ["strip-identity"]
    if route.rate_limited:
        middlewares.append("rate-limit")
    if route.body_limit:
        middlewares.append(_body_limit_name(route.body_limit))
    return {
        "entryPoints": ["web"],
        "rule": route.rule,
        "service": route.service,
        "middlewares": middlewares,
        "priority": 1000 if route.suffix else 100,
    }


def _middlewares() -> dict[str, Any]:
    limits = {route.body_limit for route in ROUTES if route.body_limit}
    return {
        "strip-identity": {
            "headers": {"customRequestHeaders": dict.fromkeys(IDENTITY_HEADERS, "")}
        },
        "rate-limit": {
            "rateLimit": {
                "average": 200,
                "burst": 400,
                "sourceCriterion": {"ipStrategy": {"excludedIPs": _EDGE_PROXIES}},
            }
        },
        **{
            _body_limit_name(limit): {"buffering": {"maxRequestBodyBytes": limit}}
            for limit in sorted(limits)
        },
    }


def _body_limit_name(limit: int) -> str:
    return f"body-{limit // _MEBIBYTE}m"
