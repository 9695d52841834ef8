"""The key of the played Roblox: ES256 ID tokens and the key set that proves them."""

from __future__ import annotations

from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from sandbox.keeping import Keeper, Table


class Signer:
    """Signs ID tokens with one P-256 key, which outlives the process where there is a folder."""

    def __init__(self, keeper: Keeper) -> None:
        kept: Table[str, dict[str, Any]] = keeper.table("roblox key")
        if "ES256" not in kept:
            made = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
            kept["ES256"] = made.as_dict(private=True)
        self._key = ECKey.import_key(kept["ES256"])

    def sign(self, claims: dict[str, Any]) -> str:
        """A compact JWS of the claims."""
        header = {"alg": "ES256", "kid": self._key.kid, "typ": "JWT"}
        return jwt.encode(header, claims, self._key)

    def key_set(self) -> dict[str, Any]:
        """The public half, as a JWK set."""
        return {"keys": [self._key.as_dict(private=False)]}
