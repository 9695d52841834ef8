"""A website on authlib: somebody logs in at a provider, and the website learns who they are.

Run as a process with authlib at hand. Its one argument is JSON: the provider's addresses, the
website's own credentials, and the form by which a person approves.
"""

import asyncio
import json
import sys

import httpx
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet


async def discovered(about: dict) -> dict:
    """The provider's addresses: its own word for them, where it has a document."""
    if "discovery" not in about:
        return about["addresses"]
    async with httpx.AsyncClient() as http:
        return (await http.get(about["discovery"])).raise_for_status().json()


async def approved(url: str, form: dict) -> str:
    """Where the provider sends the person back to, who agreed on its page."""
    async with httpx.AsyncClient() as browser:
        assert (await browser.get(url)).status_code == 200
        return (await browser.post(url, data=form)).headers["Location"]


async def prove(client: AsyncOAuth2Client, where: dict, nonce: str) -> None:
    """Hold the ID token to the provider's keys, its issuer, our id and our nonce."""
    keys = KeySet.import_key_set((await client.get(where["jwks_uri"])).json())
    token = jwt.decode(client.token["id_token"], keys, algorithms=["ES256"])
    must = {"iss": {"value": where["issuer"]}, "aud": {"value": client.client_id}}
    claims = CodeIDToken(token.claims, token.header, must, {"nonce": nonce})
    claims.validate()


async def main(about: dict) -> dict:
    where, nonce, verifier = await discovered(about), generate_token(), generate_token(48)
    client = AsyncOAuth2Client(
        about["client_id"], about["client_secret"], scope=about["scope"],
        redirect_uri=about["redirect_uri"], code_challenge_method="S256",
        token_endpoint_auth_method=about["auth"], token_endpoint=where["token_endpoint"],
        revocation_endpoint=where["revocation_endpoint"],
    )  # fmt: skip
    async with client:
        url, state = client.create_authorization_url(
            where["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
        back = await approved(url, about["form"])
        exchange = {"authorization_response": back, "state": state}
        try:
            await client.fetch_token(**exchange, code_verifier=generate_token(48))
            raise AssertionError("a wrong verifier bought a token")
        except OAuthError as error:
            wrong = error.error
        back = await approved(url, about["form"])
        first = await client.fetch_token(
            authorization_response=back, state=state, code_verifier=verifier
        )
        if "id_token" in first:
            await prove(client, where, nonce)
        renewed = await client.refresh_token(where["token_endpoint"])
        me = (await client.get(where["userinfo_endpoint"])).raise_for_status().json()
        await client.revoke_token(where["revocation_endpoint"], renewed["access_token"])
        after = (await client.get(where["userinfo_endpoint"])).status_code
    same = first["access_token"] == renewed["access_token"]
    return {"me": me, "wrong": wrong, "same": same, "proved": "id_token" in first, "after": after}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.loads(sys.argv[1])))))
