"""Access tokens: signed here with Ed25519, checked everywhere by the published key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chassis.http.auth import ALGORITHM, AUDIENCE, TOKEN_TYPE
from contracts_schema.ids import uuid7
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from identity.domain.api_key import scopes_of
from identity.domain.user import User


@dataclass(frozen=True, slots=True)
class TokenIssuer:
    """Signs access tokens and publishes the key that proves them."""

    key: OKPKey
    issuer: str

    def access_token(self, user: User, session_id: str, now: datetime, life: timedelta) -> str:
        """A token that says who this is and what they may, for as long as it lives."""
        issued = int(now.timestamp())
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": user.user_id,
            "sid": session_id,
            "jti": str(uuid7()),
            "tier": user.tier.value,
            "role": user.role.value,
            "scope": " ".join(scopes_of(user.role)),
            "iat": issued,
            "exp": issued + int(life.total_seconds()),
        }
        header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": self.key.kid}
        return jwt.encode(header, claims, self.key, algorithms=[ALGORITHM])

    def key_set(self) -> dict[str, Any]:
        """The public key as a JWK set."""
        return dict(KeySet([self.key]).as_dict(private=False))


def token_issuer(signing_key_pem: str, issuer: str) -> TokenIssuer:
    """An issuer with this Ed25519 key; says what is wrong with a key of another kind."""
    try:
        key = OKPKey.import_key(signing_key_pem.encode(), {"alg": ALGORITHM, "use": "sig"})
    except (ValueError, TypeError) as error:
        raise ValueError(
            "HOLDFAST_SIGNING_KEY is not a PEM private key: make one with"
            " `openssl genpkey -algorithm ed25519`"
        ) from error
    if key.curve_name != "Ed25519" or not key.is_private:
        raise ValueError("HOLDFAST_SIGNING_KEY must be an Ed25519 private key")
    key.ensure_kid()
    return TokenIssuer(key, issuer)
