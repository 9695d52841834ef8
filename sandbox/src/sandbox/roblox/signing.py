"""The key of the played Roblox: ES256 ID tokens and the key set that proves them."""

from __future__ import annotations

from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey


class Signer:
    """Signs ID tokens with one P-256 key that lives as long as the process."""

    def __init__(self) -> None:
        self._key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)

    def sign(self, claims: dict[str, Any]) -> str:
        """A compact JWS of the claims."""
        header = {"alg": "ES256", "kid": self._key.kid, "typ": "JWT"}
        return jwt.encode(header, claims, self._key)

    def key_set(self) -> dict[str, Any]:
        """The public half, as a JWK set."""
        return {"keys": [self._key.as_dict(private=False)]}
