"""A login provider whose answers are no answers: nobody is logged in, and nobody is led inside."""

from __future__ import annotations

import ssl

import pytest
from chassis.http import outside
from chassis_hostile import WAYS, hostile, patience
from identity.adapters.oauth import Endpoints, OAuthProvider
from identity.domain.account import Provider
from identity.domain.errors import ProviderUnavailable

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def at(token: str, person: str) -> Endpoints:
    """A provider that is asked for tokens and people at these addresses."""
    return Endpoints(
        Provider.ROBLOX, f"{token}/authorize", f"{token}/token", f"{person}/userinfo",
        "sub", "openid", "client", "secret", "http://127.0.0.1:9/back",
    )  # fmt: skip


@pytest.mark.abuse("K9")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("where", ["token", "person"])
async def test_an_answer_that_is_huge_endless_deep_packed_or_moved_proves_nobody(
    way: str, where: str
) -> None:
    async with (
        hostile(access_token="a", sub="1001") as provider,
        outside.client(longest_s=patience(way), verify=PLAIN) as http,
        outside.client(verify=PLAIN) as patient,
    ):
        good, bad = provider.way("good"), provider.way(way)
        token, person = (bad, good) if where == "token" else (good, bad)
        with pytest.raises(ProviderUnavailable):
            await OAuthProvider(at(token, person), http).proof("code", "verifier")

        proof = await OAuthProvider(at(good, good), patient).proof("code", "verifier")
    assert proof.account_id == "1001"
    assert provider.inside == 0
