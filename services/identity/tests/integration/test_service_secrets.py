"""Each service asks by a secret of its own, and only what it needs to."""

from __future__ import annotations

import pytest
from chassis_client import SERVICES, secret_of
from contracts_schema.ids import derive_id
from identity.api import ROUTERS
from identity_builders import ADMIN_DISCORD_ID, GATEWAY_SECRET, Identity

ANN = "700000000000000001"
NOBODY = derive_id("usr", "nobody")
CHECK_LOGINS = ("identity", "listings", "contracts", "escrow", "verification", "notifier")
ROUTES = {
    "/internal/accounts": ({"user_ids": [NOBODY]}, ("contracts",)),
    "/internal/ended-sessions": (None, CHECK_LOGINS),
    "/internal/introspect": ({"token": "x"}, CHECK_LOGINS),
    "/internal/token-exchange": ({"discord_user_id": ANN}, ("discord-gateway",)),
}
FORGED = {
    "none": None,
    "empty": "",
    "a word": "wrong",
    "too long": GATEWAY_SECRET + "x",
    "too short": GATEWAY_SECRET[:-1],
    "the name": "discord-gateway",
    "not ascii": "\u00fc" * 30,
}


async def asked(identity: Identity, path: str, secret: str | None) -> tuple[int, dict]:
    headers = {} if secret is None else {"X-Service-Secret": secret.encode()}
    async with identity.browser() as client:
        body = ROUTES[path][0]
        method = "POST" if body is not None else "GET"
        answer = await client.request(method, path, json=body, headers=headers)
    return answer.status_code, answer.json()


async def test_every_internal_route_stands_in_the_matrix(identity: Identity):
    internal = {
        route.path
        for router in ROUTERS
        for route in router.routes
        if route.path.startswith("/internal/")
    }

    assert internal == ROUTES.keys()
    assert not any(path.startswith("/internal") for path in identity.app.openapi()["paths"])


@pytest.mark.abuse("B5")
@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("asking", SERVICES)
async def test_a_service_may_ask_what_it_needs_and_no_more(
    identity: Identity, path: str, asking: str
):
    await identity.joined(ANN)

    status, told = await asked(identity, path, secret_of(asking))

    if asking in ROUTES[path][1]:
        assert status == 200
    else:
        assert (status, told["code"]) == (403, "service_refused")


@pytest.mark.abuse("B5")
@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("secret", FORGED.values(), ids=FORGED.keys())
async def test_nobody_else_may_ask_anything(identity: Identity, path: str, secret: str | None):
    await identity.joined(ANN)

    status, told = await asked(identity, path, secret)

    assert (status, told["code"]) == (401, "unauthenticated")


@pytest.mark.abuse("B6")
@pytest.mark.parametrize("asking", SERVICES)
async def test_a_services_secret_is_no_login(identity: Identity, asking: str):
    secret = secret_of(asking)
    async with identity.browser(secret) as client:
        answer = await client.get("/v1/me", headers={"X-Service-Secret": secret})

    assert answer.status_code == 401
    assert await identity.introspected(secret) == {"active": False}


@pytest.mark.abuse("B6")
async def test_an_administrator_is_none_by_an_exchanged_token(identity: Identity):
    await identity.joined(ADMIN_DISCORD_ID)
    victim = await identity.joined(ANN)
    token = await identity.exchanged(ADMIN_DISCORD_ID)

    async with identity.browser(token) as client:
        answer = await client.patch(
            f"/v1/admin/users/{victim.user_id}", json={"tier": "TIER_0", "reason": "why not"}
        )
        made = await client.post("/v1/api-keys", json={"name": "bot", "scopes": ["admin"]})

    # The route asks identity, which tells of a person in Discord that they are a user.
    assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")
    assert made.status_code == 403
    told = await identity.introspected(token)
    assert (told["role"], told["scope"]) == ("USER", "read write")
