"""The guard itself: answers are really held against Discord's description, and it can go red."""

from __future__ import annotations

import json

import pytest
from aiohttp import web
from discord_contract import DESCRIPTION, Contract
from discord_harness import Harness
from discord_tiny_bot import TinyBot

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(
        not DESCRIPTION.exists(),
        reason="Discord's OpenAPI description is not at hand (set DISCORD_OPENAPI to its path)",
    ),
]
CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"


async def test_what_a_bot_does_is_checked_operation_by_operation(
    harness: Harness, bot: TinyBot
) -> None:
    await harness.run("ada", "listing create", title="Obby", price=45)
    await harness.run("ada", "card")
    bot.hold.set()
    await harness.run("ada", "slow")
    message = await harness.rest(
        "POST", f"/channels/{harness.general}/messages", json={"content": "x"}
    )
    await harness.rest("GET", f"/channels/{harness.general}/messages/{message.json()['id']}")
    await harness.rest("GET", "/channels/1")

    assert set(harness.contract.checked) >= {
        "GET /users/@me 200",
        "GET /oauth2/applications/@me 200",
        "PUT /applications/{application_id}/commands 200",
        f"POST {CALLBACK} 200",
        "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original 200",
        "POST /channels/{channel_id}/messages 200",
        "GET /channels/{channel_id}/messages/{message_id} 200",
        "GET /channels/{channel_id} 404",
    }


@pytest.mark.parametrize("lost", ["flags", "primary_guild", "username"])
async def test_an_author_without_a_field_is_caught(harness: Harness, lost: str) -> None:
    path = f"/channels/{harness.general}/messages"
    body = (await harness.rest("POST", path, json={"content": "x"})).json()
    del body["author"][lost]
    contract = Contract.load()
    answer = web.Response(text=json.dumps(body), content_type="application/json")
    answer.headers["Content-Type"] = "application/json"

    contract.check("POST", path, answer)

    assert lost in contract.violations[0]
